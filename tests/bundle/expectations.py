"""What a test of bundles expects; what is not so is printed, and kept in `failures`."""

from box import code_of

failures = []


def expect(name, condition, detail=""):
    if not condition:
        failures.append(name)
        print(f"FAILED {name}: {detail}")


def expect_code(name, code, result):
    expect(name, (code_of(result) or (0, ""))[0] == code,
           f"wanted {code}, got status {result.returncode}: {result.stdout}{result.stderr}")


def expect_done(name, result):
    expect(name, result.returncode == 0, result.stderr)
