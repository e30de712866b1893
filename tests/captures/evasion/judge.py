"""What came out of the box, against what the matrix asks."""

import itertools
import random
import re
from dataclasses import dataclass

import frames
import layers
from framework import is_forbidden
from oracle import TLS_OVER_TCP, Arrival, TcpReceiver
from tcp_server import OVERLAPS, RST, SYN, Segment

ALL_SUBSETS = 8  # uncertain frames; of more, only some subsets are tried
SAMPLES = 200


@dataclass
class Out:
    """A frame that was written. `sent`: which frame of the capture it is; None for one that the box made."""

    data: bytes
    to_server: bool
    number: int | None
    uncertain: bool = False


class Outcome:
    """One capture's way through the box."""

    def __init__(self, row, variant, mode, written, findings):
        self.row, self.variant, self.mode, self.findings = row, variant, mode, findings
        self.receiver = variant.receiver or TLS_OVER_TCP
        self.out = identify(variant.capture, written)

    @property
    def injected(self):
        return [out for out in self.out if out.number is None]

    @property
    def missing(self):
        """Frames of the capture that did not come out."""
        came = {out.number for out in self.out}
        return [sent for number, sent in enumerate(self.variant.capture.sent) if number not in came]

    def summary(self):
        """What the box did, in a few words."""
        reasons = sorted({finding["reason"] for finding in self.findings if finding["verdict"] == "block"})
        words = []
        if any(is_reset(out) for out in self.injected):
            words.append("reset")
        elif self.injected:
            words.append("answered")
        if not words and any(not sent.uncertain for sent in self.missing):
            words.append("dropped")
        elif not words and self.missing:
            words.append("passed, decoys dropped")
        return " ".join(words or ["passed"]) + (f" ({', '.join(reasons)})" if reasons else "")


def identify(capture, written):
    """Every written frame with the frame of the capture that it is."""
    left = {}
    for number, sent in enumerate(capture.sent):
        left.setdefault(sent.data, []).append(number)
    result = []
    for data in written:
        numbers = left.get(data)
        if numbers:
            number = numbers.pop(0)
            sent = capture.sent[number]
            result.append(Out(data, sent.to_server, number, sent.uncertain))
        else:
            result.append(Out(data, data[:6] == frames.SERVER_MAC, None))
    return merge([[out for out in result if out.to_server == side] for side in (True, False)], len(capture.sent))


def merge(directions, total):
    """Both directions in the order of the capture. What leaves by one port keeps its order; between the two ports of a
    bridge there is none, and within a burst the box writes one port's frames after the other's. What the box made takes
    the place of the frame that did not come out."""
    came = {out.number for direction in directions for out in direction}
    keyed = []
    for direction in directions:
        latest = -1
        for out in direction:
            if out.number is not None:
                latest = max(latest, out.number)
            else:
                latest = next((number for number in range(latest + 1, total) if number not in came), latest)
            keyed.append((latest, out))
    return [out for _, out in sorted(keyed, key=lambda pair: pair[0])]


def flags_of(frame):
    """TCP flags; 0 for anything else."""
    for found in decode(frame):
        if found.protocol == frames.TCP and len(found.transport) >= 20:
            return found.transport[13]
    return 0


def is_reset(out):
    return bool(flags_of(out.data) & RST)


def decode(frame):
    return layers.datagrams(frame, layers.Reassembly())


def expectation(cell, chosen):
    """The alternative of a matrix cell that holds for a variant."""
    words = re.findall(r"\b(BLOCK|PASS|RESET|DROP|FORMERR)\b", cell)
    if chosen:
        # To refuse the forbidden name is never wrong.
        free = chosen == "BLOCK" or "policy" in cell
        assert chosen in words or free or "note" in cell or "not resisted" in cell, f"{chosen} is not in {cell!r}"
        return chosen
    if cell.startswith("DROP that datagram"):
        return "DROP"
    assert len(words) == 1, f"the row must choose from {cell!r}"
    return words[0]


