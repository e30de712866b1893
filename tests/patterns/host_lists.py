"""The shipped rules against two large lists of host names: nothing may match but names that are TikTok's own.

The lists are npm packages, fetched by `npm pack` from the registry that npm is configured with, each one version of
which the SHA-512 digest is known. Exit status 77, which ctest shows as skipped, when there is no npm or no registry.
"""

import argparse
import base64
import csv
import hashlib
import io
import json
import pathlib
import shutil
import subprocess
import sys
import tarfile

SKIPPED = 77


def domain_map(text):
    """The first column of third-party-web's dist/domain-map.csv: hosts that many sites load something from."""
    return [row[0] for row in csv.reader(io.StringIO(text)) if row]


# Package, version, SHA-512 as the registry writes it, file, what reads it, number of names.
LISTS = [
    ("third-party-web", "0.30.0",
     "p+PfyL5U0ediGzvwPzMSdD9MnC8rHW6nWJJVLIQvqN7RsSqfaZ+7n4c9GILqH36EYR0eXB9CzAeCRnKFr/9uJg==",
     "package/dist/domain-map.csv", domain_map, 125_308),
    ("disposable-email-domains", "1.0.62",
     "LBQvhRw7mznQTPoyZbsmYeNOZt1pN5aCsx4BAU/3siVFuiM9f2oyKzUaB8v1jbxFjE3aYqYiMo63kAL4pHgfWQ==",
     "package/index.json", json.loads, 121_570),
]


def digest_of(path):
    return base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()


def fetch(package, version, cache):
    """The package's file, from the cache or the registry; exits when neither has it."""
    path = cache / f"{package}-{version}.tgz"
    if path.exists():
        return path
    npm = shutil.which("npm")
    if npm is None:
        print(f"skipped: npm is not installed, and fetches {package}")
        sys.exit(SKIPPED)
    try:
        done = subprocess.run([npm, "pack", "--silent", "--ignore-scripts", f"{package}@{version}"], cwd=cache,
                              capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.returncode != 0 or not path.exists():
        reason = done.stderr.strip().splitlines()[-1:] if done else ["no answer within two minutes"]
        print(f"skipped: npm cannot fetch {package}@{version}: {' '.join(reason)}")
        sys.exit(SKIPPED)
    return path


def names_of(package, version, digest, file, read, count, cache):
    path = fetch(package, version, cache)
    if digest_of(path) != digest:
        path.unlink()
        sys.exit(f"{package}@{version}: its digest is not the one that is pinned")
    with tarfile.open(path) as archive:
        names = read(archive.extractfile(file).read().decode())
    if len(names) != count:
        sys.exit(f"{package}@{version}: {len(names)} names, not {count}")
    return names


def matches(program, rules, names):
    """The names that are refused by default, each with the rules' categories and names."""
    done = subprocess.run([program, rules], input="\n".join(names) + "\n", capture_output=True, text=True, check=True)
    if done.stderr.split() != [str(len(names)), "names"]:
        sys.exit(f"match_names: {done.stderr.strip()}, not {len(names)}")
    found = {}
    for line in done.stdout.splitlines():
        name, category, rule = line.split("\t")
        found.setdefault(name, []).append(f"{category} {rule}")
    return found


def expected_matches(path):
    """List, name: those that are TikTok's own."""
    expected = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            package, name = line.split("\t")
            expected.setdefault(package, set()).add(name)
    return expected


def main():
    parser = argparse.ArgumentParser()
    for option in ("--match", "--rules", "--expected", "--cache"):
        parser.add_argument(option, required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    arguments.cache.mkdir(parents=True, exist_ok=True)
    expected = expected_matches(arguments.expected)
    wrong = 0
    for package, version, digest, file, read, count in LISTS:
        names = names_of(package, version, digest, file, read, count, arguments.cache)
        found = matches(arguments.match, arguments.rules, names)
        own = expected.get(package, set())
        for name in sorted(found.keys() - own):
            print(f"false positive: {name}: {', '.join(found[name])}")
        for name in sorted(own - found.keys()):
            print(f"not matched: {name}")
        wrong += len(found.keys() ^ own)
        print(f"{package} {version}: {len(names)} names, {len(found.keys() & own)} matched that are TikTok's own, "
              f"{len(found.keys() - own)} false positives")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
