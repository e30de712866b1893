"""Updates of the emulated machine through its API: the good one stays, and no other does. Each says what is wrong, in
words; the machine runs before and after it, from a slot that is good."""

import time

from machine import MachineError

FIRMWARE_STARTS = 120  # seconds of the machine's own clock, from a reset to the boot loader, several times


def good(bench):
    _, slot = bench.install_to_run(bench.bundles.good())
    bench.confirmed(slot)
    return []


def stranger(bench):
    """With the stream that follows a refused bundle, which RAUC fails once: control tries again."""
    job = bench.install(bench.bundles.of_a_stranger())
    if job["state"] != "failed" or "signature" not in job["error"]["message"]:
        return [f"a bundle that a stranger signed is not refused for that: {job}"]
    job = bench.install(bench.bundles.good())
    return [] if job["state"] == "done" else [f"after a bundle that was refused, a good one is: {job}"]


def without_init(bench):
    former, _ = bench.install_to_run(bench.bundles.without_init())
    return falls_back(bench, former)


def unhealthy(bench):
    former, _ = bench.install_to_run(bench.bundles.unhealthy())
    bench.machine.wait("forwarding without control", bench.lab.crosses)
    return falls_back(bench, former)


def falls_back(bench, to):
    """Waits until the box is back where it was."""
    begun, begun_there = bench.machine.seconds(), bench.machine.own_seconds()
    bench.machine.wait_for_text(f"Sluis: slot {to}, try 1", bench.board.boot.trial_seconds + FIRMWARE_STARTS)
    took, took_there = bench.machine.seconds() - begun, bench.machine.own_seconds() - begun_there
    bench.machine.say(f"fell back after {took:.0f} s ({took_there:.0f} s): the boot loader tries slot {to}")
    bench.confirmed(to)
    alarms = [alarm["name"] for alarm in bench.machine.get("/v1/status")["alarms"]]
    return [] if "firmware_slot_bad" in alarms else [f"no alarm says that it fell back: {alarms}"]


def power_cut(bench):
    """While the other slot is being written. The box comes up as it was, and takes the same bundle again."""
    machine = bench.machine
    running, _ = bench.slots()
    source = bench.server.url(bench.bundles.good())
    number = machine.begin("/v1/firmware", {"source": source})
    machine.wait("the slot is being written", lambda: is_in_the_middle(machine, number))
    time.sleep(2)
    machine.stop()
    machine.say("power cut while a slot was written")
    machine.start(bench.lab)
    machine.wait_for_text(f"Sluis: slot {running}, try 1")
    bench.confirmed(running)
    _, slot = bench.install_to_run(bench.bundles.good())
    bench.confirmed(slot)
    return []


def is_in_the_middle(machine, number):
    """RAUC may fail at once and be asked again: the job knows."""
    if job := machine.ended_job(number):
        raise MachineError(f"the installation ended: {job}")
    firmware = machine.read("/v1/firmware")
    return firmware and firmware["installing"] and firmware["percent"] >= 40 and "rootfs" in firmware["step"]
