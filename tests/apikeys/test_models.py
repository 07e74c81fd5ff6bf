from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from apikeys import crypto, scopes
from apikeys.models import LATEST_EXPIRY, APIKey, KeyState
from campaigns.fields import utc_now
from tests.factories import APIKeyFactory, WorkspaceFactory

KNOWN = "campaigns:read, campaigns:update, campaigns:all, events:create, events:all, *"

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace():
    return WorkspaceFactory()


def test_a_new_key_is_stored_as_digest_and_hint_alone(workspace):
    before = utc_now()
    made, key = APIKey.objects.create_key(
        workspace=workspace, name=" Dashboard ", scopes=["campaigns:read"], created_by="ada"
    )

    [row] = APIKey.objects.values()
    assert before <= row.pop("created_at") <= utc_now()
    assert row.pop("request_id") == made.request_id
    assert row == {
        "id": made.pk,
        "workspace_id": workspace.pk,
        "name": "Dashboard",
        "digest": crypto.digest(key),
        "hint": key[:7] + "…",
        "scopes": ["campaigns:read"],
        "networks": [],
        "created_by": "ada",
        "expires_at": None,
        "revoked_at": None,
        "replaces_id": None,
        "last_used_at": None,
    }
    assert crypto.is_well_formed(key)
    assert key not in repr(vars(made))
    assert made.state == KeyState.ACTIVE


def statements(queries):
    """The first word of each, without the savepoints of a transaction."""
    words = [query["sql"].split()[0] for query in queries]
    return [word for word in words if word not in {"SAVEPOINT", "RELEASE"}]


def test_making_a_key_costs_its_row_and_that_of_the_trail(workspace):
    with CaptureQueriesContext(connection) as queries:
        APIKey.objects.create_key(workspace=workspace, name="Dashboard", scopes=["*"])

    # The last one looks for old entries.
    assert statements(queries) == ["INSERT", "INSERT", "SELECT"]


