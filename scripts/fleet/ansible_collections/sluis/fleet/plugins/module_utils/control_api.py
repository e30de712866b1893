# SPDX-License-Identifier: Apache-2.0
"""A box's control API (control/api/openapi.yaml) over mutual TLS, with Python's standard library."""

import hashlib
import http.client
import json
import ssl
import time

ANSWER_LIMIT = 8 * 1024 * 1024  # bytes; the largest answer is far smaller
PROBLEM_LIMIT = 400  # characters of an error that are shown


class BoxError(Exception):
    """What a box said no to, or what became of it, in one line."""


class BoxUnreachable(BoxError):
    """No answer came: nothing is known of what the box did."""


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            raise BoxError("answered %d without JSON" % self.status) from None


class ControlApi:
    """One box. Each request has a connection of its own, so that a box that starts again is no special case."""

    def __init__(self, host, *, port=8443, server_name=None, ca, cert, key, timeout=20):
        """`ca`: who signed the box's certificate; `cert`, `key`: who we are; `timeout`: seconds for one answer."""
        self.host, self.port, self.timeout = host, int(port), timeout
        self.server_name = server_name or host
        try:
            self.context = ssl.create_default_context(cafile=ca)
            self.context.minimum_version = ssl.TLSVersion.TLSv1_2
            self.context.load_cert_chain(cert, key)
        except OSError as error:  # ssl.SSLError is one
            raise BoxError("certificates of this machine (%s, %s, %s): %s" % (ca, cert, key, error)) from None

    def ask(self, method, path, body=None, headers=None):
        """The answer, whatever its status."""
        connection = TlsConnection(self)
        try:
            connection.request(method, path, body, {"Accept": "application/json", **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read(ANSWER_LIMIT))
        except ssl.SSLCertVerificationError as error:
            raise BoxError("the box's certificate: %s" % error.verify_message) from None
        except (OSError, http.client.HTTPException) as error:
            raise BoxUnreachable("%s port %d: %s" % (self.host, self.port, error or type(error).__name__)) from None
        finally:
            connection.close()

    def get(self, path):
        """The content and the ETag."""
        answer = expected(self.ask("GET", path), (200,), "GET " + path)
        return answer.json(), answer.headers.get("ETag")

    def post(self, path, message):
        return self.ask("POST", path, json.dumps(message), {"Content-Type": "application/json"})

    def finish(self, answer, what, patience):
        """The end of the job that an answer began. `patience`: seconds."""
        expected(answer, (202,), what)
        path, end, pause = answer.headers["Location"], time.monotonic() + patience, 0.2
        while True:
            job, _ = self.get(path)
            if job["state"] == "done":
                return job
            if job["state"] == "failed":
                error = job["error"] or {"name": "failed", "message": "no reason given"}
                raise BoxError("%s: %s: %s" % (what, error["name"], error["message"][:PROBLEM_LIMIT]))
            if time.monotonic() > end:
                raise BoxError("%s: %s is still %s after %d s" % (what, path, job["state"], patience))
            time.sleep(pause)
            pause = min(2.0, pause * 1.5)


class TlsConnection(http.client.HTTPSConnection):
    """Whose certificate is for a name that need not be the one that is connected to."""

    def __init__(self, api):
        super().__init__(api.host, api.port, timeout=api.timeout, context=api.context)
        self.server_name, self.tls = api.server_name, api.context

    def connect(self):
        http.client.HTTPConnection.connect(self)
        self.sock = self.tls.wrap_socket(self.sock, server_hostname=self.server_name)


def expected(answer, statuses, what):
    if answer.status in statuses:
        return answer
    try:
        problem = json.loads(answer.body)
        words = "%s (%s)" % (problem["detail"], problem["field"]) if problem.get("field") else problem["detail"]
    except (ValueError, KeyError, TypeError):
        words = "no problem details"
    raise BoxError("%s: %d: %s" % (what, answer.status, words[:PROBLEM_LIMIT]))


def bundle_digest(content):
    """What the box calls a bundle's sha256: of the payload, which is the first field of the envelope."""
    length = shift = 0
    for at, byte in enumerate(content[1:6], 2):
        length |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            break
    else:
        at, length = 0, 0
    if content[:1] != b"\x0a" or not length or at + length > len(content):
        raise BoxError("the file is no bundle: no payload in it")
    return hashlib.sha256(content[at:at + length]).hexdigest()


def ailments(status, accepted):
    """What is wrong with a box by its status, in words; an empty list: it is well. `accepted`: names of alarms."""
    dataplane, hand_over = status["dataplane"], status["hand_over"]
    wrong = []
    if not dataplane["running"]:
        wrong.append("sluis-dataplane does not run")
    elif dataplane["moving_workers"] != dataplane["workers"]:
        wrong.append("%(moving_workers)d of %(workers)d workers move" % dataplane)
    if status["ruleset"]["in_force"] == "none":
        wrong.append("no rules are in force")
    elif not (hand_over["rules_in_use"] and hand_over["zones_in_use"]):
        wrong.append("the dataplane does not use the rules in force: " + (hand_over["trouble"] or "not yet"))
    wrong += ["alarm %(name)s: %(message)s" % alarm for alarm in status["alarms"] if alarm["name"] not in accepted]
    return wrong