def judge(outcome):
    """Failures, one line each."""
    row, variant = outcome.row, outcome.variant
    if outcome.mode.forbidden:
        wanted = expectation(row.blocked, variant.blocked)
    else:
        wanted = expectation(row.allowed, variant.allowed)
    failures = list(CHECKS[wanted](outcome))
    failures += findings_missing(outcome)
    if variant.check is not None:
        failures += variant.check(outcome)
    return [f"{wanted}: {failure}" for failure in failures]


def findings_missing(outcome):
    for wanted in outcome.variant.findings:
        if not any(all(found.get(key) == value for key, value in wanted.items()) for found in outcome.findings):
            yield f"no finding like {wanted} in {outcome.findings}"


def check_block(outcome):
    yield from check_capture_means_it(outcome)
    yield from check_receiver_cannot_read(outcome)
    yield from check_invalid_dropped(outcome)
    if outcome.variant.refusal == "reset" and isinstance(outcome.receiver, TcpReceiver):
        yield from check_resets(outcome)


def check_pass(outcome):
    yield from check_unchanged(outcome)
    yield from check_invalid_dropped(outcome)
    yield from check_receiver_reads(outcome)


def check_drop(outcome):
    if outcome.mode.forbidden:
        yield from check_receiver_cannot_read(outcome)
    else:
        yield from check_unchanged(outcome)
        if not any(sent.invalid for sent in outcome.variant.capture.sent):
            yield "the row marks no frame that must be dropped"
    yield from check_invalid_dropped(outcome)


def check_reset(outcome):
    if not isinstance(outcome.receiver, TcpReceiver):
        yield from check_closed(outcome)
        return
    yield from check_resets(outcome)
    yield from check_nothing_after_reset(outcome)


def check_closed(outcome):
    """A connection without resets (QUIC): the client is told, and what conflicts does not go on."""
    if not any(not out.to_server for out in outcome.injected):
        yield "no answer to the client"
    if all(sent.uncertain for sent in outcome.missing):
        yield "nothing was dropped"


def check_format_error(outcome):
    yield from check_invalid_dropped(outcome)
    if not any(not out.to_server for out in outcome.injected):
        yield "no answer to the client"


CHECKS = {
    "BLOCK": check_block,
    "PASS": check_pass,
    "DROP": check_drop,
    "RESET": check_reset,
    "FORMERR": check_format_error,
}


def choices(numbers):
    """Subsets of the uncertain frames that arrive: all of them when they are few."""
    if len(numbers) <= ALL_SUBSETS:
        for size in range(len(numbers) + 1):
            yield from map(set, itertools.combinations(numbers, size))
        return
    yield from (set(), set(numbers))
    source = random.Random(len(numbers))
    for _ in range(SAMPLES):
        yield {number for number in numbers if source.random() < 0.5}


def arrivals(out, arrived):
    there = [o for o in out if not o.uncertain or o.number in arrived]
    return [Arrival(o.data, o.to_server, o.uncertain, o.number is None) for o in there]


def readings(outcome, out):
    """Names that some system may read, whichever of the uncertain frames arrive, with that choice."""
    uncertain = [o.number for o in out if o.uncertain]
    for arrived in choices(uncertain):
        for system in outcome.receiver.systems():
            for name in outcome.receiver.read(arrivals(out, arrived), system):
                yield name, arrived, system


def check_capture_means_it(outcome):
    """A row whose name nobody could read would test nothing."""
    out = identify(outcome.variant.capture, [sent.data for sent in outcome.variant.capture.sent])
    if not any(is_forbidden(name) for name, _, _ in readings(outcome, out)):
        yield "the capture itself does not bring the name to the receiver: the row is wrong"


def check_receiver_cannot_read(outcome):
    for name, arrived, system in readings(outcome, outcome.out):
        if is_forbidden(name):
            yield f"the receiver can read {name} (system {system}, of the uncertain frames arrive {sorted(arrived)})"
            return


