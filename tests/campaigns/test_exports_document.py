"""docs/files.md: each export that it shows is imported by the command that it shows."""

import shlex
from pathlib import Path

import pytest

from tests.commands import run
from tests.documents import blocks, steps
from tests.factories import CampaignFactory

DOCUMENT = (Path(__file__).parents[2] / "docs" / "files.md").read_text()
BLOCKS = blocks(DOCUMENT)
FILES = [block for block in BLOCKS if block.file]
COMMANDS = [step for block in BLOCKS if block.language == "console" for step in steps(block.text)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("file", "step"), list(zip(FILES, COMMANDS, strict=True)), ids=[each.file for each in FILES]
)
def test_an_export_is_imported_as_shown(file, step, tmp_path):
    CampaignFactory(id="550e8400-e29b-41d4-a716-446655440000", workspace__name="Acme")
    path = tmp_path / file.file
    path.write_text(file.text)
    assert len(file.text.splitlines()) == (10 if path.suffix == ".jsonl" else 11)
    command = shlex.split(step.command)
    assert command[:5] == ["python", "manage.py", "mailmetrics_import_events", "Acme", file.file]
    ended = run("mailmetrics_import_events", "Acme", path, *command[5:])
    assert (ended.status, ended.err + ended.out) == (0, step.output.strip("\n") + "\n")
