# SPDX-License-Identifier: Apache-2.0
"""What the actions of this collection share: they run on this machine, inside Ansible's own process for the box."""

import time

from ansible.plugins.action import ActionBase
from ansible_collections.sluis.fleet.plugins.module_utils.control_api import BoxError, ControlApi


class BoxAction(ActionBase):
    """A subclass has OPTIONS, {name: default}, REQUIRED names, and `act(api, options)`, which returns a result.

    A box that does not answer has failed, so that it counts for max_fail_percentage as any other does: Ansible
    would not count one that is `unreachable`.
    """
    TRANSFERS_FILES = False
    OPTIONS = {}
    REQUIRED = ()
    READS_ONLY = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        self.vars = task_vars or {}
        try:
            options = self.options()
            if self._task.check_mode and not (self.READS_ONLY or options.get("state") == "tried"):
                return {**result, "skipped": True, "msg": "not in check mode"}
            return {**result, **self.act(self.api(), options)}
        except BoxError as error:
            return {**result, "failed": True, "msg": str(error)}

    def options(self):
        unknown = set(self._task.args) - set(self.OPTIONS)
        missing = {name for name in self.REQUIRED if self._task.args.get(name) in (None, "")}
        if unknown or missing:
            raise BoxError("unknown options: %s; missing: %s" % (sorted(unknown), sorted(missing)))
        given = {**self.OPTIONS, **self._task.args}
        for name, default in self.OPTIONS.items():
            try:
                given[name] = int(given[name]) if type(default) is int else given[name]
            except (TypeError, ValueError):
                raise BoxError("%s: a number is needed, not %r" % (name, given[name])) from None
        return given

    def variable(self, name, default=None):
        value = self.vars.get(name, default)
        return self._templar.template(value) if isinstance(value, str) else value

    def api(self):
        """By the variables of the box: see scripts/fleet/README.md."""
        absent = [name for name in ("sluis_ca", "sluis_cert", "sluis_key") if not self.variable(name)]
        if absent:
            raise BoxError("the inventory does not say " + ", ".join(absent))
        return ControlApi(self.variable("ansible_host") or self.variable("inventory_hostname"),
                          port=self.variable("sluis_port", 8443), server_name=self.variable("sluis_server_name"),
                          ca=self.variable("sluis_ca"), cert=self.variable("sluis_cert"), key=self.variable("sluis_key"),
                          timeout=int(self.variable("sluis_timeout", 20)))

    def accepted_alarms(self):
        return set(self.variable("sluis_accepted_alarms") or ())


def done(stage, words="", *, changed=False, **facts):
    """A result. `stage`: where the box now is in the roll-out, for the report, with `facts` about it."""
    return {"changed": changed, "msg": words, "sluis": {"stage": stage, **facts}}


def until(patience, condition, pause=1.0):
    """Calls `condition` until it returns something true, for `patience` seconds; then returns None."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value or None
        time.sleep(pause)
