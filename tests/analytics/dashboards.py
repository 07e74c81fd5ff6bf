"""A dashboard's page as a test reads it, and mail for it to show."""

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

from django.contrib.auth.models import Permission
from django.test import Client

from campaigns.models import EventKind
from campaigns.recording import Event, record_events
from tests.factories import CampaignFactory, new_key

PAGE = "/admin/mailmetrics_analytics/dashboard/"
API = "/api/public/v1/analytics/campaigns"


class Page(HTMLParser):
    """The figures, tables and errors of the page; its attributes and elements, for what they are
    not."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.tables, self.texts = [], [], {}, {}
        self.cell = self.table = self.day = None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        self.attributes += attrs
        if tag == "table":
            self.table = self.tables.setdefault(attrs.get("id"), [])
        elif tag == "tr" and self.table is not None:
            self.table.append([])
        elif tag == "time":
            self.day = attrs["datetime"]
        elif tag == "input" and attrs.get("type") == "radio":
            self.texts.setdefault("readout", []).append(attrs["aria-label"])
        if tag in {"td", "th", "dt", "dd", "li", "h2", "h3", "p", "title"}:
            self.cell, self.day = [], None
            self.place = "change" if attrs.get("class") == "mm-change" else tag

    def handle_data(self, data):
        if self.cell is not None:
            self.cell.append(data)

    def handle_endtag(self, tag):
        if tag in {"td", "th"} and self.table:
            self.table[-1].append(self._text())
        elif tag == "table":
            self.table = None
        elif tag in {"dt", "dd", "li", "h2", "h3", "p", "title"} and self.cell is not None:
            self.texts.setdefault(self.place, []).append(self._text())

    def _text(self):
        text, self.cell = " ".join("".join(self.cell or []).split()), None
        return self.day or text

    @property
    def errors(self):
        """Those beside the fields; the admin's own lists are links."""
        return [text for text in self.texts.get("li", []) if text.endswith((".", ")."))]

    @property
    def kpis(self):
        return dict(zip(self.texts["dt"], self.texts["dd"], strict=True))


def record(campaign, day, **counts):
    at = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
    record_events(
        workspace=campaign.workspace,
        events=[
            Event(campaign.pk, f"{campaign.pk}-{day}-{n}", EventKind[kind.upper()], at)
            for kind, count in counts.items()
            for n in range(count)
        ],
    )


def launched(workspace, name, day, status="COMPLETED"):
    at = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return CampaignFactory(
        workspace=workspace,
        name=name,
        status=status,
        total_leads=1500,
        launched_at=at,
        created_at=at - timedelta(days=1),
    )


def number(text):
    return int(text.replace(",", ""))


def rate(text):
    """A rate of the page; where nothing was sent it has a dash, and the API 0.0."""
    return 0.0 if text == "–" else round(float(text.replace(",", "").removesuffix("%")) / 100, 4)


def read_campaigns(page):
    """The table's rows as the API tells them, but for the id and the time of day."""
    names = ["total_leads", "total_sent", "total_opened", "total_replied", "total_bounced"]
    rates = ["open_rate", "reply_rate", "bounce_rate"]
    return [
        {
            "campaign_name": name,
            "status": status.upper(),
            "created_at": created,
            **dict(zip(names, map(number, figures[:5]), strict=True)),
            **dict(zip(rates, map(rate, figures[5:]), strict=True)),
        }
        for _, name, status, created, _, *figures in page.tables.get("mm-campaigns-table", [[]])[1:]
    ]


def read_timeline(page):
    """The table's rows as the API tells them; one of several days goes by the first of them."""
    names = ["sent", "opened", "replied", "bounced"]
    rates = ["open_rate", "reply_rate", "bounce_rate"]
    return [
        {
            "date": _first_day(days),
            **dict(zip(names, map(number, figures[:4]), strict=True)),
            **dict(zip(rates, map(rate, figures[4:]), strict=True)),
        }
        for days, *figures in page.tables["mm-timeline-table"][1:]
    ]


def _first_day(text):
    if " to " not in text:
        return text
    day = datetime.strptime(text.split(" to ")[0], "%a %d %b %Y").replace(tzinfo=UTC)
    return f"{day:%Y-%m-%d}"


def drawn_interval(page):
    return page.texts["h3"][0].removeprefix("Messages by ")


def viewer(user_model):
    """Staff who may view campaigns and workspaces, and nothing else, logged in."""
    user = user_model.objects.create_user("staff", password="x", is_staff=True)
    names = ["view_campaign", "view_workspace"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = Client()
    client.force_login(user)
    return client


def ask_api(workspace):
    """A function that asks the API's campaigns, or another of its addresses, for a workspace."""
    client = Client(headers={"X-API-Key": new_key(workspace=workspace)})
    return lambda url=API, **parameters: client.get(url, parameters).json()
