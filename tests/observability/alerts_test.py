"""Alerts and dashboard against what a box really says: its /metrics, its command line, and the sources' alarms; and in a
real Prometheus that watches the box.

alerts_test.py BUILD"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.parse
import urllib.request

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "bundle"), str(TESTS / "api")]
from certificates import SERVER, Authority, pem  # noqa: E402
from control_box import ControlBox, free_port, wait_for  # noqa: E402

BUILD = None
CONTROL = TESTS.parent / "control"
ALERTS = CONTROL / "observability/alerts.yml"
CASES = [TESTS / "observability" / name for name in ("alerts_test.yml", "alerts_days_test.yml")]
DASHBOARD = CONTROL / "observability/grafana.json"
README = CONTROL / "observability/README.md"
POLICY = """[policy]
time_zone = "Europe/Brussels"
[[zone]]
name = "everybody"
  [[zone.rule]]
  mode = "enforce"
  from = 2023-03-27
  review_by = 2023-09-27
  until = 2099-03-27
"""
SELECTOR = re.compile(r"\b(sluis_[a-z0-9_]+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'([a-z_]+)(=~|!~|!=|=)"([^"]*)"')
LABEL = re.compile(r"\{\{(\w+)\}\}")
UNITS = {"bps", "dateTimeAsIso", "ops", "percentunit", "pps", "reqps", "s", "short"}  # of Grafana's identifiers those in use
RATE = re.compile(r"\b(?:rate|increase|irate)\(\s*(sluis_[a-z0-9_]+)")


def expressions():
    """(alert's name, PromQL), without a YAML library: a rule's expr is one line, or an indented block."""
    alert, found, block = None, [], False
    for line in ALERTS.read_text().splitlines():
        if match := re.match(r"\s+- alert: (\w+)", line):
            alert = match[1]
        if match := re.match(r"\s+expr: (.*)", line):
            block = match[1] == "|"
            found.append([alert, "" if block else match[1]])
        elif block and re.match(r" {10}", line):
            found[-1][1] += line + "\n"
        else:
            block = False
    return [tuple(each) for each in found]


def panels_of(panels):
    for panel in panels:
        yield panel
        yield from panels_of(panel.get("panels", []))


def queries_of(board):
    """(panel's title, PromQL, legend)"""
    return [(panel["title"], target["expr"], target["legendFormat"]) for panel in panels_of(board["panels"]) for target in panel.get("targets", [])]


class Prometheus:
    """A real one, which watches a box as the README says, and evaluates the alerts."""

    def __init__(self, folder, box):
        scrape = re.search(r"```\n(scrape_configs:.*?)```", README.read_text(), re.S)[1]
        assert "'box17.example:8443'" in scrape
        (folder / "prometheus.yml").write_text("global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
                                               f"rule_files: ['{ALERTS}']\n" + scrape.replace("box17.example:8443", box))
        self.address = f"127.0.0.1:{free_port()}"
        with open(folder / "prometheus.log", "wb") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/series",
                 f"--web.listen-address={self.address}"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def ask(self, path, **parameters):
        """The answer's data; none while it does not answer."""
        try:
            with urllib.request.urlopen(f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}", timeout=30) as answer:
                return json.loads(answer.read())["data"]
        except urllib.error.HTTPError as error:
            if error.code == 503:  # it has begun, and reads its files
                return None
            raise AssertionError(f"{path} {parameters}: {error.read().decode()}") from error
        except OSError:
            return None

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


class Samples:
    """What /metrics has: the type of each family, and the labels of its samples."""

    def __init__(self, text):
        self.types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
        self.labels = {}
        for name, labels in re.findall(r"^(sluis_\w+)(?:\{(.*)\})? \S+$", text, re.M):
            self.labels.setdefault(name, []).append(dict(re.findall(r'(\w+)="([^"]*)"', labels)))

    def problems(self, expression, alarm_names):
        for name, matchers in SELECTOR.findall(expression):
            if name not in self.types:
                yield f"no metric is called {name}"
                continue
            samples = self.labels.get(name, [])
            for label, operator, value in MATCHER.findall(matchers):
                if "$" in value or label in ("job", "instance"):
                    continue
                if label == "alarm":
                    yield from (f"no alarm is called {word}" for word in value.split("|") if word not in alarm_names)
                elif not any(label in sample for sample in samples):
                    yield f"{name} has no label {label}"
                else:
                    known = {sample.get(label) for sample in samples}
                    words = value.split("|") if "~" in operator else [value]
                    yield from (f"no {name} has {label} {word}" for word in words if word not in known)
        for name in RATE.findall(expression):
            if self.types.get(name) != "counter":
                yield f"{name} is no counter"


class AlertsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.address = f"127.0.0.1:{free_port()}"
        cls.folder = pathlib.Path(folder.name)
        authority = Authority("office")
        (cls.folder / "boxes.pem").write_bytes(pem(authority.certificate))
        authority.issue(cls.folder, "box", "box", usage=SERVER)
        authority.issue(cls.folder, "prometheus", "prometheus")
        cls.box = ControlBox(BUILD, folder.name + "/box", extra_config=f"""
[api]
listen = ["{cls.address}"]
certificate = "{folder.name}/box.pem"
key = "{folder.name}/box.key"
client_ca = "{folder.name}/boxes.pem"
[updates]
mirrors = ["https://127.0.0.1:9/"]
directory = "{folder.name}/updates"
""")
        cls.addClassCleanup(cls.box.__exit__)
        cls.box.write("policy.toml", POLICY.encode())
        cls.box.start_control()
        cls.box.start_dataplane()
        cls.box.start("control/guard/sluis-guard", "--config", cls.box.config)

        def whole():
            samples = Samples(cls.box.get("/metrics").body.decode())
            return samples if {"sluis_policy_mode", "sluis_pair_passage"} <= samples.labels.keys() else None

        cls.samples = wait_for("the metrics have a policy, and pairs that are guarded", whole)
        sources = "".join(path.read_text() for path in sorted(CONTROL.rglob("*.cc")) + sorted(CONTROL.rglob("*.h")))
        cls.alarm_names = set(re.findall(r'"([a-z_]+)"', sources))

    def problems(self, texts):
        return [f"{where}: {problem}" for where, text in texts
                for problem in self.samples.problems(text, self.alarm_names)]

    def test_promtool_takes_the_rules_and_what_they_fire_at(self):
        for arguments in (["check", "rules", ALERTS], ["test", "rules", *CASES]):
            done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=300)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_every_alert_is_tried_and_says_what_to_do(self):
        text = ALERTS.read_text()
        names = re.findall(r"- alert: (\w+)", text)
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual(len(names), len(expressions()))
        for part in (r"labels: \{severity: (?:critical|warning|info)\}", r"summary: \".+\"", r"description: \".+\""):
            self.assertEqual(len(re.findall(part, text)), len(names), part)
        cases = "".join(case.read_text() for case in CASES)
        for name in names:
            self.assertIn(f'alertname="{name}"', cases, f"{name} is never seen to fire")
        well = cases[cases.index("name: a box that is well"):].split("\n\n")[0]
        used = {name for _, expression in expressions() for name, _ in SELECTOR.findall(expression)}
        self.assertEqual({name for name in used if f"{name}{{" not in well}, set(), "a box that is well has each of them")

    def test_alerts_use_only_what_a_box_exports(self):
        self.assertEqual(self.problems(expressions()), [])

    def test_the_dashboard_uses_only_what_a_box_exports(self):
        board = json.loads(DASHBOARD.read_text())
        self.assertRegex(board["uid"], r"^[a-z0-9-]{1,40}$")
        self.assertIsNone(board["id"])
        self.assertEqual({"datasource", "instance"} - {each["name"] for each in board["templating"]["list"]}, set())
        panels = list(panels_of(board["panels"]))
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        queries = queries_of(board)
        self.assertGreater(len(queries), 20)
        self.assertEqual(self.problems((title, expression) for title, expression, _ in queries), [])
        for title, expression, _ in queries:
            self.assertIn('instance=~"$instance"', expression, title)
            for name, matchers in SELECTOR.findall(expression):
                self.assertIn('instance=~"$instance"', matchers, f"{title}: {name}")
        variables = [(each["name"], each["query"]) for each in board["templating"]["list"] if each["type"] == "query"]
        self.assertEqual(self.problems((name, query["query"]) for name, query in variables), [])

    def test_the_dashboard_has_the_form_that_grafana_asks_for(self):
        """By Grafana's documentation of the JSON model: it leaves out in silence what it does not understand."""
        board = json.loads(DASHBOARD.read_text())
        self.assertTrue({"title", "tags", "time", "refresh", "links", "annotations"} <= board.keys())
        self.assertGreaterEqual(board["schemaVersion"], 36)  # Grafana 9: data sources by type and uid
        source, taken = {"type": "prometheus", "uid": "${datasource}"}, set()
        for panel in panels_of(board["panels"]):
            with self.subTest(panel=panel["title"]):
                at = panel["gridPos"]
                places = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
                self.assertTrue(places and max(x for x, _ in places) < 24 and not places & taken, "a place of its own")
                taken |= places
                if panel["type"] == "row":
                    self.assertEqual((panel["collapsed"], panel["panels"], at["w"]), (False, [], 24))
                    continue
                self.assertIn(panel["type"], ("stat", "table", "timeseries"))
                self.assertEqual([each["datasource"] for each in (panel, *panel["targets"])], [source] * (1 + len(panel["targets"])))
                self.assertEqual([each["refId"] for each in panel["targets"]], list("ABCDEF"[:len(panel["targets"])]))
                self.assertEqual(panel["fieldConfig"].keys(), {"defaults", "overrides"})
                self.assertIn(panel["fieldConfig"]["defaults"]["unit"], UNITS)
                steps = [step["value"] for step in panel["fieldConfig"]["defaults"].get("thresholds", {"steps": []})["steps"]]
                self.assertEqual(steps, steps[:1] + sorted(steps[1:]))
                self.assertIn(steps[:1], ([], [None]))

    def test_the_readme_names_only_what_a_box_exports(self):
        self.assertEqual(self.problems([("README.md", README.read_text())]), [])

    @unittest.skipUnless(shutil.which("prometheus"), "Prometheus is not installed")
    def test_prometheus_watches_a_box_as_the_readme_says(self):
        prometheus = Prometheus(self.folder, self.address)
        self.addCleanup(prometheus.stop)

        def watched():
            targets = (prometheus.ask("targets") or {"activeTargets": []})["activeTargets"]
            return [(target["labels"]["job"], target["health"]) for target in targets] == [("sluis", "up")]

        def evaluated():
            rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
            return rules if all(rule["health"] != "unknown" for rule in rules) else None

        wait_for("the box is up", watched)
        rules = wait_for("each alert is evaluated", evaluated)
        self.assertEqual([(rule["name"], rule["lastError"]) for rule in rules if rule["health"] != "ok"], [])
        self.assertEqual({rule["name"] for rule in rules}, {name for name, _ in expressions()})
        self.assertEqual(int(prometheus.ask("query", query="count(sluis_build_info)")["result"][0]["value"][1]), 1)
        for title, expression, legend in queries_of(json.loads(DASHBOARD.read_text())):
            with self.subTest(panel=title):
                query = expression.replace("$instance", ".*").replace("$__rate_interval", "1m").replace("$__range", "1h")
                for sample in prometheus.ask("query", query=query)["result"]:
                    self.assertEqual(set(LABEL.findall(legend)) - sample["metric"].keys(), set(), "what the legend names")

    def test_what_is_wrong_is_found(self):
        for wrong in ("sluis_nothing > 0", 'sluis_pair_mode{mode="off"} == 1', 'sluis_pair_mode{side="inside"} == 1',
                      'sluis_policy_alarms{alarm=~"policy_clock|no_such_alarm"} > 0', "rate(sluis_held_frames[5m]) > 0"):
            self.assertEqual(len(self.problems([("x", wrong)])), 1, wrong)

    def test_commands_that_are_advised_exist(self):
        advised = set(re.findall(r"`sluisctl ([a-z -]+?)(?: \{\{|[` ]-|`)", ALERTS.read_text()))
        self.assertIn("mode show", advised)
        for words in sorted(advised):
            command = [self.box.build / "control/cli/sluisctl", *words.split(), "--help"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, words)
            self.assertIn(" ".join(["sluisctl", *words.split()]), done.stdout, words)


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main(verbosity=2)
