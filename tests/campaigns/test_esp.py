"""Events that come in by themselves, through anymail's own backends and webhook views."""

import logging
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import make_msgid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps
from pathlib import Path
from uuid import uuid4

import pytest
from anymail.exceptions import AnymailRecipientsRefused
from anymail.message import AnymailMessage, AnymailRecipientStatus
from anymail.signals import AnymailInboundEvent, AnymailTrackingEvent, EventType, inbound, tracking
from django.core import mail
from django.db import connection, transaction
from django.test import Client

from analytics.models import CampaignTotals
from apikeys.models import APIKey
from campaigns.kinds import KIND_WORDS
from campaigns.models import Campaign, EmailEvent
from campaigns.recording import MAX_MESSAGE_ID_LENGTH, record_events
from tests.campaigns import esps
from tests.factories import CampaignFactory, WorkspaceFactory
from tests.mailing import sent_by
from tests.recount import assert_totals_exact

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:django-anymail has dropped official support for SendGrid"),
]

ROOT = Path(__file__).resolve().parent.parent.parent
SENT_AT = datetime(2024, 3, 4, 9, tzinfo=UTC)
EARLIER = SENT_AT - timedelta(minutes=1)
LATER = SENT_AT + timedelta(hours=5)
NOWHERE = "550e8400-e29b-41d4-a716-446655440000"
READER = "reader@example.org"
EVERY_ESP = pytest.mark.parametrize("esp", esps.ALL, indirect=True)
EVERY_HAPPENING = pytest.mark.parametrize(
    ("esp", "what"),
    [(esp, what) for esp in esps.ALL for what in esp.HAPPENINGS],
    indirect=["esp"],
)
COUNTED_AS = {
    "queued": "sent",
    "delivered": "sent",
    "opened": "opened",
    "opened by a machine": "machine_opened",
    "clicked": "clicked",
    "unsubscribed": "unsubscribed",
    "complained": "complained",
    "hard bounce": "bounced",
    "soft bounce": "bounced",
    "rejected": "bounced",
}


@contextmanager
def serving(esp):
    """The ESP's API for sending, on this machine."""

    class API(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = esp.answer(body)
            content = b"" if answer is None else dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), API) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def send_by(settings, esp):
    for name, value in sent_by(f"anymail.backends.{esp}.EmailBackend").items():
        setattr(settings, name, value)


@pytest.fixture
def host(settings, monkeypatch):
    """A host site with anymail, its webhooks and its test backend."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    settings.ROOT_URLCONF = "tests.campaigns.anymail_urls"
    send_by(settings, "test")
    settings.ANYMAIL = {"WEBHOOK_SECRET": esps.SECRET}
    return settings


@pytest.fixture
def esp(request, host):
    """A host site that sends with this ESP and takes its webhooks."""
    esp = request.param()
    with serving(esp) as url:
        send_by(host, esp.name.lower())
        host.ANYMAIL = host.ANYMAIL | esp.settings(url)
        yield esp


@pytest.fixture
def campaign():
    CampaignFactory(workspace=WorkspaceFactory())  # another tenant's
    return CampaignFactory()


@pytest.fixture
def client():
    return Client(raise_request_exception=False)


@pytest.fixture
def log(caplog):
    """What was logged of events, as (level, text)."""
    caplog.set_level(logging.INFO)
    return lambda: [
        (record.levelname, record.getMessage())
        for record in caplog.records
        if record.name == "campaigns.intake.esp"
    ]


def send(esp, campaign_id, *recipients):
    """Send a mail as the host site does; the messages of it as the ESP knows them."""
    header = make_msgid(domain="example.com") if esp.headers_kept else None
    metadata = {"campaign_id": str(campaign_id)} if campaign_id else {"order": "7"}
    message = AnymailMessage("News", "Read this.", "news@example.com", recipients or [READER])
    if header:
        metadata["message_id_header"] = header
        message.extra_headers["Message-ID"] = header
    message.metadata = metadata
    message.send()
    return [
        esps.Sent(
            esp_id=esp.last_id,
            header=header or esp.header_of(esp.last_id),
            recipient=recipient,
            metadata=metadata,
        )
        for recipient in message.to
    ]


@pytest.fixture
def delivered(esp, campaign, client):
    """A message of the campaign that the ESP says it had sent at ``SENT_AT``."""
    [sent] = send(esp, campaign.pk)
    assert esp.track(client, "delivered", sent, SENT_AT).status_code == 200
    return sent


def record_sent_as(campaign, esp_id):
    """The mail to READER, as sending it recorded it."""
    event = {"campaign_id": campaign.pk, "message_id": esp_id, "recipient": READER, "kind": "sent"}
    record_events(workspace=campaign.workspace, events=[event | {"occurred_at": SENT_AT}])


def events():
    """Every event as (kind, instant), each checked to be the campaign's own."""
    return sorted(
        (event.get_kind_display(), event.occurred_at)
        for event in EmailEvent.objects.select_related("campaign")
        if event.workspace_id == event.campaign.workspace_id
    )


