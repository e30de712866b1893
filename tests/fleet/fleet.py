"""Boxes of a fleet on one machine: each a sluis-control and a sluis-dataplane in a network namespace of its own, with
a management address on one bridge; and ansible-playbook in the namespace of those who look after them."""

import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "api"), str(TESTS / "bundle")]
import certificates  # noqa: E402
import wire  # noqa: E402
from control_box import ControlBox, wait_for  # noqa: E402

FLEET = TESTS.parent / "scripts" / "fleet"
PORT = 8443
RUN_LIMIT = 300  # seconds for one playbook
BRANCHES = ("mechelen", "iris", "wetstraat")
# What boxes that are made for a test cannot be without.
ACCEPTED = ["development_keys", "guard_down", "policy_clock"]

POLICY = b"""{{ policy_head | default('[policy]') }}
time_zone = "Europe/Brussels"
[[zone]]
name = "visitors"
vlans = [{{ visitors_vlan | default(20) }}]
  [[zone.rule]]
  mode = "monitor"
[[zone]]
name = "everybody"
"""


def run(*command):
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)


class Office:
    """The namespaces: one for who manages, with a bridge, and one a box."""

    def __init__(self):
        self.name = f"sluis-fleet-{os.getpid()}"
        self.made = []

    def __enter__(self):
        self.add(self.name)
        run("ip", "-n", self.name, "link", "add", "boxes", "type", "bridge")
        run("ip", "-n", self.name, "address", "add", "10.77.0.1/16", "dev", "boxes")
        run("ip", "-n", self.name, "link", "set", "boxes", "up")
        return self

    def __exit__(self, *_):
        for name in reversed(self.made):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, timeout=60)

    def add(self, name):
        run("ip", "netns", "add", name)
        self.made.append(name)
        run("ip", "-n", name, "link", "set", "lo", "up")

    def add_box(self, number):
        """Its namespace and its address."""
        name, port, address = f"{self.name}-{number}", f"box{number}", f"10.77.1.{number}"
        self.add(name)
        run("ip", "-n", self.name, "link", "add", port, "type", "veth", "peer", "name", "mgmt", "netns", name)
        run("ip", "-n", self.name, "link", "set", port, "master", "boxes", "up")
        run("ip", "-n", name, "address", "add", f"{address}/16", "dev", "mgmt")
        run("ip", "-n", name, "link", "set", "mgmt", "up")
        return name, address


class FleetBox(ControlBox):
    def __init__(self, build, folder, namespace, keys):
        self.namespace = namespace
        super().__init__(build, folder, mtu=1518, buffers=1024)
        self.root, self.rule = keys
        self.write("factory.keyset", wire.envelope(wire.key_set(1, [self.root], [self.rule]), [self.root], wire.KEY_SET))
        self.processes = []

    def start(self, program, *arguments):
        # By nsenter: `ip netns exec` makes a new /sys, too, which takes DPDK longer to look through.
        prefix = ["nsenter", f"--net=/run/netns/{self.namespace}"]
        return self.start_in(prefix, program, *arguments)

    def start_both(self):
        self.processes = [self.start_control(), self.start_dataplane()]

    def stop_both(self):
        for process in reversed(self.processes):
            self.stop(process)
        self.processes = []

    def rules(self):
        """The sequence in force, and whether it is on probation."""
        answer = self.get("/v1/ruleset").json()
        return answer["sequence"], answer["pending"]

    def changes(self):
        """What was asked of the box, by its own record."""
        return [line["audit"]["what"] for line in self.audit()]


def template_of(box):
    """The boxes' sluis.toml, with what differs between them as Ansible's variables."""
    text = box.config_text("""
[api]
listen = ["{{ ansible_host }}:8443"]
certificate = "{{ box_folder }}/api/box.pem"
key = "{{ box_folder }}/api/box.key"
client_ca = "{{ box_folder }}/api/clients.pem"
admin_unit = "sluis-admin"

[refusal]
dns_text = "{{ office_text | default('Refused') }}"
{{ more | default('') }}
""")
    text = text.replace(str(box.folder), "{{ box_folder }}").replace("memory_mib = 256", "memory_mib = 64")
    text = text.replace(f"-{box.folder.name}\"", "-{{ inventory_hostname }}\"").replace("idle_sleep_us = 500", "idle_sleep_us = 1000")
    return text


