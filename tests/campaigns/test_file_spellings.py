"""Files as spreadsheets, databases and other software write them."""

import bz2
import gc
import gzip
import lzma
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from campaigns.models import Campaign, EmailEvent, Workspace
from campaigns.recording import message_identity, record_events
from tests.commands import run
from tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

SPRING, FALL = UUID("7d0b0a52-6f0a-4a55-9f3c-0c7f5d9f2b11"), UUID(int=2)
EIGHT = datetime(2024, 3, 1, 8, tzinfo=UTC)
CAMPAIGNS = (
    "id,name,status,total_leads,launched_at,created_at\n"
    f"{SPRING},Spring,COMPLETED,3,2024-03-01T08:00:00Z,2024-02-27T08:00:00Z\n"
    f"{FALL},Fall,ACTIVE,5,2024-03-02T08:00:00Z,2024-02-28T08:00:00Z\n"
)
STORED = {("Spring", 3, EIGHT), ("Fall", 5, EIGHT + timedelta(days=1))}
EVENTS = (
    "campaign_id,message_id,kind,occurred_at\n"
    f"{SPRING},<a@x.example>,sent,2024-03-01T09:00:00+01:00\n"
    f"{SPRING},<b@x.example>,opened,2024-03-01T09:00:07+01:00\n"
)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "file.csv"


@pytest.fixture
def campaign():
    return CampaignFactory(id=SPRING, workspace__name="acme")


def stored_campaigns():
    return set(Campaign.objects.values_list("name", "total_leads", "launched_at"))


def stored_messages():
    return set(EmailEvent.objects.values_list("message_id", "kind"))


