"""sluis-control in a folder: its store, its sockets, and a dataplane over ports that carry nothing."""

import http.client
import json
import os
import pathlib
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bundle"))
import wire  # noqa: E402

# Seconds, for whatever should happen soon; sanitized programs take longer (scripts/tsan).
TIMEOUT = 60 * int(os.environ.get("SLUIS_PATIENCE", "1"))


def wait_for(what, condition, timeout=TIMEOUT):
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.05)


def free_port(kind=socket.SOCK_STREAM):
    """A port of 127.0.0.1 that nothing uses now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class UnixConnection(http.client.HTTPConnection):
    """http.client over a Unix socket."""

    def __init__(self, path, timeout=TIMEOUT):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = unix_socket(self.path, self.timeout)


def unix_socket(path, timeout=TIMEOUT):
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(timeout)
    try:
        made.connect(str(path))
    except OSError:
        made.close()
        raise
    return made


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    @property
    def type(self):
        return self.headers.get("Content-Type", "").split(";")[0]

    def __repr__(self):
        return f"{self.status} {dict(self.headers)} {self.body[:300]!r}"


class ControlBox:
    """`build`: the build's folder. Ends what it started."""

    def __init__(self, build, folder, *, extra_config="", inside="net_null0,no-rx=1", mtu=9000, buffers=2048,
                 control="control/main/sluis-control"):
        self.build = pathlib.Path(build)
        self.inside, self.mtu, self.buffers, self.control = inside, mtu, buffers, control
        self.folder = pathlib.Path(folder)
        self.runtime = self.folder / "run"
        self.runtime.mkdir(parents=True)
        self.compiled = self.folder / "compiled"
        self.root, self.rule = wire.Key(), wire.Key()
        self.write("factory.keyset", wire.envelope(wire.key_set(1, [self.root], [self.rule]), [self.root], wire.KEY_SET))
        self.write("factory.bundle", self.bundle(1))
        self.config = self.write("sluis.toml", self.config_text(extra_config).encode())
        self.started = []

    def config_text(self, extra, events=""):
        """`extra`: keys of [control], and other tables; `events`: keys of [events]."""
        return f"""
[[pair]]
inside = "{self.inside}"
outside = "net_null1,no-rx=1"

[eal]
hugepages = false
memory_mib = 256
file_prefix = "sluis-api-{os.getpid()}-{self.folder.name}"
idle_sleep_us = 500

[frames]
mtu = {self.mtu}
buffers = {self.buffers}
queue_size = 128

[limits]
flows = 1024
forgotten_hellos = 1024
small_streams = 256
large_streams = 64
quic_connections = 256
quic_large_hellos = 64

[rules]
compiled = "{self.compiled}"
zones = "{self.folder}/zones"

[runtime]
directory = "{self.runtime}"
modes = "{self.folder}/modes"

[events]
numbers_file = "{self.folder}/numbers.json"
{events}
[history]
file = "{self.folder}/history.db"
save_seconds = 2

[control]
store = "{self.folder}/store"
factory_bundle = "{self.folder}/factory.bundle"
factory_keys = "{self.folder}/factory.keyset"
board = "testboard"
audit_file = "{self.folder}/audit.jsonl"
policy = "{self.folder}/policy.toml"
policy_state = "{self.folder}/policy"
{extra}
"""

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return path

    def bundle(self, sequence, keys=None, **changes):
        now = int(time.time())
        times = {"created": now - 3600, "expires": now + 30 * 86400}
        return wire.envelope(wire.bundle(sequence, **{**times, **changes}), [self.rule] if keys is None else keys)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.started):
            self.stop(process)

    def start(self, program, *arguments):
        return self.start_in([], program, *arguments)

    def start_in(self, prefix, program, *arguments):
        """`prefix`: a command that runs it, as nsenter does."""
        log = open(self.folder / f"{pathlib.Path(program).name}.log", "ab")
        # A machine's own RAUC is no part of a test.
        environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.folder}/no-bus"}
        process = subprocess.Popen([*prefix, self.build / program, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=log, env=environment)
        log.close()
        self.started.append(process)
        return process

    def stop(self, process):
        if process in self.started:
            self.started.remove(process)
        if process.poll() is None:
            process.terminate()
        try:
            return process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def log_text(self, program):
        return (self.folder / f"{program}.log").read_text(errors="replace")

    def start_control(self):
        process = self.start(self.control, "--config", self.config)
        wait_for("sluis-control serves", lambda: self.is_serving(process))
        return process

    def is_serving(self, process):
        assert process.poll() is None, self.log_text(pathlib.Path(self.control).name)
        try:
            return self.get("/healthz").status in (200, 503)  # its socket is there before it serves
        except OSError:
            return False

    def start_dataplane(self):
        wait_for("rules are compiled", self.compiled.exists)
        process = self.start("dataplane/sluis-dataplane", "--config", self.config)

        def serves():
            assert process.poll() is None, self.log_text("sluis-dataplane")
            return self.get("/healthz").status == 200

        wait_for("the dataplane forwards", serves)
        return process

    def socket(self, which):
        return self.runtime / f"control-{which}.sock"

    def ask(self, method, path, body=None, *, socket="rw", headers=None):
        connection = UnixConnection(self.socket(socket))
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path, *, socket="ro", accept=None):
        return self.ask("GET", path, socket=socket, headers={"Accept": accept} if accept else {})

    def post_bundle(self, content, query="", headers=None):
        return self.ask("POST", "/v1/ruleset" + query, content,
                        headers={"Content-Type": "application/octet-stream", **(headers or {})})

    def finish(self, answer):
        """The job that an answer began, when it has ended."""
        assert answer.status == 202, answer
        path = answer.headers["Location"]

        def ended():
            job = self.get(path).json()
            return job if job["state"] in ("done", "failed") else None

        return wait_for(f"{path} ends", ended)

    def wait_for_ruleset(self, condition):
        def look():
            answer = self.get("/v1/ruleset")
            return answer if answer.status == 200 and condition(answer.json()) else None

        return wait_for("the rules are as they should be", look)

    def audit(self):
        path = self.folder / "audit.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def raw(path, data, *, shut=False, timeout=TIMEOUT):
    """Sends bytes as they are; returns all that comes back until the server closes."""
    with unix_socket(path, timeout) as connection:
        connection.sendall(data)
        if shut:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received
