"""The documents name what is there: each other, their sections, and modules."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")],
)
# The packages' modules and folders, as "campaigns/intake/lines.py" and "campaigns/intake/".
MODULES = {
    f"{path.relative_to(ROOT).as_posix()}{'/' * path.is_dir()}"
    for app in ("analytics", "apikeys", "campaigns", "config")
    for path in [ROOT / app, *(ROOT / app).rglob("*")]
}


def name(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


def anchors(document: Path) -> set[str]:
    """Its headings, as they are linked to."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_link_within_the_repository_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:|mailto:)([^)#]*)#?([^)]*)\)", document.read_text())
    targets = [((document.parent / path) if path else document, anchor) for path, anchor in links]

    assert [str(target) for target, _ in targets if not target.exists()] == []
    assert [anchor for target, anchor in targets if anchor and anchor not in anchors(target)] == []


def test_every_decision_is_on_the_page_that_lists_them() -> None:
    folder = ROOT / "docs" / "decisions"
    pages = {path.name for path in folder.glob("*.md")} - {"README.md"}

    assert set(re.findall(r"\]\(([^)/]*\.md)\)", (folder / "README.md").read_text())) == pages


def test_every_module_and_folder_that_the_architecture_names_exists() -> None:
    document = (ROOT / "docs" / "architecture.md").read_text()
    named = set(re.findall(r"`((?:\w+/)*\w+\.py|(?:\w+/)+)`", document))
    missing = [
        path
        for path in named
        if not any(f"/{module}".endswith(f"/{path}") for module in MODULES)
        and not (ROOT / path).exists()
    ]

    assert sorted(missing) == []
