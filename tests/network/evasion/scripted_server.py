#!/usr/bin/env python3
"""A TLS server (OpenSSL, by Python) that first says what a script has it say: SMTP before STARTTLS, say.

Usage: scripted_server.py SCRIPTS DIRECTORY ADDRESS… SCRIPTS is JSON: by client address, {"turns": [[bytes of the client
that are waited for, hexadecimal text], …], "skip": bytes of the client before its TLS, "retry": whether the server
asks for another key share (HelloRetryRequest)}. Prints "name ADDRESS NAME" (NAME as JSON) for each hello it reads.
"""

import json
import os
import select
import socket
import ssl
import sys
import threading

PORTS = (443, 587, 143, 110, 3128, 8080, 1080, 5432, 25)
PATIENCE = 15  # seconds: of a silent client


def context(directory, retry, note):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = f"{directory}/certificates/www.example.org"
    made.load_cert_chain(f"{certificate}.pem", f"{certificate}.key")
    if retry:
        made.set_ecdh_curve("prime256v1")
    made.sni_callback = lambda _object, name, _context: note(name or "")
    return made


def read_turns(peer, script):
    """Plays the script's text. Returns bytes that belong to TLS already; None when the client left."""
    heard = b""
    for needed, text in [*script["turns"], [script["skip"], ""]]:
        while len(heard) < needed:
            part = peer.recv(65536)
            if not part:
                return None
            heard += part
        peer.sendall(bytes.fromhex(text))
    return heard[script["skip"] :]


def shake_hands(peer, tls, heard, incoming, outgoing):
    incoming.write(heard)
    while True:
        try:
            tls.do_handshake()
            return
        except ssl.SSLWantReadError:
            peer.sendall(outgoing.read())
            part = peer.recv(65536)
            if not part:
                return
            incoming.write(part)


def serve(peer, client, scripts, directory):
    def note(name):
        os.write(1, f"name {client} {json.dumps(name)}\n".encode())  # at once: other threads write too

    with peer, open(scripts, encoding="utf-8") as file:
        script = json.load(file).get(client, {"turns": [], "skip": 0, "retry": False})
        peer.settimeout(PATIENCE)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            heard = read_turns(peer, script)
            if heard is not None:
                made = context(directory, script["retry"], note)
                tls = made.wrap_bio(incoming, outgoing, server_side=True)
                shake_hands(peer, tls, heard, incoming, outgoing)
        except OSError:  # ssl.SSLError too: the client is as bad as its row
            pass
        try:
            peer.sendall(outgoing.read())
        except OSError:
            pass


def main():
    scripts, directory, *addresses = sys.argv[1:]
    listeners = [socket.create_server((address, port), backlog=256,
                                      family=socket.AF_INET6 if ":" in address else socket.AF_INET)
                 for address in addresses for port in PORTS]
    print("ready", flush=True)
    while True:
        for listener in select.select(listeners, [], [])[0]:
            peer, (client, *_) = listener.accept()
            threading.Thread(target=serve, args=(peer, client, scripts, directory), daemon=True).start()


if __name__ == "__main__":
    main()
