"""A box in a folder: a factory bundle, a factory key set, a store, and sluisctl to work on it."""

import json
import pathlib
import re
import subprocess

import wire

NOW = "@3810000000"  # after the `created` of wire.bundle, before its `expires`, and after the day of any build
TIMEOUT = 60  # seconds for one command


class Box:
    """Everything lies below `folder`. `rule` and `root` are keys of the first key set."""

    def __init__(self, sluisctl, folder, *, rule_keys=1, rule_threshold=1, freshness=()):
        self.sluisctl = sluisctl
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.store = self.folder / "store"
        self.root = [wire.Key()]
        self.rule = [wire.Key() for _ in range(rule_keys)]
        first = wire.key_set(1, self.root, self.rule, rule_threshold=rule_threshold, freshness=freshness)
        self.write("factory.keyset", wire.envelope(first, self.root, wire.KEY_SET))
        self.write("factory.bundle", wire.envelope(wire.bundle(1), self.rule))

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return path

    def command(self, *arguments):
        return [self.sluisctl, *map(str, arguments)]

    def store_options(self, now=NOW):
        return ["--store", self.store, "--factory", self.folder / "factory.bundle", "--factory-keys",
                self.folder / "factory.keyset", "--board", "testboard", "--now", now]

    def run(self, *arguments):
        return subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=TIMEOUT)

    def rules(self, verb, *arguments, now=NOW):
        return self.run("rules", verb, *arguments, *self.store_options(now))

    def install(self, content, *arguments, now=NOW):
        return self.rules("install", self.write("new.bundle", content), *arguments, now=now)

    def install_keys(self, *contents, now=NOW, arguments=()):
        paths = [self.write(f"new-{i}.keyset", content) for i, content in enumerate(contents)]
        return self.run("keys", "install", *paths, *arguments, *self.store_options(now))

    def status(self, now=NOW):
        result = self.rules("status", "-o", "json", now=now)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def boot(self, now=NOW):
        result = self.rules("boot", "-o", "json", now=now)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def alarms(self, now=NOW):
        return {alarm["alarm"] for alarm in self.status(now)["alarms"]}

    def snapshot(self):
        """All that the store holds: names, contents, where links lead."""
        return {str(path.relative_to(self.store)): path.readlink() if path.is_symlink() else path.read_bytes()
                for path in sorted(self.store.rglob("*")) if path.is_symlink() or path.is_file()}


def code_of(result):
    """The code of a refusal, with its name; None when the command did something else than refuse."""
    found = re.search(r"\b(\d{3,4}) ([a-z_]+): ", result.stderr)
    if result.returncode != 1 or not found or result.stderr.count("\n") != 1:
        return None
    return int(found[1]), found[2]
