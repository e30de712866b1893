"""What the status page takes of npm: fetched on this machine, since the root of tools has no npm."""

import json
import shutil
from pathlib import Path

from workshop import SOURCE, ImageError

PAGE = SOURCE / "control/page"
FILES = ["package.json", "package-lock.json"]


def fetch(workshop):
    """The folder of node_modules; None where npm is missing or cannot fetch: the page then says that it has no plots."""
    if not shutil.which("npm"):
        workshop.step("no npm on this machine: the status page will have no plots")
        return None

    def make(folder):
        folder.mkdir()
        for name in FILES:
            shutil.copyfile(PAGE / name, folder / name)
        # What package-lock.json names, by its digests; no package's script is run.
        workshop.call(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"], cwd=folder)
    try:
        layer = workshop.layer("page-packages", [(PAGE / name).read_text() for name in FILES], make)
    except ImageError as error:
        workshop.step(f"the status page will have no plots: {error}")
        return None
    return layer / "node_modules"


def bill_of_materials(modules):
    """As packages.bill_of_materials."""
    return [bill_of(json.loads(file.read_text())) for file in sorted(Path(modules).glob("*/package.json"))]


def bill_of(package):
    return {"SPDXID": f"SPDXRef-npm-{package['name']}", "name": package["name"], "versionInfo": package["version"],
            "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "licenseConcluded": "NOASSERTION",
            "licenseDeclared": package["license"],
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                              "referenceLocator": f"pkg:npm/{package['name']}@{package['version']}"}]}
