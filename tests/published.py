"""``python -m tests.published FOLDER``: the tests for an installed package, under its names."""

import sys
from pathlib import Path

from build_hook import ROOT, write_published


def main(folder: Path) -> None:
    for source in (ROOT / "tests").rglob("*"):
        if source.is_file() and source.suffix != ".pyc":
            write_published(source, folder / source.relative_to(ROOT))
    for document in (ROOT / "docs").glob("*.md"):  # tests run what they show
        target = folder / document.relative_to(ROOT)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(document.read_bytes())
    write_published(ROOT / "manage.py", folder / "manage.py")
    (folder / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
