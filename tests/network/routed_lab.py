"""The lab with a router behind the box, so that a hop limit of 1 ends where it would: between the box and the server.

    client ── eth0 ═ inside ── box ── outside ═ eth0 ── router ── east ═ eth0 ── server

The client's kernel owns none of the addresses that its frames carry: what the servers send to these arrives as frames
for whoever listens to the wire, and the kernel answers nothing.
"""

import os

from lab import Lab, run

CLIENT_MAC, ROUTER_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
EAST_MAC, SERVER_MAC = "02:00:00:00:00:03", "02:00:00:00:00:04"
CLIENTS4, CLIENTS6 = "10.0.0.0/8", "2001:db8:1::/48"
SERVERS4 = ["198.51.100.20", "198.51.100.21", "198.51.100.22"]
SERVERS6 = ["2001:db8:2::20", "2001:db8:2::21", "2001:db8:2::22"]
NEAR4, NEAR6 = ("192.0.2.254", 24), ("2001:db8:f::254", 64)
GATEWAY4, GATEWAY6 = "192.0.2.1", "2001:db8:f::1"  # stand for all clients
EAST4, EAST6 = "198.51.100.1", "2001:db8:2::1"


class RoutedLab(Lab):
    far = "router"  # at the other end of the box's outside port

    def __init__(self):
        super().__init__()
        self.names["router"] = f"sluis-router-{os.getpid()}"

    def build(self):
        self.make_places()
        self.cable("client", "eth0", "box", "inside")
        self.cable("router", "eth0", "box", "outside")
        self.cable("server", "eth0", "router", "east")
        self.set_addresses()
        self.set_routes()

    def cable(self, place, interface, other, port):
        run(["ip", "link", "add", interface, "netns", self.names[place],
             "type", "veth", "peer", "name", port, "netns", self.names[other]])
        self.bring_up(place, interface)
        self.bring_up(other, port)

    def inside_all(self, place, *commands):
        for command in commands:
            run(self.inside(place, command.split()))

    def set_addresses(self):
        self.silence("client")
        self.inside_all("client", f"ip link set eth0 address {CLIENT_MAC}")
        self.inside_all(
            "router",
            f"ip link set eth0 address {ROUTER_MAC}",
            f"ip link set east address {EAST_MAC}",
            "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1",
            "sysctl -qw net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0",
            "sysctl -qw net.ipv4.conf.east.send_redirects=0 net.ipv4.icmp_ratelimit=0",
            f"ip address add {NEAR4[0]}/{NEAR4[1]} dev eth0",
            f"ip address add {NEAR6[0]}/{NEAR6[1]} dev eth0 nodad",
            f"ip address add {EAST4}/24 dev east",
            f"ip address add {EAST6}/64 dev east nodad",
        )
        self.bring_up("server", "lo")
        self.inside_all("server", f"ip link set eth0 address {SERVER_MAC}")
        for address in SERVERS4:
            self.inside_all("server", f"ip address add {address}/24 dev eth0")
        for address in SERVERS6:
            self.inside_all("server", f"ip address add {address}/64 dev eth0 nodad")

    def silence(self, place):
        """No IPv6 address, hence no neighbour discovery."""
        self.inside_all(place, "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1")

    def set_routes(self):
        """And neighbours, so that no row waits for a router and a server to find each other."""
        for family, gateway, clients, east in (("-4", GATEWAY4, CLIENTS4, EAST4), ("-6", GATEWAY6, CLIENTS6, EAST6)):
            self.inside_all(
                "router",
                f"ip {family} neigh replace {gateway} lladdr {CLIENT_MAC} dev eth0 nud permanent",
                f"ip {family} route add {clients} via {gateway} dev eth0",
            )
            self.inside_all(
                "server",
                f"ip {family} neigh replace {east} lladdr {EAST_MAC} dev eth0 nud permanent",
                f"ip {family} route add default via {east} dev eth0",
            )
        for address in SERVERS4 + SERVERS6:
            self.inside_all("router", f"ip neigh replace {address} lladdr {SERVER_MAC} dev east nud permanent")
