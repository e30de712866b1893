"""Events from a dataplane that reads captures, as collectors get them: field by field, whatever happens to either side,
and without a client's address, a device's, or an allowed name anywhere. Usage: events_test.py BUILD [TEST…]"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

from event_box import DatagramCollector, EventBox, Stream, SyslogCollector, client_frames, dns_query
from certificates import SERVER, Authority, pem  # noqa: E402
from control_box import TIMEOUT, UnixConnection, free_port, wait_for

BUILD = None
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")
RFC5424 = re.compile(r"<(\d{1,3})>1 (\S+) (\S{1,255}) sluis (\d+) (\w+) - (\{.*\})")
CLIENTS = [("10.77.1.5", "02:aa:bb:00:00:05"), ("10.77.1.6", "02:aa:bb:00:00:06"), ("10.77.1.7", "02:aa:bb:00:00:07")]
PRIVATE = "private.example"
SLOW = 4 * TIMEOUT  # seconds: thousands of events, one after another, on a busy machine


def findings(lines):
    return [line for line in lines if line["event_type"] in ("alert", "drop")]


class EventsTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="sluis-events.")
        self.addCleanup(self.temporary.cleanup)
        self.folder = pathlib.Path(self.temporary.name)

    def box(self, received, events='file = "FOLDER/eve.json"\n', folder="box", **options):
        box = EventBox(BUILD, self.folder / folder, received, events=events, **options)
        self.addCleanup(box.__exit__)
        return box

    @staticmethod
    def queries(names=("www.tiktok.com", "www.capcut.com", PRIVATE)):
        return [dns_query(name, client=address, mac=mac, port=40000 + number)
                for number, (address, mac) in enumerate(CLIENTS) for name in names]

    def wait_for_findings(self, box, count):
        return wait_for(f"{count} findings", lambda: (found := findings(box.lines())) and len(found) >= count and found)

    def test_each_protocol_field_by_field(self):
        box = self.box(client_frames("tls-hello") + client_frames("http-host") + client_frames("quic-initials") + self.queries())
        box.start_control()
        box.start_dataplane()
        self.wait_for_findings(box, 9)
        found = {}
        for line in findings(box.lines()):
            found.setdefault(line["app_proto"], line)
            self.assertRegex(line["timestamp"], TIME)
            self.assertIsInstance(line["flow_id"], int)
            self.assertEqual(socket.gethostname(), line["host"])
            self.assertTrue(line["src_ip"].startswith("100::"), line)
            self.assertNotIn("src_port", line)
            self.assertEqual("pair0", line["in_iface"])
            self.assertEqual(("pair0", 0, "src", "pseudonym"),
                             tuple(line["sluis"][key] for key in ("pair", "worker", "client", "clients")))
        self.assertLessEqual({"dns", "tls", "http", "quic"}, found.keys())
        tls = found["tls"]
        self.assertEqual(("alert", "TCP", "198.51.100.20", 443), tuple(tls[k] for k in ("event_type", "proto", "dest_ip", "dest_port")))
        self.assertEqual({"sni": "www.tiktok.com"}, tls["tls"])
        self.assertEqual({"action": "drop"}, tls["verdict"])
        self.assertEqual(("blocked", "tiktok.com", "tiktok", 2), tuple(tls["alert"][k] for k in ("action", "signature", "category", "severity")))
        self.assertEqual(("tiktok", "tiktok.com", "rule"), tuple(tls["sluis"][k] for k in ("category", "rule", "reason")))
        self.assertEqual("UDP", found["quic"]["proto"])
        self.assertIn("tiktok.com", found["quic"]["quic"]["sni"])
        self.assertIn("tiktok.com", found["http"]["http"]["hostname"])
        self.assertEqual([{"type": "query", "rrname": "www.tiktok.com"}], found["dns"]["dns"]["query"])
        monitored = [line for line in findings(box.lines()) if line["verdict"]["action"] == "alert"]
        self.assertEqual({("allowed", "sibling")}, {(line["alert"]["action"], line["alert"]["category"]) for line in monitored})
        self.assertEqual(3, len({line["src_ip"] for line in findings(box.lines()) if line["app_proto"] == "dns"}), "three clients")
        wait_for("stats", lambda: [line for line in box.lines() if line["event_type"] == "stats"])

    def test_every_way_out_has_the_same(self):
        syslog = SyslogCollector()
        self.addCleanup(syslog.close)
        datagrams = DatagramCollector(self.folder / "collector")
        box = self.box(self.queries(), f'file = "FOLDER/eve.json"\nsocket = "{self.folder}/collector"\nsyslog = "127.0.0.1:{syslog.port}"\n'
                                       'stats_seconds = 0\n')
        box.start_control()
        stream, alerts = Stream(box), Stream(box, "?types=alert")
        box.start_dataplane()
        found = self.wait_for_findings(box, 6)
        wait_for("syslog", lambda: len(syslog.messages) >= len(box.lines()))
        for message in syslog.messages:
            self.assertTrue(RFC5424.fullmatch(message), message)
        lines = box.lines()
        priority, timestamp, host, _, kind, payload = RFC5424.fullmatch(syslog.messages[0]).groups()
        self.assertEqual(lines[0], json.loads(payload))
        self.assertEqual((lines[0]["timestamp"], lines[0]["host"], lines[0]["event_type"]), (timestamp, host, kind))
        self.assertEqual(16, int(priority) // 8)
        self.assertEqual(lines, datagrams.take(len(lines)))
        wait_for("streams", lambda: len(alerts.events) >= len(found))
        self.assertEqual(found, [json.loads(event["data"]) for event in alerts.events])
        self.assertEqual({"alert"}, {event["event"] for event in alerts.events})
        for sink in ("file", "socket", "syslog"):
            wait_for(f"all is counted of {sink}", lambda: box.metric(f'sluis_event_sink_written_total{{sink="{sink}"}}') >= len(lines))
            self.assertEqual(0, box.metric(f'sluis_event_sink_lost_total{{sink="{sink}"}}'))
        self.assertEqual(2, box.metric("sluis_event_streams"))
        # Who lost the connection goes on where it was; who names an event of another run gets all.
        again = Stream(box, "?types=alert", last=alerts.events[2]["id"])
        wait_for("the rest", lambda: len(again.events) == len(found) - 3)
        self.assertEqual(alerts.events[3:], again.events)
        other = Stream(box, "?types=alert", last="0-7")
        wait_for("all", lambda: len(other.events) == len(found))
        for each in (stream, alerts, again, other):
            each.close()
        wait_for("nobody reads", lambda: box.metric("sluis_event_streams") == 0)
        self.assertEqual(0, box.metric("sluis_event_streams_cut_total"))

    def test_nothing_names_a_client_or_an_allowed_name(self):
        syslog = SyslogCollector()
        self.addCleanup(syslog.close)
        box = self.box(self.queries(), f'file = "FOLDER/eve.json"\nsyslog = "127.0.0.1:{syslog.port}"\nstats_seconds = 1\n'
                                       '[policy]\nrecord_allowed = true\n')
        control = box.start_control()
        box.start_dataplane()
        self.wait_for_findings(box, 6)
        wait_for("syslog", lambda: len(syslog.messages) >= 6)
        answers = [box.get(path).body for path in
                   ("/metrics", "/v1/status", "/v1/stats", "/v1/stats/drops", "/v1/presence", "/v1/report/would-block",
                    "/v1/ports", "/v1/ruleset", "/v1/events?follow=0")]
        shown = [self.run_sluisctl(box, *words) for words in
                 (["events"], ["events", "-o", "json"], ["presence"], ["report", "would-block"], ["status"])]
        self.assertEqual(0, box.stop(control))
        texts = {str(path): path.read_bytes() for path in box.folder.rglob("*")
                 if path.is_file() and "run/events" not in str(path) and path.suffix != ".pcap"}
        self.assertIn(str(box.folder / "numbers.json"), texts)
        texts |= {f"answer {number}": body for number, body in enumerate(answers)}
        texts |= {f"sluisctl {number}": body.encode() for number, body in enumerate(shown)}
        texts["syslog"] = "\n".join(syslog.messages).encode()
        self.assertIn(b"www.tiktok.com", texts[str(box.folder / "eve.json")])
        secrets = [PRIVATE, *(address for address, _ in CLIENTS)]
        for _, mac in CLIENTS:
            secrets += [mac, mac.replace(":", "-"), mac.replace(":", "")]
        for where, text in texts.items():
            for secret in secrets:
                self.assertNotIn(secret.encode(), text.lower(), f"{secret} in {where}")
            for raw in [socket.inet_aton(address) for address, _ in CLIENTS] + [bytes.fromhex(mac.replace(":", "")) for _, mac in CLIENTS]:
                self.assertNotIn(raw, text, f"{raw.hex()} in {where}")

    def run_sluisctl(self, box, *words):
        done = subprocess.run([pathlib.Path(BUILD) / "control/cli/sluisctl", *words, "--runtime", box.runtime],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        self.assertEqual((0, ""), (done.returncode, done.stderr), words)
        return done.stdout

    def test_presence_and_would_block_outlive_sigkill(self):
        box = self.box(self.queries())
        control = box.start_control()
        box.start_dataplane()
        self.wait_for_findings(box, 6)
        presence = box.get("/v1/presence").json()
        self.assertEqual({("tiktok", 3, 3), ("sibling", 3, 3)},
                         {(each["category"], each["devices"], each["at_most"]) for each in presence["days"][-1]["numbers"]})
        zone = presence["days"][-1]["numbers"][0]["zone"]
        self.assertEqual(3, box.metric(f'sluis_presence_devices{{zone="{zone}",category="tiktok"}}'))
        report = box.get("/v1/report/would-block").json()
        self.assertEqual([("sibling", "capcut.com", 3, 3)],
                         [(row["category"], row["rule"], row["total"], row["protocols"]["dns"]) for row in report["rows"]])
        self.assertIn("capcut.com", self.run_sluisctl(box, "report", "would-block"))
        self.assertRegex(self.run_sluisctl(box, "presence"), r"tiktok +3\n")
        self.assertEqual(0, box.stop(control))  # saved at its end
        again = box.start_control()
        self.assertEqual(presence["days"][-1]["numbers"], box.get("/v1/presence").json()["days"][-1]["numbers"])
        self.assertEqual(report["rows"], box.get("/v1/report/would-block").json()["rows"])
        os.kill(again.pid, signal.SIGKILL)
        again.wait()
        box.start_control()
        self.assertEqual(report["rows"], box.get("/v1/report/would-block").json()["rows"])

    def test_findings_wait_for_a_control_that_was_killed(self):
        box = self.box(self.queries())
        control = box.start_control()
        wait_for("rules are compiled", box.compiled.exists)
        os.kill(control.pid, signal.SIGKILL)
        control.wait()
        dataplane = box.start("dataplane/sluis-dataplane", "--config", box.config)
        wait_for("the dataplane runs", (box.runtime / "events").exists)
        time.sleep(1)
        box.start_control()
        self.assertEqual(6, len(self.wait_for_findings(box, 6)))
        self.assertEqual(0, box.metric('sluis_events_lost_total{worker="0",pair="pair0"}'))
        # Another dataplane makes other rings.
        self.assertEqual(0, box.stop(dataplane))
        box.start_dataplane()
        self.assertEqual(12, len(self.wait_for_findings(box, 12)))
        self.assertEqual(1, box.metric("sluis_events_read"))

    def test_alarms_and_changes_are_told(self):
        box = self.box(self.queries())
        box.start_control()
        stream = Stream(box, "?types=alarm,audit")
        wait_for("the alarm", lambda: [e for e in box.lines() if e["event_type"] == "alarm" and e["alarm"]["name"] == "dataplane_down"])
        dataplane = box.start_dataplane()
        wait_for("its end", lambda: [e for e in box.lines() if e["event_type"] == "alarm"
                                     and (e["alarm"]["name"], e["alarm"]["state"]) == ("dataplane_down", "cleared")])
        box.finish(box.post_bundle(box.bundle(2), "?comment=CHG-4711"))
        told = wait_for("the change", lambda: [e for e in box.lines() if e["event_type"] == "audit" and e["audit"]["stage"] == "done"])
        audit = told[0]["audit"]
        self.assertEqual(("ruleset.install", "CHG-4711"), (audit["what"], audit["comment"]))
        self.assertEqual(f"uid {os.getuid()}", audit["who"].split(",")[0])
        self.assertIn("before", told[0]["audit"])
        self.assertEqual([line["audit"] for line in box.audit()], [e["audit"] for e in box.lines() if e["event_type"] == "audit"])
        self.assertEqual(0, box.stop(dataplane))
        stream.close()

    def test_clients_in_the_clear_are_on_record(self):
        box = self.box(self.queries(), 'file = "FOLDER/eve.json"\nclients = "clear"\nclients_reason = "INC-4711"\nclients_until = 2999-01-01\n')
        box.start_control()
        box.start_dataplane()
        found = self.wait_for_findings(box, 6)
        self.assertEqual({address for address, _ in CLIENTS}, {line["src_ip"] for line in found})
        self.assertEqual({mac for _, mac in CLIENTS}, {line["ether"]["src_mac"] for line in found})
        self.assertEqual({"clear"}, {line["sluis"]["clients"] for line in found})
        record = [line["audit"] for line in box.audit() if line["audit"]["what"] == "events.clients_clear"]
        self.assertEqual(("INC-4711", {"clients": "clear", "until": "2999-01-01"}), (record[0]["comment"], record[0]["after"]))
        self.assertNotIn(PRIVATE, (box.folder / "eve.json").read_text())

    def test_clients_in_the_clear_end_with_an_alarm_and_need_a_record(self):
        clear = 'file = "FOLDER/eve.json"\nclients = "clear"\nclients_reason = "INC-4711"\nclients_until = {}\n'
        for name, until, alarm in (("over", "2024-01-01", "events_clear_ended"), ("unrecorded", "2999-01-01", None)):
            with self.subTest(name), EventBox(BUILD, self.folder / name, self.queries(), events=clear.format(until)) as box:
                if name == "unrecorded":
                    (box.folder / "audit.jsonl").mkdir()
                box.start_control()
                box.start_dataplane()
                found = self.wait_for_findings(box, 6)
                self.assertEqual({"pseudonym"}, {line["sluis"]["clients"] for line in found})
                alarms = {each["name"] for each in box.get("/v1/status").json()["alarms"]}
                self.assertEqual({alarm} - {None}, alarms & {"events_clear_ended"})

    def test_logrotate_and_sighup(self):
        box = self.box(self.queries(), endless=True)
        control = box.start_control()
        box.start_dataplane()
        self.wait_for_findings(box, 6)
        eve = box.folder / "eve.json"
        os.rename(eve, box.folder / "eve.json.1")
        control.send_signal(signal.SIGHUP)
        wait_for("another file", lambda: eve.exists() and eve.stat().st_size > 0)
        for line in (box.folder / "eve.json.1").read_text().splitlines():
            json.loads(line)

    def test_a_flood_is_told_as_one(self):
        box = self.box(self.queries(), 'file = "FOLDER/eve.json"\nper_second = 50\n', endless=True)
        box.start_control()
        box.start_dataplane()
        told = wait_for("suppressed", lambda: [e for e in box.lines() if e["event_type"] == "suppressed"])
        self.assertEqual("alert", told[0]["suppressed"]["event_type"])
        self.assertGreater(told[0]["suppressed"]["count"], 100)
        self.assertGreater(box.metric('sluis_events_suppressed_total{type="alert"}'), 100)
        self.assertEqual(200, box.get("/healthz").status)

    def test_slow_readers_are_cut_and_others_are_not(self):
        box = self.box(self.queries(), "stats_seconds = 0\n", endless=True)
        box.start_control()
        box.start_dataplane()
        slow = UnixConnection(box.socket("ro"))
        slow.connect()
        slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.request("GET", "/v1/events")  # and never reads
        quick = Stream(box, "?types=alarm,audit")
        wait_for("the slow one is cut", lambda: box.metric("sluis_event_streams_cut_total") == 1)
        self.assertFalse(quick.ended.is_set())
        box.finish(box.post_bundle(box.bundle(2), "?dry_run=1"))
        self.assertEqual(200, box.get("/v1/status").status)
        self.assertGreater(box.metric('sluis_events_total{type="alert"}'), 4000)
        slow.close()
        quick.close()

    def test_streams_are_bounded_and_asked_for_rightly(self):
        box = self.box([])
        box.start_control()
        streams = [Stream(box) for _ in range(32)]
        answer = box.get("/v1/events")
        self.assertEqual((503, "1"), (answer.status, answer.headers["Retry-After"]))
        self.assertEqual(200, box.get("/v1/presence").status)
        streams.pop().close()
        wait_for("room", lambda: box.metric("sluis_event_streams") == 31)
        for query, field in (("?types=", "types"), ("?types=alerts", "types"), ("?follow=2", "follow"), ("?since=1", "since")):
            answer = box.get("/v1/events" + query)
            self.assertEqual((400, field), (answer.status, answer.json()["field"]), query)
        self.assertEqual(406, box.get("/v1/events", accept="application/json").status)
        wait_for("a heartbeat", lambda: streams[0].comments > 0)
        for each in streams:
            each.close()

    def test_collectors_that_die_and_come_back(self):
        syslog = SyslogCollector()
        port = syslog.port
        box = self.box(self.queries(), f'file = "FOLDER/eve.json"\nsyslog = "127.0.0.1:{port}"\n')
        syslog.close()
        box.start_control()
        box.start_dataplane()
        self.wait_for_findings(box, 6)
        wait_for("an alarm", lambda: "event_sink_failing" in {each["name"] for each in box.get("/v1/status").json()["alarms"]})
        self.assertEqual(1, box.metric('sluis_event_sink_failing{sink="syslog"}'))
        self.assertEqual(0, box.metric('sluis_event_sink_failing{sink="file"}'))
        syslog = SyslogCollector(port)
        self.addCleanup(syslog.close)
        wait_for("what waited", lambda: len([m for m in syslog.messages if " alert - " in m]) >= 6)

    def test_a_full_disk_delays_nobody(self):
        if os.geteuid() != 0:
            self.skipTest("a small file system needs root")
        small = self.folder / "small"
        small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small], check=True, timeout=60)
        self.addCleanup(lambda: subprocess.run(["umount", small], check=True, timeout=60))
        box = self.box(self.queries(), f'file = "{small}/eve.json"\n', endless=True)
        self.addCleanup(box.__exit__)
        control = box.start_control()
        box.start_dataplane()
        stream = Stream(box)
        wait_for("an alarm", lambda: any("No space left" in each["message"] for each in box.get("/v1/status").json()["alarms"]))
        before = len(stream.events)
        wait_for("others go on", lambda: len(stream.events) > before + 100)
        # Half a line may be seen, until it is cut off again.
        whole = wait_for("whole lines", lambda: (text := (small / "eve.json").read_text()).endswith("}\n") and text)
        for line in whole.splitlines():
            json.loads(line)
        os.truncate(small / "eve.json", 0)
        wait_for("it goes on with room", lambda: (small / "eve.json").stat().st_size > 0)
        stream.close()
        self.assertEqual(0, box.stop(control))

    def tls_files(self):
        """Certificates of a collector and of the box, of one authority, and another authority; the collector's side."""
        authority = Authority("collectors")
        (self.folder / "ca.pem").write_bytes(pem(authority.certificate))
        (self.folder / "other-ca.pem").write_bytes(pem(Authority("others").certificate))
        authority.issue(self.folder, "collector", "collector.example", usage=SERVER, names=["collector.example"])
        authority.issue(self.folder, "box", "box17")
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.minimum_version = ssl.TLSVersion.TLSv1_2
        tls.load_cert_chain(self.folder / "collector.pem", self.folder / "collector.key")
        tls.load_verify_locations(self.folder / "ca.pem")
        tls.verify_mode = ssl.CERT_REQUIRED
        return tls

    def over_tls(self, port, ca="ca", name="collector.example", own=True):
        certificate = f'syslog_certificate = "{self.folder}/box.pem"\nsyslog_key = "{self.folder}/box.key"\n'
        return (f'file = "FOLDER/eve.json"\nsyslog = "127.0.0.1:{port}"\nsyslog_ca = "{self.folder}/{ca}.pem"\n'
                f'syslog_name = "{name}"\n{certificate if own else ""}stats_seconds = 0\n')

    def test_syslog_over_tls_comes_back(self):
        tls = self.tls_files()
        syslog = SyslogCollector(tls=tls)
        box = self.box(self.queries(), self.over_tls(syslog.port))
        control = box.start_control()
        dataplane = box.start_dataplane()
        self.wait_for_findings(box, 6)
        wait_for("syslog over TLS", lambda: len(syslog.messages) >= len(box.lines()))
        came = [json.loads(RFC5424.fullmatch(message)[6]) for message in syslog.messages]
        self.assertEqual(box.lines()[:len(came)], came)
        self.assertIn(((("commonName", "box17"),),), [shown["subject"] for shown in syslog.shown])
        self.assertEqual(0, box.metric('sluis_event_sink_failing{sink="syslog"}'))
        # A collector that goes away gets what waited once it is back.
        before, port = len(syslog.messages), syslog.port
        syslog.close()
        box.stop(dataplane)  # an alarm, so an event
        wait_for("trouble", lambda: box.metric('sluis_event_sink_failing{sink="syslog"}') == 1)
        syslog = SyslogCollector(port, tls)
        self.addCleanup(syslog.close)
        wait_for("the rest", lambda: before + len(syslog.messages) >= len(box.lines()))
        self.assertEqual(0, box.stop(control))
        wait_for("a farewell", lambda: syslog.farewells == 1)

    def test_syslog_over_tls_goes_to_whom_it_should_alone(self):
        strict = self.tls_files()
        syslog = SyslogCollector(tls=strict)
        self.addCleanup(syslog.close)
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        for wrong, said in (({"name": "another.example"}, 'certificate is not for "another.example"'),
                            ({"ca": "other-ca"}, "certificate is not signed by anybody in"),
                            ({"ca": "missing"}, "missing.pem: "),
                            ({"port": silent.getsockname()[1]}, "does not answer to TLS")):
            with self.subTest(wrong), self.box(self.queries(), self.over_tls(**{"port": syslog.port, **wrong}),
                                               f"box-{len(said)}-{len(str(wrong))}") as box:
                box.start_control()
                problem = wait_for("the alarm", lambda: [alarm["message"] for alarm in
                    box.get("/v1/status").json()["alarms"] if alarm["name"] == "event_sink_failing"])
                self.assertIn(said, problem[0])
        self.assertEqual([], syslog.messages)

    def test_a_tls_collector_that_stalls_delays_nobody(self):
        syslog = SyslogCollector(tls=self.tls_files(), takes=False)
        self.addCleanup(syslog.close)
        box = self.box(self.queries(), self.over_tls(syslog.port), endless=True)
        control = box.start_control()
        box.start_dataplane()
        wait_for("trouble", lambda: box.metric('sluis_event_sink_failing{sink="syslog"}') == 1)
        wait_for("lost events", lambda: box.metric('sluis_event_sink_lost_total{sink="syslog"}') > 0, SLOW)
        written = box.metric('sluis_event_sink_written_total{sink="file"}')
        wait_for("the file goes on", lambda: box.metric('sluis_event_sink_written_total{sink="file"}') > written + 100)
        self.assertEqual(0, box.metric('sluis_event_sink_lost_total{sink="file"}'))
        self.assertEqual(200, box.get("/healthz").status)
        self.assertEqual(0, box.stop(control))

    def test_rsyslog_takes_it(self):
        self.check_rsyslog('module(load="imtcp")', lambda port: f'file = "FOLDER/eve.json"\nsyslog = "127.0.0.1:{port}"\nstats_seconds = 0\n')

    def test_rsyslog_takes_it_over_tls(self):
        self.tls_files()
        if not list(pathlib.Path("/usr/lib").glob("*/rsyslog/lmnsd_ossl.so")):
            self.skipTest("rsyslog-openssl is not here (scripts/install --test)")
        driver = ('module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/name" '
                  'permittedPeer=["box17"])')
        self.check_rsyslog(driver, self.over_tls)

    def check_rsyslog(self, module, events):
        """`module`: how it listens; `events`: [events] of the box for its port."""
        rsyslogd = shutil.which("rsyslogd", path="/usr/sbin:/usr/bin")
        if not rsyslogd:
            self.skipTest("rsyslogd is not here (scripts/install --test)")
        port = free_port()
        config, output = self.folder / "rsyslog.conf", self.folder / "collected"
        config.write_text(f"""
global(workDirectory="{self.folder}" maxMessageSize="64k" defaultNetstreamDriverCAFile="{self.folder}/ca.pem"
       defaultNetstreamDriverCertFile="{self.folder}/collector.pem" defaultNetstreamDriverKeyFile="{self.folder}/collector.key")
{module}
input(type="imtcp" address="127.0.0.1" port="{port}")
template(name="parts" type="string" string="%PROTOCOL-VERSION%|%PRI%|%TIMESTAMP:::date-rfc3339%|%HOSTNAME%|%APP-NAME%|%PROCID%|%MSGID%|%STRUCTURED-DATA%|%msg%\\n")
*.* action(type="omfile" file="{output}" template="parts")
""")
        log = open(self.folder / "rsyslogd.log", "wb")
        daemon = subprocess.Popen([rsyslogd, "-n", "-f", config, "-i", self.folder / "rsyslogd.pid"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        self.addCleanup(lambda: (daemon.terminate(), daemon.wait(30)))
        box = self.box(self.queries(), events(port))
        control = box.start_control()
        box.start_dataplane()
        self.wait_for_findings(box, 6)
        collected = wait_for("rsyslog's file", lambda: output.exists() and
                             len(lines := [l for l in output.read_text().splitlines() if "|alert|" in l]) >= 6 and lines)
        for line, event in zip(collected, findings(box.lines())):
            version, priority, stamp, host, app, process, kind, data, message = line.split("|", 8)
            self.assertEqual(("1", event["host"], "sluis", str(control.pid), "alert", "-"), (version, host, app, process, kind, data))
            self.assertEqual(event["timestamp"], stamp)
            self.assertEqual(event, json.loads(message))
            self.assertEqual(132 if event["verdict"]["action"] == "drop" else 133, int(priority))

    def test_sluisctl_follows(self):
        box = self.box(self.queries())
        box.start_control()
        with subprocess.Popen([pathlib.Path(BUILD) / "control/cli/sluisctl", "events", "--follow", "--types", "alert", "-o", "json", "--runtime", box.runtime],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as follower:
            wait_for("it reads", lambda: box.metric("sluis_event_streams") == 1)
            box.start_dataplane()
            lines = [json.loads(follower.stdout.readline()) for _ in range(6)]
            follower.terminate()
        self.assertEqual(self.wait_for_findings(box, 6), lines)
        shown = self.run_sluisctl(box, "events", "--types", "alert")
        self.assertEqual(6, len(shown.splitlines()))
        self.assertRegex(shown.splitlines()[0], r"alert +drop dns www\.tiktok\.com \(rule\), zone \S+, 100::\S+ -> 198\.51\.100\.53 port 53")
        wrong = subprocess.run([pathlib.Path(BUILD) / "control/cli/sluisctl", "events", "--types", "nothing", "--runtime", box.runtime],
                               stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        self.assertEqual(4, wrong.returncode)
        self.assertIn("types: write a list", wrong.stderr)


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main(verbosity=2)
