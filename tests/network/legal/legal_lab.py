"""The lab with more addresses, whose routes make TCP behave as it seldom does; and a second cable past the box."""

from lab import Lab, run

SMALL_WINDOW4, SMALL_WINDOW6 = "192.0.2.110", "2001:db8::110"  # clients to whom the server offers 100 bytes
WINDOW = 100
SLOW_START4, SLOW_START6 = "192.0.2.5", "2001:db8::5"  # servers that the client begins to send to one segment at a time
RETRY4, PLAIN_QUIC4 = "192.0.2.6", "192.0.2.7"
ONE_WAY4 = "192.0.2.120"  # a client whose answers, or whose requests, go past the box


class LegalLab(Lab):
    def build(self):
        super().build()
        self.add("client", [f"{SMALL_WINDOW4}/24", f"{ONE_WAY4}/24"], [f"{SMALL_WINDOW6}/64"])
        self.add("server", [f"{address}/24" for address in (SLOW_START4, RETRY4, PLAIN_QUIC4)], [f"{SLOW_START6}/64"])
        for address, prefix in ((SMALL_WINDOW4, "-4"), (SMALL_WINDOW6, "-6")):
            self.route("server", prefix, f"{address} dev eth0 window {WINDOW}")
        for address, prefix in ((SLOW_START4, "-4"), (SLOW_START6, "-6")):
            self.route("client", prefix, f"{address} dev eth0 initcwnd 1")
        self.cable_past_the_box()

    def add(self, place, ipv4, ipv6):
        for address in ipv4:
            run(self.inside(place, ["ip", "address", "add", address, "dev", "eth0"]))
        for address in ipv6:
            # Deprecated (RFC 4862, 5.5.4): no source address but where one binds to it.
            run(self.inside(place, ["ip", "address", "add", address, "dev", "eth0", "nodad", "preferred_lft", "0"]))

    def route(self, place, family, words):
        run(self.inside(place, ["ip", family, "route", "replace", *words.split()]))

    def cable_past_the_box(self):
        run(["ip", "link", "add", "eth1", "netns", self.names["client"],
             "type", "veth", "peer", "name", "eth1", "netns", self.names["server"]])
        for place in ("client", "server"):
            run(self.inside(place, ["sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.eth0.rp_filter=0",
                                    "net.ipv4.conf.eth1.rp_filter=0", "net.ipv6.conf.eth1.disable_ipv6=1"]))
            self.bring_up(place, "eth1")

    def answers_past_the_box(self, client=ONE_WAY4):
        """What servers send to that client takes the other cable."""
        run(self.inside("server", ["ip", "route", "replace", client, "dev", "eth1"]))

    def requests_past_the_box(self, server, client=ONE_WAY4):
        """What that client sends to that server takes the other cable, what the server sends goes through the box."""
        run(self.inside("server", ["ip", "route", "delete", client]))
        run(self.inside("client", ["ip", "route", "replace", server, "dev", "eth1", "src", client]))


