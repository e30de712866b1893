"""A board's file, boards/NAME/board.toml: read, checked, and turned into what the image's own programs read."""

import dataclasses
import difflib
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

BOARDS = Path(__file__).resolve().parents[2] / "boards"
PCI = re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-1][0-9a-f]\.[0-7]$")


class BoardError(Exception):
    """One line: which file, which key, what is wrong with it."""


def matching(pattern, meaning):
    def check(value):
        return None if re.fullmatch(pattern, value) else f"{value!r} is not {meaning}"
    return check


def one_of(*values):
    def check(value):
        return None if value in values else f"{value!r} is none of {', '.join(values)}"
    return check


def between(low, high):
    def check(value):
        return None if low <= value <= high else f"{value} is not between {low} and {high}"
    return check


def each(check):
    def check_all(values):
        return next(filter(None, map(check, values)), None)
    return check_all


def key(check=None, **more):
    return field(metadata={"check": check}, **more)


PCI_OR_DPMAC = matching(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-1][0-9a-f]\.[0-7]|dpni\.[0-9]{1,4}",
                        "a PCI address (0000:01:00.0) or a DPAA2 object (dpni.1)")
CPU_LIST = matching(r"([0-9]{1,4}(-[0-9]{1,4})?(,[0-9]{1,4}(-[0-9]{1,4})?)*)?", "a list of processors such as 1 or 2-3,5")
# What becomes a word of a kernel's command line, which GRUB has between quotes, or of a list.
WORD = matching(r"[A-Za-z0-9_.,:=/+@-]+", "one word of letters, digits and _.,:=/+@-")
MODULE = matching(r"[A-Za-z0-9_-]+", "a kernel module's name")


@dataclass
class Match:
    """How the image's first boot tells that it is on its board."""
    dmi_vendor: str = ""
    dmi_product: list = field(default_factory=list)  # any of them
    device_tree: str = ""  # a string of the root node's `compatible`


@dataclass
class Port:
    address: str = key(PCI_OR_DPMAC)
    label: str = key(matching(r"[\x21-\x7e]{1,15}", "what is printed on the panel, 15 characters at the most"))
    role: str = key(one_of("inside", "outside", "management", "spare"))
    pair: str = key(matching(r"[a-z0-9-]{0,15}", "a pair's name"), default="")
    bypass: int = key(between(0, 16), default=0)  # number of the relay pair; 0: none


@dataclass
class Dpdk:
    drivers: list = key(each(matching(r"[a-z0-9_]+", "a driver of DPDK's, such as net_igc")))
    binding: str = key(one_of("vfio-pci", "uio_pci_generic", "kernel"))
    hugepages_mib: int = key(between(64, 65536))
    workers: str = key(CPU_LIST)  # processors that do nothing else; one worker each
    idle_sleep_us: int = key(between(0, 1000), default=0)


@dataclass
class Boot:
    loader: str = key(one_of("grub-efi", "grub-bios"))
    console: str = key(matching(r"tty[A-Z]{1,4}[0-9]{1,3}(,[0-9]{3,7})?", "a serial console such as ttyS0,115200"))
    kernel_arguments: list = key(each(WORD), default_factory=list)
    modules: list = key(each(MODULE), default_factory=list)  # beyond those that every initrd has, to find the disk
    trial_seconds: int = key(between(120, 3600), default=300)  # a new version that is not healthy so long after its start is given up


@dataclass
class Watchdog:
    driver: str = key(MODULE)
    seconds: int = key(between(5, 600))


@dataclass
class Bypass:
    method: str = key(one_of("none", "sysfs", "smbus", "gpio"))
    devices: list = key(each(matching(r"(/[A-Za-z0-9_.:-]+)+", "the path of a folder")), default_factory=list)  # sysfs: the folder of each relay pair, the first one's first
    run_seconds: int = key(between(0, 255), default=0)       # unfed for so long while running: the wire
    power_on_seconds: int = key(between(0, 1275), default=0)  # unfed for so long after power-on: the wire


@dataclass
class Disk:
    slot_mib: int = key(between(128, 4096))
    data_mib: int = key(between(64, 1 << 20))
    esp_mib: int = key(between(40, 512), default=64)


@dataclass
class Quirk:
    what: str = field()
    source: str = field()


