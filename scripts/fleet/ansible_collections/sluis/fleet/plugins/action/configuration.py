# SPDX-License-Identifier: Apache-2.0
"""A configuration file: tried, applied until it is confirmed, confirmed."""

from urllib.parse import urlencode

from ansible_collections.sluis.fleet.plugins.module_utils.control_api import BoxError, BoxUnreachable, expected
from ansible_collections.sluis.fleet.plugins.plugin_utils.box_action import BoxAction, done, until


class ActionModule(BoxAction):
    OPTIONS = {"text": "", "state": "", "confirm_timeout": 600, "comment": "", "patience": 300, "may_restart": False}
    REQUIRED = ("text", "state")

    def act(self, api, options):
        states = {"tried": self.tried, "applied": self.applied, "confirmed": self.confirmed}
        if options["state"] not in states:
            raise BoxError("state: tried, applied or confirmed, not %s" % options["state"])
        # sluis-control may be starting again by what was applied.
        current, etag = until(options["patience"], lambda: patient(api, "/v1/config")) or api.get("/v1/config")
        is_current = current["toml"] == options["text"]
        if is_current and not current["change"]:
            return done("confirmed", "it is the box's already")
        if current["change"] and not is_current:
            raise BoxError("another change is on its way there: confirm or undo it first")
        return states[options["state"]](api, options, etag, is_current)

    def put(self, api, options, etag, **query):
        query["comment"] = options["comment"] or "sluis.fleet"
        return api.ask("PUT", "/v1/config?" + urlencode(query), options["text"].encode(),
                       {"Content-Type": "application/toml", "If-Match": etag})

    def tried(self, api, options, etag, is_current):
        plan = expected(self.put(api, options, etag, dry_run=1), (200,), "try the configuration").json()
        lines = ["%(key)s: %(after)s instead of %(before)s" % change for change in plan["changes"]]
        words = "; ".join(lines[:8] + (["and %d more" % (len(lines) - 8)] if len(lines) > 8 else []) + plan["notes"])
        if plan["frames_lost"] and not truth(options["may_restart"]):
            raise BoxError("the dataplane would start again, and frames be lost: say sluis_may_restart=true (%s)" % words)
        return done("tried", words)

    def applied(self, api, options, etag, is_current):
        if is_current:
            return done("to be confirmed", "applied already")
        answer = self.put(api, options, etag, confirm_timeout=options["confirm_timeout"])
        job = api.finish(answer, "apply the configuration", options["patience"])
        return done("to be confirmed", job["message"], changed=True)

    def confirmed(self, api, options, etag, is_current):
        if not is_current:
            raise BoxError("the box has gone back to its former configuration")
        order = {"comment": options["comment"] or "sluis.fleet"}
        job = api.finish(api.post("/v1/config/confirm", order), "confirm", 120)
        return done("confirmed", job["message"], changed=True)


def patient(api, path):
    try:
        return api.get(path)
    except BoxUnreachable:
        return None


def truth(value):
    return str(value).lower() in ("1", "true", "yes", "on")
