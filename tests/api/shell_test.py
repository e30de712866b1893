"""What shells and man take of sluisctl: completion and manual pages know every command and option, and are in order."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

BUILD = None
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAMS = {"sluis-control": "control/main/sluis-control", "sluis-dataplane": "dataplane/sluis-dataplane",
            "sluis-guard": "control/guard/sluis-guard"}
# Names of its words are variables of the shell: what is offered behind them.
ASK_BASH = r"""
source /dev/stdin
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_sluisctl
printf '%s\n' "${COMPREPLY[@]}"
"""
ASK_ZSH = r"""
compdef() { :; }
compadd() { shift; print -l -- "$@"; }
_files() { print -- "files $*"; }
eval "$(cat)"
words=("$@") CURRENT=$#
_sluisctl
"""


def sluisctl(*arguments, **more):
    return subprocess.run([BUILD / "control/cli/sluisctl", *arguments], capture_output=True, text=True, timeout=60, **more)


def commands_in_help(*path):
    """Every command with the options of its help, from the help alone."""
    text = sluisctl(*path, "--help").stdout
    below = re.search(r"^Subcommands:\n((?:  .*\n)*)", text, re.M)
    names = re.findall(r"^  ([a-z][\w-]*)", below[1], re.M) if below else []
    options = {option for line in re.findall(r"^  +(-.*)$", text.split("Examples:")[0], re.M)
               for option in re.findall(r"(?:^|,)(--?[a-z][\w-]*)", line.split("  ")[0].split(" ")[0])}
    yield path, names, options
    for name in names:
        yield from commands_in_help(*path, name)


class ShellTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.commands = list(commands_in_help())
        cls.bash = sluisctl("completion", "bash").stdout
        cls.zsh = sluisctl("completion", "zsh").stdout

    def ask(self, *words):
        """What bash offers for the last word."""
        done = subprocess.run(["bash", "--norc", "-c", ASK_BASH, "bash", "sluisctl", *words], input=self.bash, text=True,
                              capture_output=True, timeout=60, check=True)
        self.assertEqual("", done.stderr)
        return set(done.stdout.split())

    def test_help_was_read(self):
        self.assertGreater(len(self.commands), 40)
        self.assertIn((("trace",), [], True), [(path, names, "--frames" in options) for path, names, options in self.commands])

    def test_bash_completes_every_command_and_option(self):
        for path, names, options in self.commands:
            with self.subTest(path=path):
                if names:
                    self.assertEqual(set(names), self.ask(*path, ""))
                self.assertEqual(options, self.ask(*path, "-"))
        self.assertEqual({"show"}, self.ask("ruleset", "s"))
        self.assertEqual({"table", "json"}, self.ask("status", "-o", ""))
        self.assertEqual({"client"}, self.ask("trace", "cl"))
        self.assertEqual(set(), self.ask("trace", "any", "--frames", ""))

    def test_bash_offers_files(self):
        os.chdir(ROOT)
        self.assertIn("README.md", self.ask("bundle", "show", "READ"))
        self.assertIn("README.md", self.ask("status", "--cert", "READ"))
        self.assertEqual({"control"}, self.ask("status", "--runtime", "contr"))

    def test_scripts_are_in_order(self):
        subprocess.run(["bash", "-n"], input=self.bash, text=True, check=True, timeout=60)
        if shutil.which("shellcheck"):
            done = subprocess.run(["shellcheck", "-e", "SC2034", "-"], input=self.bash, text=True, capture_output=True,
                                  timeout=60)
            self.assertEqual("", done.stdout)

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh_completes_every_command_and_option(self):
        subprocess.run(["zsh", "-n"], input=self.zsh, text=True, check=True, timeout=60)
        for path, names, options in self.commands:
            with self.subTest(path=path):
                for last, expected in (("", names), ("-", options)):
                    done = subprocess.run(["zsh", "-f", "-c", ASK_ZSH, "zsh", "sluisctl", *path, last], input=self.zsh,
                                          text=True, capture_output=True, timeout=60, check=True)
                    self.assertEqual("", done.stderr)
                    if expected:
                        self.assertEqual(set(expected), set(done.stdout.split()))

    def page(self, name):
        if name in PROGRAMS:
            text = subprocess.run([BUILD / PROGRAMS[name], "--help"], capture_output=True, text=True, timeout=60).stdout
        else:
            text = (ROOT / "control/policy/examples/brussels.toml").read_text()
        done = sluisctl("manual", name, input=text)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        return done.stdout

    def test_manual_has_every_command_and_option(self):
        text = self.page("sluisctl").replace("\\-", "-")
        for path, names, options in self.commands:
            if names:
                continue
            section = text.split(f"\n.SS {' '.join(('sluisctl', *path))}\n")
            self.assertEqual(2, len(section), path)
            body = section[1].split("\n.SS ")[0].split("\n.SH ")[0]
            for option in options - {"-h", "--help"}:
                self.assertIn(f"\\fB{option}\\fR", body, path)

    def test_pages_are_in_order(self):
        for name in ("sluisctl", "sluis.toml", "policy.toml", *PROGRAMS):
            with self.subTest(page=name):
                page = self.page(name)
                done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z"], input=page, capture_output=True, text=True,
                                      timeout=60)
                self.assertEqual((0, ""), (done.returncode, done.stderr))
                if shutil.which("mandoc"):
                    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning"], input=page, capture_output=True,
                                          text=True, timeout=60)
                    # Without a date, so that a build is the same on any day.
                    warnings = [line for line in done.stdout.splitlines() if "missing date" not in line]
                    self.assertEqual([], warnings)

    def test_pages_say_what_programs_say(self):
        def plain(name):
            text = re.sub(r"\\\[u([0-9A-F]+)\]", lambda found: chr(int(found[1], 16)), self.page(name))
            self.assertTrue(self.page(name).isascii(), name)
            return text.replace("\\-", "-").replace("\\(aq", "'")

        self.assertIn("--help-config", plain("sluis-control"))
        self.assertIn("review_by", plain("policy.toml"))
        reference = subprocess.run([BUILD / PROGRAMS["sluis-dataplane"], "--help-config"], capture_output=True, text=True,
                                   timeout=60).stdout
        for line in reference.splitlines():
            self.assertIn(line.lstrip("."), plain("sluis.toml"))

    def test_the_help_names_every_table_of_the_reference(self):
        def said(option):
            return subprocess.run([BUILD / PROGRAMS["sluis-control"], option], capture_output=True, text=True,
                                  timeout=60).stdout

        tables = re.findall(r"^\[\w+\]$", said("--help-config"), re.M)
        self.assertIn("[control]", tables)
        self.assertEqual([], [table for table in tables if table not in said("--help")])

    def test_every_example_is_a_command(self):
        known = {" ".join(("sluisctl", *path)) for path, _, _ in self.commands}
        for path, _, _ in self.commands:
            text = sluisctl(*path, "--help").stdout
            if "Examples:" not in text:
                continue
            for line in re.findall(r"^  (sluisctl .*)$", text.split("Examples:")[1], re.M):
                words = line.split()
                self.assertTrue(any(" ".join(words[:count]) in known for count in (2, 3)), line)

    def test_exit_statuses_of_usage(self):
        self.assertEqual(0, sluisctl("--help").returncode)
        self.assertEqual(2, sluisctl().returncode)
        self.assertEqual(2, sluisctl("completion", "fish").returncode)
        unknown = sluisctl("statsu")
        self.assertEqual((2, True), (unknown.returncode, 'the nearest known one is "stat' in unknown.stderr))

    @unittest.skipUnless(os.path.exists("/dev/full"), "there is no /dev/full")
    def test_says_when_nothing_can_be_written(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([BUILD / "control/cli/sluisctl", "completion", "bash"], stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual((1, 1), (done.returncode, done.stderr.count("\n")))


if __name__ == "__main__":
    BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
