# SPDX-License-Identifier: Apache-2.0
"""The gate: a box has to be well, and to stay so."""

import time

from ansible_collections.sluis.fleet.plugins.module_utils.control_api import (
    BoxError, BoxUnreachable, ailments, bundle_digest)
from ansible_collections.sluis.fleet.plugins.plugin_utils.box_action import BoxAction, done


class ActionModule(BoxAction):
    OPTIONS = {"settle": 0, "patience": 60, "bundle": "", "also_accept": (), "undo": "", "stage": "well"}
    READS_ONLY = True  # but for `undo`, after a change that check mode does not make

    def act(self, api, options):
        accepted = self.accepted_alarms() | set(options["also_accept"])
        digest = digest_of(options["bundle"])
        end, well_since, wrong = time.monotonic() + options["patience"], None, []
        while True:
            status, wrong = self.look(api, accepted, digest)
            now = time.monotonic()
            well_since = (well_since or now) if not wrong else None
            if well_since and now - well_since >= options["settle"]:
                return done(options["stage"], "well", **facts(status))
            # A box that is well near the end of the patience gets the time to show that it stays so.
            if wrong and now > end:
                raise BoxError("not well: " + "; ".join(wrong) + self.take_back(api, options["undo"], digest))
            time.sleep(1)

    def look(self, api, accepted, digest):
        try:
            status, _ = api.get("/v1/status")
            wrong = ailments(status, accepted)
            if digest:
                wrong += self.rules_trouble(api, digest)
            return status, wrong
        except BoxUnreachable as error:
            return {}, [str(error)]

    def rules_trouble(self, api, digest):
        rules, _ = api.get("/v1/ruleset")
        if rules["sha256"] == digest:
            return []
        last = rules["last_probation"] or {}
        if last.get("sha256") == digest:
            raise BoxError("the box ended the probation itself: %(cause)s: %(message)s" % last)
        return ["sequence %d is in force, and not the new one" % rules["sequence"]]

    def take_back(self, api, what, digest):
        """Words on how undoing went. Without it the box would do so by itself, later."""
        comment = "sluis.fleet: not well"
        try:
            if what == "configuration":
                return "; undone: " + api.finish(api.post("/v1/config/undo", {"comment": comment}), "undo", 120)["message"]
            if what == "rules":
                rules, _ = api.get("/v1/ruleset")
                if not (rules["pending"] and rules["sha256"] == digest):
                    return ""
                order = {"sequence": rules["sequence"], "comment": comment}
                return "; " + api.finish(api.post("/v1/ruleset/rollback", order), "roll back", 120)["message"]
            return ""
        except BoxError as error:
            return "; and undoing failed (%s): it is undone by the box when its time is over" % error


def digest_of(path):
    if not path:
        return ""
    try:
        with open(path, "rb") as file:
            return bundle_digest(file.read())
    except OSError as error:
        raise BoxError("bundle: %s" % error) from None


def facts(status):
    return {"version": status["version"], "sequence": status["ruleset"]["sequence"],
            "alarms": [alarm["name"] for alarm in status["alarms"]]}
