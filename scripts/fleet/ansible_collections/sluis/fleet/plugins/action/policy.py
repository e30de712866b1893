# SPDX-License-Identifier: Apache-2.0
"""A policy: tried, and brought into force."""

from urllib.parse import urlencode

from ansible_collections.sluis.fleet.plugins.module_utils.control_api import BoxError
from ansible_collections.sluis.fleet.plugins.plugin_utils.box_action import BoxAction, done


class ActionModule(BoxAction):
    OPTIONS = {"text": "", "state": "", "comment": "", "patience": 300}
    REQUIRED = ("text", "state")

    def act(self, api, options):
        if options["state"] not in ("tried", "installed"):
            raise BoxError("state: tried or installed, not %s" % options["state"])
        before, etag = api.get("/v1/policy")
        tries = options["state"] == "tried"
        query = {"comment": options["comment"] or "sluis.fleet", **({"dry_run": 1} if tries else {})}
        answer = api.ask("POST", "/v1/policy?" + urlencode(query), options["text"].encode(),
                         {"Content-Type": "application/toml", "If-Match": etag})
        job = api.finish(answer, "try the policy" if tries else "install the policy", options["patience"])
        after, _ = api.get("/v1/policy")
        return done("tried" if tries else "confirmed", job["message"], changed=before["sha256"] != after["sha256"],
                    policy=after["sha256"][:12])
