import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.intake.file_command import LinesRefused
from campaigns.models import Campaign, EmailEvent, EventKind
from campaigns.recording import record_events as really_record
from tests.commands import run
from tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

Manage = Callable[..., tuple[int, str, str]]

ID = UUID("0b7c1a52-3a1e-4a53-9d0f-2f0d8a6d1c11")
HEADER = "campaign_id,message_id,kind,occurred_at\n"
MANAGE = Path(__file__).parents[2] / "manage.py"


@pytest.fixture
def campaign() -> Campaign:
    return CampaignFactory(workspace__name="acme")


def stored(workspace: str = "acme") -> set[tuple[UUID, str, int, datetime]]:
    events = EmailEvent.objects.filter(workspace__name=workspace)
    return set(events.values_list("campaign_id", "message_id", "kind", "occurred_at"))


def at(hour: int) -> datetime:
    return datetime(2026, 5, 1, hour, tzinfo=UTC)


def csv_lines(campaign: Campaign, count: int) -> str:
    return HEADER + "".join(
        f"{campaign.id},m{number},sent,2026-05-01T12:00:00Z\n" for number in range(count)
    )


@pytest.mark.parametrize("name", ["events.csv", "EVENTS.CSV"])
def test_a_csv_file_is_recorded(campaign: Campaign, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text(
        f"{HEADER}{campaign.id},m1,sent,2026-05-01T12:00:00Z\n"
        f"{campaign.id},m1,opened,2026-05-01T15:00:00+02:00\n"
    )
    ended = run("import_events", "acme", file)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out == "events: 2 new, 0 moved earlier, 0 known; 0 lines refused\n"
    assert stored() == {
        (campaign.id, "m1", EventKind.SENT, at(12)),
        (campaign.id, "m1", EventKind.OPENED, at(13)),
    }


@pytest.mark.parametrize("name", ["events.jsonl", "events.ndjson"])
def test_a_json_lines_file_is_recorded(campaign: Campaign, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text(
        f'{{"campaign_id": "{campaign.id}", "message_id": "m1", "kind": "bounced",'
        ' "occurred_at": "2026-05-01T12:00:00Z"}'
    )
    assert run("import_events", "acme", file).out.startswith("events: 1 new,")
    assert stored() == {(campaign.id, "m1", EventKind.BOUNCED, at(12))}


def test_the_format_given_overrides_the_ending(campaign: Campaign, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(csv_lines(campaign, 3))
    assert run("import_events", "acme", file, "--format", "csv").out.startswith("events: 3 new,")


def test_bad_lines_are_reported_and_the_good_recorded(campaign: Campaign, tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    other = CampaignFactory()
    mended = (
        f"{HEADER}{campaign.id},m1,sent,2026-05-01T12:00:00Z\n"
        f"{campaign.id},m2,sent,2026-05-01T12:00:00Z\n"
        "\n"
        f"{campaign.id},m3,sent,2026-05-01T12:00:00Z\n"
        f"{campaign.id},m4,sent,2026-05-01T12:00:00Z\n"
    )
    broken = mended.replace("m2,sent", "m2,sended").replace(f"{campaign.id},m3", f"{other.id},m3")
    file.write_text(broken)
    ended = run("import_events", "acme", file)
    assert ended.status == 1
    assert ended.err == (
        "line 3: kind 'sended' is not one of sent, opened, replied, bounced, clicked, "
        "unsubscribed, complained, machine_opened\n"
        f"line 5: campaign_id '{other.id}' is not a campaign of this workspace\n"
    )
    assert ended.out == "events: 2 new, 0 moved earlier, 0 known; 2 lines refused\n"
    assert {message for _, message, _, _ in stored()} == {"m1", "m4"}

    file.write_text(mended.replace("m1,sent,2026-05-01T12", "m1,sent,2026-05-01T11"))
    ended = run("import_events", "acme", file)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out == "events: 2 new, 1 moved earlier, 1 known; 0 lines refused\n"
    assert stored() == {
        (campaign.id, "m1", EventKind.SENT, at(11)),
        *((campaign.id, f"m{number}", EventKind.SENT, at(12)) for number in (2, 3, 4)),
    }


def test_one_refused_line_is_singular(campaign: Campaign, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text("{}")
    ended = run("import_events", "acme", file)
    assert ended.status == 1
    assert ended.out == "events: 0 new, 0 moved earlier, 0 known; 1 line refused\n"
    assert ended.err == "line 1: kind is missing\n"


def test_an_event_belongs_to_the_named_workspace_alone(campaign: Campaign, tmp_path: Path) -> None:
    other = CampaignFactory(workspace__name="other")
    file = tmp_path / "events.csv"
    file.write_text(csv_lines(campaign, 1))
    run("import_events", "acme", file)
    file.write_text(csv_lines(other, 1))
    run("import_events", "other", file)
    assert stored("acme") == {(campaign.id, "m0", EventKind.SENT, at(12))}
    assert stored("other") == {(other.id, "m0", EventKind.SENT, at(12))}


@pytest.mark.parametrize("size", [1, 2, 5, 7])
def test_it_is_recorded_batch_by_batch(
    campaign: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    sizes = []

    def record(**arguments: object) -> object:
        sizes.append(len(arguments["events"]))
        return really_record(**arguments)

    monkeypatch.setattr(
        "campaigns.management.commands.mailmetrics_import_events.record_events", record
    )
    file = tmp_path / "events.csv"
    file.write_text(csv_lines(campaign, 5))
    ended = run("import_events", "acme", file, "--batch-size", size)
    assert ended.out == "events: 5 new, 0 moved earlier, 0 known; 0 lines refused\n"
    assert (sum(sizes), max(sizes)) == (5, min(size, 5))


def test_a_large_batch_is_recorded_wholly(campaign: Campaign, tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text(csv_lines(campaign, 12_000))
    ended = run("import_events", "acme", file, "--batch-size", 11_000)
    assert ended.out == "events: 12000 new, 0 moved earlier, 0 known; 0 lines refused\n"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("size", [3, 100])
def test_the_lines_of_a_campaign_deleted_meanwhile_are_refused(
    campaign: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    gone = CampaignFactory(workspace=campaign.workspace)
    file = tmp_path / "events.csv"
    theirs = csv_lines(gone, 5).removeprefix(HEADER).replace(",m", ",gone-m")
    file.write_text(csv_lines(campaign, 2) + theirs)

    def record(**arguments: object) -> object:
        Campaign.objects.filter(pk=gone.pk).delete()
        return really_record(**arguments)

    monkeypatch.setattr(
        "campaigns.management.commands.mailmetrics_import_events.record_events", record
    )
    ended = run("import_events", "acme", file, "--batch-size", size)
    assert ended.status == 1
    reason = f"campaign {gone.id} is not in workspace 'acme'"
    assert ended.err == "".join(f"line {number}: {reason}\n" for number in range(4, 9))
    assert ended.out == "events: 2 new, 0 moved earlier, 0 known; 5 lines refused\n"
    assert {message for _, message, _, _ in stored()} == {"m0", "m1"}


def test_an_empty_json_lines_file_imports_nothing(campaign: Campaign, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.touch()
    with pytest.raises(CommandError, match=r"events\.jsonl: nothing was read: it has no lines"):
        run("import_events", "acme", file)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("events.csv", b"", "events.csv: there is no header line"),
        ("events.csv", b"kind\n", "the header lacks the column campaign_id, message_id, occurr"),
        ("events.csv", b"\x1f\x8b\x08", "events.csv: it is compressed with gzip"),
        ("events.txt", b"", "events.txt: the ending is none of .csv, .tsv, .jsonl, .ndjson"),
        ("events", b"", "events: the ending is none of .csv, .tsv, .jsonl, .ndjson"),
        ("missing.csv", None, "missing.csv: No such file or directory"),
        ("events\0.csv", None, "embedded null byte"),
    ],
)
def test_a_file_that_cannot_be_read_is_said(
    campaign: Campaign, tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CommandError, match=message):
        run("import_events", "acme", file)


def test_a_directory_is_no_file(campaign: Campaign, tmp_path: Path) -> None:
    folder = tmp_path / "events.csv"
    folder.mkdir()
    with pytest.raises(CommandError, match="Is a directory"):
        run("import_events", "acme", folder)


@pytest.mark.parametrize("name", ["Acme", "", "acme\0", "acme\udcff", "x" * 300])
def test_an_unknown_workspace_is_named(campaign: Campaign, tmp_path: Path, name: str) -> None:
    file = tmp_path / "events.csv"
    file.write_text(HEADER)
    with pytest.raises(CommandError) as caught:
        run("import_events", name, file)
    assert str(caught.value) == f"There is no workspace {name!r}."


@pytest.mark.parametrize("size", ["0", "-1", "many"])
def test_a_batch_has_a_line_at_least(tmp_path: Path, size: str) -> None:
    with pytest.raises(CommandError, match="--batch-size"):
        run("import_events", "acme", tmp_path / "events.csv", "--batch-size", size)


def test_an_unknown_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--database"):
        run("import_events", "acme", tmp_path / "events.csv", "--database", "nowhere")


def test_standard_input_needs_its_format() -> None:
    with pytest.raises(CommandError, match="Standard input needs --format csv or --format jsonl"):
        run("import_events", "acme", "-")


def test_closed_standard_input_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(CommandError, match="Standard input is closed"):
        run("import_events", "acme", "-", "--format", "csv")


@pytest.fixture
def manage(database_url: str) -> Manage:
    """Runs manage.py as a process of its own."""
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }

    def manage(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        ended = subprocess.run(
            [sys.executable, MANAGE, *arguments],
            env=environment,
            input=stdin,
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )
        return ended.returncode, ended.stdout, ended.stderr

    return manage


def test_standard_input_is_read_from_a_shell(manage: Manage) -> None:
    events = HEADER + f"{ID},m1,sent,2026-05-01T12:00:00Z\n"
    stdin = ("-", "--format", "csv")
    assert manage(
        "import_campaigns", "acme", *stdin, "--create", stdin=f"id,name,status\n{ID},A,DRAFT"
    ) == (
        0,
        "campaigns: 1 new, 0 updated; 0 lines refused\n",
        "",
    )
    assert manage("import_events", "acme", *stdin, stdin=events + "bad\n") == (
        1,
        "events: 1 new, 0 moved earlier, 0 known; 1 line refused\n",
        "line 3: has 1 columns where the header has 4\nLinesRefused: 1 line refused.\n",
    )
    assert manage("import_events", "acme", *stdin, stdin=events) == (
        0,
        "events: 0 new, 0 moved earlier, 1 known; 0 lines refused\n",
        "",
    )
    assert manage("import_events", "acme", "missing.csv") == (
        1,
        "",
        "CommandError: missing.csv: No such file or directory\n",
    )


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    call_command("import_events", *arguments, "--no-color", stdout=io.StringIO(), stderr=terminal)
    return terminal.getvalue()


def test_a_terminal_shows_how_much_of_the_file_is_read(
    campaign: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "events.csv"
    file.write_text(csv_lines(campaign, 30))
    shown = on_a_terminal(monkeypatch, "acme", str(file), "--batch-size", "10")
    assert "100%" in shown
    assert " 2.04k/2.04k " in shown


def test_a_terminal_shows_how_much_of_a_pipe_is_read(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(csv_lines(campaign, 30).encode()))
    monkeypatch.setattr("sys.stdin", stdin)
    assert "30.0 lines" in on_a_terminal(monkeypatch, "acme", "-", "--format", "csv")


def test_without_tqdm_there_is_no_bar(
    campaign: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.base.progress.tqdm", None)
    file = tmp_path / "events.csv"
    file.write_text(csv_lines(campaign, 3))
    assert on_a_terminal(monkeypatch, "acme", str(file)) == ""
    file.write_text(HEADER + "bad")
    with pytest.raises(LinesRefused):
        on_a_terminal(monkeypatch, "acme", str(file))
    assert sys.stderr.getvalue() == "line 2: has 1 columns where the header has 4\n"


KINDS = [kind.label for kind in EventKind]


def says_something(line: bytes) -> bool:
    """Unlike a row of a spreadsheet without anything in it, which is skipped as a blank line is."""
    return bool(re.search(r'[^\s,"]', line.decode(errors="replace")))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.sampled_from(KINDS),
            st.just(b""),
            st.binary(max_size=40)
            .map(lambda it: it.replace(b"\n", b"").replace(b"\r", b""))
            .filter(says_something),
        ),
        max_size=10,
    ),
    st.booleans(),
)
def test_the_good_lines_among_any_bytes_are_recorded(
    campaign: Campaign, tmp_path: Path, lines: list[bytes | str], is_csv: bool
) -> None:
    """Text stands for a good event of that kind; whatever else there is costs its own line."""
    EmailEvent.objects.all().delete()
    instant = "2026-05-01T12:00:00Z"
    csv, json = (
        f"{campaign.id},m,{{}},{instant}",
        (
            f'{{{{"campaign_id":"{campaign.id}","message_id":"m","kind":"{{}}",'
            f'"occurred_at":"{instant}"}}}}'
        ),
    )
    good = csv if is_csv else json
    encoded = [good.format(it).encode() if isinstance(it, str) else it for it in lines]
    file = tmp_path / ("any.csv" if is_csv else "any.jsonl")
    # After two line ends nothing can make a file of another encoding of it.
    file.write_bytes(b"\n".join([HEADER.strip().encode() if is_csv else b"\n", *encoded]))
    if not any(lines):
        with pytest.raises(CommandError, match="nothing was read"):
            run("import_events", "acme", file)
        return
    ended = run("import_events", "acme", file, "--batch-size", 3)
    bad = sum(isinstance(it, bytes) and it != b"" for it in lines)
    assert ended.status == (1 if bad else 0)
    assert len(ended.err.splitlines()) == bad
    kinds = {EventKind[it.upper()] for it in lines if isinstance(it, str)}
    assert stored() == {(campaign.id, "m", kind, at(12)) for kind in kinds}
