"""Starts of the emulated machine: the first one, one without a slot, and one that makes the box forget. Each says what is
wrong, in words."""

import traffic

POLICY = """
[policy]
time_zone = "Europe/Brussels"

[[zone]]
name = "annex"
vlans = [210]
language = "nl"

    [[zone.rule]]
    mode = "monitor"
    from = 2023-03-27
"""


def first_power_cut(bench):
    """In the middle of the first start, while the box takes in what it is enrolled with."""
    machine = bench.machine
    machine.start(bench.lab)
    machine.wait("the box is being enrolled", lambda: "enrolled: " in machine.console_text())
    machine.stop()
    machine.say("power cut during enrolment")
    return []


def first(bench):
    machine = bench.machine
    machine.start(bench.lab)
    machine.wait("forwarding", bench.lab.crosses)
    machine.say("forwards")
    machine.wait("the API answers", lambda: machine.ask("GET", "/healthz"))
    machine.say("the API answers")
    machine.wait("healthy", lambda: (machine.ask("GET", "/healthz") or [0])[0] == 200)
    machine.wait_for_text("this slot is good")
    machine.say("the slot is marked good")
    return unwanted(machine.console_text()) + traffic.judge(machine, bench.lab)


def unwanted(console):
    """What a start must not show: privileges that a program kept, units that wait for each other in a circle, and a basic
    system that came up before frames crossed."""
    said = [line for line in console.splitlines() if "privileges_kept" in line or "ordering cycle" in line]
    late = "event=forwarding" not in console.partition("Reached target sysinit.target")[0]
    return said + (["the dataplane forwarded only after the basic system had come up"] if late else [])


def last_resort(bench):
    """The only slot that is good holds nothing at all; the other was marked bad, and would start."""
    return empty_slot(bench, other_is_good="0")


def empty_slot(bench, other_is_good="1"):
    """The slot that the boot loader takes first holds nothing at all."""
    machine, workshop = bench.machine, bench.workshop
    other, empty = bench.slots()
    machine.stop()
    machine.set_grub_environment(workshop, {"ORDER": f"{empty} {other}", f"{empty}_OK": "1", f"{empty}_TRY": "0",
                                            f"{other}_OK": other_is_good, f"{other}_TRY": "0"})
    machine.empty_slot(workshop, empty)
    machine.start(bench.lab)
    machine.wait("forwarding from the other slot", bench.lab.crosses)
    machine.say("forwards, after two tries of an empty slot")
    machine.wait_for_text("this slot is good")
    machine.stop()
    notes = machine.grub_environment(workshop)
    found = notes[f"{other}_OK"], notes[f"{other}_TRY"], notes[f"{empty}_TRY"]
    return [] if found == ("1", "0", "2") else [f"the boot loader did not fall back: {notes}"]


def replacement(bench):
    """Another unit takes the box's place, by nothing but its backup."""
    machine = bench.machine
    machine.do("/v1/policy", POLICY)
    known = machine.get("/v1/policy")["sha256"]
    job = machine.do("/v1/backup", {"keys": True})
    status, backup = machine.wait("the backup", lambda: machine.ask("GET", "/v1/backup"))
    if status != 200:
        return [f"there is no backup: {job}, {status}"]
    machine.say(f"a backup of {len(backup)} bytes: {job['message']}")
    machine.stop()
    machine.begin_anew()
    machine.lay(bench.workshop, {"box.backup": backup})
    machine.start(bench.lab)
    machine.wait_for_text("restored from box.backup: starting again")
    machine.get("/v1/status")  # with the certificate that it had
    machine.say("another unit answers in its place")
    bench.confirmed("A")  # by then it has read its policy
    found = machine.get("/v1/policy")["sha256"]
    return [] if found == known else [f"the policy was {known}, and is {found}"]


def factory_reset(bench):
    """Asked for over the API: the box forgets what it was told, forwards all the same, and is enrolled anew."""
    machine = bench.machine
    machine.do("/v1/policy", POLICY)
    known = machine.get("/v1/policy")["origin"]
    machine.look_from_here()
    machine.wait("it is asked for", lambda: machine.ask("POST", "/v1/factory-reset", {"confirm": "forget"}))
    machine.wait_for_text("Sluis: slot ")
    machine.wait("forwarding without enrolment", bench.lab.crosses)
    machine.wait_for_text("next step: enrol the box")
    machine.say("it forwards, and is nobody's")
    machine.stop()
    bench.enrol()
    machine.start(bench.lab)
    bench.confirmed(bench.slots()[0])  # by then it would have read a policy
    origin = machine.get("/v1/policy")["origin"]
    machine.say(f"factory reset: the policy came from {known}, and comes from {origin}")
    return [] if (known, origin) == ("file", "none") else [f"the policy is from {known}, then {origin}"]