@dataclass
class Board:
    name: str = key(matching(r"[a-z0-9-]{1,32}", "a folder's name"))
    title: str = key(matching(r'[^\x00-\x1f\x7f"\\$`]{1,64}', "one line of 1 to 64 characters, without quotes, backslashes, $ and `"))
    architecture: str = key(one_of("amd64", "arm64"))
    compatible: str = key(matching(r"sluis-[a-z0-9-]+", "RAUC's name for the board, sluis-…"))
    tested: str = key(one_of("hardware", "emulation", "never"))
    match: Match = field()
    port: list[Port] = field()
    dpdk: Dpdk = field()
    boot: Boot = field()
    watchdog: Watchdog = field()
    bypass: Bypass = field()
    disk: Disk = field()
    quirk: list[Quirk] = field(default_factory=list)

    @property
    def pairs(self):
        """{pair: {role: port}}, in the file's order."""
        pairs = {}
        for port in self.port:
            if port.pair:
                pairs.setdefault(port.pair, {})[port.role] = port
        return pairs

    @property
    def bridged(self):
        return [port.address for port in self.port if port.role in ("inside", "outside")]

    @property
    def worker_cpus(self):
        cpus = []
        for part in self.dpdk.workers.split(","):
            first, _, last = part.partition("-")
            cpus += range(int(first), int(last or first) + 1)
        return cpus

    @property
    def has_doubtful_workers(self):
        """A range that is none, such as 3-1, or a processor that is there twice."""
        ranges = [tuple(map(int, part.split("-"))) for part in self.dpdk.workers.split(",")]
        return any(each[0] > each[-1] for each in ranges) or len(self.worker_cpus) != len(set(self.worker_cpus))


