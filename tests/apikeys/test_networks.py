"""The networks that a key may come from: how they are spelled, and what becomes of others."""

from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from apikeys.addresses import are_narrower, is_within, parse_network, validate_networks
from apikeys.audit.entries import AuditEntry, AuditKind
from apikeys.models import APIKey
from tests.factories import APIKeyFactory, WorkspaceFactory, new_key

ME = "/api/public/v1/me"


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1/32 ", "192.0.2.1"),
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("192.0.2.0/255.255.255.0", "192.0.2.0/24"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("2001:DB8:0:0::/64", "2001:db8::/64"),
        ("2001:db8::/32", "2001:db8::/32"),
    ],
)
def test_a_network_has_one_spelling(text, spelled):
    assert parse_network(text) == spelled
    assert parse_network(spelled) == spelled


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "neither an address nor a network"),
        ("office", "neither an address nor a network"),
        ("192.0.2.256", "neither an address nor a network"),
        ("192.0.2.1/24", "has host bits set"),
        ("192.0.2.1:80", "neither an address nor a network"),
        ("2001:db8::1", "give 2001:db8::/64, not “2001:db8::1”"),
        ("2001:db8::/65", "give 2001:db8::/64"),
    ],
)
def test_what_is_none_is_refused(text, message):
    with pytest.raises(ValidationError) as refused:
        parse_network(text)
    assert message in refused.value.messages[0]


@pytest.mark.parametrize(
    "value", ["192.0.2.1", [1], ["192.0.2.1/32"], ["192.0.2.1"] * 2, ["10.0.0.1"] * 51]
)
def test_no_other_list_is_stored(value):
    with pytest.raises(ValidationError):
        validate_networks(value)


@pytest.mark.parametrize(
    ("address", "within"),
    [
        ("192.0.2.7", True),
        ("192.0.2.7:4711", True),
        ("::ffff:192.0.2.7", True),
        ("192.0.3.7", False),
        ("2001:db8:1:2::9", True),
        ("[2001:db8:1:2:ffff::9%eth0]:443", True),
        ("2001:db8:1:3::9", False),
        ("unknown", False),
        ("", False),
    ],
)
def test_an_address_is_within_by_the_rule_of_the_throttle(address, within):
    assert is_within(address, ["192.0.2.0/24", "2001:db8:1:2::/64"]) is within


@pytest.mark.parametrize(
    ("new", "old", "narrower"),
    [
        (["192.0.2.1"], ["192.0.2.0/24"], True),
        (["192.0.2.0/24"], ["192.0.2.0/24", "10.0.0.0/8"], True),
        (["192.0.2.0/23"], ["192.0.2.0/24"], False),
        (["2001:db8::/64"], ["0.0.0.0/0"], False),
    ],
)
def test_a_list_is_narrower_if_each_of_its_networks_is(new, old, narrower):
    assert are_narrower(new, old) is narrower


@pytest.mark.django_db
def test_a_key_is_refused_from_elsewhere_and_told_from_where():
    key = new_key(networks=["192.0.2.0/24", "2001:db8::/64"])

    def ask(address):
        answer = Client(headers={"X-API-Key": key}).get(ME, REMOTE_ADDR=address)
        return answer.status_code, answer.json().get("detail")

    refused = "This API key may not be used from {}."
    assert ask("192.0.2.9")[0] == ask("2001:db8::77")[0] == 200
    assert ask("198.51.100.1") == (403, refused.format("198.51.100.1"))
    assert ask("2001:db8:0:1::1") == (403, refused.format("2001:db8:0:1::/64"))
    refusals = AuditEntry.objects.filter(kind=AuditKind.REFUSED).order_by("id")
    assert list(refusals.values_list("address", "detail")) == [
        ("198.51.100.1", "address"),
        ("2001:db8:0:1::/64", "address"),
    ]


@pytest.mark.django_db
def test_behind_proxies_the_address_is_the_one_that_they_saw(settings):
    settings.REST_FRAMEWORK = {"NUM_PROXIES": 1}
    client = Client(headers={"X-API-Key": new_key(networks=["192.0.2.1"])})
    statuses = [
        client.get(ME, headers={"X-Forwarded-For": sent}).status_code
        for sent in ("9.9.9.9, 192.0.2.1", "192.0.2.1, 9.9.9.9")
    ]
    assert statuses == [200, 403]


@pytest.mark.django_db
def test_what_a_key_is_refused_from_elsewhere_counts_for_the_address_not_for_the_key(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.MAILMETRICS = {"THROTTLE_RATES": {"key": "2/hour", "address": "2/hour"}}
    client = Client(headers={"X-API-Key": new_key(networks=["192.0.2.1"])})
    elsewhere = [client.get(ME, REMOTE_ADDR="10.0.0.1").status_code for _ in range(4)]
    assert elsewhere == [403, 403, 429, 429]
    assert client.get(ME, REMOTE_ADDR="192.0.2.1").headers["X-RateLimit-Remaining"] == "1"


@pytest.mark.django_db
def test_the_command_takes_networks(capsys):
    WorkspaceFactory(name="Acme")
    words = ["create_api_key", "Acme", "--name", "Key", "--scope", "*"]
    call_command(*words, "--from", "192.0.2.1/32", "--from", "2001:DB8::/48")
    assert APIKey.objects.get().networks == ["192.0.2.1", "2001:db8::/48"]
    with pytest.raises(CommandError, match="neither an address nor a network"):
        call_command(*words, "--from", "the office")
    assert APIKey.objects.count() == 1


@pytest.mark.django_db
def test_a_rotated_key_may_come_from_the_same_networks():
    old = APIKeyFactory(networks=["192.0.2.1"])
    new, _ = old.rotate(overlap=old.created_at - old.created_at)
    assert new.networks == ["192.0.2.1"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new", "narrowed"),
    [
        ([], ["10.0.0.0/8"], True),
        (["10.0.0.0/8"], ["10.1.0.0/16"], True),
        (["10.0.0.0/8"], ["11.0.0.0/8"], False),
        (["10.0.0.0/8"], [], False),
    ],
)
def test_a_key_never_gains_addresses(admin_client, old, new, narrowed):
    key = APIKeyFactory(networks=old)
    assert APIKey.objects.get().narrow(new, by="ada") is narrowed
    assert APIKey.objects.get().networks == (new if narrowed else old)
    entries = AuditEntry.objects.values_list("kind", "actor", "detail")
    expected = [("changed", "ada", "from " + ", ".join(new))] if narrowed else []
    assert list(entries) == expected
    # Nor by the admin's form, which says so.
    APIKey.objects.update(networks=old)
    url = reverse("admin:mailmetrics_apikeys_apikey_change", args=[key.pk])
    answer = admin_client.post(url, {"name": "Key", "networks": "\n".join(new)})
    assert APIKey.objects.get().networks == (new if narrowed else old)
    text = answer.content.decode()
    assert ("The addresses can only be narrowed" in text) is not narrowed


@pytest.mark.django_db
def test_the_admin_makes_a_key_with_networks(admin_client):
    url = reverse("admin:mailmetrics_apikeys_apikey_add")
    form = {
        "name": "Key",
        "workspace": WorkspaceFactory().pk,
        "scopes": ["campaigns:read"],
        "expires_in": "90",
        "token": str(uuid4()),
    }
    answer = admin_client.post(url, form | {"networks": "192.0.2.1/24"})
    assert "has host bits set" in answer.content.decode()
    admin_client.post(url, form | {"networks": "192.0.2.0/24, 10.0.0.1\n10.0.0.1"})
    assert APIKey.objects.get().networks == ["192.0.2.0/24", "10.0.0.1"]