def counts(campaign):
    """The campaign's counts, on which the events, the totals and both endpoints agree."""
    _, key = APIKey.objects.create_key(
        workspace=campaign.workspace, name="Dashboard", scopes=["campaigns:read"]
    )
    client = Client(headers={"X-API-Key": key})
    listed = client.get("/api/public/v1/analytics/campaigns").json()["campaigns"]
    window = {"from_date": "2024-03-01", "to_date": "2024-03-10"}
    days = client.get("/api/public/v1/analytics/campaigns/timeline", window).json()["timeline"]
    kinds = ["sent", "opened", "replied", "bounced"]
    [of_campaign] = [[row[f"total_{kind}"] for kind in kinds] for row in listed]
    assert [sum(day[kind] for day in days) for kind in kinds] == of_campaign
    assert_totals_exact()
    total = CampaignTotals.objects.filter(campaign=campaign).values(*KIND_WORDS).first() or {}
    assert [total.get(kind, 0) for kind in kinds] == of_campaign
    return {kind: count for kind, count in total.items() if count}


@contextmanager
def locked(model):
    """Another connection holds the model's table, and no one waits long for it."""
    postgresql = connection.vendor == "postgresql"
    other = connection.copy()
    other.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 100" if postgresql else "PRAGMA busy_timeout = 100")
    try:
        if postgresql:
            other.connection.execute("BEGIN")
            other.connection.execute(f"LOCK TABLE {model._meta.db_table}")
        else:
            other.connection.execute("BEGIN IMMEDIATE")
        yield
    finally:
        other.close()


