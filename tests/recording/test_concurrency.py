"""Many writers at once, on both databases: nothing is lost, counted twice or seen half done."""

import random
import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest
from django.db import OperationalError, connection, transaction

from campaigns.models import Campaign, EmailEvent, EventKind
from campaigns.recording import Event, InvalidEvent, Recorded, record_events, retries
from tests.factories import CampaignFactory, WorkspaceFactory
from tests.recount import assert_totals_exact
from tests.sql import CAMPAIGN_TOTALS, DAILY_TOTALS, EVENTS
from tests.together import background, together, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

START = datetime(2024, 1, 1, tzinfo=UTC)
WRITERS = 4


@pytest.fixture
def campaigns():
    workspace = WorkspaceFactory()
    return [CampaignFactory(id=UUID(int=n), workspace=workspace) for n in range(1, 7)]


def some_events(campaigns, number, *, seed):
    """Of few messages and days, so that writers meet at them."""
    chance = random.Random(seed)
    return [
        Event(
            chance.choice(campaigns).pk,
            f"m{chance.randrange(150)}",
            chance.choice(list(EventKind)),
            START + timedelta(hours=chance.randrange(24 * 7)),
        )
        for _ in range(number)
    ]


@pytest.mark.parametrize("batch_size", [40, 300], ids=["small batches", "large batches"])
def test_writers_of_the_same_messages_store_what_one_would(campaigns, batch_size, monkeypatch):
    """Each batch holds new, earlier and known events, in an order of its own."""
    monkeypatch.setattr(retries, "_ATTEMPTS", 1)  # a deadlock is not tried again but seen
    given = [some_events(campaigns, 1200, seed=n // 2) for n in range(WRITERS)]
    for n, events in enumerate(given):
        random.Random(100 + n).shuffle(events)

    def record(events):
        return record_events(workspace=campaigns[0].workspace, events=events, batch_size=batch_size)

    answers = together(*(lambda events=events: record(events) for events in given))
    earliest = {}
    for event in sorted(event for events in given for event in events):
        key = (event.message_id, event.kind)
        place = (event.occurred_at, event.campaign_id)
        earliest[key] = min(earliest.get(key, place), place)
    stored = EmailEvent.objects.values_list("message_id", "kind", "occurred_at", "campaign_id")
    assert {(m, k): (at, campaign) for m, k, at, campaign in stored} == earliest
    # Each is new to exactly one writer.
    summed = sum(answers, Recorded())
    assert (summed.new, summed.moved + summed.known) == (len(earliest), 4800 - len(earliest))
    assert summed.moved > 0
    assert_totals_exact()


def test_campaigns_are_deleted_while_others_record_for_them(campaigns):
    """An event of a deleted campaign is refused, or goes with it."""
    workspace, deleted = campaigns[0].workspace, {campaigns[1].pk, campaigns[4].pk}
    begun = threading.Barrier(WRITERS)
    given_up = threading.Event()

    def record(seed):
        refused = set()
        for number in count():
            assert not given_up.is_set()
            events = some_events(campaigns, 60, seed=f"{seed} {number}")
            events = [event for event in events if event.campaign_id not in refused]
            try:
                record_events(workspace=workspace, events=events)
            except InvalidEvent as error:
                refused.add(events[error.index].campaign_id)
            if number == 0:
                begun.wait(timeout=20)
            if refused == deleted:
                return refused

    def delete():
        begun.wait(timeout=20)
        try:
            for pk in sorted(deleted, reverse=True):
                until_it_is_no_victim(lambda pk=pk: Campaign.objects.get(pk=pk).delete())
        except BaseException:
            given_up.set()
            raise

    *refused, _ = together(*(lambda n=n: record(n) for n in range(WRITERS - 1)), delete)
    assert refused == [deleted] * (WRITERS - 1)
    left = EmailEvent.objects.values_list("campaign_id", flat=True)
    assert set(left) == {campaign.pk for campaign in campaigns} - deleted
    assert_totals_exact()


def until_it_is_no_victim(write):
    """Deleting a campaign locks its events in no order, and has waited longest when it is the
    victim of a deadlock; it may be that many times in turn where writers never pause."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return write()
        except OperationalError as error:
            state = getattr(error.__cause__, "sqlstate", None)
            if state != "40P01" or time.monotonic() > deadline:
                raise


def test_a_reader_sees_each_batch_wholly_or_not_at_all(campaigns):
    """And both tables of totals at the same batch: in one statement, or one snapshot of several."""
    workspace, batch_size, batches = campaigns[0].workspace, 120, 12
    seen, done = [], threading.Event()

    def write(seed):
        events = [
            Event(campaigns[n % 6].pk, f"{seed} {n}", EventKind.SENT, START + timedelta(hours=n))
            for n in range(batch_size * batches)
        ]
        record_events(workspace=workspace, events=events, batch_size=batch_size)

    def read():
        while not done.is_set():
            seen.append(sums())

    with background() as start:
        reader = start(read)
        wait_until(lambda: seen or reader.done())
        try:
            together(*(lambda n=n: write(n) for n in range(2)))
        finally:
            done.set()
        reader.result()
    for by_campaign, by_day, counted in seen:
        assert by_campaign == by_day == counted
        assert counted % batch_size == 0
    assert sums()[2] == 2 * batches * batch_size
    assert len(set(seen)) > 3, "the reader came too late to see anything"


def sums():
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT (SELECT coalesce(sum(sent), 0) FROM {CAMPAIGN_TOTALS}),
                   (SELECT coalesce(sum(sent), 0) FROM {DAILY_TOTALS}),
                   (SELECT count(*) FROM {EVENTS})
            """
        )
        return cursor.fetchone()


def test_writers_in_transactions_of_their_own_are_counted_as_they_commit(campaigns):
    """Half of them take back what they recorded."""
    workspace = campaigns[0].workspace

    def record(number):
        for batch in range(10):
            with transaction.atomic():
                events = [
                    Event(campaigns[n].pk, f"{number} {batch} {n}", EventKind.SENT, START)
                    for n in range(6)
                ]
                record_events(workspace=workspace, events=events)
                if batch % 2:
                    transaction.set_rollback(True)

    together(*(lambda n=n: record(n) for n in range(WRITERS)))
    assert EmailEvent.objects.count() == WRITERS * 5 * 6
    assert_totals_exact()
