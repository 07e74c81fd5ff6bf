"""Email service providers as a site meets them: the API that it sends with, and their webhooks.

The payloads are written after each provider's public documentation of its API and webhooks.
"""

import hashlib
import hmac
import json
from base64 import b64encode
from dataclasses import dataclass
from email.utils import format_datetime
from uuid import uuid4

SECRET = "webhooks:only-for-tests"
MAILGUN_SIGNING_KEY = "only-for-tests"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A message as the ESP knows it; ``header`` is the Message-ID that its recipient sees."""

    esp_id: str
    header: str
    recipient: str
    metadata: dict


class Esp:
    """What the ESPs have in common. ``HAPPENINGS`` names what their webhooks tell of a message."""

    tracking: str
    inbound: str
    headers_kept = False  # whether the mail goes out with a Message-ID that the site chose

    def __init__(self):
        self.last_id = None

    @property
    def name(self):
        return type(self).__name__

    def track(self, client, what, sent, at):
        payload = self.tracked(self.HAPPENINGS[what], sent, at)
        return self.post(client, self.tracking, payload)

    def post(self, client, path, payload):
        return client.post(
            path, json.dumps(payload), "application/json", headers={"Authorization": BASIC}
        )

    def header_of(self, esp_id):
        return esp_id


BASIC = "Basic " + b64encode(SECRET.encode()).decode()


MAILERSEND_SECRET = "only-for-tests"


def post_mailersend(client, what, esp_id, recipient, at):
    """As https://developers.mailersend.com/api/v1/webhooks.html#payload-example has it."""
    payload = {
        "type": f"activity.{what}",
        "domain_id": "yv69oxl5kl785kw2",
        "created_at": at.isoformat(),
        "webhook_id": "2351ndgwr4zqx8ko",
        "url": "https://example.com/anymail/mailersend/tracking/",
        "data": {
            "object": "activity",
            "id": "62f114f8165fe0d8db0288e3",
            "type": what,
            "created_at": at.isoformat(),
            "email": {
                "object": "email",
                "id": "62f114f7165fe0d8db0288e2",
                "created_at": at.isoformat(),
                "from": "news@example.com",
                "subject": "News",
                "status": "delivered",
                "tags": None,
                "message": {"object": "message", "id": esp_id, "created_at": at.isoformat()},
                "recipient": {
                    "object": "recipient",
                    "id": "62c69be104270ee9c6074d32",
                    "email": recipient,
                    "created_at": at.isoformat(),
                },
            },
            "morph": None,
            "template_id": "0z76k5jg0o3yeg2d",
        },
    }
    body = json.dumps(payload).encode()
    signature = hmac.new(MAILERSEND_SECRET.encode(), body, hashlib.sha256).hexdigest()
    return client.post(
        "/anymail/mailersend/tracking/",
        body,
        "application/json",
        headers={"Signature": signature, "Authorization": BASIC},
    )


def mailjet_event(what, esp_id, recipient, at):
    """As https://dev.mailjet.com/email/guides/webhooks/ has it; the Payload is what was sent."""
    return {
        "event": what,
        "time": int(at.timestamp()),
        "MessageID": esp_id,
        "Message_GUID": "1ab23cd4-e567-8901-2345-6789f0gh1i2j",
        "email": recipient,
        "mj_campaign_id": 0,
        "mj_contact_id": 1,
        "customcampaign": "",
        "CustomID": "",
        "Payload": "",
    }


