"""What every phase of an image's test has at hand: the machine, who is in front of it and behind it, and updates."""

from dataclasses import dataclass

import board as boards
import bundle_server
import bundles
import machine as emulated
import workshop as workshops

API = """
[api]
listen = ["0.0.0.0:8443"]
certificate = "/etc/sluis/api/box.pem"
key = "/etc/sluis/api/box.key"
client_ca = "/etc/sluis/api/clients.pem"
"""


@dataclass
class Bench:
    board: boards.Board
    workshop: workshops.Workshop
    machine: emulated.Machine
    lab: emulated.FirmwareLab
    bundles: bundles.Bundles
    server: bundle_server.BundleServer

    def enrol(self):
        """While the machine is off."""
        self.machine.enrol(self.workshop, boards.sluis_config(self.board) + API)

    def be_ready(self):
        """The machine is on, and the slot that runs is good."""
        if not self.machine.is_on():
            self.machine.start(self.lab)
        self.confirmed(self.slots()[0])

    def slots(self):
        """The slot that runs, and the other one."""
        running = self.machine.get("/v1/firmware", lambda firmware: firmware["boot_slot"])
        return running, {"A": "B", "B": "A"}[running]

    def confirmed(self, slot):
        """Waits until the box has marked this slot good by itself."""
        self.machine.wait("forwarding", self.lab.crosses)
        self.machine.say("forwards")
        state = self.machine.get("/v1/firmware", lambda firmware: is_good(firmware, slot))
        self.machine.say(f"slot {slot} is good: {state}")

    def install(self, name):
        """The job's end."""
        begun, begun_there = self.machine.seconds(), self.machine.own_seconds()
        job = self.machine.do("/v1/firmware", {"source": self.server.url(name), "comment": name})
        took, took_there = self.machine.seconds() - begun, self.machine.own_seconds() - begun_there
        said = job["message"] or job["error"]["message"]
        self.machine.say(f"{name}: {job['state']} in {took:.0f} s ({took_there:.0f} s): {said}")
        return job

    def install_to_run(self, name):
        """Installs it and restarts: the other slot is tried. The slot that ran before, and the one that runs now."""
        running, other = self.slots()
        job = self.install(name)
        if job["state"] != "done":
            raise emulated.MachineError(f"{name} cannot be installed: {job}")
        self.restart()
        self.machine.wait_for_text(f"Sluis: slot {other}, try 1")
        self.machine.say(f"the boot loader tries slot {other}")
        return running, other

    def restart(self):
        self.machine.look_from_here()
        # Its job may end with the box.
        answer = self.machine.wait("a restart is taken", lambda: self.machine.ask("POST", "/v1/firmware/restart", {}))
        if answer[0] != 202:
            raise emulated.MachineError(f"a restart is refused: {answer}")


def is_good(firmware, slot):
    return next((f"{each['boot_name']} {each['version']}" for each in firmware["slots"]
                 if each["boot_name"] == slot == firmware["boot_slot"] and each["boot_status"] == "good"), None)
