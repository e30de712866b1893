"""An emulated machine between two network namespaces, which starts from an image as a real box would."""

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("scripts/image", "tests/network", "tests/api")]
import disk  # noqa: E402
from emulators import EMULATORS  # noqa: E402
from guest_clock import GuestClock  # noqa: E402
from certificates import SERVER, Authority, pem  # noqa: E402
from control_box import free_port  # noqa: E402
from lab import CLIENT4, CLIENT6, DNS4, DNS6, NARROW4, NARROW_MTU, QUIC4, QUIC6, WEB4, WEB6, Lab, run  # noqa: E402

DISCARD_PORT = 9  # on which nothing listens
OFFLOADS = ["csum", "gso", "guest_csum", "guest_tso4", "guest_tso6", "guest_ecn", "guest_ufo"]  # of QEMU's virtio-net
KNOCK = """
import errno, socket, sys
knock = socket.socket()
knock.settimeout(1)
sys.exit(knock.connect_ex((sys.argv[1], int(sys.argv[2]))) != errno.ECONNREFUSED)
"""
LONG = 400  # seconds of the machine's own clock
STILL = 120  # seconds of this host's, in which that clock must go on


class MachineError(Exception):
    """The machine did not do what it must; with the end of its console."""


class Machine:
    """QEMU's machine, as its board describes it: P1, P2, and management on a port of 127.0.0.1."""

    def __init__(self, board, image, folder, trusted=None):
        """`trusted`: a variables' file of its firmware, by which it starts nothing but what is signed."""
        self.emulator, self.trusted = EMULATORS[board.name], trusted
        self.board, self.folder = board, Path(folder)
        self.original, self.image = image, self.folder / "disk.img"
        self.plugged_in, self.management = [], ""  # for a while: QEMU's arguments, and what its network has to start from
        self.begin_anew()
        self.console = self.folder / "console"
        self.port = free_port()
        self.taps = [f"sluis{os.getpid() % 100000}{side}" for side in "io"]
        self.process, self.lab, self.since, self.seen = None, None, 0.0, 0
        self.clock, self.before = None, 0.0  # of the QEMU that runs; seconds in those before it
        self.authority = Authority("fleet")
        self.authority.issue(self.folder, "box", "box.example", usage=SERVER, names=["box.example"])
        self.authority.issue(self.folder, "admin", "admin", unit="sluis-admin")
        (self.folder / "ca.pem").write_bytes(pem(self.authority.certificate))

    def begin_anew(self):
        """A unit that was never on, with a disk that was just written."""
        subprocess.run(["cp", "--sparse=always", self.original, self.image], check=True)
        shutil.copyfile(self.trusted or self.emulator.variables, self.folder / "vars.fd")

    def enrol(self, workshop, config):
        """Puts certificates and a configuration on the EFI partition, as who prepares a box does."""
        files = {"api/box.pem": "box.pem", "api/box.key": "box.key", "api/clients.pem": "ca.pem"}
        self.lay(workshop, {"sluis.toml": config.encode(),
                            **{name: (self.folder / file).read_bytes() for name, file in files.items()}})

    def lay(self, workshop, files):
        """Into enrol/ of the EFI partition, {name: bytes}."""
        prepared = self.folder / "enrol"
        for name, content in files.items():
            (prepared / name).parent.mkdir(parents=True, exist_ok=True)
            (prepared / name).write_bytes(content)
        workshop.run(f"cd {workshop.there(prepared)} && mmd -D s -i {self.esp(workshop)} ::enrol/api || true; "
                     f"for file in {' '.join(files)}; do mcopy -o -i {self.esp(workshop)} $file ::enrol/$file; done")

    def esp(self, workshop):
        return f"{workshop.there(self.image)}@@{disk.ESP_OFFSET}"

    def grub_environment(self, workshop):
        """{variable: value} of the boot loader's notes, while the machine is off."""
        copied = self.folder / "grubenv"
        workshop.run(f"mcopy -o -i {self.esp(workshop)} ::grubenv {workshop.there(copied)}")
        lines = copied.read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))

    def set_grub_environment(self, workshop, changes):
        """As RAUC writes it."""
        copied = workshop.there(self.folder / "grubenv")
        values = " ".join(f"'{name}={value}'" for name, value in changes.items())
        workshop.run(f"mcopy -o -i {self.esp(workshop)} ::grubenv {copied} && grub-editenv {copied} set {values} && "
                     f"mcopy -o -i {self.esp(workshop)} {copied} ::grubenv")

    def look_from_here(self):
        """What the console shows from now on is what console_text() has."""
        self.seen = self.console.stat().st_size if self.console.exists() else 0

    def start(self, lab):
        """Power on."""
        self.lab, self.since, self.before = lab, time.monotonic(), 0.0
        self.look_from_here()
        self.plug_in()

    def plug_in(self):
        """A reset ends QEMU (-no-reboot), and wait() plugs the machine in again, as a watchdog's power cycle does. QEMU could
        go on, but without KVM its firmware is slow after Linux ran: 83 s to the boot loader, where power-on takes 14."""
        # A cable carries no checksums that are still to be written, and no frames that are still to be cut.
        cable = ",".join(f"{offload}=off" for offload in OFFLOADS)
        nic = f"disable-legacy=on,iommu_platform=on,ats=on,{cable}"
        # Its firmware is set to start from the disk: by itself it had its shell before a disk that an installer wrote.
        command = [self.emulator.program, *self.emulator.arguments, "-smp", "2", "-m", "2048",
                   "-drive", f"if=pflash,format=raw,readonly=on,file={self.emulator.code}",
                   "-drive", f"if=pflash,format=raw,file={self.folder}/vars.fd",
                   "-drive", f"if=none,id=disk,format=raw,file={self.image}",
                   "-device", "virtio-blk-pci,drive=disk,addr=0x8,bootindex=1",
                   "-device", self.board.watchdog.driver, "-watchdog-action", "reset", "-no-reboot",
                   # Its clock goes by instructions: on a host that is busy with other things no time-out in it runs out.
                   "-icount", "shift=2", "-rtc", "base=utc,clock=vm"]
        for number, tap in enumerate(self.taps):
            command += ["-netdev", f"tap,id=p{number},ifname={tap},script=no,downscript=no",
                        "-device", f"virtio-net-pci,netdev=p{number},addr={0x10 + number:#x},{nic}"]
        command += ["-netdev", f"user,id=m,hostfwd=tcp:127.0.0.1:{self.port}-:8443{self.management}",
                    "-device", f"virtio-net-pci,netdev=m,addr=0x12{',bootindex=0' if self.management else ''}", *self.plugged_in,
                    "-display", "none", "-monitor", f"unix:{self.folder}/monitor,server,nowait",
                    "-monitor", f"unix:{self.folder}/keyboard,server,nowait",
                    "-chardev", f"socket,id=console,path={self.folder}/serial,server=on,wait=off,logfile={self.console},logappend=on",
                    "-serial", "chardev:console"]
        with open(self.folder / "qemu.log", "ab") as log:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *command], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        self.clock = GuestClock(self.folder / "monitor", self.emulator.counter)
        self.wait("its ports", lambda: all(Path(f"/sys/class/net/{tap}").exists() for tap in self.taps))
        self.lab.plug(self.taps)

    def stop(self):
        """Power off, as when the plug is pulled."""
        if self.is_on():
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self.end_clock()

    def is_on(self):
        return self.process is not None and self.process.poll() is None

    def end_clock(self):
        if self.clock:
            self.clock.stop()
            self.before += self.clock.elapsed
            self.clock = None

    def empty_slot(self, workshop, slot):
        """Nothing can be read of it any more."""
        with open(self.image, "r+b") as image:
            image.seek(self.slot_begin(workshop, self.image, slot))
            image.write(bytes(1 << 20))

    def slot_begin(self, workshop, image, slot):
        """Bytes into the disk."""
        said = self.folder / "partitions"
        workshop.run(f"sfdisk --json {workshop.there(image)} >{workshop.there(said)}")
        partitions = json.loads(said.read_text())["partitiontable"]["partitions"]
        return next(each["start"] * 512 for each in partitions if each["name"] == f"rootfs-{slot.lower()}")

    def seconds(self):
        return time.monotonic() - self.since

    def own_seconds(self):
        """Since power-on, by the machine's clock."""
        return self.before + (self.clock.elapsed if self.clock else 0)

    def say(self, what):
        print(f"{self.seconds():7.1f} s ({self.own_seconds():6.1f} s)  {what}", flush=True)

    def wait(self, what, condition, limit=LONG):
        """`limit`: seconds of the machine's clock."""
        end = self.own_seconds() + limit
        while True:
            if value := condition():
                return value
            if self.process.poll() == 0:
                self.say("reset")
                self.end_clock()
                self.plug_in()
            elif self.process.poll() is not None:
                raise MachineError(f"QEMU ended: {(self.folder / 'qemu.log').read_text()}")
            if self.own_seconds() > end:
                raise MachineError(f"not within {limit} s: {what}; the console's end:\n{self.console_text()[-3000:]}")
            if time.monotonic() - self.clock.moved > STILL:
                raise MachineError(f"its clock stands still; waited for: {what}")
            time.sleep(0.5)

    def console_text(self):
        return self.console.read_bytes()[self.seen:].decode(errors="replace") if self.console.exists() else ""

    def type(self, text):
        """On the serial console."""
        self.send("serial", text)

    def press(self, keys):
        """On the keyboard, as QEMU's monitor names its keys."""
        self.send("keyboard", "".join(f"sendkey {key}\n" for key in keys))

    def send(self, where, text):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self.folder / where))
            line.sendall(text.encode())
            time.sleep(1)  # what QEMU has not read when the line ends is lost

    def wait_for_text(self, text, limit=LONG):
        self.wait(f"{text!r} on the console", lambda: text in self.console_text(), limit)

    def ask(self, method, path, body=None, *, timeout=60):
        """A request to the control API with the admin's certificate: (status, body); None while nobody answers."""
        context = ssl.create_default_context(cafile=self.folder / "ca.pem")
        context.check_hostname = False  # the name is the box's, the address a forwarded port
        context.load_cert_chain(self.folder / "admin.pem", self.folder / "admin.key")
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=context)
        try:
            is_toml = isinstance(body, str)
            connection.request(method, path, body if is_toml or body is None else json.dumps(body),
                               {"Content-Type": "application/toml" if is_toml else "application/json"} if body is not None else {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def get(self, path, part=lambda answer: answer):
        """What a path answers, or a part of it, as soon as there is one."""
        def read():
            answer = self.read(path)
            return answer and part(answer)
        return self.wait(f"{path} answers with what is asked of it", read)

    def read(self, path):
        status, body = self.ask("GET", path) or (0, b"")
        return json.loads(body) if status == 200 else None

    def do(self, path, body, limit=LONG):
        """The job that a request begins, when it has ended. A text is TOML."""
        number = self.begin(path, body)
        return self.wait(f"the job of {path} ends", lambda: self.ended_job(number), limit)

    def begin(self, path, body):
        """The number of the job that a request begins."""
        answer = self.wait(f"{path} answers", lambda: self.ask("POST", path, body))
        if answer[0] != 202:
            raise MachineError(f"POST {path}: {answer}")
        return json.loads(answer[1])["id"]

    def ended_job(self, number):
        job = self.read(f"/v1/jobs/{number}") or {}
        return job if job.get("state") in ("done", "failed") else None


class FirmwareLab(Lab):
    """Client and server, with the machine's ports in place of the cables to the box."""

    def build(self):
        self.make_places()

    def plug(self, taps):
        for place, tap in zip(("client", "server"), taps):
            run(["ip", "link", "set", tap, "netns", self.names[place], "name", "eth0"])
        self.address("client", [CLIENT4], [CLIENT6])
        self.address("server", [DNS4, WEB4, QUIC4, NARROW4], [DNS6, WEB6, QUIC6])
        run(self.inside("client", ["ip", "route", "add", NARROW4, "dev", "eth0", "mtu", "lock", str(NARROW_MTU)]))

    def crosses(self):
        """Whether a server's refusal comes back."""
        asked = self.inside("client", [sys.executable, "-c", KNOCK, DNS4, str(DISCARD_PORT)])
        return subprocess.run(asked, capture_output=True).returncode == 0
