"""Updates of the emulated machine through its API: the good one stays, and no other does."""

import time

from machine import MachineError


def run(machine, lab, bundles, server):
    """What is wrong, in words. The machine runs, and its slot is good."""
    faults = []
    for part in (good, stranger, without_init, unhealthy, power_cut):
        begun = time.monotonic()
        faults += part(machine, lab, bundles, server)
        machine.say(f"{part.__name__}: took {time.monotonic() - begun:.0f} s")
    return faults


def install(machine, server, name):
    """The job's end, and how long it took."""
    begun = time.monotonic()
    job = machine.do("/v1/firmware", {"source": server.url(name), "comment": name})
    took = time.monotonic() - begun
    machine.say(f"{name}: {job['state']} in {took:.0f} s: {job['message'] or job['error']['message']}")
    return job


def slots(machine):
    """The slot that runs, and the other one."""
    running = machine.get("/v1/firmware")["boot_slot"]
    return running, {"A": "B", "B": "A"}[running]


def restart(machine, slot):
    machine.look_from_here()
    # Its job may end with the box.
    answer = machine.wait("a restart is asked for", lambda: machine.ask("POST", "/v1/firmware/restart", {}))
    if answer[0] != 202:
        raise MachineError(f"a restart is refused: {answer}")
    machine.wait_for_text(f"Sluis: slot {slot}, try 1")
    machine.say(f"the boot loader tries slot {slot}")


def confirmed(machine, lab, slot):
    """Waits until the box has marked this slot good by itself."""
    machine.wait("forwarding", lab.crosses)
    machine.say("forwards")
    machine.wait_for_text("this slot is good")
    state = machine.wait("the API shows it", lambda: is_good(machine, slot))
    machine.say(f"slot {slot} is good: {state}")
    return []


def is_good(machine, slot):
    firmware = machine.read("/v1/firmware") or {}
    return next((f"{each['boot_name']} {each['version']}" for each in firmware.get("slots", ())
                 if each["boot_name"] == slot == firmware["boot_slot"] and each["boot_status"] == "good"), None)


def falls_back(machine, lab, to, limit):
    """Waits until the box is back where it was."""
    begun = time.monotonic()
    machine.wait_for_text(f"Sluis: slot {to}, try 1", limit)
    machine.say(f"fell back after {time.monotonic() - begun:.0f} s: the boot loader tries slot {to}")
    confirmed(machine, lab, to)
    alarms = [alarm["name"] for alarm in machine.get("/v1/status")["alarms"]]
    return [] if "firmware_slot_bad" in alarms else [f"no alarm says that it fell back: {alarms}"]


def good(machine, lab, bundles, server):
    _, other = slots(machine)
    if (job := install(machine, server, bundles.good()))["state"] != "done":
        return [f"a good bundle is not installed: {job}"]
    restart(machine, other)
    return confirmed(machine, lab, other)


def stranger(machine, lab, bundles, server):
    job = install(machine, server, bundles.of_a_stranger())
    if job["state"] != "failed" or "signature" not in job["error"]["message"]:
        return [f"a bundle that a stranger signed is not refused for that: {job}"]
    return []


def without_init(machine, lab, bundles, server):
    running, other = slots(machine)
    # The stream that follows a refused bundle, too.
    if (job := install(machine, server, bundles.without_init()))["state"] != "done":
        return [f"it cannot be installed: {job}"]
    restart(machine, other)
    return falls_back(machine, lab, running, 600)


def unhealthy(machine, lab, bundles, server):
    running, other = slots(machine)
    if (job := install(machine, server, bundles.unhealthy()))["state"] != "done":
        return [f"it cannot be installed: {job}"]
    restart(machine, other)
    machine.wait("forwarding without control", lab.crosses)
    return falls_back(machine, lab, running, 900)


def power_cut(machine, lab, bundles, server):
    """While the other slot is being written. The box comes up as it was, and takes the same bundle again."""
    running, other = slots(machine)
    machine.wait("the API answers", lambda: machine.ask("POST", "/v1/firmware", {"source": server.url("good.raucb")}))

    def in_the_middle():
        firmware = machine.read("/v1/firmware") or {}
        if not firmware.get("installing") and firmware.get("last_error"):
            raise MachineError(f"the installation ended: {firmware}")
        return firmware.get("installing") and firmware["percent"] >= 40 and "rootfs" in firmware["step"]
    machine.wait("the slot is being written", in_the_middle)
    time.sleep(2)
    machine.stop()
    machine.say("power cut while a slot was written")
    machine.start(lab)
    machine.wait_for_text(f"Sluis: slot {running}, try 1")
    confirmed(machine, lab, running)
    if (job := install(machine, server, "good.raucb"))["state"] != "done":
        return [f"it cannot be installed after a power cut: {job}"]
    restart(machine, other)
    return confirmed(machine, lab, other)
