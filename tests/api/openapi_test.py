"""openapi.yaml against a running sluis-control with a dataplane: each path and method in it answers as it says, and no
route is missing from it."""

import pathlib
import re
import sys
import tempfile

import yaml

from certificates import SERVER, Authority, pem
from control_box import ControlBox, wait_for

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
JSON_TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "object": dict, "array": list,
              "null": type(None)}


class Schemas:
    """As much of JSON Schema as the file uses; what it does not know is an error."""

    KNOWN = {"type", "properties", "required", "additionalProperties", "items", "oneOf", "$ref", "format", "description"}

    def __init__(self, document):
        self.document = document

    def resolve(self, schema):
        while "$ref" in schema:
            node = self.document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                node = node[part]
            schema = node
        return schema

    def check(self, value, schema, where):
        schema = self.resolve(schema)
        assert not schema.keys() - self.KNOWN, (where, schema)
        if "oneOf" in schema:
            fits = [each for each in schema["oneOf"] if self.fits(value, each, where)]
            assert len(fits) == 1, (where, value)
            return
        expected = JSON_TYPES[schema["type"]]
        assert isinstance(value, expected) and (schema["type"] == "boolean" or not isinstance(value, bool)), (where, value)
        if schema["type"] == "array":
            for index, each in enumerate(value):
                self.check(each, schema["items"], f"{where}[{index}]")
        if schema["type"] == "object":
            self.check_object(value, schema, where)

    def check_object(self, value, schema, where):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        missing = set(schema.get("required", ())) - value.keys()
        assert not missing, (where, "missing", missing)
        for name, each in value.items():
            assert name in properties or others is not False, (where, "not described", name)
            inner = properties.get(name, others)
            if isinstance(inner, dict):
                self.check(each, inner, f"{where}.{name}")

    def fits(self, value, schema, where):
        try:
            self.check(value, schema, where)
            return True
        except AssertionError:
            return False


def routes_in_source():
    text = (ROOT / "control/api/routes.cc").read_text()
    return {(path, {"del": "delete"}.get(method, method)) for method, path in re.findall(r'\{Method::(\w+),\s*"([^"]+)"', text)}


