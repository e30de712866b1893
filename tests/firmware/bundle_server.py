"""A web server for bundles, with the ranges that RAUC reads them by (RFC 9110, section 14)."""

import http.server
import re
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(True)

    def do_HEAD(self):
        self.answer(False)

    def answer(self, with_body):
        file = self.server.folder / self.path.lstrip("/")
        if "/" in self.path[1:] or not file.is_file():
            return self.send_error(404)
        size = file.stat().st_size
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first = int(asked[1]) if asked else 0
        last = min(int(asked[2]), size - 1) if asked and asked[2] else size - 1
        if first > last:
            return self.send_error(416)
        self.send_response(206 if asked else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(last - first + 1))
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.end_headers()
        if with_body:
            with open(file, "rb") as content:
                content.seek(first)
                self.wfile.write(content.read(last - first + 1))

    def log_message(self, *_):
        pass


class BundleServer:
    """Serves the files of a folder on 127.0.0.1, which the machine knows as 10.0.2.2."""

    def __init__(self, folder):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.folder = folder
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, name):
        return f"http://10.0.2.2:{self.server.server_port}/{name}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
