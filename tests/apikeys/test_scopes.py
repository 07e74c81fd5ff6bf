import pytest
from django.core.exceptions import ValidationError

from apikeys import scopes
from apikeys.scopes import covers, known_scopes, register_scope, validate_scopes

OURS = ["campaigns:read", "campaigns:update", "campaigns:all", "events:create", "events:all"]
KNOWN = ", ".join([*OURS, "*"])


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    """What a test registers is forgotten after it."""
    monkeypatch.setattr(scopes, "_registry", dict(scopes._registry))


@pytest.mark.parametrize(
    ("granted", "required"),
    [
        (["campaigns:read"], "campaigns:read"),
        (["campaigns:all"], "campaigns:read"),
        (["campaigns:all"], "campaigns:write"),
        (["campaigns:all"], "campaigns:all"),
        (["*"], "campaigns:read"),
        (["*"], "campaigns:all"),
        (["*"], "orders:read"),
        (["*"], "*"),
        (["orders:read", "campaigns:read"], "campaigns:read"),
    ],
)
def test_a_granted_scope_covers(granted, required):
    assert covers(granted, required)


@pytest.mark.parametrize(
    ("granted", "required"),
    [
        ([], "campaigns:read"),
        (["campaigns:read"], "campaigns:write"),
        (["campaigns:read"], "campaigns:all"),
        (["campaigns:read"], "*"),
        (["campaigns:all"], "*"),
        (["campaigns:all"], "orders:read"),
        (["campaigns:all"], "campaigns"),
        (["campaigns:all"], "campaigns-archive:read"),
        (["campaigns:read"], "campaigns:readonly"),
        (["campaigns:readonly"], "campaigns:read"),
        (["CAMPAIGNS:READ"], "campaigns:read"),
        ("campaigns:read", "campaigns:read"),
        ("*", "campaigns:read"),
    ],
)
def test_a_granted_scope_does_not_cover(granted, required):
    assert not covers(granted, required)


def test_the_known_scopes_say_what_they_grant():
    assert known_scopes() == {
        "campaigns:read": "Read the analytics of campaigns.",
        "campaigns:update": "Create and update campaigns.",
        "campaigns:all": "Everything that concerns campaigns.",
        "events:create": "Record events.",
        "events:all": "Everything that concerns events.",
        "*": "Everything in the workspace.",
    }


def test_a_hosts_scope_is_listed_after_ours_and_before_the_star():
    register_scope("orders:read", "Read orders.")

    assert list(known_scopes()) == [*OURS, "orders:read", "*"]
    assert known_scopes()["orders:read"] == "Read orders."


def test_the_answer_of_known_scopes_is_a_copy():
    known_scopes().clear()

    assert list(known_scopes()) == [*OURS, "*"]


def test_registering_the_same_twice_changes_nothing():
    register_scope("orders:read", "Read orders.")
    register_scope("orders:read", "Read orders.")

    assert list(known_scopes()) == [*OURS, "orders:read", "*"]


def test_a_second_description_is_refused():
    with pytest.raises(ValueError, match="'campaigns:read' is already registered: Read the"):
        register_scope("campaigns:read", "Something else.")

    assert known_scopes()["campaigns:read"] == "Read the analytics of campaigns."


@pytest.mark.parametrize(
    "name",
    [
        *("", ":", "orders", "orders:", ":read", "orders:*", "**", "1orders:read"),
        *("Orders:read", "orders:Read", "órders:read", "orders:read:all"),
        *("orders: read", " orders:read", "orders:read\n", "orders:read,campaigns:read"),
    ],
)
def test_another_spelling_is_refused(name):
    with pytest.raises(ValueError, match="is not spelled resource:action"):
        register_scope(name, "Something.")


@pytest.mark.parametrize("name", ["orders:read", "a:b", "order_items-2:read_all-2"])
def test_this_spelling_is_accepted(name):
    register_scope(name, "Something.")

    assert known_scopes()[name] == "Something."


@pytest.mark.parametrize("value", [["campaigns:read"], ["*"], ["campaigns:all", "*"]])
def test_a_list_of_known_scopes_is_valid(value):
    validate_scopes(value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "Give a list of at least one scope."),
        (None, "Give a list of at least one scope."),
        ("*", "Give a list of at least one scope."),
        ({"*": 1}, "Give a list of at least one scope."),
        (
            ["campaigns:read", "orders:read"],
            f"'orders:read' is not a known scope; known are {KNOWN}.",
        ),
        ([7], f"7 is not a known scope; known are {KNOWN}."),
        ([["*"]], f"['*'] is not a known scope; known are {KNOWN}."),
        (["*", "campaigns:all", "*"], "The scope '*' is given twice."),
    ],
)
def test_scopes_that_are_not_valid_are_named(value, message):
    with pytest.raises(ValidationError) as caught:
        validate_scopes(value)

    assert caught.value.messages == [message]
