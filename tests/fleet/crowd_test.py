#!/usr/bin/env python3
"""What many update clients ask of one web server, from a bundle's publication until all have it: crowd_test.py
[--clients N] [--kib N] UPDATE_CROWD. The clients are Sluis' own, the server is nginx; only the clock is not the wall's."""

import argparse
import hashlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "bundle"), str(TESTS / "api")]
import certificates  # noqa: E402
import wire  # noqa: E402

OPTIONS = None
NOW = 3810000000  # of update_crowd
EVERY = 3600  # seconds between checks, the default of [updates]
ROWS = []


class Server:
    """nginx with a mirror's folder."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "rules").mkdir()
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        temporary = "\n".join(f"{each}_temp_path {folder}/{each};"
                              for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (folder / "nginx.conf").write_text(f"""
daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors;
events {{}}
http {{
    log_format sizes '$status $bytes_sent $uri';
    access_log {folder}/requests sizes;
    {temporary}
    server {{
        listen 127.0.0.1:{self.port} ssl;
        ssl_certificate {folder}/mirror.pem;
        ssl_certificate_key {folder}/mirror.key;
        root {folder};
    }}
}}
""")
        program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        self.process = subprocess.Popen([program, "-p", folder, "-c", folder / "nginx.conf"], stdin=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                assert time.monotonic() < end and self.process.poll() is None, "nginx does not start"
                time.sleep(0.05)

    def requests(self):
        """(status, bytes, path) each"""
        lines = (line.split() for line in (self.folder / "requests").read_text().splitlines())
        return [(int(status), int(size), path) for status, size, path in lines]

    def close(self):
        self.process.terminate()
        self.process.wait(30)


class CrowdTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="sluis-crowd-")
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        authority = certificates.Authority("mirrors")
        (self.folder / "ca.pem").write_bytes(certificates.pem(authority.certificate))
        authority.issue(self.folder, "mirror", "mirror", usage=certificates.SERVER)
        self.root, self.rule, self.fresh = wire.Key(), wire.Key(), wire.Key()
        (self.folder / "keys").write_bytes(wire.envelope(
            wire.key_set(1, [self.root], [self.rule], freshness=[self.fresh]), [self.root], wire.KEY_SET))
        self.server = Server(self.folder)
        self.addCleanup(self.server.close)

    def publish(self, sequence):
        rules = wire.RULE_TEXT + f"# {sequence}\n" + "#" * (OPTIONS.kib * 1024) + "\n"
        payload = wire.bundle(sequence, blobs=[wire.blob(rules, compression=0)])
        digest = hashlib.sha256(payload).digest()
        note = wire.freshness(sequence, digest, NOW - 1000 + sequence, NOW + 90 * EVERY)
        rules = self.folder / "rules"
        (rules / f"{digest.hex()}.bundle").write_bytes(wire.envelope(payload, [self.rule]))
        (rules / "new").write_bytes(wire.envelope(note, [self.fresh], wire.FRESHNESS))
        os.utime(rules / "new", (sequence, sequence))  # nginx makes an entity tag of size and second
        (rules / "new").rename(rules / "newest.note")

    def crowd(self, name, *, outage=0, spread=True):
        self.publish(1)
        url = f"https://127.0.0.1:{self.server.port}/rules"
        begun = time.monotonic()
        with subprocess.Popen([OPTIONS.program, self.folder / "clients", self.folder / "keys", self.folder / "ca.pem", url,
                               str(OPTIONS.clients), str(EVERY), str(outage), str(int(spread))], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as process:
            (self.folder / "clients").mkdir()
            self.assertEqual(process.stdout.readline(), "publish\n")
            before = len(self.server.requests())
            self.publish(2)
            process.stdin.write("\n")
            process.stdin.flush()
            row = json.loads(process.stdout.readline())
        self.assertEqual(process.wait(60), 0)
        served = self.server.requests()[before:]
        row.update(name=name, notes=sum(path.endswith(".note") for _, _, path in served),
                   unchanged=sum(status == 304 for status, _, _ in served),
                   bundles=sum(path.endswith(".bundle") for _, _, path in served), bytes=sum(size for _, size, _ in served),
                   seconds=round(time.monotonic() - begun, 1))
        ROWS.append(row)
        return row

    def test_with_chance_the_requests_are_spread(self):
        row = self.crowd("spread")
        self.assertLessEqual(row["all_after_s"], EVERY * 1.2)
        self.assertEqual(row["bundles"], OPTIONS.clients)  # each once
        # Were they even, a minute would have clients / 60, twice that with the bundles.
        self.assertLess(row["busiest_minute"], 8 * OPTIONS.clients / 60 + 20)

    def test_without_chance_they_would_all_come_at_once(self):
        row = self.crowd("all at once", spread=False)
        self.assertEqual(row["busiest_second"], 2 * OPTIONS.clients)  # a note and a bundle each

    def test_after_an_outage_they_come_back_spread(self):
        outage = 2 * 3600
        row = self.crowd("mirror away for 2 h", outage=outage)
        self.assertGreater(row["failed"], OPTIONS.clients)
        # A client waits no longer than the outage lasted, and the chance of it.
        self.assertLessEqual(row["all_after_s"], 2 * outage + EVERY * 1.2)
        self.assertEqual(row["bundles"], OPTIONS.clients)
        self.assertLess(row["busiest_minute"], OPTIONS.clients / 2)


def table():
    columns = ("name", "clients", "notes", "unchanged", "bundles", "bytes", "failed", "half_after_s", "all_after_s",
               "busiest_second", "busiest_minute", "seconds")
    print(" | ".join(columns), file=sys.stderr)
    for row in ROWS:
        print(" | ".join(str(row[column]) for column in columns), file=sys.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--kib", type=int, default=64, help="of a bundle")
    parser.add_argument("program", help="update_crowd, of the build")
    OPTIONS, rest = parser.parse_known_args()
    outcome = unittest.main(argv=[sys.argv[0], *rest], exit=False)
    table()
    sys.exit(not outcome.result.wasSuccessful())
