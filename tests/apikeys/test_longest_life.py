"""The longest life that a site lets a key have: the admin, the commands and Python obey."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.urls import reverse

from apikeys.models import APIKey
from campaigns.base.settings import mistakes
from campaigns.fields import utc_now
from tests.factories import APIKeyFactory, WorkspaceFactory

DAY = timedelta(days=1)
TOO_LONG = "A key may live for 30 days at most: until "

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def thirty_days(settings):
    settings.MAILMETRICS = {"MAX_KEY_DAYS": 30}


def days_left(key):
    return (key.expires_at - utc_now()) / DAY


def make(**values):
    return APIKey.objects.create_key(
        workspace=WorkspaceFactory(), name="Key", scopes=["*"], **values
    )[0]


def test_a_key_without_an_expiry_gets_the_longest():
    assert days_left(make()) == pytest.approx(30, abs=0.01)
    assert days_left(make(expires_at=utc_now() + DAY)) == pytest.approx(1, abs=0.01)
    with pytest.raises(ValidationError) as refused:
        make(expires_at=utc_now() + 31 * DAY)
    assert refused.value.message_dict["expires_at"][0].startswith(TOO_LONG)


def test_a_rotated_key_obeys_too():
    new, _ = APIKeyFactory().rotate(overlap=DAY)
    assert days_left(new) == pytest.approx(30, abs=0.01)
    with pytest.raises(ValidationError):
        new.rotate(overlap=DAY, expires_at=utc_now() + 31 * DAY)


def test_the_commands_obey(capsys):
    WorkspaceFactory(name="Acme")
    words = ["create_api_key", "Acme", "--name", "Key", "--scope", "*"]
    with pytest.raises(CommandError, match=TOO_LONG):
        call_command(*words, "--expires", "2999-01-01")
    call_command(*words)
    old = APIKey.objects.get()
    assert days_left(old) == pytest.approx(30, abs=0.01)
    with pytest.raises(CommandError, match=TOO_LONG):
        call_command("rotate_api_key", "--hint", old.hint, "--expires", "2999-01-01")
    old.refresh_from_db()
    assert days_left(old) == pytest.approx(30, abs=0.01)


def test_the_admin_obeys(admin_client):
    later = utc_now() + 40 * DAY
    expiry = {"expires_in": "date", "expires_at_0": f"{later:%Y-%m-%d}"}
    url = reverse("admin:mailmetrics_apikeys_apikey_add")
    form = {
        "name": "Key",
        "workspace": WorkspaceFactory().pk,
        "scopes": ["campaigns:read"],
        "token": str(uuid4()),
    }
    assert TOO_LONG in admin_client.post(url, form | expiry).content.decode()
    assert TOO_LONG in admin_client.post(url, form | {"expires_in": "90"}).content.decode()
    admin_client.post(url, form | {"expires_in": "never"})
    key = APIKey.objects.get()
    assert days_left(key) == pytest.approx(30, abs=0.01)
    url = reverse("admin:mailmetrics_apikeys_apikey_rotate", args=[key.pk])
    sent = {"overlap": "1", "token": str(uuid4()), **expiry}
    assert TOO_LONG in admin_client.post(url, sent).content.decode()
    assert APIKey.objects.count() == 1


def test_it_is_a_number_of_days(settings):
    settings.MAILMETRICS = {"MAX_KEY_DAYS": 0}
    (mistake,) = mistakes()
    assert mistake.text == (
        'MAILMETRICS["MAX_KEY_DAYS"] must be a whole number from 1 to 36500, not 0.'
    )
