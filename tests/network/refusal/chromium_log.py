"""Reads Chromium's own log of its network service (--log-net-log)."""

import json


class ChromiumLog:
    def __init__(self, path):
        log = json.loads(path.read_text())
        names = {number: name for name, number in log["constants"]["logEventTypes"].items()}
        self.offset = int(log["constants"]["timeTickOffset"])
        self.events = [(names[event["type"]], event["source"]["id"], int(event["time"]), event.get("params", {}))
                       for event in log["events"]]

    def failures(self, domain):
        """When each request for the front page of a host below `domain` failed, in seconds since 1970."""
        asked, failed = set(), []
        for name, source, time, parameters in self.events:
            if name == "REQUEST_ALIVE" and parameters.get("url", "").endswith(f".{domain}/"):
                asked.add(source)
            elif name == "REQUEST_ALIVE" and source in asked and "net_error" in parameters:
                failed.append((time + 1 + self.offset) / 1000)  # whole milliseconds: it was within this one
        return failed

    def resent(self, domain):
        """How many QUIC packets to hosts below `domain` were sent since nothing, or nothing of use, had come."""
        sessions = {source for name, source, _, parameters in self.events
                    if name == "QUIC_SESSION" and parameters.get("host", "").endswith(f".{domain}")}
        return sum(name == "QUIC_SESSION_PACKET_SENT" and source in sessions
                   and parameters["transmission_type"] != "NOT_RETRANSMISSION" for name, source, _, parameters in self.events)
