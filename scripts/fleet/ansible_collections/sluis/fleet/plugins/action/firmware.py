# SPDX-License-Identifier: Apache-2.0
"""A firmware: written into the other slot, started, and kept when the box does its work with it."""

from ansible_collections.sluis.fleet.plugins.module_utils.control_api import BoxError, BoxUnreachable
from ansible_collections.sluis.fleet.plugins.plugin_utils.box_action import BoxAction, done, until


class ActionModule(BoxAction):
    OPTIONS = {"source": "", "version": "", "state": "", "comment": "", "patience": 1800}
    REQUIRED = ("source", "version", "state")

    def act(self, api, options):
        states = {"installed": self.installed, "started": self.started}
        if options["state"] not in states:
            raise BoxError("state: installed or started, not %s" % options["state"])
        now, _ = api.get("/v1/firmware")
        if now["trouble"]:
            raise BoxError("firmware: " + now["trouble"])
        if now["version"] == options["version"] and is_good(now):
            return done("confirmed", "it runs already", firmware=now["version"])
        return states[options["state"]](api, options, now)

    def installed(self, api, options, now):
        other = next((slot for slot in now["slots"] if slot["boot_name"] != now["boot_slot"]), None)
        if other and other["version"] == options["version"] and now["primary"] == other["name"]:
            return done("written", "it is in the other slot already", firmware=now["version"])
        order = {"source": options["source"], "comment": options["comment"] or "sluis.fleet"}
        job = api.finish(api.post("/v1/firmware", order), "write the firmware", options["patience"])
        return done("written", job["message"], changed=True, firmware=now["version"])

    def started(self, api, options, now):
        if now["version"] != options["version"]:
            order = {"comment": options["comment"] or "sluis.fleet"}
            begun, _ = api.get("/v1/status")
            try:
                api.finish(api.post("/v1/firmware/restart", order), "start again", 120)
            except BoxUnreachable:
                pass  # it stops faster than it says so
            until(options["patience"], lambda: came_back(api, begun["control_started"]), pause=3)
        after = until(options["patience"], lambda: settled(api, options["version"]), pause=3)
        if not after:
            raise BoxError("no firmware was good after %d s" % options["patience"])
        if after["version"] != options["version"]:
            raise BoxError("the box runs %s, and not %s: it fell back" % (after["version"], options["version"]))
        return done("confirmed", "slot %s is good" % after["boot_slot"], changed=True, firmware=after["version"])


def is_good(firmware):
    return any(slot["boot_name"] == firmware["boot_slot"] and slot["boot_status"] == "good" for slot in firmware["slots"])


def came_back(api, before):
    try:
        return api.get("/v1/status")[0]["control_started"] != before
    except BoxUnreachable:
        return False


def settled(api, version):
    """The firmware that runs, once it is good. The former one is at once: with it the box fell back."""
    try:
        now, _ = api.get("/v1/firmware")
    except BoxUnreachable:
        return None
    return now if not now["trouble"] and is_good(now) else None
