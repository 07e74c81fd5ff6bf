"""What the headers of a received mail say."""

from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import Parser

import pytest

from campaigns.intake import replies


def parsed(*lines: str) -> EmailMessage:
    """A mail with these header lines, as it is read from the wire."""
    return Parser(EmailMessage, policy=policy.default).parsestr("\n".join(lines) + "\n\nHello.")


@pytest.mark.parametrize(
    "line",
    [
        "Auto-Submitted: auto-replied",
        "auto-submitted: Auto-Generated; owner-email=me@example.org",
        "X-Autoreply: yes",
        "X-Autorespond: Out of office",
        "X-Autoresponse: 1",
        "Precedence: auto_reply",
        "Precedence: BULK",
        "Precedence: junk",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
        "Return-Path: <>",
        "Return-Path: < >",
        "Return-Path: <MAILER-DAEMON>",
        "Return-Path: MAILER-DAEMON",
        "return-path: <Mailer-Daemon@mx.example.org>",
        "X-MS-Exchange-Inbox-Rules-Loop: ann@example.org",
        "X-Failed-Recipients: gone@example.org",
        "Content-Class: urn:content-classes:calendarmessage",
        'Content-Type: text/calendar; charset="utf-8"; method=REPLY',
        'Content-Type: text/calendar; method="COUNTER"',
        "From: Mail Delivery System <MAILER-DAEMON@mx.example.org>",
    ],
)
def test_a_machine_is_known_by_its_headers(line: str) -> None:
    assert replies.is_automatic(parsed(line), envelope_sender=None)


def test_a_calendar_reply_within_a_mail_is_a_machine_s() -> None:
    mail = EmailMessage()
    mail["From"] = "me@example.org"
    mail.set_content("Accepted: lunch")
    mail.add_alternative("BEGIN:VCALENDAR", subtype="calendar", params={"method": "REPLY"})
    assert replies.is_automatic(mail, envelope_sender="me@example.org")


@pytest.mark.parametrize("empty", ["", "<>", "MAILER-DAEMON", "mailer-daemon@x.example"])
def test_a_machine_is_known_by_an_empty_envelope_sender(empty: str) -> None:
    assert replies.is_automatic(parsed("From: me@example.org"), envelope_sender=empty)


@pytest.mark.parametrize(
    "line",
    [
        "Subject: Out of office",
        "Auto-Submitted: no",
        "Auto-Submitted: No (sent by hand)",
        "X-Autoreply: no",
        "Precedence: list",
        "Content-Type: multipart/alternative; boundary=report",
        "Return-Path: <me@example.org>",
        "From: Mailer-Daemon <me@example.org>",
    ],
)
@pytest.mark.parametrize("envelope_sender", [None, "me@example.org"])
def test_a_person_is_no_machine(line: str, envelope_sender: str | None) -> None:
    assert not replies.is_automatic(parsed(line), envelope_sender=envelope_sender)


@pytest.mark.parametrize(
    ("lines", "answered"),
    [
        ([], []),
        (["In-Reply-To: <a@x.example>"], ["a@x.example"]),
        (["In-Reply-To: a@x.example"], ["a@x.example"]),
        (["In-Reply-To:", " <a@x.example>"], ["a@x.example"]),
        (["In-Reply-To: Your message of Monday <a@x.example>"], ["a@x.example"]),
        (["References: <a@x>", "\t<b@x>", "\t<c@x>"], ["c@x", "b@x", "a@x"]),
        (["References: <a@x><b@x>,<c@x>"], ["c@x", "b@x", "a@x"]),
        (["References: <a@x> <b@x>", "In-Reply-To: <a@x>"], ["a@x", "b@x"]),
        (["In-Reply-To: <no-id>", "References: @ <> <@>"], []),
    ],
)
def test_the_nearest_comes_first(lines: list[str], answered: list[str]) -> None:
    assert replies.answered(parsed(*lines)) == answered


def test_of_a_long_thread_the_nearest_are_enough() -> None:
    thread = " ".join(f"<{n}@x>" for n in range(100))
    nearest = [f"{n}@x" for n in range(99, 89, -1)]

    assert replies.answered(parsed(f"References: {thread}")) == nearest


@pytest.mark.parametrize(
    ("line", "sender"),
    [
        ("From: me@example.org", "me@example.org"),
        ("From: =?utf-8?q?J=C3=B6rg?= <Me@Example.org>", "me@example.org"),
        ('From: "Me, too" <me@example.org>', "me@example.org"),
        ("From: ", ""),
        ("Subject: none", ""),
    ],
)
def test_the_sender_is_the_address_alone(line: str, sender: str) -> None:
    assert replies.sender(parsed(line)) == sender


@pytest.mark.parametrize(
    ("line", "dated"),
    [
        ("Date: Mon, 4 Mar 2024 10:00:00 +0100", datetime(2024, 3, 4, 9, tzinfo=UTC)),
        ("Date: Mon, 4 Mar 2024 10:00:00 -0000", None),
        ("Date: yesterday", None),
        ("Date: Mon, 4 Mar 99999999999999999999 10:00:00 +0100", None),
        ("Date: ", None),
        ("Subject: none", None),
    ],
)
def test_a_date_counts_with_its_zone_alone(line: str, dated: datetime | None) -> None:
    assert replies.dated(parsed(line)) == dated