class TestSending:
    @EVERY_ESP
    def test_each_recipient_is_a_message_sent_when_it_is_sent(self, esp, campaign):
        before = datetime.now(UTC)
        send(esp, campaign.pk, "one@example.org", "two@example.org")

        [(first, at), (second, and_at)] = events()
        assert (first, second) == ("sent", "sent")
        assert before <= at == and_at <= datetime.now(UTC)

    @EVERY_ESP
    def test_a_mail_of_no_campaign_is_noted_and_dropped(self, esp, log):
        send(esp, None)

        assert events() == []
        text = f"Dropped an event of {esp.name}, sent: its metadata has no campaign_id"
        assert log() == [("INFO", text)]

    def test_a_batch_may_tell_each_recipient_another_campaign(self, host, campaign):
        other = CampaignFactory()
        message = AnymailMessage("News", "", "news@example.com", ["a@example.org", "b@example.org"])
        message.metadata = {"campaign_id": str(campaign.pk)}
        message.merge_metadata = {"b@example.org": {"campaign_id": str(other.pk)}}
        message.send()

        assert EmailEvent.objects.filter(campaign=campaign, kind=1).count() == 1
        assert EmailEvent.objects.filter(campaign=other, kind=1).count() == 1

    @pytest.mark.parametrize(
        ("named", "reason"),
        [
            ([1, 2], "campaign_id '[1, 2]' is not a UUID"),
            (NOWHERE, f"there is no campaign {NOWHERE}"),
        ],
    )
    def test_a_campaign_that_is_not_there_takes_no_other_along(
        self, host, campaign, log, named, reason
    ):
        message = AnymailMessage("News", "", "news@example.com", ["a@example.org", "b@example.org"])
        message.metadata = {"campaign_id": str(campaign.pk)}
        message.merge_metadata = {"a@example.org": {"campaign_id": named}}
        message.send()

        assert EmailEvent.objects.get().campaign_id == campaign.pk
        assert log() == [("WARNING", f"Dropped an event of Test, sent: {reason}")]

    @pytest.mark.parametrize("status", ["invalid", "rejected", "failed", "unknown"])
    def test_a_recipient_whom_the_esp_did_not_accept_was_sent_nothing(self, host, campaign, status):
        message = AnymailMessage("News", "", "news@example.com", [READER])
        message.metadata = {"campaign_id": str(campaign.pk)}
        refused = AnymailRecipientStatus(message_id="1", status=status)
        message.anymail_test_response = {"recipient_status": {READER: refused}}
        if status in ("invalid", "rejected"):
            with pytest.raises(AnymailRecipientsRefused):
                message.send()
        else:
            message.send()

        assert events() == []

    def test_a_mail_scheduled_for_later_is_not_sent_yet(self, host, campaign):
        message = AnymailMessage("News", "", "news@example.com", [READER])
        message.metadata = {"campaign_id": str(campaign.pk)}
        message.send_at = datetime.now(UTC) + timedelta(days=2)
        message.send()

        assert (len(mail.outbox), events()) == (1, [])

    def test_a_recipient_without_an_id_is_dropped(self, host, campaign, log):
        message = AnymailMessage("News", "", "news@example.com", [READER])
        message.metadata = {"campaign_id": str(campaign.pk)}
        nameless = AnymailRecipientStatus(message_id=None, status="queued")
        message.anymail_test_response = {"recipient_status": {READER: nameless}}
        message.send()

        assert events() == []
        text = "Dropped an event of Test, sent: it has no usable message id"
        assert log() == [("WARNING", text)]

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("esp", [esps.Postmark], indirect=True)
    def test_a_failing_database_is_no_reason_to_send_the_mail_again(
        self, esp, campaign, client, log
    ):
        with locked(EmailEvent):
            [sent] = send(esp, campaign.pk)
        assert events() == []
        text = "Postmark sent a mail that could not be recorded as sent"
        assert log() == [("ERROR", text)]

        esp.track(client, "delivered", sent, SENT_AT)

        assert counts(campaign) == {"sent": 1}

    @pytest.mark.postgresql
    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("esp", [esps.Postmark], indirect=True)
    @pytest.mark.parametrize("table", [EmailEvent, Campaign])
    def test_a_failing_database_leaves_the_sites_transaction_whole(self, esp, campaign, table):
        with transaction.atomic():
            with locked(table):
                send(esp, campaign.pk)
            Campaign.objects.filter(pk=campaign.pk).update(name="Sent")

        assert (Campaign.objects.get(pk=campaign.pk).name, events()) == ("Sent", [])


