"""``python -m tests.release WHEEL``: try what is to be published as who installs it will."""

import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.distributions import ROOT
from tests.quickstart import STARTED, follow_start, statuses


def main(wheel: Path) -> None:
    version = wheel.name.split("-")[1]
    changelog = (ROOT / "CHANGELOG.md").read_text()
    if not re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", changelog, re.M):
        sys.exit(f"CHANGELOG.md has no version {version} with its day.")
    with TemporaryDirectory() as folder:
        answered = statuses(follow_start(Path(folder), wheel.resolve(), database_url=""))
    if answered != STARTED:
        sys.exit(f"The quick start answers {answered} instead of {STARTED}.")
    print(f"{wheel.name} can be released: tag it v{version}.")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