@pytest.mark.parametrize("ending", ["\r", "\r\n", "\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_any_line_end_mark_and_separator_is_read(file, ending, mark, separator):
    text = mark + CAMPAIGNS.replace("\n", ending).replace(",", separator)
    file.write_bytes(text.encode())
    ended = run("import_campaigns", "acme", file, "--create")
    assert ended == (0, "campaigns: 2 new, 0 updated; 0 lines refused\n", "")
    assert stored_campaigns() == STORED


def test_line_ends_may_be_mixed(campaign, file):
    header, one, two, _ = EVENTS.split("\n")
    file.write_bytes(f"{header}\r\n{one}\r{two}\n".encode())
    assert run("import_events", "acme", file).out.startswith("events: 2 new,")


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_separator_that_excel_names_in_a_line_of_its_own_is_taken(file, separator, quote):
    text = CAMPAIGNS.replace(",", separator)
    file.write_text(f"\ufeff{quote}sep={separator}{quote}\r\n{text}", encoding="utf-8")
    assert run("import_campaigns", "acme", file, "--create").status == 0
    assert stored_campaigns() == STORED


@pytest.mark.parametrize("empty", [",,,", '"","","",""', " , , , ", ",", ",,,,,,,", "\t", ""])
def test_a_row_without_anything_in_its_cells_is_no_line(campaign, file, empty):
    header, one, two, _ = EVENTS.split("\n")
    file.write_text("\n".join([header, empty, one, empty, two, empty, empty]))
    ended = run("import_events", "acme", file)
    assert ended == (0, "events: 2 new, 0 moved earlier, 0 known; 0 lines refused\n", "")
    file.write_text("\n".join([header, empty, empty]))
    with pytest.raises(CommandError, match="nothing was read"):
        run("import_events", "acme", file)


@pytest.mark.parametrize(
    ("encoded", "named"),
    [
        (EVENTS.encode("utf-16"), "UTF-16"),
        (EVENTS.encode("utf-16-le"), "UTF-16"),
        (EVENTS.encode("utf-16-be"), "UTF-16"),
        (EVENTS.encode("utf-32"), "UTF-32"),
        (bz2.compress(EVENTS.encode()), "bzip2"),
        (lzma.compress(EVENTS.encode()), "xz"),
        (gzip.compress(EVENTS.encode()), "gzip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook"),
        (b"PK\x03\x04", "an Excel workbook"),
    ],
)
def test_what_is_no_text_in_utf_8_is_refused_by_its_name(campaign, file, encoded, named):
    file.write_bytes(encoded)
    with pytest.raises(CommandError, match=named):
        run("import_events", "acme", file)
    assert not EmailEvent.objects.exists()


def test_a_column_that_is_not_used_is_named(campaign, file):
    lines = EVENTS.splitlines()
    added = [f"{line},{cell}" for line, cell in zip(lines, ["client", "X", "Y"], strict=True)]
    file.write_text("\r".join(added))
    ended = run("import_events", "acme", file)
    assert (ended.status, ended.err) == (0, "columns not used: client\n")
    assert stored_messages() == {("a@x.example", 1), ("b@x.example", 2)}


@pytest.mark.parametrize("leads", ["Total_Leads", " total leads ", "total-leads", "totalLeads"])
def test_columns_are_known_whatever_their_case_and_blanks(file, leads):
    text = CAMPAIGNS.replace("total_leads", leads).replace("launched_at", "Launched_At")
    file.write_text(text)
    assert run("import_campaigns", "acme", file, "--create").status == 0
    assert stored_campaigns() == STORED


@pytest.mark.parametrize("name", ["total_lead", "totl leads", "lauched_at", "launch_at"])
def test_a_column_that_looks_like_a_known_one_ends_the_import(file, name):
    known = "launched_at" if "la" in name else "total_leads"
    file.write_text(CAMPAIGNS.replace(known, name))
    with pytest.raises(CommandError, match=f"the column {name} looks like {known}"):
        run("import_campaigns", "acme", file, "--create")
    assert not Workspace.objects.exists()
    assert run("import_campaigns", "acme", file, "--create", "--ignore", name).status == 0


def test_a_key_that_looks_like_a_known_one_refuses_its_line(campaign, tmp_path):
    file = tmp_path / "events.jsonl"
    event = (
        f'{{"campaign_id":"{SPRING}","message_id":"m","kind":"sent","%s":"2024-03-01T08:00Z"}}\n'
    )
    file.write_text(event % "occurred_at" + event % "Occurred-At" + event % "occured_at")
    ended = run("import_events", "acme", file)
    assert ended.status == 1
    assert ended.err.startswith("line 3: the column occured_at looks like occurred_at but is not")


def test_a_number_that_is_whole_and_a_blank_one_are_read(file):
    file.write_text(
        "id,name,status,total_leads,launched_at,created_at\n"
        f"{SPRING},Spring,COMPLETED,500.0,2024-03-01 08:00:00+00:00,2024-02-27 08:00:00+00:00\n"
        f"{FALL},Fall,DRAFT,,,2024-02-28 08:00:00+00:00\n"
    )
    assert run("import_campaigns", "acme", file, "--create").status == 0
    assert stored_campaigns() == {("Spring", 500, EIGHT), ("Fall", 0, None)}


@pytest.mark.parametrize("leads", ['"1,000"', "1.000,0", "1e3", "1.15E+03", "500.5", "NaN"])
def test_a_number_in_another_spelling_is_refused_by_name(file, leads):
    file.write_text(CAMPAIGNS.replace(",3,", f",{leads},"))
    ended = run("import_campaigns", "acme", file, "--create")
    assert ended.status == 1
    assert "line 2: " in ended.err


@pytest.mark.parametrize(
    "rounded", ["1.15292E+18", '"1,15292E+18"', "1E+18", "1.152921504606847e+18", "12345.0"]
)
def test_an_id_that_a_spreadsheet_has_rounded_is_refused_by_name(campaign, file, rounded):
    file.write_text(EVENTS.replace("<a@x.example>", rounded))
    ended = run("import_events", "acme", file)
    number = rounded.strip('"')
    reason = f"message_id '{number}' is a number that a spreadsheet has rounded"
    assert ended.err.splitlines()[0] == f"line 2: {reason}"
    assert stored_messages() == {("b@x.example", 2)}


@pytest.mark.parametrize("word", ["NULL", "None", "nan", "NaN", "<NA>", "\\N", "N/A", "undefined"])
def test_what_software_writes_of_no_value_is_no_id(campaign, file, word):
    file.write_text(EVENTS.replace("<a@x.example>", word))
    ended = run("import_events", "acme", file)
    reason = f"message_id {word!r} is what software writes of no value"
    assert ended.err.splitlines()[0] == f"line 2: {reason}"
    assert stored_messages() == {("b@x.example", 2)}


def test_an_id_that_is_kept_from_becoming_a_number_is_the_id(campaign, file):
    """As exports for spreadsheets write it."""
    file.write_text(EVENTS.replace("<a@x.example>", '"=""00123"""'))
    assert run("import_events", "acme", file).status == 0
    assert stored_messages() == {("00123", 1), ("b@x.example", 2)}


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_column_without_a_name_is_named_all_the_same(campaign, file, separator):
    """The index that pandas writes, and what a separator at each line's end makes."""
    lines = [f"{cell},{line}," for cell, line in zip(["", 0, 1], EVENTS.splitlines(), strict=True)]
    file.write_text("\n".join(lines).replace(",", separator))
    ended = run("import_events", "acme", file)
    assert (ended.status, ended.err) == (0, "columns not used: ''\n")
    assert stored_messages() == {("a@x.example", 1), ("b@x.example", 2)}


@pytest.mark.parametrize("name", ["email", "To", "E-Mail", "Email Address"])
def test_a_column_of_addresses_is_not_left_out_without_a_word(campaign, file, name):
    lines = [f"{line},a{n}@example.org" for n, line in enumerate(EVENTS.splitlines())]
    lines[0] = lines[0].replace("a0@example.org", name)
    file.write_text("\n".join(lines))
    with pytest.raises(CommandError, match=f"the column {name} looks like recipient but is not it"):
        run("import_events", "acme", file)
    assert not EmailEvent.objects.exists()
    assert run("import_events", "acme", file, "--ignore", name).status == 0
    assert stored_messages() == {("a@x.example", 1), ("b@x.example", 2)}


@pytest.mark.parametrize(
    ("known", "name"), [("total_leads", "Leads"), ("launched_at", "Launch date")]
)
def test_a_column_of_another_name_is_not_left_out_without_a_word(file, known, name):
    file.write_text(CAMPAIGNS.replace(known, name))
    with pytest.raises(CommandError, match=f"the column {name} looks like {known} but is not it"):
        run("import_campaigns", "acme", file, "--create")


def test_one_message_in_four_spellings_is_one(campaign, file):
    event = f"{SPRING},%s,sent,2024-03-01T09:00:00Z\n"
    ids = ["<a@x.example>", "a@x.example", " <a@x.example>", "<a@x.example> "]
    file.write_text(EVENTS.splitlines()[0] + "\n" + "".join(event % each for each in ids))
    assert run("import_events", "acme", file).out.startswith("events: 1 new, 0 moved earlier, 3 k")


def test_an_export_of_what_was_recorded_with_its_recipients_adds_nothing_twice(campaign, file):
    one_id = "20240301.1@mg.example.com"
    recipients = ["ann@example.org", "bob@example.org"]
    record_events(
        workspace=campaign.workspace,
        events=[
            {
                "campaign_id": SPRING,
                "message_id": f"<{one_id}>",
                "recipient": each,
                "kind": "sent",
                "occurred_at": EIGHT,
            }
            for each in recipients
        ],
    )
    lines = [
        f"{SPRING},{one_id},{kind},2024-03-01T09:00:00Z,{each}"
        for kind in ("sent", "opened")
        for each in recipients
    ]
    file.write_text("\n".join(["campaign_id,message_id,kind,occurred_at,recipient", *lines]))
    assert run("import_events", "acme", file).status == 0
    assert stored_messages() == {
        (message_identity(message_id=one_id, recipient=each), kind)
        for each in recipients
        for kind in (1, 2)
    }


def test_a_zone_may_be_said_for_instants_without_one(campaign, file):
    file.write_text(EVENTS.replace("+01:00", ""))
    assert run("import_events", "acme", file).status == 1
    assert run("import_events", "acme", file, "--time-zone", "Europe/Berlin").status == 0
    assert min(EmailEvent.objects.values_list("occurred_at", flat=True)) == EIGHT


@pytest.mark.parametrize("skipped_or_repeated", ["2024-03-31T02:30:00", "2024-10-27T02:30:00"])
def test_a_time_that_the_zone_has_twice_or_never_is_refused(campaign, file, skipped_or_repeated):
    file.write_text(EVENTS.replace("2024-03-01T09:00:00+01:00", skipped_or_repeated))
    ended = run("import_events", "acme", file, "--time-zone", "Europe/Berlin")
    assert f"{skipped_or_repeated!r} is ambiguous in Europe/Berlin" in ended.err


def test_columns_words_and_values_may_be_said(campaign, file):
    file.write_text(
        "Message-ID;Event;Time;To\n"
        "<1@x>;delivered;2024-03-01T08:00Z;Ann <ann@example.org>\n"
        "<1@x>;open;2024-03-01T09:00Z;ann@example.org\n"
        "<1@x>;deferred;2024-03-01T07:00Z;ann@example.org\n"
    )
    mapping = ["--map", "occurred_at=Time", "--map", "kind=event", "--map", "recipient=To"]
    words = ["--kind", "delivered=sent", "--kind", "open=opened", "--kind", "deferred=-"]
    ended = run("import_events", "acme", file, *mapping, *words, "--set", f"campaign_id={SPRING}")
    assert ended == (0, "events: 2 new, 0 moved earlier, 0 known; 0 lines refused\n", "")
    identity = message_identity(message_id="1@x", recipient="ann@example.org")
    assert stored_messages() == {(identity, 1), (identity, 2)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--map", "colour=Red"], "There is no field colour"),
        (["--map", "kind=Event"], "the header lacks the column Event; it has campaign_id, "),
        (["--map", "kind"], "is not FIELD=COLUMN"),
        (["--kind", "open=read"], "There is no kind 'read'"),
        (["--time-zone", "Berlin"], "is no IANA time zone"),
    ],
)
def test_an_option_that_means_nothing_is_told(campaign, file, options, message):
    file.write_text(EVENTS)
    with pytest.raises(CommandError, match=message):
        run("import_events", "acme", file, *options)


def test_a_dry_run_validates_all_and_writes_nothing(campaign, file):
    file.write_text(EVENTS + f"{FALL},m,sent,2024-03-01T09:00:00Z\n")
    ended = run("import_events", "acme", file, "--dry-run", "--batch-size", 1)
    assert ended.status == 1
    assert ended.out == (
        "events: 2 new, 0 moved earlier, 0 known; 1 line refused\nDry run: nothing was written.\n"
    )
    assert not EmailEvent.objects.exists()
    file.write_text(CAMPAIGNS.replace(str(SPRING), str(UUID(int=3))))
    ended = run("import_campaigns", "other", file, "--create", "--dry-run", "--batch-size", 1)
    assert ended.out.startswith("campaigns: 2 new, 0 updated; 0 lines refused\n")
    assert set(Workspace.objects.values_list("name", flat=True)) == {"acme"}
    assert Campaign.objects.get() == campaign


def test_a_workspace_that_is_not_there_is_told(file):
    file.write_text(CAMPAIGNS)
    with pytest.raises(CommandError) as told:
        run("import_campaigns", "acme", file)
    assert str(told.value) == "There is no workspace 'acme'. With --create it is created."
    assert not Workspace.objects.exists()


def test_what_is_refused_ends_in_a_command_error(campaign, file):
    file.write_text(EVENTS.replace("sent", "sended"))
    with pytest.raises(CommandError) as told:
        call_command("import_events", "acme", str(file))
    assert told.value.returncode == 1


@pytest.mark.parametrize("frozen", [True, False])
def test_what_the_host_froze_stays_frozen(campaign, file, frozen):
    file.write_text(EVENTS)
    if frozen:
        gc.freeze()
    try:
        run("import_events", "acme", file)
        assert (gc.get_freeze_count() > 0) is frozen
    finally:
        gc.unfreeze()


@pytest.mark.parametrize("threshold", [0, 500, 200_000])
def test_the_host_s_own_garbage_collection_comes_back(campaign, file, threshold):
    file.write_text(EVENTS)
    before = gc.get_threshold()
    gc.set_threshold(threshold, *before[1:])
    try:
        run("import_events", "acme", file)
        assert gc.get_threshold() == (threshold, *before[1:])
    finally:
        gc.set_threshold(*before)
