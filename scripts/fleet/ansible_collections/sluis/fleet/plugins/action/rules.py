# SPDX-License-Identifier: Apache-2.0
"""A signed bundle: tried, installed on probation, confirmed."""

from ansible_collections.sluis.fleet.plugins.module_utils.control_api import BoxError, bundle_digest
from ansible_collections.sluis.fleet.plugins.plugin_utils.box_action import BoxAction, done
from urllib.parse import urlencode

OCTETS = {"Content-Type": "application/octet-stream"}


class ActionModule(BoxAction):
    OPTIONS = {"bundle": "", "state": "", "probation": 900, "comment": "", "patience": 900}
    REQUIRED = ("bundle", "state")

    def act(self, api, options):
        states = {"tried": self.tried, "installed": self.installed, "confirmed": self.confirmed}
        if options["state"] not in states:
            raise BoxError("state: tried, installed or confirmed, not %s" % options["state"])
        try:
            with open(options["bundle"], "rb") as file:
                content = file.read()
        except OSError as error:
            raise BoxError("bundle: %s" % error) from None
        rules, etag = api.get("/v1/ruleset")
        is_current = rules["sha256"] == bundle_digest(content)
        if is_current and not rules["pending"]:
            return done("confirmed", "sequence %d is in force already" % rules["sequence"], sequence=rules["sequence"])
        return states[options["state"]](api, options, content, rules, etag, is_current)

    def tried(self, api, options, content, rules, etag, is_current):
        if is_current:
            return done("on probation", "on probation already", sequence=rules["sequence"])
        answer = api.ask("POST", "/v1/ruleset?dry_run=1", content, OCTETS)
        job = api.finish(answer, "try the bundle", options["patience"])
        return done("tried", job["message"], sequence=rules["sequence"])

    def installed(self, api, options, content, rules, etag, is_current):
        if is_current:  # by a roll-out that was broken off
            return done("on probation", "on probation already", sequence=rules["sequence"], until=rules["probation_end"])
        if rules["pending"]:
            raise BoxError("sequence %d is on probation: confirm it or roll it back first" % rules["sequence"])
        query = urlencode({"probation": options["probation"], "comment": options["comment"] or "sluis.fleet"})
        answer = api.ask("POST", "/v1/ruleset?" + query, content, {**OCTETS, "If-Match": etag})
        job = api.finish(answer, "install the bundle", options["patience"])
        after, _ = api.get("/v1/ruleset")
        return done("on probation", job["message"], changed=True, sequence=after["sequence"],
                    until=after["probation_end"])

    def confirmed(self, api, options, content, rules, etag, is_current):
        if not is_current:
            last = rules["last_probation"] or {"cause": "nothing known", "message": ""}
            raise BoxError("sequence %d is in force, and not the new one (%s: %s)" % (
                rules["sequence"], last["cause"], last["message"]))
        order = {"sequence": rules["sequence"], "comment": options["comment"] or "sluis.fleet"}
        job = api.finish(api.post("/v1/ruleset/confirm", order), "confirm", 120)
        return done("confirmed", job["message"], changed=True, sequence=rules["sequence"])