class Postmark(Esp):
    tracking = "/anymail/postmark/tracking/"
    inbound = "/anymail/postmark/inbound/"
    HAPPENINGS = {
        "delivered": {"RecordType": "Delivery"},
        "opened": {"RecordType": "Open", "FirstOpen": True},
        "opened by a machine": {"RecordType": "Open", "FirstOpen": False, "Client": {}},
        "hard bounce": {"RecordType": "Bounce", "Type": "HardBounce", "TypeCode": 1},
        "soft bounce": {"RecordType": "Bounce", "Type": "SoftBounce", "TypeCode": 4096},
        "rejected": {"RecordType": "Bounce", "Type": "Blocked", "TypeCode": 100006},
        "deferred": {"RecordType": "Bounce", "Type": "Transient", "TypeCode": 2},
        "autoresponded": {"RecordType": "Bounce", "Type": "AutoResponder", "TypeCode": 32},
        "clicked": {"RecordType": "Click", "OriginalLink": "https://example.com/"},
        "complained": {"RecordType": "SpamComplaint", "Type": "SpamComplaint"},
    }
    _INSTANTS = {
        "Delivery": "DeliveredAt",
        "Open": "ReceivedAt",
        "Click": "ReceivedAt",
        "Bounce": "BouncedAt",
        "SpamComplaint": "BouncedAt",
    }

    def settings(self, url):
        return {"POSTMARK_SERVER_TOKEN": "token", "POSTMARK_API_URL": url}

    def answer(self, body):
        """The API's answer to a request to send: the status and the JSON."""
        self.last_id = str(uuid4())
        return 200, {
            "To": json.loads(body)["To"],
            "SubmittedAt": "2024-03-04T09:00:00.0000000Z",
            "MessageID": self.last_id,
            "ErrorCode": 0,
            "Message": "OK",
        }

    def header_of(self, esp_id):
        return f"<{esp_id}@mtasv.net>"

    def tracked(self, what, sent, at):
        who = "Email" if what["RecordType"] in ("Bounce", "SpamComplaint") else "Recipient"
        return what | {
            who: sent.recipient,
            self._INSTANTS[what["RecordType"]]: at.isoformat().replace("+00:00", "Z"),
            "MessageID": sent.esp_id,
            "MessageStream": "broadcast",
            "ServerID": 23,
            "Tag": "",
            "Metadata": sent.metadata,
        }

    def receive(self, client, *, sender, headers, at, envelope_sender=None):
        listed = [{"Name": name, "Value": value} for name, value in headers]
        returned = {"Name": "Return-Path", "Value": f"<{envelope_sender or ''}>"}
        payload = {
            "FromName": "",
            "From": sender,
            "FromFull": {"Email": sender, "Name": "", "MailboxHash": ""},
            "To": "replies@example.com",
            "ToFull": [{"Email": "replies@example.com", "Name": "", "MailboxHash": ""}],
            "OriginalRecipient": "replies@example.com",
            "Subject": "Re: News",
            "MessageID": str(uuid4()),
            "Date": format_datetime(at),
            "TextBody": "Tell me more.",
            "Headers": listed if envelope_sender is None else [returned, *listed],
            "Attachments": [],
        }
        return self.post(client, self.inbound, payload)


class Mailgun(Esp):
    tracking = "/anymail/mailgun/tracking/"
    inbound = "/anymail/mailgun/inbound/"
    HAPPENINGS = {
        "delivered": {"event": "delivered"},
        "opened": {"event": "opened"},
        "opened by a machine": {"event": "opened", "client-info": {"bot": "apple"}},
        "hard bounce": {"event": "failed", "severity": "permanent", "reason": "bounce"},
        "soft bounce": {"event": "failed", "severity": "permanent", "reason": "generic"},
        "rejected": {"event": "rejected", "reject": {"reason": "Sandbox", "description": ""}},
        "deferred": {"event": "failed", "severity": "temporary", "reason": "generic"},
        "clicked": {"event": "clicked", "url": "https://example.com/"},
        "complained": {"event": "complained"},
    }

    def settings(self, url):
        return {
            "MAILGUN_API_KEY": "key",
            "MAILGUN_API_URL": url,
            "MAILGUN_WEBHOOK_SIGNING_KEY": MAILGUN_SIGNING_KEY,
        }

    def answer(self, body):
        self.last_id = f"<20240304090000.{uuid4().hex}@example.com>"
        return 200, {"id": self.last_id, "message": "Queued. Thank you."}

    def _signature(self):
        token, timestamp = uuid4().hex, "1709542800"
        signature = hmac.new(
            MAILGUN_SIGNING_KEY.encode(), f"{timestamp}{token}".encode(), hashlib.sha256
        )
        return {"token": token, "timestamp": timestamp, "signature": signature.hexdigest()}

    def tracked(self, what, sent, at):
        headers = {"message-id": sent.esp_id.strip("<>"), "to": sent.recipient}
        data = what | {
            "id": uuid4().hex,
            "timestamp": at.timestamp(),
            "message": {"headers": headers},
            "user-variables": sent.metadata,
            "tags": [],
        }
        if what["event"] != "rejected":  # a rejected one names its recipient in "to" alone
            data["recipient"] = sent.recipient
        return {"signature": self._signature(), "event-data": data}

    def receive(self, client, *, sender, headers, at, envelope_sender=None):
        headers = [["From", sender], ["To", "replies@example.com"], *map(list, headers)]
        form = self._signature() | {
            "recipient": "replies@example.com",
            "sender": sender if envelope_sender is None else envelope_sender,
            "from": sender,
            "subject": "Re: News",
            "body-plain": "Tell me more.",
            "message-headers": json.dumps(headers),
        }
        # The instant of arrival is what they sign.
        self.arrival = int(form["timestamp"])
        return client.post(self.inbound, form, headers={"Authorization": BASIC})