class TestTracking:
    @EVERY_HAPPENING
    def test_what_happens_to_a_message_is_counted_as_its_kind(
        self, esp, what, campaign, client, delivered
    ):
        kind = COUNTED_AS.get(what)
        if (esp.name, what) == ("Postmark", "opened by a machine"):
            kind = "opened"  # Postmark does not tell
        at = EARLIER if kind == "sent" else LATER
        answer = esp.track(client, what, delivered, at)

        expected = {"sent": SENT_AT} | ({kind: at} if kind else {})
        assert (answer.status_code, events()) == (200, sorted(expected.items()))
        assert counts(campaign) == dict.fromkeys(expected, 1)

    @EVERY_ESP
    def test_neither_repetition_nor_order_matters(self, esp, campaign, client):
        [sent] = send(esp, campaign.pk)
        happened = [
            ("opened", LATER + timedelta(hours=1)),
            ("opened by a machine", LATER),
            ("opened", LATER + timedelta(hours=2)),
            ("soft bounce", LATER),
            ("hard bounce", LATER + timedelta(hours=3)),
            ("delivered", SENT_AT),
        ]
        for what, at in [*happened, *reversed(happened)]:
            assert esp.track(client, what, sent, at).status_code == 200

        opens = [("machine_opened", LATER), ("opened", LATER + timedelta(hours=1))]
        if esp.name == "Postmark":  # which does not tell
            opens = [("opened", LATER)]
        assert events() == [("bounced", LATER), *opens, ("sent", SENT_AT)]
        assert counts(campaign) == {"sent": 1, "bounced": 1} | {kind: 1 for kind, _ in opens}

    @EVERY_ESP
    def test_recipients_of_one_mail_are_messages_of_their_own(self, esp, campaign, client):
        one, two = send(esp, campaign.pk, "One@Example.org", "two@bücher.example")
        shouted = esps.Sent(**vars(one) | {"recipient": "ONE@example.ORG"})
        encoded = esps.Sent(**vars(two) | {"recipient": "two@xn--bcher-kva.example"})
        for sent in (shouted, encoded):
            esp.track(client, "delivered", sent, SENT_AT)
        esp.track(client, "opened", one, LATER)

        assert counts(campaign) == {"sent": 2, "opened": 1}

    @EVERY_ESP
    def test_a_mail_that_this_site_did_not_send_counts_as_well(self, esp, campaign, client):
        sent = esps.Sent(
            esp_id=uuid4().hex,
            header="<by-smtp@example.com>",
            recipient=READER,
            metadata={"campaign_id": str(campaign.pk)},
        )
        esp.track(client, "opened", sent, LATER)
        esp.track(client, "delivered", sent, SENT_AT)

        assert events() == [("opened", LATER), ("sent", SENT_AT)]

    @EVERY_ESP
    @pytest.mark.parametrize(
        ("metadata", "logged"),
        [
            ({}, ("INFO", "its metadata has no campaign_id")),
            ({"campaign_id": "7"}, ("WARNING", "campaign_id '7' is not a UUID")),
            ({"campaign_id": NOWHERE}, ("WARNING", f"there is no campaign {NOWHERE}")),
        ],
    )
    def test_what_cannot_be_placed_is_logged_and_dropped(self, esp, client, log, metadata, logged):
        sent = esps.Sent(esp_id="1", header="<1@a.example>", recipient=READER, metadata=metadata)
        answer = esp.track(client, "opened", sent, LATER)

        level, reason = logged
        assert (answer.status_code, events()) == (200, [])
        assert log() == [(level, f"Dropped an event of {esp.name}, opened: {reason}")]

    @pytest.mark.parametrize("esp", [esps.Postmark], indirect=True)
    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"esp_id": ""}, "it has no usable message id"),
            ({"esp_id": None}, "it has no usable message id"),
            ({"esp_id": "a\0b"}, "it has no usable message id"),
            ({"recipient": None}, "it does not say which recipient"),
        ],
    )
    def test_a_message_that_is_not_named_is_dropped(self, esp, client, log, change, reason):
        campaign = CampaignFactory()
        metadata = {"campaign_id": str(campaign.pk)}
        sent = {"esp_id": "1", "header": "", "recipient": READER, "metadata": metadata}
        answer = esp.track(client, "opened", esps.Sent(**sent | change), LATER)

        assert (answer.status_code, events()) == (200, [])
        assert log() == [("WARNING", f"Dropped an event of Postmark, opened: {reason}")]

    @pytest.mark.parametrize("esp", [esps.Postmark], indirect=True)
    def test_an_instant_without_a_zone_is_dropped(self, esp, client, delivered, log):
        answer = esp.track(client, "opened", delivered, LATER.replace(tzinfo=None))

        assert (answer.status_code, events()) == (200, [("sent", SENT_AT)])
        [(level, text)] = log()
        assert (level, text[:68]) == (
            "WARNING",
            "Dropped an event of Postmark, opened: occurred_at must be a datetime",
        )

    @pytest.mark.parametrize("esp", [esps.Postmark], indirect=True)
    def test_an_id_may_be_of_any_length(self, esp, campaign, client):
        metadata = {"campaign_id": str(campaign.pk)}
        for esp_id in ("a" * 238, "a" * 239, "a" * 9_999, "a" * 9_998 + "b"):
            sent = esps.Sent(esp_id=esp_id, header="", recipient=READER, metadata=metadata)
            for _ in range(2):
                assert esp.track(client, "delivered", sent, SENT_AT).status_code == 200

        lengths = [len(event.message_id) for event in EmailEvent.objects.all()]
        assert sorted(lengths) == [88, 88, 88, MAX_MESSAGE_ID_LENGTH]

    def test_an_esp_that_tells_of_the_sending_itself_is_believed(self, campaign):
        told = AnymailTrackingEvent(
            event_type=EventType.SENT,
            timestamp=SENT_AT,
            message_id="0100018f",
            recipient=READER,
            metadata={"campaign_id": str(campaign.pk)},
        )
        tracking.send(sender=None, event=told, esp_name="Amazon SES")

        assert events() == [("sent", SENT_AT)]

    @EVERY_ESP
    def test_an_address_is_not_kept(self, esp, delivered):
        message_id = EmailEvent.objects.get().message_id

        assert "reader" not in message_id
        assert "example.org" not in message_id

    @pytest.mark.django_db(transaction=True)
    @EVERY_ESP
    def test_a_failing_database_answers_500_and_what_comes_again_counts_once(
        self, esp, campaign, client, delivered
    ):
        with locked(EmailEvent):
            assert esp.track(client, "opened", delivered, LATER).status_code == 500
        assert counts(campaign) == {"sent": 1}

        for _ in range(2):
            assert esp.track(client, "opened", delivered, LATER).status_code == 200

        assert counts(campaign) == {"sent": 1, "opened": 1}

    @pytest.mark.parametrize("esp", [esps.SendGrid], indirect=True)
    def test_one_request_may_bring_many_events(self, esp, campaign, client):
        one, two = send(esp, campaign.pk, "one@example.org", "two@example.org")
        lost = esps.Sent(**vars(one) | {"metadata": {"campaign_id": "lost"}})
        answer = esp.track_all(
            client,
            [
                ("delivered", one, SENT_AT),
                ("opened", lost, LATER),
                ("delivered", two, SENT_AT),
                ("opened", two, LATER),
            ],
        )

        assert answer.status_code == 200
        assert counts(campaign) == {"sent": 2, "opened": 1}

    @EVERY_ESP
    def test_a_request_that_is_not_the_esps_records_nothing(self, esp, campaign, client, caplog):
        [sent] = send(esp, campaign.pk)
        client.defaults["HTTP_AUTHORIZATION"] = "Basic bm86b25l"
        payload = esp.tracked(esp.HAPPENINGS["opened"], sent, LATER)
        answer = client.post(esp.tracking, dumps(payload), "application/json")

        assert answer.status_code == 400
        assert [kind for kind, _ in events()] == ["sent"]

    @pytest.mark.parametrize("esp", [esps.Postmark], indirect=True)
    @pytest.mark.parametrize(
        "impossible", [datetime(1, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)]
    )
    def test_an_instant_that_cannot_be_is_the_arrival_and_said_once(
        self, esp, client, log, monkeypatch, *, delivered, impossible
    ):
        monkeypatch.setattr("campaigns.intake.esp._told_of_instants", set())
        before = datetime.now(UTC)
        for what in ("opened", "clicked"):
            assert esp.track(client, what, delivered, impossible).status_code == 200
        arrivals = [at for kind, at in events() if kind != "sent"]
        assert len(arrivals) == 2
        assert all(before <= at <= datetime.now(UTC) for at in arrivals)
        [(level, text)] = log()
        assert level == "WARNING"
        assert text.startswith(
            f"Postmark reported the impossible instant {impossible.isoformat()}: "
        )

    @pytest.mark.parametrize("esp", [esps.Postmark, esps.Mailgun, esps.Brevo], indirect=True)
    @pytest.mark.parametrize("metadata", [{}, {"campaign_id": ""}, {"campaign_id": None}])
    def test_without_metadata_it_is_found_by_its_message(
        self, esp, campaign, client, delivered, metadata
    ):
        """MailerSend and Mailjet never hand it back, and bounces often come without."""
        bare = esps.Sent(**vars(delivered) | {"metadata": metadata})
        for what in ("opened", "hard bounce"):
            assert esp.track(client, what, bare, LATER).status_code == 200
        assert counts(campaign) == {"sent": 1, "opened": 1, "bounced": 1}

    def test_mailersend_which_hands_no_metadata_back(self, host, campaign, client):
        host.ANYMAIL = host.ANYMAIL | {"MAILERSEND_SIGNING_SECRET": esps.MAILERSEND_SECRET}
        record_sent_as(campaign, "62fb66bef54a112e920b5493")
        for what in ("delivered", "opened", "clicked", "hard_bounced", "spam_complaint"):
            answer = esps.post_mailersend(client, what, "62fb66bef54a112e920b5493", READER, LATER)
            assert answer.status_code == 200
        assert counts(campaign) == dict.fromkeys(
            ("sent", "opened", "clicked", "bounced", "complained"), 1
        )

    @pytest.mark.usefixtures("host")
    def test_mailjet_which_hands_no_metadata_back(self, campaign, client):
        record_sent_as(campaign, "12345678901234567")
        events = [
            esps.mailjet_event(what, 12345678901234567, READER, LATER)
            for what in ("sent", "open", "click", "bounce", "unsub")
        ]
        # Grouped, and one by one: as the account has chosen.
        for payload in (events, *events):
            answer = client.post(
                "/anymail/mailjet/tracking/",
                dumps(payload),
                "application/json",
                headers={"Authorization": esps.BASIC},
            )
            assert answer.status_code == 200
        assert counts(campaign) == dict.fromkeys(
            ("sent", "opened", "clicked", "bounced", "unsubscribed"), 1
        )

    def test_what_comes_without_content_is_logged_and_dropped(self, log):
        """Mailtrap's "Test your integration", and Resend's inbound mail without an id."""
        without = AnymailInboundEvent(event_type=EventType.INBOUND, message=None)
        inbound.send(sender=None, event=None, esp_name="Mailtrap")
        inbound.send(sender=None, event=without, esp_name="Resend")
        tracking.send(sender=None, event=None, esp_name="Mailtrap")
        assert log() == [
            ("INFO", "Dropped an event of Mailtrap, inbound: it has no content"),
            ("INFO", "Dropped an event of Resend, inbound: it has no content"),
            ("INFO", "Dropped an event of Mailtrap, tracking: it has no content"),
        ]

    @pytest.mark.parametrize("name", ["Ann Reader <ann@example.org>", "ANN@example.org", "a.nn@x"])
    def test_a_recipient_with_a_display_name_is_the_same(self, campaign, name):
        """As Amazon SES tells it in some notices, and without in others."""
        for recipient in (name, "ann@example.org"):
            told = AnymailTrackingEvent(
                event_type=EventType.DELIVERED,
                timestamp=SENT_AT,
                message_id="0100018f",
                recipient=recipient,
                metadata={"campaign_id": str(campaign.pk)},
            )
            tracking.send(sender=None, event=told, esp_name="Amazon SES")
        assert counts(campaign) == {"sent": 2 if name == "a.nn@x" else 1}


