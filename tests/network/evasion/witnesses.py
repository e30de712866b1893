"""Real servers that write down which names they were asked for, and by whom.

nginx (TLS over TCP) and caddy (QUIC) have a certificate for the allowed name alone. To look for another's, each has to
have read a whole ClientHello: the lookup that fails is in its log, with the name and the client's address.
"""

import ipaddress
import json
import re
from collections import defaultdict

from lab import run
from routed_lab import SERVERS4, SERVERS6

ALLOWED = "www.example.org"
NGINX_PORTS = (443, 8443, 80, 25565, 53, 22, 5223, 1, 65535)
CADDY_PORTS = (443, 55555)
NGINX4, SCRIPTED4, CADDY4 = SERVERS4
NGINX6, SCRIPTED6, CADDY6 = SERVERS6
NO_CERTIFICATE = re.compile(r'cannot load certificate "[^"]*/certificates/([^"]*)\.pem".* client: ([0-9a-f.:]+),')


class Witnesses:
    def __init__(self, lab, program):
        """`program`: scripted_server.py."""
        self.lab, self.directory = lab, lab.directory
        self.scripts = self.directory / "scripts.json"
        self.say([])
        make_certificates(self.directory)
        self.nginx, self.caddy = start_nginx(lab), start_caddy(lab)
        self.scripted = lab.start("scripted", "server", [
            "python3", str(program), str(self.scripts), str(self.directory), SCRIPTED4, SCRIPTED6])
        self.scripted.wait_for(lambda: "ready" in self.scripted.output(), 15, "listening")

    def say(self, scripts):
        """What the scripted server has to say: a list of dicts as in scripted_server.py."""
        self.scripts.write_text(json.dumps({script["client"]: script for script in scripts}))

    def names(self):
        """The names that were asked for, by the client's address."""
        found = defaultdict(set)
        for name, client in NO_CERTIFICATE.findall(self.nginx.output()):
            found[ipaddress.ip_address(client)].add(name)
        for line in self.caddy.output().splitlines():
            if '"tls.handshake"' in line:
                entry = json.loads(line)
                if entry["msg"] == "no certificate matching TLS ClientHello":
                    found[ipaddress.ip_address(entry["remote_ip"])].add(entry["server_name"])
                elif entry["msg"] == "matched certificate in cache":
                    found[ipaddress.ip_address(entry["remote_ip"])].add(ALLOWED)
        for line in self.scripted.output().splitlines():
            if line.startswith("name "):
                _, client, name = line.split(" ", 2)
                found[ipaddress.ip_address(client)].add(json.loads(name))
        return found


def make_certificates(directory):
    folder = directory / "certificates"
    folder.mkdir()
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=witness", "-addext", f"subjectAltName=DNS:{ALLOWED}",
         "-keyout", f"{folder}/{ALLOWED}.key", "-out", f"{folder}/{ALLOWED}.pem"])


def start_nginx(lab):
    directory = lab.directory
    addresses = [NGINX4, f"[{NGINX6}]"]
    listens = "\n".join(f"        listen {address}:{port} ssl;" for address in addresses for port in NGINX_PORTS)
    temporary = "\n".join(f"    {kind}_temp_path {directory}/nginx.{kind};"
                          for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (directory / "nginx.conf").write_text(f"""
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log stderr error;
events {{ worker_connections 4096; }}
http {{
    access_log off;
{temporary}
    server {{
{listens}
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate {directory}/certificates/$ssl_server_name.pem;
        ssl_certificate_key {directory}/certificates/$ssl_server_name.key;
    }}
}}
""")
    nginx = lab.start("nginx", "server", ["nginx", "-c", f"{directory}/nginx.conf", "-e", "stderr"])
    nginx.wait_for(lambda: lab.listens("server", "tcp", NGINX_PORTS[-1], NGINX6), 10, "listening")
    return nginx


def start_caddy(lab):
    directory = lab.directory
    sites = ", ".join(f"https://{ALLOWED}:{port}" for port in CADDY_PORTS)
    (directory / "Caddyfile").write_text(f"""
{{
    admin off
    auto_https off
    debug
    storage file_system {directory}/caddy
    servers {{
        protocols h3
    }}
}}
{sites} {{
    bind {CADDY4} {CADDY6}
    tls {directory}/certificates/{ALLOWED}.pem {directory}/certificates/{ALLOWED}.key
    respond "served"
}}
""")
    caddy = lab.start("caddy", "server", [
        "env", f"HOME={directory}", f"XDG_CONFIG_HOME={directory}", f"XDG_DATA_HOME={directory}",
        "caddy", "run", "--config", f"{directory}/Caddyfile", "--adapter", "caddyfile"])
    caddy.wait_for(lambda: all(lab.listens("server", "udp", port, CADDY6) for port in CADDY_PORTS), 15, "listening")
    return caddy