class Fleet:
    """`count` boxes and who looks after them. REQUIRES: root."""

    def __init__(self, build, folder, count, office):
        self.folder, self.office = pathlib.Path(folder), office
        self.keys = wire.Key(), wire.Key()
        self.boxes = {}
        self.addresses = {}
        for number in range(1, count + 1):
            namespace, address = office.add_box(number)
            name = f"box{number:02}"
            self.boxes[name] = FleetBox(build, self.folder / name, namespace, self.keys)
            self.addresses[name] = address
        self.first = next(iter(self.boxes.values()))
        self.factory = self.bundle("factory", 1)
        self.make_certificates()
        self.write("sluis.toml.j2", template_of(self.first).encode())
        self.write("policy.toml.j2", POLICY)
        self.inventory = self.write("inventory.yml", json.dumps(self.inventory_content(), indent=1).encode())
        self.report_file = self.folder / "report.json"

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return path

    def bundle(self, name, sequence, keys=None, **changes):
        return self.write(f"{name}.bundle", self.first.bundle(sequence, keys=keys, **changes))

    def make_certificates(self):
        boxes, people = certificates.Authority("boxes"), certificates.Authority("people")
        self.write("boxes.pem", certificates.pem(boxes.certificate))
        self.write("boxes.key", certificates.key_pem(boxes.key))
        self.write("people.pem", certificates.pem(people.certificate))
        people.issue(self.folder, "me", "me", unit="sluis-admin")
        people.issue(self.folder, "reader", "reader")

    def inventory_content(self):
        """By branch, as a fleet's is."""
        groups = {f"branch_{name}": {"hosts": {}} for name in BRANCHES}
        for at, (name, box) in enumerate(self.boxes.items()):
            group = groups[f"branch_{BRANCHES[at * len(BRANCHES) // len(self.boxes)]}"]
            group["hosts"][name] = {"ansible_host": self.addresses[name], "box_folder": str(box.folder)}
        every = {"sluis_ca": f"{self.folder}/boxes.pem", "sluis_ca_key": f"{self.folder}/boxes.key",
                 "sluis_clients_ca": f"{self.folder}/people.pem", "sluis_cert": f"{self.folder}/me.pem",
                 "sluis_key": f"{self.folder}/me.key", "sluis_enrolment": f"{self.folder}/enrolment",
                 "sluis_configuration": f"{self.folder}/sluis.toml.j2", "sluis_policy": f"{self.folder}/policy.toml.j2",
                 "sluis_accepted_alarms": ACCEPTED}
        return {"boxes": {"children": groups, "vars": every}}

    def enrol(self):
        """Prepares every box, and has it take that in."""
        done = self.play("enrol")
        assert done.returncode == 0, done.stdout + done.stderr
        for name, box in self.boxes.items():
            prepared = self.folder / "enrolment" / name
            shutil.copytree(prepared / "api", box.folder / "api")
            shutil.copy(prepared / "sluis.toml", box.config)
            shutil.copy(self.factory, box.folder / "factory.bundle")

    def start(self):
        """The first box compiles the factory's rules; the others start with a copy of that."""
        self.first.start_both()
        others = [box for box in self.boxes.values() if box is not self.first]
        for box in others:
            shutil.copy(self.first.compiled, box.compiled)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(FleetBox.start_both, others))

    def stop(self):
        for box in self.boxes.values():
            box.__exit__()

    def play(self, playbook, *options, **variables):
        """ansible-playbook, as its user calls it. Its output is kept in PLAYBOOK-N.log, too."""
        self.report_file.unlink(missing_ok=True)
        home = self.folder / "home"
        environment = {**os.environ, "ANSIBLE_CONFIG": str(FLEET / "ansible.cfg"), "HOME": str(home), "LC_ALL": "C.UTF-8",
                       "ANSIBLE_HOME": str(home), "ANSIBLE_LOCAL_TEMP": str(home / "tmp"), "ANSIBLE_NOCOLOR": "1",
                       "SLUIS_FLEET_REPORT": str(self.report_file), "PYTHONDONTWRITEBYTECODE": "1"}
        command = ["nsenter", f"--net=/run/netns/{self.office.name}", "ansible-playbook", "-i", str(self.inventory),
                   f"sluis.fleet.{playbook}", "-e", json.dumps(variables), *options]
        begun = time.monotonic()
        done = subprocess.run(command, cwd=FLEET, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=RUN_LIMIT)
        done.seconds = time.monotonic() - begun
        return done

    def report(self):
        """{box: its row}"""
        return {row["box"]: row for row in json.loads(self.report_file.read_text())["boxes"]}

    def sequences(self):
        return {name: box.rules() for name, box in self.boxes.items()}