class OpenApiTest:
    def __init__(self, box):
        self.box = box
        answer = box.get("/v1/openapi.yaml")
        assert answer.status == 200 and answer.type == "application/yaml", answer
        assert answer.body == (ROOT / "control/api/openapi.yaml").read_bytes(), "another file than the source tree's"
        self.document = yaml.safe_load(answer.body)
        self.schemas = Schemas(self.document)

    def run(self):
        described = {(path, method) for path, item in self.document["paths"].items() for method in item}
        assert described == routes_in_source(), described ^ routes_in_source()
        for path, item in self.document["paths"].items():
            self.check_methods(path, item)
            if path.startswith("/v1/trace"):  # one at a time
                continue
            if path == "/v1/backup":  # there is one once it was made
                self.check_post(path, item["post"])
                print(f"ok POST {path}")
                item = {"get": item["get"]}
            for method, operation in item.items():
                {"get": self.check_get, "post": self.check_post, "put": self.check_put}[method](path, operation)
                print(f"ok {method.upper()} {path}")
        self.check_trace()

    def concrete(self, path, operation):
        """The path with a value for each parameter that has to be there."""
        values = {"name": "www.tiktok.com"}
        if "text/event-stream" in operation.get("responses", {}).get("200", {}).get("content", {}):
            return path + "?follow=0"  # or it would have no end
        query = [f"{p['name']}={values[p['name']]}" for p in operation.get("parameters", ())
                 if p["in"] == "query" and p.get("required")]
        return path.replace("{id}", str(self.box.known_job)) + ("?" + "&".join(query) if query else "")

    def check_methods(self, path, item):
        answer = self.box.ask("OPTIONS", path.replace("{id}", "1"))
        expected = {"OPTIONS"} | {method.upper() for method in item} | ({"HEAD"} if "get" in item else set())
        assert answer.status == 204 and set(answer.headers["Allow"].split(", ")) == expected, (path, answer)
        for method in {"GET", "POST", "PUT", "DELETE", "PATCH"} - expected:
            answer = self.box.ask(method, path.replace("{id}", "1"))
            assert answer.status == 405 and set(answer.headers["Allow"].split(", ")) == expected, (path, method, answer)
            self.check_problem(answer)

    def check_problem(self, answer):
        assert answer.type == "application/problem+json", answer
        self.schemas.check(answer.json(), {"$ref": "#/components/schemas/Problem"}, "problem")
        assert answer.json()["status"] == answer.status, answer

    def check_trace(self):
        begin, look = self.document["paths"]["/v1/trace"]["post"], self.document["paths"]["/v1/trace/{id}"]
        for body, media_type in ((b'{"host": "192.0.2.0/24", "seconds": 1}', "application/json"),
                                 (b"\x40\x01\x48\x01", "application/x-protobuf")):
            answer = self.box.ask("POST", "/v1/trace", body, headers={"Content-Type": media_type})
            self.check_answer(answer, begin, 202, "application/json")
            where = answer.headers["Location"]
            wait_for("the capture begins", lambda: self.box.get(where, socket="rw").json()["bytes"] > 0)
            for accept in look["get"]["responses"]["200"]["content"]:
                self.check_answer(self.box.get(where, accept=accept, socket="rw"), look["get"], 200, accept)
            busy = self.box.ask("POST", "/v1/trace", b"{}", headers={"Content-Type": "application/json"})
            assert busy.status == 503, busy
            wait_for("the trace ends", lambda: self.box.get(where, socket="rw").json()["state"] == "done")
            self.check_answer(self.box.ask("DELETE", where), look["delete"], 200, "application/json")
            gone = self.box.get(where, socket="rw")
            assert gone.status == 404, gone
        for body, field in ((b'{"host": "192.0.2.1/24"}', "host"), (b'{"frames": 100001}', "frames"),
                            (b'{"snap": 63}', "snap"), (b'{"port": "443"}', "port"), (b'{"prot": "tcp"}', "prot"),
                            (b'{"protocol": "sctp?"}', "protocol"), (b'{"vlan": 4095}', "vlan")):
            answer = self.box.ask("POST", "/v1/trace", body, headers={"Content-Type": "application/json"})
            assert answer.status == 400 and answer.json()["field"] == field, answer
            self.check_problem(answer)
        surplus = self.box.ask("POST", "/v1/trace", b"\x98\x06\x01", headers={"Content-Type": "application/x-protobuf"})
        assert surplus.status == 400, surplus
        for method in ("GET", "DELETE"):
            refused = self.box.ask(method, "/v1/trace/1", socket="ro")
            assert refused.status == 403, refused
        records = [line["audit"] for line in self.box.audit() if line["audit"]["what"] == "trace"]
        assert [each["stage"] for each in records] == ["begun", "done"] * 2, records
        assert records[0]["after"]["host"] == "192.0.2.0/24" and records[1]["outcome"] == "time", records
        print("ok /v1/trace")

    def check_answer(self, answer, operation, status, media_type):
        assert answer.status == status and answer.type == media_type, answer
        described = operation["responses"][str(status)]
        for name in described.get("headers", ()):
            assert name in answer.headers, (name, answer)
        schema = described["content"][media_type]["schema"]
        if media_type == "application/json":
            self.schemas.check(answer.json(), schema, operation["operationId"])

    def check_get(self, path, operation):
        url = self.concrete(path, operation)
        socket = "rw" if operation.get("x-role") == "admin" else "ro"
        for media_type in operation["responses"]["200"]["content"]:
            answer = self.box.get(url, accept=media_type, socket=socket)
            self.check_answer(answer, operation, 200, media_type)
            head = self.box.ask("HEAD", url, headers={"Accept": media_type})
            assert head.status == 200 and head.body == b"" and head.type == media_type, head
        if socket == "rw":
            reader = self.box.get(url)
            assert reader.status == 403, reader
        refused = self.box.get(url, accept="image/png", socket=socket)
        assert refused.status == 406, refused
        self.check_problem(refused)
        if "304" in operation["responses"]:
            same = self.box.ask("GET", url, headers={"If-None-Match": self.box.get(url).headers["ETag"]})
            assert same.status == 304 and same.body == b"", same
        unknown = self.box.get(url + ("&" if "?" in url else "?") + "surplus=1", socket=socket)
        assert unknown.status == 400 and unknown.json()["field"] == "surplus", unknown

    def check_post(self, path, operation):
        assert operation["x-role"] == "admin", path
        refused = self.box.ask("POST", path, b"x", socket="ro", headers={"Content-Type": "application/octet-stream"})
        assert refused.status == 403, refused
        self.check_problem(refused)
        for media_type in operation["requestBody"]["content"]:
            body = self.body_of(path, media_type)
            answer = self.box.ask("POST", path, body, headers={"Content-Type": media_type})
            self.check_answer(answer, operation, 202, "application/json")
            self.box.known_job = self.box.finish(answer)["id"]
        wrong = self.box.ask("POST", path, b"x", headers={"Content-Type": "image/png"})
        assert wrong.status == 415 and wrong.json()["field"] == "content-type", wrong

    def body_of(self, path, media_type):
        if path == "/v1/ruleset":
            return self.box.bundle(2)
        if path == "/v1/mode":
            return (b'{"pair": "pair0", "mode": "monitor", "reason": "a test"}' if media_type == "application/json" else
                    b"\x0a\x05pair0\x12\x06inline\x1a\x06a test")
        if path == "/v1/firmware":
            return (b'{"source": "https://updates.example/box.raucb"}' if media_type == "application/json" else
                    b"\x0a\x11https://a.example")
        if path == "/v1/factory-reset":
            return b'{"confirm": "forget"}' if media_type == "application/json" else b"\x0a\x06forget"
        if media_type == "application/toml":
            return b"# no policy yet\n"
        return b"{}" if media_type == "application/json" else b"\x12\x01x"

    def check_put(self, path, operation):
        assert operation["x-role"] == "admin" and list(operation["requestBody"]["content"]) == ["application/toml"], path
        etag = {"If-Match": self.box.get(path).headers["ETag"], "Content-Type": "application/toml"}
        text = self.box.config.read_bytes()
        refused = self.box.ask("PUT", path, text, socket="ro", headers=etag)
        assert refused.status == 403, refused
        for media_type in operation["responses"]["200"]["content"]:
            answer = self.box.ask("PUT", path + "?dry_run=1", text, headers={**etag, "Accept": media_type})
            self.check_answer(answer, operation, 200, media_type)
        for status, headers, body in ((428, {"If-Match": None}, text), (412, {"If-Match": '"x"'}, text),
                                      (415, {"Content-Type": "image/png"}, text), (422, {}, b"[nothing]\n"), (411, {}, b"")):
            headers = {name: value for name, value in {**etag, **headers}.items() if value}
            wrong = self.box.ask("PUT", path, body, headers=headers)
            assert wrong.status == status and str(status) in operation["responses"], (status, wrong)
            self.check_problem(wrong)
        answer = self.box.ask("PUT", path, text, headers=etag)
        self.check_answer(answer, operation, 202, "application/json")
        self.box.known_job = self.box.finish(answer)["id"]


def tables(folder):
    """A mirror that does not answer, and a certificate, which backups are signed with."""
    authority = Authority("fleet")
    authority.issue(pathlib.Path(folder), "box", "box.example", usage=SERVER, names=["box.example"])
    pathlib.Path(folder, "ca.pem").write_bytes(pem(authority.certificate))
    return f"""
[updates]
mirrors = ["https://127.0.0.1:9/"]

[api]
listen = ["127.0.0.1:0"]
certificate = "{folder}/box.pem"
key = "{folder}/box.key"
client_ca = "{folder}/ca.pem"
"""


def main(build):
    with tempfile.TemporaryDirectory() as folder, ControlBox(build, folder + "/box", extra_config=tables(folder)) as box:
        box.start_control()
        box.start_dataplane()
        box.known_job = box.finish(box.post_bundle(box.bundle(2), "?dry_run=1"))["id"]
        OpenApiTest(box).run()


if __name__ == "__main__":
    main(sys.argv[1])
