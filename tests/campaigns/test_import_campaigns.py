import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError
from django.db.models import QuerySet
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.models import Campaign, CampaignStatus, Workspace
from tests.commands import run
from tests.factories import CampaignFactory, WorkspaceFactory

pytestmark = pytest.mark.django_db

ID = UUID("0b7c1a52-3a1e-4a53-9d0f-2f0d8a6d1c11")
OTHER_ID = UUID("c0ffee00-0000-4000-8000-000000000001")
MAY = datetime(2026, 5, 1, 12, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, 12, tzinfo=UTC)
HEADER = "id,name,status,total_leads,launched_at,created_at\n"


def stored(workspace: str = "acme") -> set[tuple[object, ...]]:
    return set(
        Campaign.objects.filter(workspace__name=workspace).values_list(
            "id", "name", "status", "total_leads", "launched_at", "created_at"
        )
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "campaigns.csv"


def test_the_workspace_and_its_campaigns_are_created(file: Path) -> None:
    file.write_text(
        f"{HEADER}{ID},Spring,COMPLETED,500,2026-05-01T12:00:00Z,2026-05-01T12:00:00Z\n"
        f"{OTHER_ID},Summer,DRAFT,0,,2026-06-01T12:00:00Z\n"
    )
    ended = run("import_campaigns", "acme", file, "--create")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out == "campaigns: 2 new, 0 updated; 0 lines refused\n"
    assert stored() == {
        (ID, "Spring", CampaignStatus.COMPLETED, 500, MAY, MAY),
        (OTHER_ID, "Summer", CampaignStatus.DRAFT, 0, None, JUNE),
    }


def test_json_lines_are_taken_too(tmp_path: Path) -> None:
    file = tmp_path / "campaigns.jsonl"
    row = {"id": str(ID), "name": "Spring", "status": "ACTIVE", "total_leads": 3}
    file.write_text(json.dumps(row | {"created_at": "2026-05-01T12:00:00Z"}))
    assert (
        run("import_campaigns", "acme", file, "--create").out
        == "campaigns: 1 new, 0 updated; 0 lines refused\n"
    )
    assert stored() == {(ID, "Spring", CampaignStatus.ACTIVE, 3, None, MAY)}


def test_optional_fields_have_defaults(file: Path) -> None:
    file.write_text(f"id,name,status\n{ID},Spring,ACTIVE\n")
    before = timezone.now()
    run("import_campaigns", "acme", file, "--create")
    campaign = Campaign.objects.get()
    assert (campaign.total_leads, campaign.launched_at) == (0, None)
    assert before <= campaign.created_at <= timezone.now()


@pytest.mark.parametrize(
    ("columns", "cells", "expected"),
    [
        ("", "", (7, MAY, MAY)),
        (",total_leads", ",8", (8, MAY, MAY)),
        (",total_leads", ",", (7, MAY, MAY)),
        (",launched_at", ",", (7, None, MAY)),
        (",launched_at", ",2026-06-01T12:00:00Z", (7, JUNE, MAY)),
        (",created_at", ",", (7, MAY, MAY)),
        (",created_at", ",2026-06-01T12:00:00Z", (7, MAY, JUNE)),
    ],
)
def test_what_a_line_leaves_out_stays_as_it_is(
    file: Path, columns: str, cells: str, expected: tuple[object, ...]
) -> None:
    workspace = WorkspaceFactory(name="acme")
    CampaignFactory(
        id=ID, workspace=workspace, total_leads=7, launched_at=MAY, created_at=MAY, name="Spring"
    )
    file.write_text(f"id,name,status{columns}\n{ID},Autumn,PAUSED{cells}\n")
    assert (
        run("import_campaigns", "acme", file, "--create").out
        == "campaigns: 0 new, 1 updated; 0 lines refused\n"
    )
    assert stored() == {(ID, "Autumn", CampaignStatus.PAUSED, *expected)}


def test_each_line_leaves_out_its_own_fields(tmp_path: Path) -> None:
    workspace = WorkspaceFactory(name="acme")
    for pk in (ID, OTHER_ID):
        CampaignFactory(id=pk, workspace=workspace, total_leads=7, launched_at=MAY, created_at=MAY)
    file = tmp_path / "campaigns.jsonl"
    rows = [
        {"id": str(ID), "name": "A", "status": "ACTIVE", "total_leads": 1},
        {"id": str(OTHER_ID), "name": "B", "status": "FAILED", "launched_at": None},
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    run("import_campaigns", "acme", file, "--create")
    assert stored() == {
        (ID, "A", CampaignStatus.ACTIVE, 1, MAY, MAY),
        (OTHER_ID, "B", CampaignStatus.FAILED, 7, None, MAY),
    }


@pytest.mark.parametrize("size", [1, 2, 10])
def test_the_later_line_wins(tmp_path: Path, size: int) -> None:
    file = tmp_path / "campaigns.jsonl"
    created = {"created_at": "2026-05-01T12:00:00Z"}
    rows = [
        {"id": str(ID), "name": "First", "status": "ACTIVE", "total_leads": 1} | created,
        {"id": str(OTHER_ID), "name": "Other", "status": "ACTIVE"} | created,
        {"id": ID.hex.upper(), "name": "Last", "status": "DRAFT"},
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    ended = run("import_campaigns", "acme", file, "--create", "--batch-size", size)
    assert ended.out == "campaigns: 2 new, 1 updated; 0 lines refused\n"
    assert stored() == {
        (ID, "Last", CampaignStatus.DRAFT, 1, None, MAY),
        (OTHER_ID, "Other", CampaignStatus.ACTIVE, 0, None, MAY),
    }


def test_importing_again_changes_nothing(file: Path) -> None:
    file.write_text(f"{HEADER}{ID},Spring,COMPLETED,500,,2026-05-01T12:00:00Z\n")
    run("import_campaigns", "acme", file, "--create")
    before = stored()
    assert (
        run("import_campaigns", "acme", file, "--create").out
        == "campaigns: 0 new, 1 updated; 0 lines refused\n"
    )
    assert stored() == before
    assert Workspace.objects.count() == 1


def test_the_campaigns_of_another_workspace_stay_as_they_are(file: Path) -> None:
    CampaignFactory(id=ID, workspace__name="other", name="Theirs", total_leads=7, created_at=MAY)
    before = stored("other")
    file.write_text(
        f"{HEADER}{ID},Mine,DRAFT,1,,\n{OTHER_ID},Mine,DRAFT,2,,2026-05-01T12:00:00Z\n"
        f"{ID},Mine again,DRAFT,1,,\n"
    )
    ended = run("import_campaigns", "acme", file, "--create")
    assert ended.status == 1
    assert ended.err == f"line 2: id {ID} is taken\nline 4: id {ID} is taken\n"
    assert ended.out == "campaigns: 1 new, 0 updated; 2 lines refused\n"
    assert stored("other") == before
    assert stored() == {(OTHER_ID, "Mine", CampaignStatus.DRAFT, 2, None, MAY)}


@pytest.fixture
def blind_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first look for existing campaigns comes before another writer's commit."""
    in_bulk = QuerySet.in_bulk

    def in_bulk_of_before(queryset: QuerySet[Campaign], ids: set[UUID]) -> dict[UUID, Campaign]:
        monkeypatch.setattr(QuerySet, "in_bulk", in_bulk)
        return {}

    monkeypatch.setattr(QuerySet, "in_bulk", in_bulk_of_before)


@pytest.mark.usefixtures("blind_at_first")
def test_a_campaign_that_another_import_creates_first_is_updated(file: Path) -> None:
    CampaignFactory(id=ID, workspace__name="acme", total_leads=7, created_at=MAY)
    file.write_text(f"id,name,status\n{ID},Mine,DRAFT\n")
    ended = run("import_campaigns", "acme", file, "--create")
    assert ended == (0, "campaigns: 0 new, 1 updated; 0 lines refused\n", "")
    assert stored() == {(ID, "Mine", CampaignStatus.DRAFT, 7, None, MAY)}


@pytest.mark.usefixtures("blind_at_first")
def test_a_campaign_that_another_workspace_creates_first_is_taken(file: Path) -> None:
    CampaignFactory(id=ID, workspace__name="other")
    before = stored("other")
    file.write_text(f"id,name,status\n{ID},Mine,DRAFT\n")
    ended = run("import_campaigns", "acme", file, "--create")
    expected = "campaigns: 0 new, 0 updated; 1 line refused\n"
    assert ended == (1, expected, f"line 2: id {ID} is taken\n")
    assert stored("other") == before
    assert stored() == set()


def test_bad_lines_are_reported_and_the_good_saved(file: Path) -> None:
    mended = f"id,name,status,total_leads\n{ID},Spring,ACTIVE,5\n{OTHER_ID},Summer,DRAFT,6\n"
    file.write_text(mended.replace("ACTIVE,5", "ACTIVE,-5"))
    ended = run("import_campaigns", "acme", file, "--create")
    assert ended.status == 1
    assert ended.err == "line 2: total_leads '-5' is not a whole number from 0 to 2147483647\n"
    assert ended.out == "campaigns: 1 new, 0 updated; 1 line refused\n"
    assert set(Campaign.objects.values_list("id", "total_leads")) == {(OTHER_ID, 6)}
    file.write_text(mended)
    assert (
        run("import_campaigns", "acme", file, "--create").out
        == "campaigns: 1 new, 1 updated; 0 lines refused\n"
    )
    assert set(Campaign.objects.values_list("id", "total_leads")) == {(ID, 5), (OTHER_ID, 6)}


def test_many_campaigns_take_few_queries(file: Path, django_assert_max_num_queries: object) -> None:
    ids = [UUID(int=number) for number in range(1, 1001)]
    file.write_text("id,name,status\n" + "".join(f"{pk},A,DRAFT\n" for pk in ids))
    with django_assert_max_num_queries(40):
        assert (
            run("import_campaigns", "acme", file, "--create").out
            == "campaigns: 1000 new, 0 updated; 0 lines refused\n"
        )
    file.write_text("id,name,status\n" + "".join(f"{pk},B,ACTIVE\n" for pk in ids))
    with django_assert_max_num_queries(40):
        assert (
            run("import_campaigns", "acme", file, "--create").out
            == "campaigns: 0 new, 1000 updated; 0 lines refused\n"
        )
    assert set(Campaign.objects.values_list("name", "status")) == {("B", "ACTIVE")}


def test_extreme_instants_are_kept(file: Path) -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    file.write_text(f"{HEADER}{ID},A,DRAFT,0,{first.isoformat()},{last.isoformat()}\n")
    run("import_campaigns", "acme", file, "--create")
    assert stored() == {(ID, "A", CampaignStatus.DRAFT, 0, first, last)}
    assert last - first > timedelta(days=3_652_058)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "workspace is empty"),
        ("x" * 256, "has 256 characters, 255 at most"),
        ("a\0", "holds a NUL character"),
        ("a\udcff", "holds half a surrogate pair"),
    ],
)
def test_a_name_that_no_workspace_can_have_is_refused(file: Path, name: str, message: str) -> None:
    file.write_text(HEADER)
    with pytest.raises(CommandError, match=message):
        run("import_campaigns", name, file, "--create")


def test_no_workspace_is_created_for_a_file_that_cannot_be_read(file: Path) -> None:
    file.write_text("id,name\n")
    with pytest.raises(CommandError, match="the header lacks the column status"):
        run("import_campaigns", "acme", file, "--create")
    assert not Workspace.objects.exists()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=120), st.sampled_from(["csv", "jsonl"]), st.booleans())
def test_any_bytes_end_with_a_clean_report(
    tmp_path: Path, data: bytes, file_format: str, has_header: bool
) -> None:
    file = tmp_path / "any"
    header = HEADER.encode() if has_header else b""
    file.write_bytes(header + data)
    try:
        ended = run("import_campaigns", "acme", file, "--create", "--format", file_format)
    except CommandError:
        return
    assert ended.status == ("line " in ended.err)
    assert all(line.startswith(("line ", "columns not used: ")) for line in ended.err.splitlines())
    assert ended.out.startswith("campaigns: 0 new, 0 updated; ")
