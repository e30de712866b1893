"""Real servers with the least configuration that makes them one: unbound (DNS), nginx (TLS, HTTP/1.1, HTTP/2),
caddy (HTTP/3). All run in the foreground, write only in the lab's directory, and end with it."""

import base64
import hashlib
import os
import subprocess

import names
from lab import DNS4, DNS6, NARROW4, QUIC4, QUIC6, WEB4, WEB6, run

BULK_BYTES = 4 * 1024 * 1024
HTTP_PORTS, TLS_PORTS = (80, 8080), (443, 8443)


def start_all(lab):
    make_certificates(lab.directory)
    (lab.directory / "bulk").write_bytes(os.urandom(BULK_BYTES))
    make_hosts(lab.directory / "etc4", QUIC4)
    make_hosts(lab.directory / "etc6", QUIC6)
    start_unbound(lab)
    start_nginx(lab)
    start_caddy(lab)


def make_certificates(directory):
    """ca.pem, a throw-away authority, and server.pem with server.key for every name of the demo."""
    alternatives = ",".join(f"DNS:{name}" for name in names.ALLOWED + names.BLOCKED + [names.CLOAK])
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    run(["openssl", "req", "-x509", *key, "-subj", "/CN=Sluis demo authority", "-keyout", f"{directory}/ca.key",
         "-out", f"{directory}/ca.pem", "-addext", "keyUsage=critical,keyCertSign"])
    run(["openssl", "req", "-x509", *key, "-subj", "/CN=Sluis demo server", "-keyout", f"{directory}/server.key",
         "-out", f"{directory}/server.pem", "-CA", f"{directory}/ca.pem", "-CAkey", f"{directory}/ca.key",
         "-addext", f"subjectAltName={alternatives},IP:{WEB4},IP:{WEB6}",
         "-addext", "basicConstraints=critical,CA:FALSE"])


def key_digest(directory):
    """What Chromium takes the certificate by, though no public authority has signed it: SHA-256 of its public key."""
    key = subprocess.run(["openssl", "pkey", "-in", directory / "server.key", "-pubout", "-outform", "DER"],
                         capture_output=True, check=True).stdout
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


def make_hosts(etc, address):
    """A whole /etc for one client, in which every name has one address, so that it never asks DNS."""
    etc.mkdir()
    (etc / "nsswitch.conf").write_text("hosts: files\n")
    (etc / "hosts").write_text("".join(f"{address} {name}\n" for name in names.ALLOWED + names.BLOCKED))


def start_unbound(lab):
    (lab.directory / "zone").write_text(names.zone())
    (lab.directory / "unbound.conf").write_text(f"""
server:
    directory: "{lab.directory}"
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    do-daemonize: no
    interface: {DNS4}
    interface: {DNS6}
    access-control: 192.0.2.0/24 allow
    access-control: 2001:db8::/64 allow
    module-config: "iterator"
    edns-buffer-size: 4096
    max-udp-size: 4096
    minimal-responses: yes
    num-threads: 1
remote-control:
    control-enable: no
auth-zone:
    name: "."
    zonefile: "{lab.directory}/zone"
    for-upstream: yes
    for-downstream: no
    fallback-enabled: no
""")
    unbound = lab.start("unbound", "server", ["unbound", "-d", "-p", "-c", f"{lab.directory}/unbound.conf"])
    unbound.wait_for(lambda: lab.listens("server", "tcp", 53, DNS6), 10, "listening on port 53")


def start_nginx(lab):
    addresses = [WEB4, f"[{WEB6}]", NARROW4]
    listens = [f"        listen {address}:{port};" for address in addresses for port in HTTP_PORTS]
    listens += [f"        listen {address}:{port} ssl http2;" for address in addresses for port in TLS_PORTS]
    newline = "\n"
    (lab.directory / "nginx.conf").write_text(f"""
daemon off;
master_process off;
worker_processes 1;
pid {lab.directory}/nginx.pid;
error_log {lab.directory}/nginx.log info;
events {{ worker_connections 256; }}
http {{
    access_log off;
    default_type text/plain;
    client_body_temp_path {lab.directory}/nginx.body;
    proxy_temp_path {lab.directory}/nginx.proxy;
    fastcgi_temp_path {lab.directory}/nginx.fastcgi;
    uwsgi_temp_path {lab.directory}/nginx.uwsgi;
    scgi_temp_path {lab.directory}/nginx.scgi;
    ssl_certificate {lab.directory}/server.pem;
    ssl_certificate_key {lab.directory}/server.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    server {{
{newline.join(listens)}
        location = /bulk {{ root {lab.directory}; }}
        location / {{ return 200 "served for $host\\n"; }}
    }}
}}
""")
    nginx = lab.start("nginx", "server", ["nginx", "-c", f"{lab.directory}/nginx.conf", "-e", "stderr"])
    nginx.wait_for(lambda: all(lab.listens("server", "tcp", port, WEB6) for port in HTTP_PORTS + TLS_PORTS), 10,
                   "listening on its ports")


def start_caddy(lab):
    (lab.directory / "Caddyfile").write_text(f"""
{{
    admin off
    auto_https off
    storage file_system {lab.directory}/caddy
    servers {{
        protocols h3
    }}
}}
https:// {{
    bind {QUIC4} {QUIC6}
    tls {lab.directory}/server.pem {lab.directory}/server.key
    respond "served for {{host}}"
}}
""")
    # HOME: caddy wants a place for its state even when told of another
    caddy = lab.start("caddy", "server", ["env", f"HOME={lab.directory}", f"XDG_CONFIG_HOME={lab.directory}",
                                          f"XDG_DATA_HOME={lab.directory}", "caddy", "run",
                                          "--config", f"{lab.directory}/Caddyfile", "--adapter", "caddyfile"])
    caddy.wait_for(lambda: lab.listens("server", "udp", 443, QUIC4) and lab.listens("server", "udp", 443, QUIC6), 15,
                   "listening on UDP port 443")
