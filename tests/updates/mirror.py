"""An HTTPS mirror that does what a test tells it to, byte for byte: no HTTP library stands between."""

import socket
import ssl
import threading


class Request:
    def __init__(self, path, fields):
        self.path, self.fields = path, fields


class Mirror:
    """Each connection is one request. `answer(request, send)` writes what is to come back; the connection is closed
    behind it. Without `certificate` it speaks no TLS."""

    def __init__(self, certificate=None, answer=None):
        self.answer = answer
        self.requests = []
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(str(certificate) + ".pem", str(certificate) + ".key")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}/rules/"

    def close(self):
        self.listener.close()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        connection.settimeout(30)
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            head = b""
            while b"\r\n\r\n" not in head:
                more = connection.recv(65536)
                if not more:
                    return
                head += more
                if not self.context and head[:1] == b"\x16":  # a ClientHello
                    return connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            request = Request(lines[0].split(" ")[1], fields)
            self.requests.append(request)
            self.answer(request, connection)
        except (OSError, ssl.SSLError):
            pass
        finally:
            try:
                connection.close()
            except OSError:
                pass


def respond(connection, status, fields=(), body=b"", *, length=None):
    """`length`: of Content-Length, when it is to differ; -1: none."""
    lines = [f"HTTP/1.1 {status}", "Connection: close", *fields]
    if length != -1:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def reset(connection):
    """Ends the TCP connection without a goodbye."""
    import struct
    raw = socket.socket(fileno=connection.detach())
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.close()


class Files:
    """A mirror's folder: {name: content}. Knows ETags and ranges, as a web server does."""

    def __init__(self, files):
        self.files = dict(files)

    def __call__(self, request, connection):
        content = self.files.get(request.path.removeprefix("/rules/"))
        if content is None:
            return respond(connection, "404 Not Found", (), b"no")
        tag = f'"{hash(content) & 0xffffffff:x}"'
        if request.fields.get("if-none-match") == tag:
            return respond(connection, "304 Not Modified", (f"ETag: {tag}",))
        begin = request.fields.get("range", "")
        if not begin:
            return respond(connection, "200 OK", (f"ETag: {tag}",), content)
        first = int(begin.removeprefix("bytes=").removesuffix("-"))
        if first >= len(content):
            return respond(connection, "416 Range Not Satisfiable", (f"Content-Range: bytes */{len(content)}",))
        respond(connection, "206 Partial Content",
                (f"Content-Range: bytes {first}-{len(content) - 1}/{len(content)}",), content[first:])
