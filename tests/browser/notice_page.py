"""The notice page of a real sluis-control, looked at by Chromium: starts both, and hands over to notice_test.mjs.

Exit status 77, which ctest shows as skipped, without node, npm, a registry or Chromium.
"""

import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "api"))
from chromium_run import ChromiumRun  # noqa: E402
from control_box import ControlBox, free_port  # noqa: E402

NOTICE = """
[notice]
listen = ["127.0.0.1:{port}"]
office = "Stad Voorbeeld"
from = 2023-03-27
review_by = 2023-09-27
until = 2024-12-31
rule_link = "https://intranet.voorbeeld.example/regel"
help_desk = "Helpdesk ICT, 02 345 67 89, elke werkdag van 8 tot 17 uur"
help_desk_link = "mailto:helpdesk@voorbeeld.example"
"""


def main():
    build = pathlib.Path(sys.argv[1])
    run = ChromiumRun(build)
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, ControlBox(build, folder + "/box",
                                                             extra_config=NOTICE.format(port=port)) as box:
        box.start_control()
        sys.exit(run.test("notice_test.mjs", NOTICE=f"http://127.0.0.1:{port}"))


if __name__ == "__main__":
    main()