def test_an_expiry_in_another_zone_is_kept_as_its_instant(workspace):
    in_delhi = datetime(2999, 1, 1, 5, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))

    made, _ = APIKey.objects.create_key(
        workspace=workspace, name="Dashboard", scopes=["*"], expires_at=in_delhi
    )

    assert made.expires_at == APIKey.objects.get().expires_at == datetime(2999, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("offset", [-12, 0, 14])
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12"])
@pytest.mark.parametrize("use_tz", [True, False])
def test_the_last_instant_of_all_can_be_stored_and_read(workspace, settings, offset, zone, use_tz):
    settings.TIME_ZONE, settings.USE_TZ = zone, use_tz
    last = datetime.max.replace(tzinfo=timezone(timedelta(hours=offset)))

    made, _ = APIKey.objects.create_key(
        workspace=workspace, name="Dashboard", scopes=["*"], expires_at=last
    )

    read = APIKey.objects.get()
    assert made.expires_at == read.expires_at
    assert read.expires_at.date().isoformat() == "9999-12-31"
    assert read.state == KeyState.ACTIVE


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"name": ""}, {"name": ["This field cannot be blank."]}),
        ({"name": " \t"}, {"name": ["This field cannot be blank."]}),
        ({"name": "a\0b"}, {"name": ["Control characters are not allowed."]}),
        ({"name": "a\ud800b"}, {"name": ["Control characters are not allowed."]}),
        ({"created_by": "a\nb"}, {"created_by": ["Control characters are not allowed."]}),
        (
            {"name": "a" * 101},
            {"name": ["Ensure this value has at most 100 characters (it has 101)."]},
        ),
        ({"scopes": []}, {"scopes": ["This field cannot be blank."]}),
        ({"scopes": "*"}, {"scopes": ["Give a list of at least one scope."]}),
        ({"scopes": ["*", "*"]}, {"scopes": ["The scope '*' is given twice."]}),
        (
            {"scopes": ["campaigns:red"]},
            {"scopes": [f"'campaigns:red' is not a known scope; known are {KNOWN}."]},
        ),
        (
            {"expires_at": datetime(2999, 1, 1)},
            {"expires_at": ["The expiry 2999-01-01 00:00:00 has no time zone."]},
        ),
        (
            {"expires_at": NOON},
            {"expires_at": ["The expiry 2024-05-01 12:00:00+00:00 is not in the future."]},
        ),
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(workspace, wrong, errors):
    right = {"workspace": workspace, "name": "Dashboard", "scopes": ["*"]}

    with pytest.raises(ValidationError) as caught:
        APIKey.objects.create_key(**right | wrong)

    assert caught.value.message_dict == errors
    assert not APIKey.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "constraint"),
    [
        ({"name": ""}, "mailmetrics_apikey_has_name"),
        ({"scopes": []}, "mailmetrics_apikey_has_scope"),
        ({"digest": "0" * 63}, "mailmetrics_apikey_digest_complete"),
        ({"digest": ""}, "mailmetrics_apikey_digest_complete"),
    ],
)
def test_the_database_refuses_what_must_never_be(wrong, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        APIKeyFactory(**wrong)


def test_the_database_refuses_a_digest_a_second_time():
    key = crypto.generate()
    APIKeyFactory(key=key)

    with pytest.raises(IntegrityError, match=r"(?i)unique"), transaction.atomic():
        APIKeyFactory(key=key)


@pytest.mark.parametrize(
    ("expires_in", "state"),
    [
        (None, KeyState.ACTIVE),
        (timedelta(days=14) + MOMENT, KeyState.ACTIVE),
        (timedelta(days=14), KeyState.EXPIRING),
        (MOMENT, KeyState.EXPIRING),
        (timedelta(0), KeyState.EXPIRED),
        (-MOMENT, KeyState.EXPIRED),
    ],
)
def test_the_state_follows_the_expiry(expires_in, state):
    expires_at = None if expires_in is None else NOON + expires_in
    key = APIKeyFactory.build(workspace=None, expires_at=expires_at)
    revoked = APIKeyFactory.build(workspace=None, expires_at=expires_at, revoked_at=NOON + MOMENT)

    assert key.state_at(NOON) == state
    assert key.is_usable_at(NOON) == (state != KeyState.EXPIRED)
    assert revoked.state_at(NOON) == KeyState.REVOKED
    assert not revoked.is_usable_at(NOON)


@pytest.mark.parametrize("state", KeyState)
def test_a_state_selects_the_keys_that_are_in_it(state):
    for expires_in in (None, timedelta(days=15), timedelta(days=14) + MOMENT, timedelta(days=14)):
        APIKeyFactory(expires_at=expires_in and NOON + expires_in)
    for expires_in in (MOMENT, timedelta(0), -MOMENT):
        APIKeyFactory(expires_at=NOON + expires_in)
        APIKeyFactory(expires_at=NOON + expires_in, revoked_at=NOON)

    selected = APIKey.objects.filter(state.condition_at(NOON))

    assert selected
    assert set(selected) == {key for key in APIKey.objects.all() if key.state_at(NOON) == state}


def test_a_request_makes_one_key(workspace):
    values = {
        "workspace": workspace,
        "name": "Dashboard",
        "scopes": ["*"],
        "request_id": uuid4(),
    }
    APIKey.objects.create_key(**values)

    with pytest.raises(IntegrityError, match="request_"), transaction.atomic():
        APIKey.objects.create_key(**values)

    assert APIKey.objects.count() == 1


@pytest.mark.parametrize(
    ("expiry", "instant", "left"),
    [
        (None, NOON, NOON),
        (NOON + MOMENT, NOON, NOON),
        (NOON, NOON, NOON),
        (NOON - MOMENT, NOON, NOON - MOMENT),
    ],
)
def test_an_expiry_only_ever_comes_forward(expiry, instant, left):
    key = APIKeyFactory(expires_at=expiry)
    stale = APIKey.objects.get()
    stale.expires_at = None

    assert stale.expire_by(instant) == (expiry != left)

    assert stale.expires_at == APIKey.objects.get().expires_at == left
    assert key.expires_at == expiry


def test_rotating_makes_an_equal_key_and_lets_the_old_one_run_out():
    old = APIKeyFactory(name="Dashboard", scopes=["campaigns:all", "*"], created_by="ada")
    before = utc_now()

    new, key = old.rotate(
        overlap=timedelta(days=7), expires_at=datetime(2999, 1, 1, tzinfo=UTC), created_by="bob"
    )

    kept = APIKey.objects.get(pk=old.pk)
    assert before <= kept.expires_at - timedelta(days=7) <= utc_now()
    assert old.expires_at == kept.expires_at
    assert (kept.digest, kept.revoked_at, kept.created_by) == (old.digest, None, "ada")
    made = APIKey.objects.exclude(pk=old.pk).get()
    assert made == new
    assert (made.digest, made.hint) == (crypto.digest(key), crypto.hint(key))
    assert (made.workspace, made.name, made.scopes, made.created_by, made.expires_at) == (
        old.workspace,
        "Dashboard",
        ["campaigns:all", "*"],
        "bob",
        datetime(2999, 1, 1, tzinfo=UTC),
    )
    assert (made.replaces, list(kept.replaced_by.all())) == (old, [new])
    old.delete()
    made.refresh_from_db()
    assert made.replaces is None


def test_a_key_with_a_scope_that_the_host_gave_up_can_be_rotated(workspace, monkeypatch):
    monkeypatch.setitem(scopes._registry, "orders:read", "Read orders.")
    granted = {"workspace": workspace, "name": "Orders", "scopes": ["orders:read", "*"]}
    old, _ = APIKey.objects.create_key(**granted)
    monkeypatch.delitem(scopes._registry, "orders:read")

    new, _ = old.rotate(overlap=timedelta(0))

    assert APIKey.objects.get(pk=new.pk).scopes == ["orders:read", "*"]
    with pytest.raises(ValidationError, match="'orders:read' is not a known scope"):
        APIKey.objects.create_key(**granted)


def test_rotating_never_lengthens_the_old_keys_life():
    soon = utc_now() + timedelta(hours=1)
    old = APIKeyFactory(expires_at=soon)

    new, _ = old.rotate(overlap=timedelta(days=7))

    assert old.expires_at == APIKey.objects.get(pk=old.pk).expires_at == soon
    assert new.expires_at is None


def test_without_an_overlap_the_old_key_ends_at_once():
    old = APIKeyFactory()

    old.rotate(overlap=timedelta(0))

    assert old.state == KeyState.EXPIRED


def test_the_longest_overlap_of_all_can_be_stored():
    old = APIKeyFactory()

    old.rotate(overlap=timedelta.max)

    assert old.expires_at == APIKey.objects.get(pk=old.pk).expires_at == LATEST_EXPIRY


@pytest.mark.parametrize("ended", [{"revoked_at": NOON}, {"expires_at": NOON}])
def test_a_key_that_another_ended_meanwhile_is_not_rotated(ended):
    key = APIKeyFactory()
    APIKey.objects.update(**ended)

    with pytest.raises(ValidationError) as caught:
        key.rotate(overlap=timedelta(days=7))

    assert caught.value.messages == ["A key that is expired or revoked can't be rotated."]
    [row] = APIKey.objects.values(*ended)
    assert row == ended


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"overlap": -MOMENT}, "The overlap is negative."),
        ({"expires_at": NOON}, "The expiry 2024-05-01 12:00:00+00:00 is not in the future."),
    ],
)
def test_a_rotation_that_makes_no_sense_changes_nothing(wrong, errors):
    key = APIKeyFactory()

    with pytest.raises(ValidationError) as caught:
        key.rotate(**{"overlap": timedelta(days=7)} | wrong)

    assert caught.value.messages == [errors]
    assert APIKey.objects.get().expires_at is None


def test_revoking_twice_keeps_the_first_instant():
    key = APIKeyFactory()
    also = APIKey.objects.get()

    with CaptureQueriesContext(connection) as queries:
        assert key.revoke(NOON) is True
    assert statements(queries) == ["UPDATE", "INSERT", "SELECT", "SELECT"]
    assert also.revoke() is False

    assert key.revoked_at == also.revoked_at == APIKey.objects.get().revoked_at == NOON
    assert also.state == KeyState.REVOKED


def test_a_key_is_revoked_now_and_alone():
    key, other = APIKeyFactory(), APIKeyFactory()
    before = utc_now()

    key.revoke()

    assert before <= key.revoked_at <= utc_now()
    other.refresh_from_db()
    assert other.revoked_at is None


def test_a_key_is_told_by_its_name_and_hint():
    assert str(APIKeyFactory.build(workspace=None, name="Dashboard", hint="mm_abcd…")) == (
        "Dashboard (mm_abcd…)"
    )