class TestReplies:
    def reply(self, esp, client, *headers, sender=READER, at=LATER, **more):
        answer = esp.receive(client, sender=sender, headers=headers, at=at, **more)
        assert answer.status_code == 200

    @EVERY_ESP
    def test_a_mail_in_reply_to_a_message_counts_once(self, esp, campaign, client, delivered):
        esp.track(client, "opened", delivered, LATER)
        for _ in range(2):
            self.reply(esp, client, ("In-Reply-To", delivered.header))

        at = SENT_AT if esp.name == "Mailgun" else LATER  # Mailgun tells its own instant
        assert events() == [("opened", LATER), ("replied", at), ("sent", SENT_AT)]
        assert counts(campaign) == {"sent": 1, "opened": 1, "replied": 1}

    @EVERY_ESP
    def test_a_later_mail_of_the_thread_answers_by_its_references(
        self, esp, campaign, client, delivered
    ):
        own = "<an-answer-of-ours@example.com>"
        thread = f"{delivered.header}\n <first-reply@example.org> {own}"
        self.reply(esp, client, ("In-Reply-To", own), ("References", thread.replace("\n", "")))

        assert counts(campaign) == {"sent": 1, "replied": 1}

    @EVERY_ESP
    def test_of_many_recipients_the_one_who_wrote_has_replied(self, esp, campaign, client):
        one, two = send(esp, campaign.pk, "one@example.org", "two@example.org")
        for sent in (one, two):
            esp.track(client, "delivered", sent, SENT_AT)
        self.reply(esp, client, ("In-Reply-To", two.header), sender="Two@example.org")
        self.reply(esp, client, ("In-Reply-To", two.header), sender="two@example.org")

        sent_to_two = EmailEvent.objects.get(kind=3).message_id
        esp.track(client, "opened", two, LATER)
        assert EmailEvent.objects.get(kind=2).message_id == sent_to_two
        assert counts(campaign) == {"sent": 2, "opened": 1, "replied": 1}

    @EVERY_ESP
    def test_the_only_recipient_may_answer_from_another_address(
        self, esp, campaign, client, delivered
    ):
        self.reply(esp, client, ("In-Reply-To", delivered.header), sender="me@home.example")

        assert counts(campaign) == {"sent": 1, "replied": 1}

    @EVERY_ESP
    def test_a_stranger_among_many_recipients_is_dropped(self, esp, campaign, client, log):
        one, _ = send(esp, campaign.pk, "one@example.org", "two@example.org")
        self.reply(esp, client, ("In-Reply-To", one.header), sender="me@home.example")

        assert [kind for kind, _ in events()] == ["sent", "sent"]
        reason = "it answers no campaign's message, or not one alone"
        assert log() == [("INFO", f"Dropped an event of {esp.name}, inbound: {reason}")]

    @EVERY_ESP
    @pytest.mark.parametrize("headers", [[], [("In-Reply-To", "<other@example.com>")]])
    def test_a_mail_that_answers_nothing_is_dropped(self, esp, client, delivered, log, headers):
        self.reply(esp, client, *headers)

        assert events() == [("sent", SENT_AT)]
        assert [level for level, _ in log()] == ["INFO"]

    @pytest.mark.parametrize("esp", [esps.Postmark], indirect=True)
    @pytest.mark.parametrize("odd", ["a\0b@example.com", "@", "a@@b", "<>"])
    def test_what_no_database_could_hold_answers_nothing(self, esp, client, delivered, odd):
        self.reply(esp, client, ("In-Reply-To", odd), ("References", odd))

        assert events() == [("sent", SENT_AT)]

    @EVERY_ESP
    @pytest.mark.parametrize(
        "header",
        [
            ("Auto-Submitted", "auto-replied"),
            ("X-Autoreply", "yes"),
            ("X-Autorespond", "Away"),
            ("Precedence", "auto_reply"),
        ],
    )
    def test_an_auto_response_is_no_reply(self, esp, client, delivered, log, header):
        self.reply(esp, client, ("In-Reply-To", delivered.header), header)

        assert events() == [("sent", SENT_AT)]
        text = f"Dropped an event of {esp.name}, inbound: an auto-response is no reply"
        assert log() == [("INFO", text)]

    def test_news_of_a_mail_that_the_esp_could_not_take_is_no_reply(self, log):
        failed = AnymailInboundEvent(event_type=EventType.INBOUND_FAILED, message=None)
        inbound.send(sender=None, event=failed, esp_name="Amazon SES")

        assert (events(), log()) == ([], [])

    @EVERY_ESP
    def test_a_bounce_by_mail_is_no_reply(self, esp, client, delivered):
        self.reply(esp, client, ("In-Reply-To", delivered.header), envelope_sender="")

        assert events() == [("sent", SENT_AT)]

    @EVERY_ESP
    def test_it_is_found_in_whichever_workspace_it_was_sent(self, esp, campaign, client):
        other = CampaignFactory()
        [ours], [theirs] = send(esp, campaign.pk), send(esp, other.pk)
        for sent in (ours, theirs):
            esp.track(client, "delivered", sent, SENT_AT)
        self.reply(esp, client, ("In-Reply-To", theirs.header))

        assert counts(campaign) == {"sent": 1}
        assert counts(other) == {"sent": 1, "replied": 1}

    @pytest.mark.parametrize("esp", [esps.Postmark, esps.SendGrid, esps.Brevo], indirect=True)
    @pytest.mark.parametrize(
        "dated", [SENT_AT - timedelta(days=1), datetime(2999, 1, 1, tzinfo=UTC)]
    )
    def test_a_date_that_cannot_be_is_not_believed(self, esp, client, delivered, dated):
        before = datetime.now(UTC)
        self.reply(esp, client, ("In-Reply-To", delivered.header), at=dated)

        [(_, at), _] = events()
        assert before <= at <= datetime.now(UTC)

    @pytest.mark.django_db(transaction=True)
    @EVERY_ESP
    def test_a_failing_database_answers_500_and_what_comes_again_counts_once(
        self, esp, campaign, client, delivered
    ):
        mail = {"sender": READER, "headers": [("In-Reply-To", delivered.header)], "at": LATER}
        with locked(EmailEvent):
            assert esp.receive(client, **mail).status_code == 500
        for _ in range(2):
            assert esp.receive(client, **mail).status_code == 200

        assert counts(campaign) == {"sent": 1, "replied": 1}


WITHOUT_ANYMAIL = """
import os, sys
sys.modules["anymail"] = None  # importing it fails, as where it is not installed
os.environ.update(DJANGO_SETTINGS_MODULE="config.settings", SECRET_KEY="k", DATABASE_URL="sqlite://")
import django
from django.core.management import call_command
django.setup()
call_command("check")
call_command("migrate", verbosity=0)
from datetime import UTC, datetime
from campaigns.kinds import KIND_WORDS
from campaigns.models import Campaign, Workspace
from campaigns.recording import Event, record_events
workspace = Workspace.objects.create(name="W")
campaign = Campaign.objects.create(workspace=workspace, name="C")
events = [Event(campaign.pk, "m", 1, datetime.now(UTC))]
print(record_events(workspace=workspace, events=events).new, "new")
print([name for name in sys.modules if name.startswith("campaigns.intake.esp")])
"""


def test_a_site_without_anymail_needs_none_of_it():
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_ANYMAIL],
        cwd=ROOT,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (process.stdout.splitlines(), process.stderr) == (
        [
            "System check identified no issues (0 silenced).",
            "1 new",
            "[]",
        ],
        "",
    )
