"""Every name of the demo, and the zone in which the DNS server finds them."""

from lab import DNS4, DNS6, NARROW4, QUIC4, QUIC6, WEB4, WEB6

# Pass. The last three look like TikTok's and are not.
ALLOWED = ["www.example.org", "www.brussels.example", "nottiktok.com", "tiktok.com.evil.example",
           "tiktok.com-login.example"]
# Are refused: a suffix rule's own name, names below it, other suffixes, and a rule for one exact host.
BLOCKED = ["tiktok.com", "www.tiktok.com", "m.tiktok.com", "edge.tiktokv.com", "p16.tiktokcdn.com",
           "v16-tiktokcdn-com.akamaized.net", "tnc16-alisg.isnssdk.com"]

CLOAK = "metrics.example.org"  # an innocent name with a CNAME to one of TikTok's
SERVICE_CLOAK = "video.example.org"  # an innocent name whose HTTPS record leads to one of TikTok's
LONG_ANSWER = "big.example.org"  # its TXT records need IP fragments over UDP


def zone():
    """A root zone in master file format, in which all of the Internet is the lab's servers."""
    lines = ["$TTL 300",
             ". IN SOA ns.example.org. hostmaster.example.org. 1 3600 600 86400 60",
             ". IN NS ns.example.org.",
             f"ns.example.org. IN A {DNS4}",
             f"ns.example.org. IN AAAA {DNS6}"]
    for name in ALLOWED + BLOCKED:
        lines += [f"{name}. IN A {WEB4}", f"{name}. IN AAAA {WEB6}",
                  f'{name}. IN HTTPS 1 . alpn="h2,h3"', f'{name}. IN TXT "text of {name}"']
    # Chromium looks this one up to tell a name that is missing from a network that is.
    lines += [f"google.com. IN A {WEB4}"]
    lines += [f"quic.example.org. IN A {QUIC4}", f"quic.example.org. IN AAAA {QUIC6}",
              f"narrow.example.org. IN A {NARROW4}",
              f"{CLOAK}. IN CNAME edge.tiktokv.com.",
              f'{SERVICE_CLOAK}. IN HTTPS 1 edge.tiktokv.com. alpn="h2,h3"']
    lines += [f'{LONG_ANSWER}. IN TXT "{number:03d} {"x" * 200}"' for number in range(16)]
    return "\n".join(lines) + "\n"