class SendGrid(Esp):
    tracking = "/anymail/sendgrid/tracking/"
    inbound = "/anymail/sendgrid/inbound/"
    headers_kept = True
    HAPPENINGS = {
        "queued": {"event": "processed"},
        "delivered": {"event": "delivered", "response": "250 OK"},
        "opened": {"event": "open", "sg_machine_open": False},
        "opened by a machine": {"event": "open", "sg_machine_open": True},
        "hard bounce": {"event": "bounce", "type": "bounce", "status": "5.0.0"},
        "soft bounce": {"event": "bounce", "type": "blocked", "status": "4.0.0"},
        "rejected": {"event": "dropped", "reason": "Bounced Address"},
        "deferred": {"event": "deferred", "attempt": "5"},
        "clicked": {"event": "click", "url": "https://example.com/"},
        "complained": {"event": "spamreport"},
    }

    def settings(self, url):
        return {"SENDGRID_API_KEY": "key", "SENDGRID_API_URL": url}

    def answer(self, body):
        self.last_id = json.loads(body)["personalizations"][0]["custom_args"]["anymail_id"]
        return 202, None

    def tracked(self, what, sent, at):
        return [self._one(what, sent, at)]

    def _one(self, what, sent, at):
        return what | {
            "email": sent.recipient,
            "timestamp": int(at.timestamp()),
            "smtp-id": sent.header,
            "sg_event_id": uuid4().hex,
            "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
            "anymail_id": sent.esp_id,
            **sent.metadata,
        }

    def track_all(self, client, happened):
        """One request with many events, as SendGrid gathers them."""
        payload = [self._one(self.HAPPENINGS[what], sent, at) for what, sent, at in happened]
        return self.post(client, self.tracking, payload)

    def receive(self, client, *, sender, headers, at, envelope_sender=None):
        lines = [("From", sender), ("To", "replies@example.com"), ("Date", format_datetime(at))]
        envelope = sender if envelope_sender is None else envelope_sender
        form = {
            "headers": "".join(f"{name}: {value}\n" for name, value in [*lines, *headers]),
            "envelope": json.dumps({"to": ["replies@example.com"], "from": envelope}),
            "from": sender,
            "to": "replies@example.com",
            "subject": "Re: News",
            "text": "Tell me more.",
            "charsets": json.dumps({"text": "utf-8"}),
            "attachments": "0",
        }
        return client.post(self.inbound, form, headers={"Authorization": BASIC})


class Brevo(Esp):
    tracking = "/anymail/brevo/tracking/"
    inbound = "/anymail/brevo/inbound/"
    HAPPENINGS = {
        "queued": "request",
        "delivered": "delivered",
        "opened": "unique_opened",
        "opened by a machine": "unique_proxy_open",
        "hard bounce": "hard_bounce",
        "soft bounce": "soft_bounce",
        "rejected": "blocked",
        "deferred": "deferred",
        "clicked": "click",
        "complained": "spam",
    }

    def settings(self, url):
        return {"BREVO_API_KEY": "key", "BREVO_API_URL": url}

    def answer(self, body):
        self.last_id = f"<202403040900.{uuid4().int % 10**11}@smtp-relay.mailin.fr>"
        return 201, {"messageId": self.last_id}

    def tracked(self, what, sent, at):
        return {
            "event": what,
            "email": sent.recipient,
            "id": 26224,
            "message-id": sent.esp_id,
            "ts_epoch": int(at.timestamp() * 1000),
            "subject": "News",
            "X-Mailin-custom": json.dumps(sent.metadata),
        }

    def receive(self, client, *, sender, headers, at, envelope_sender=None):
        named = {"From": sender, "To": "replies@example.com", "Date": format_datetime(at)}
        returned = {} if envelope_sender is None else {"Return-Path": f"<{envelope_sender}>"}
        item = {
            "Uuid": [str(uuid4())],
            "From": {"Name": None, "Address": sender},
            "To": [{"Name": None, "Address": "replies@example.com"}],
            "Headers": named | returned | dict(headers),
            "RawTextBody": "Tell me more.",
            "Attachments": [],
        }
        return self.post(client, self.inbound, {"items": [item]})


ALL = [Postmark, Mailgun, SendGrid, Brevo]
