"""Whatever happens to the events, in whatever order: the totals and both answers are a recount."""

from datetime import UTC, datetime, time, timedelta, timezone
from unittest.mock import patch
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from analytics import reports
from analytics.periods import Period
from analytics.totals.pruning import prune
from analytics.totals.recount import differences
from campaigns.models import Campaign, EmailEvent, EventKind, Workspace
from campaigns.recording import Event, record_events, repeats
from tests.answers import OPTIONAL, campaign_answer, timeline_answer
from tests.recount import KINDS, Totals, count_events, local_day, stored_events, stored_totals

START = datetime(2024, 2, 28, 23, 59, tzinfo=UTC)
# And days of 23, 24.5, 23.5 and 25 hours, in New York and on Lord Howe Island.
BASES = [
    START,
    datetime(2024, 3, 10, 5, tzinfo=UTC),
    datetime(2024, 4, 6, 13, tzinfo=UTC),
    datetime(2024, 10, 5, 13, 30, tzinfo=UTC),
    datetime(2024, 11, 3, 4, tzinfo=UTC),
]
ZONES = ["UTC", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe"]
WINDOW = ((START - timedelta(days=3)).date(), (BASES[-1] + timedelta(days=5)).date())
EVERYTHING = {
    "activity": None,
    "window": WINDOW,
    "status": None,
    "interval": "day",
    "metrics": list(OPTIONAL),
}
STATUSES = ["ACTIVE", "PAUSED", "ACTIVE"]  # of the campaigns 0 to 2
# The same campaigns in every example: (workspace, campaign) -> id, those of the two interleaved.
IDS = {(w, c): UUID(int=2 * c + w + 1) for w in range(2) for c in range(3)}

workspaces = st.integers(0, 1)
# Few of each, so that duplicates, ties and messages with two campaigns are common.
campaigns = st.integers(0, 2)
messages = st.sampled_from(["m", "M", "m n", "é", "1@example.com", "\\N"])
kinds = st.sampled_from(list(EventKind))
instants = st.builds(
    lambda base, after, hours: (base + after).astimezone(timezone(timedelta(hours=hours))),
    st.sampled_from(BASES),
    st.sampled_from([timedelta(), timedelta(microseconds=1), timedelta(minutes=1)])
    | st.integers(-48, 96).map(lambda halves: timedelta(minutes=30 * halves))
    | st.timedeltas(timedelta(days=-1), timedelta(days=3)),
    st.sampled_from([0, -8, 14]),
)
events = st.tuples(workspaces, campaigns, messages, kinds, instants)
zones = st.sampled_from(ZONES)
days = st.builds(
    lambda base, after: (base + timedelta(days=after)).date(),
    st.sampled_from(BASES),
    st.integers(-2, 5),
)
windows = st.tuples(days, days).map(lambda pair: (min(pair), max(pair))) | st.just(WINDOW)
questions = st.fixed_dictionaries(
    {
        "activity": st.none() | windows,
        "window": windows,
        "status": st.sampled_from([None, "ACTIVE", "PAUSED", "DRAFT"]),
        "interval": st.sampled_from(["day", "week", "month"]),
        "metrics": st.lists(st.sampled_from(OPTIONAL), unique=True),
    }
)
steps = st.lists(
    st.tuples(st.just("record"), st.lists(events, min_size=1, max_size=12), st.integers(1, 13))
    | st.tuples(st.just("record again"), st.integers(0, 5), st.integers(1, 13))
    | st.tuples(st.just("bulk_create"), st.lists(events, min_size=1, max_size=6))
    | st.tuples(st.just("update"), messages, kinds, instants)
    | st.tuples(st.just("move"), messages, workspaces, campaigns)
    | st.tuples(st.just("delete"), messages, st.none() | kinds)
    | st.tuples(st.just("delete campaign"), workspaces, campaigns)
    | st.tuples(st.just("prune"), workspaces, days, st.integers(1, 4))
    | st.tuples(st.just("change zone"), workspaces, zones),
    min_size=1,
    max_size=8,
)


class Machine:
    """Takes each step on the database and on plain values, (workspace, message, kind) -> place."""

    def __init__(self, *zones):
        self.zones = list(zones)
        self.workspaces = [
            Workspace.objects.create(name=name, time_zone=zone)
            for name, zone in zip("ab", zones, strict=True)
        ]
        for workspace, campaign in IDS:
            self.create_campaign(workspace, campaign)
        self.mirror, self.recorded = {}, [[]]
        # What was pruned still counts; from before a workspace's horizon nothing more is recorded.
        self.pruned, self.horizons = [], [datetime.min.replace(tzinfo=UTC)] * 2

    def create_campaign(self, workspace, campaign):
        Campaign.objects.create(
            id=IDS[workspace, campaign],
            workspace=self.workspaces[workspace],
            name=f"{workspace}/{campaign}",
            status=STATUSES[campaign],
        )

    def record(self, batch, batch_size):
        self.recorded.append(batch)
        for number, workspace in enumerate(self.workspaces):
            own = [event for event in batch if event[0] == number]
            answer = record_events(
                workspace=workspace,
                events=[Event(IDS[number, c], m, k, at) for _, c, m, k, at in own],
                batch_size=batch_size,
            )
            kept = [event for event in own if not self.is_pruned(number, event[-1])]
            new = {(w, m, k) for w, _, m, k, _ in kept} - set(self.mirror)
            assert (answer.new, answer.new + answer.moved + answer.known, answer.pruned) == (
                len(new),
                len(kept),
                len(own) - len(kept),
            )
            for w, c, m, k, at in kept:
                place = (at, IDS[w, c])
                self.mirror[w, m, k] = min(self.mirror.get((w, m, k), place), place)

    def record_again(self, which, batch_size):
        self.record(self.recorded[which % len(self.recorded)][::-1], batch_size)

    def bulk_create(self, batch):
        created = dict(self.mirror)
        for w, c, m, k, at in batch:
            created.setdefault((w, m, k), (at, IDS[w, c]))
        rows = [
            EmailEvent(
                workspace=self.workspaces[w],
                campaign_id=IDS[w, c],
                message_id=m,
                kind=k,
                occurred_at=at,
            )
            for w, c, m, k, at in batch
        ]
        self.become(created, lambda: EmailEvent.objects.bulk_create(rows, ignore_conflicts=True))

    def update(self, message, kind, instant):
        updated = {
            (w, m, k): (instant if (m, k) == (message, kind) else at, campaign)
            for (w, m, k), (at, campaign) in self.mirror.items()
        }
        chosen = EmailEvent.objects.filter(message_id=message, kind=kind)
        self.become(updated, lambda: chosen.update(occurred_at=instant))

    def become(self, mirror, write):
        """The database refuses all of a write that would hold an event from before a horizon."""
        if any(self.is_pruned(w, at) for (w, _, _), (at, _) in mirror.items()):
            with pytest.raises(IntegrityError, match="event_after_horizon"), transaction.atomic():
                write()
        else:
            write()
            self.mirror = mirror

    def is_pruned(self, workspace, instant):
        return instant < self.horizons[workspace]

    def move(self, message, workspace, campaign):
        EmailEvent.objects.filter(workspace=self.workspaces[workspace], message_id=message).update(
            campaign=IDS[workspace, campaign]
        )
        for (w, m, k), (at, _) in self.mirror.items():
            if (w, m) == (workspace, message):
                self.mirror[w, m, k] = (at, IDS[workspace, campaign])

    def delete(self, message, kind):
        chosen = {"message_id": message} if kind is None else {"message_id": message, "kind": kind}
        EmailEvent.objects.filter(**chosen).delete()
        self.forget(lambda w, m, k, campaign: m == message and kind in {None, k})

    def delete_campaign(self, workspace, campaign):
        pk = IDS[workspace, campaign]
        Campaign.objects.get(pk=pk).delete()
        self.forget(lambda w, m, k, of: of == pk)
        self.pruned = [row for row in self.pruned if row[1] != pk]
        self.create_campaign(workspace, campaign)

    def prune(self, workspace, before, batch_size):
        owner, zone = self.workspaces[workspace], self.zones[workspace]
        horizon = datetime.combine(before, time(), ZoneInfo(zone)).astimezone(UTC)
        self.horizons[workspace] = max(self.horizons[workspace], horizon)
        old = {
            key: place
            for key, place in self.mirror.items()
            if key[0] == workspace and place[0] < horizon
        }
        assert sum(prune(workspace=owner, before=before, batch_size=batch_size)) == len(old)
        self.forget(lambda *key: key[:3] in old)
        self.pruned += [
            (owner.pk, c, local_day(at, zone), int(k)) for (_, _, k), (at, c) in old.items()
        ]

    def change_zone(self, workspace, zone):
        """What was pruned keeps the days that it was cut in."""
        self.zones[workspace] = zone
        self.workspaces[workspace].time_zone = zone
        self.workspaces[workspace].save(update_fields=["time_zone"])

    def forget(self, which):
        gone = [key for key, (_, campaign) in self.mirror.items() if which(*key, campaign)]
        for key in gone:
            del self.mirror[key]

    def check(self, question):
        rows = {
            (self.workspaces[w].pk, m, int(k), campaign, at)
            for (w, m, k), (at, campaign) in self.mirror.items()
        }
        assert set(stored_events()) == rows
        totals = Totals()
        pks = [workspace.pk for workspace in self.workspaces]
        count_events(totals, rows, dict(zip(pks, self.zones, strict=True)))
        for *key, kind in self.pruned:
            totals.add(*key, {KINDS[kind - 1]: 1})
        assert stored_totals() == totals.tables()
        *_, grain = totals.tables()
        for pk in pks:
            check_answers(grain, pk, question)
        assert list(differences(using="default")) == []


def check_answers(grain, pk, question):
    """Each answer is a recount; over the same window and campaigns their sums agree."""
    campaigns = None
    if question["status"]:
        campaigns = Campaign.objects.filter(status=question["status"])
    listed = reports.campaign_report(
        workspace_id=pk,
        campaigns=campaigns,
        activity=question["activity"] and Period(*question["activity"]),
        metrics=question["metrics"],
    )
    assert listed == campaign_answer(grain, pk, question)
    shown = reports.timeline_report(
        workspace_id=pk,
        campaigns=campaigns,
        period=Period(*question["window"]),
        interval=question["interval"],
        metrics=question["metrics"],
    )
    assert shown == timeline_answer(grain, pk, question)
    if question["activity"] in (None, question["window"]) and question["window"] == WINDOW:
        for kind in (*KINDS[:4], *question["metrics"]):
            total = sum(row[f"total_{kind}"] for row in listed["campaigns"])
            assert total == sum(row[kind] for row in shown["timeline"])


class TotalsAreARecount(TestCase):
    def setUp(self):
        super().setUp()
        # Four are many, so that batches are written in either way.
        self.enterContext(patch.object(repeats, "_FEW", 3))

    @settings(max_examples=80)
    @given(steps=steps, first=zones, second=zones, question=questions)
    def test_after_every_step(self, steps, first, second, question):
        machine = Machine(first, second)
        for name, *arguments in steps:
            getattr(machine, name.replace(" ", "_"))(*arguments)
            machine.check(question)
        machine.check(EVERYTHING)

    @settings(max_examples=40)
    @given(batch=st.lists(events, min_size=1, max_size=20), data=st.data())
    def test_the_set_of_events_alone_decides(self, batch, data):
        """Any order, any cuts, any repetition: the same rows as recording them once, as given."""
        again = data.draw(st.permutations(batch + data.draw(st.lists(st.sampled_from(batch)))))
        machine = Machine(data.draw(zones), data.draw(zones))
        machine.record(again, data.draw(st.integers(1, 25)))
        machine.check(EVERYTHING)
        once = dict(machine.mirror)
        EmailEvent.objects.all().delete()
        machine.mirror.clear()
        machine.record(batch, len(batch))
        machine.check(EVERYTHING)
        assert machine.mirror == once