def load(name, boards=BOARDS):
    """Reads and checks one board."""
    path = boards / name / "board.toml"
    try:
        with open(path, "rb") as file:
            board = build(Board, tomllib.load(file), str(path), "")
    except OSError as error:
        raise BoardError(f"{path}: {error.strerror}; the boards are {', '.join(names(boards))}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BoardError(f"{path}: {error}") from None
    for fault in faults(board, name):
        raise BoardError(f"{path}: {fault}")
    return board


def names(boards=BOARDS):
    return sorted(file.parent.name for file in boards.glob("*/board.toml"))


def build(kind, table, path, at):
    """A dataclass of a table: no key too many, none missing, each of its type and as its check wants it."""
    if not isinstance(table, dict):
        raise BoardError(f"{path}: {at.removesuffix('.')} must be a table")
    known = {entry.name: entry for entry in dataclasses.fields(kind)}
    for name in table:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            raise BoardError(f"{path}: {at}{name}: unknown key" + (f"; did you mean {near[0]}?" if near else ""))
    values = {}
    for name, entry in known.items():
        if name in table:
            values[name] = value_of(entry, table[name], path, at + name)
        elif entry.default is dataclasses.MISSING and entry.default_factory is dataclasses.MISSING:
            raise BoardError(f"{path}: {at}{name} is missing")
    return kind(**values)


def value_of(entry, value, path, at):
    kind = entry.type
    if kind == list[Port] or kind == list[Quirk]:
        if not isinstance(value, list):
            raise BoardError(f"{path}: {at} must be tables, [[{at}]]")
        return [build(kind.__args__[0], table, path, f"{at}[{i}].") for i, table in enumerate(value)]
    if dataclasses.is_dataclass(kind):
        return build(kind, value, path, at + ".")
    if type(value) is not kind:
        raise BoardError(f"{path}: {at} must be {kind.__name__}, not {type(value).__name__}")
    if kind is list and not all(isinstance(item, str) for item in value):
        raise BoardError(f"{path}: {at} must be a list of strings")
    check = entry.metadata.get("check")
    if check and (wrong := check(value)):
        raise BoardError(f"{path}: {at}: {wrong}")
    return value


def faults(board, name):
    """What no single key shows."""
    if board.name != name:
        yield f"name is {board.name!r}, but the folder is {name!r}"
    if not (board.match.dmi_product or board.match.device_tree):
        yield "match: neither dmi_product nor device_tree says which machine this is"
    if not board.bridged:
        yield "port: nothing is bridged"
    for what in ("address", "label"):
        values = [getattr(port, what) for port in board.port]
        for value in sorted({value for value in values if values.count(value) > 1}):
            yield f"port: {what} {value} is there twice"
    for port in board.port:
        if (port.role in ("inside", "outside")) != bool(port.pair):
            yield f"port {port.label}: ports with the role inside or outside have a pair, and no others"
    for pair, ports in board.pairs.items():
        if len([port for port in board.port if port.pair == pair]) != 2 or set(ports) != {"inside", "outside"}:
            yield f"pair {pair}: must be one inside and one outside port"
        elif ports["inside"].bypass != ports["outside"].bypass:
            yield f"pair {pair}: its ports are on different bypass relays"
    if (board.bypass.method == "none") != (not any(port.bypass for port in board.port)):
        yield "bypass: a method needs ports with bypass relays, and they need a method"
    if board.bypass.method == "none" and (board.bypass.run_seconds or board.bypass.power_on_seconds):
        yield "bypass: timers without a method"
    if (board.bypass.method == "sysfs") != bool(board.bypass.devices):
        yield "bypass.devices: the folder of each relay pair, with the method sysfs and no other one"
    elif board.bypass.devices and any(port.bypass > len(board.bypass.devices) for port in board.port):
        yield "bypass.devices: one is missing"
    elif board.bypass.method == "sysfs" and board.bypass.run_seconds < 2:
        yield "bypass.run_seconds: 2 at least, since relays are fed once a second"
    if not board.dpdk.workers:
        yield "dpdk.workers: name one processor for each pair at least"
    elif board.has_doubtful_workers:
        yield f"dpdk.workers: {board.dpdk.workers!r} has a range that ends before it begins, or a processor twice"
    elif len(board.worker_cpus) % len(board.pairs):
        yield "dpdk.workers: as many for each pair"
    elif 0 in board.worker_cpus:
        yield "dpdk.workers: processor 0 serves the rest of the system"
    if board.tested == "never" and not board.quirk:
        yield "quirk: a board that was never run says so in a quirk, with what its description is taken from"
    if board.dpdk.binding == "vfio-pci" and board.architecture == "amd64" \
            and not any("iommu=on" in argument for argument in board.boot.kernel_arguments):
        yield "boot.kernel_arguments: vfio-pci needs the IOMMU on (intel_iommu=on or amd_iommu=on)"
    if board.boot.loader == "grub-bios" and board.architecture != "amd64":
        yield "boot.loader: grub-bios is for amd64"


def sluis_config(board):
    """/etc/sluis/sluis.toml as a box of this kind begins with."""
    workers = len(board.worker_cpus) // len(board.pairs)
    lines = [f"# {board.title}: written by scripts/firmware from boards/{board.name}/board.toml.",
             "# Every key: sluis-dataplane --help-config, sluis-control --help-config.", ""]
    for pair, ports in board.pairs.items():
        lines += ["[[pair]]", f'name = "{pair}"', f'inside = "{ports["inside"].address}"',
                  f'outside = "{ports["outside"].address}"', f"workers = {workers}"]
        if board.bypass.devices:
            lines.append(f'relay = "{board.bypass.devices[ports["inside"].bypass - 1]}"')
        lines.append("")
    if board.bypass.devices:
        lines += ["[guard]", f"relay_seconds = {board.bypass.run_seconds}", ""]
    cores = ",".join(f"{lcore}@{cpu}" for lcore, cpu in enumerate(board.worker_cpus))
    lines += ["[eal]", f'cores = "{cores}"', 'arguments = ["--in-memory"]',
              f"idle_sleep_us = {board.dpdk.idle_sleep_us}", "",
              "[runtime]", 'command_group = "sluis-link"', "",
              "[control]", f'board = "{board.name}"', 'read_group = "sluis"', 'admin_group = "sluis-admin"', ""]
    return "\n".join(lines)


def setup_variables(board):
    """What boards/common/setup-board and libexec/sluis/health read, and of bypass relays sluis-guard."""
    return (f'BOARD="{board.name}"\nHUGEPAGES="{board.dpdk.hugepages_mib // 2}"\n'
            f'BINDING="{board.dpdk.binding}"\nPORTS="{" ".join(board.bridged)}"\nBYPASS="{board.bypass.method}"\n'
            f'TRIAL_SECONDS="{board.boot.trial_seconds}"\n')


def kernel_arguments(board):
    cpus = board.dpdk.workers
    isolated = [f"isolcpus={cpus}", f"nohz_full={cpus}", f"rcu_nocbs={cpus}"]
    return [*board.boot.kernel_arguments, *isolated, f"console={board.boot.console}"]
