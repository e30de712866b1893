# SPDX-License-Identifier: Apache-2.0
"""What became of each box, at the end of every run: also of one that stopped early, and of boxes it never came to."""

DOCUMENTATION = """
name: report
type: aggregate
short_description: A line a box at the end of a roll-out
description:
  - Prints where each box of the play is, batch by batch, and why a roll-out stopped.
  - Boxes whose batch was never begun are listed as untouched.
options:
  file:
    description: Where the same is written, as JSON; nothing is written when this is empty.
    type: path
    env: [{name: SLUIS_FLEET_REPORT}]
    ini: [{section: sluis_fleet, key: report}]
requirements: [enabled in C(callbacks_enabled)]
"""

import json
import time

from ansible.plugins.callback import CallbackBase

DURATION = "took"


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "sluis.fleet.report"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.boxes, self.batches, self.play, self.began = {}, 0, None, time.time()

    def v2_playbook_on_play_start(self, play):
        """Once for each batch, with the same play."""
        manager = play.get_variable_manager()
        batch = list(manager.get_vars(play=play).get("ansible_play_batch") or ())
        everybody = list(manager.get_vars(play=play).get("ansible_play_hosts_all") or batch)
        self.play = play.get_name()
        self.batches += 1
        for name in everybody:
            self.boxes.setdefault(name, {"box": name, "batch": 0, "stage": "untouched", "words": ""})
        for name in batch:
            self.boxes[name]["batch"] = self.batches

    def v2_runner_on_ok(self, result):
        news = result._result.get("sluis")
        if not isinstance(news, dict):
            return
        box = self.box(result)
        box.setdefault("sequence_before", news.get("sequence"))
        box.update(news, words=result._result.get("msg", ""))

    def v2_runner_on_failed(self, result, ignore_errors=False):
        if not ignore_errors:
            task = getattr(result, "_task", None) or result.task
            self.box(result).update(stage="failed", task=task.get_name().split(" : ")[-1],
                                    words=str(result._result.get("msg", "no reason given")))

    def v2_runner_on_unreachable(self, result):
        self.v2_runner_on_failed(result)

    def box(self, result):
        name = result._host.get_name()
        return self.boxes.setdefault(name, {"box": name, "batch": self.batches, "stage": "", "words": ""})

    def v2_playbook_on_stats(self, stats):
        rows = sorted(self.boxes.values(), key=lambda box: (box["batch"] == 0, box["batch"], box["box"]))
        if not rows:
            return
        for box in rows:
            if box["batch"] and box["stage"] == "untouched":
                box["stage"] = "done"  # by a playbook that talks to no box
            box["words"] = words_of(box)
        self.show(rows)
        try:
            path = self.get_option("file")
        except KeyError:
            path = None
        if path:
            content = {"play": self.play, "began": int(self.began), DURATION: round(time.time() - self.began, 1),
                       "boxes": rows}
            with open(path, "w", encoding="utf-8") as file:
                file.write(json.dumps(content, indent=1) + "\n")

    def show(self, rows):
        wide = max(len(row["box"]) for row in rows)
        self._display.display("\n%s: %d batches, %d s" % (self.play, self.batches, time.time() - self.began))
        for row in rows:
            batch = row["batch"] or "-"
            self._display.display("  %-*s  batch %-3s %-15s %s" % (wide, row["box"], batch, row["stage"], row["words"]))
        totals = {}
        for row in rows:
            totals[row["stage"]] = totals.get(row["stage"], 0) + 1
        self._display.display("  in all: " + ", ".join("%d %s" % (n, stage) for stage, n in sorted(totals.items())))


def words_of(box):
    line = " ".join(str(box["words"]).split())
    if box["stage"] == "failed":
        return "at \"%s\": %s" % (box.get("task", ""), line)
    if box["stage"] in ("on probation", "to be confirmed"):
        return "not confirmed: the box goes back by itself. " + line
    return line