def check_receiver_reads(outcome):
    for system in outcome.receiver.systems() if outcome.variant.needs else ():
        names = outcome.receiver.read(arrivals(outcome.out, set()), system)
        missing = set(outcome.variant.needs) - names
        if missing:
            yield f"the receiver cannot read {missing} (system {system}); it reads {names}"
            return


def check_unchanged(outcome):
    if outcome.variant.rewritten and len(outcome.injected) == len(outcome.missing):
        return
    for out in outcome.injected:
        yield f"a frame that was not sent: {out.data.hex()}"
    for number, sent in enumerate(outcome.variant.capture.sent):
        if not sent.uncertain and sent in outcome.missing:
            yield f"frame {number} did not come out: {sent.data.hex()[:160]}"
    for side in (True, False):
        numbers = [out.number for out in outcome.out if out.number is not None and out.to_server == side]
        if outcome.variant.ordered and numbers != sorted(numbers):
            yield f"frames came out in another order: {numbers}"


def check_invalid_dropped(outcome):
    for out in outcome.out:
        if out.number is not None and outcome.variant.capture.sent[out.number].invalid:
            yield f"frame {out.number}, which endpoints discard, came out: {out.data.hex()[:160]}"


def reset_connections(outcome, to_server, arrived, system):
    """The connections that the box has reset, as their end towards `to_server` sees them."""
    inward = TcpReceiver(towards_server=to_server)
    there = arrivals(outcome.out, arrived)
    if not to_server:  # the client knows of its SYN, even where the box dropped that
        there = [Arrival(sent.data, True) for sent in outcome.missing if flags_of(sent.data) & SYN] + there
    host = inward.host(there, (system, False))
    keys = set()
    for out in outcome.injected:
        for found in decode(out.data):
            if is_reset(out) and out.to_server == to_server:
                keys.add((found.source, found.destination, *found.ports()))
    return {key: host.connection(key) for key in keys}


def check_resets(outcome):
    """Both ends must be closed by resets that carry exactly the sequence number that they wait for."""
    for to_server, side in ((False, "client"), (True, "server")):
        connections = reset_connections(outcome, to_server, set(), "linux")
        if not connections:
            yield f"no reset to the {side}"
    for key, connection in reset_connections(outcome, False, set(), "linux").items():
        if not connection.closed:
            yield f"the client waits for {connection.receive_next()}, no reset has that sequence number"
    for _, connection, system in unclosed_servers(outcome):
        yield f"the server waits for {connection.receive_next()} (system {system}), no reset has that sequence number"


def unclosed_servers(outcome):
    uncertain = [out.number for out in outcome.out if out.uncertain]
    for arrived in ([], uncertain):
        for system in OVERLAPS:
            for key, connection in reset_connections(outcome, True, set(arrived), system).items():
                if not connection.closed and connection.initial is not None:  # None: it never heard of it
                    yield key, connection, system


def challenge(outcome):
    """RFC 5961, section 3.2: to a reset in its window, but not at the next sequence number, a server answers with an
    acknowledgment; and one that has read a FIN closes in the end. That frame, where there would be one."""
    for key, connection, _ in unclosed_servers(outcome):
        if connection.challenged or connection.fin_at is not None:
            ends, ports = (key[1], key[0]), (key[3], key[2])
            flags = frames.ACK if connection.fin_at is None else frames.ACK | frames.FIN
            segment = frames.tcp(ends, ports, connection.next or 0, connection.receive_next(), flags)
            return outcome.variant.capture.link(frames.ip(ends, frames.TCP, segment), False)
    return None


def check_nothing_after_reset(outcome):
    done = False
    for number, out in enumerate(outcome.out):
        if done and out.to_server and out.number is not None:
            for found in decode(out.data):
                if found.protocol == frames.TCP and Segment(found).payload:
                    yield f"written frame {number} has data for the server, after the reset"
        done = done or (out.number is None and is_reset(out) and out.to_server)
