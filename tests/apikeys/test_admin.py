"""Keys in the admin: what staff may do, what is kept of it, and that a key is shown once."""

import logging
import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.log import AdminEmailHandler

import apikeys.admin
from apikeys import crypto, scopes
from apikeys.admin.key_pages import name_of
from apikeys.audit.entries import AuditEntry
from apikeys.lifetimes import KeyState
from apikeys.models import APIKey
from campaigns.fields import utc_now
from tests.factories import APIKeyFactory, WorkspaceFactory
from tests.mailing import admins

LIST = reverse("admin:mailmetrics_apikeys_apikey_changelist")
KEY = re.compile(r"mm_[0-9A-Za-z]{38}")
DAY = timedelta(days=1)
PAST = datetime(2024, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client, django_user_model):
    """A client of somebody with these permissions, such as "view"."""

    def staff(*permissions, model="apikey"):
        user = django_user_model.objects.create_user("ada", is_staff=True)
        names = [f"{permission}_{model}" for permission in permissions]
        user.user_permissions.set(Permission.objects.filter(codename__in=names))
        client.force_login(user)
        return client

    return staff


@pytest.fixture(params=[True, False], ids=["USE_TZ", "without USE_TZ"])
def zones(request, settings):
    settings.USE_TZ = request.param


def at(key, act):
    return f"{LIST}{key.pk}/{act}/"


def add_form(**values):
    """What the browser sends of the form that asks for a key."""
    sent = {"name": "Dashboard", "scopes": ["campaigns:read"], "token": str(uuid4())}
    return {
        **sent,
        **({} if "workspace" in values else {"workspace": WorkspaceFactory().pk}),
        **lifetime(values),
        **values,
    }


def rotate_form(**values):
    """What the browser sends of the form that asks how to rotate."""
    return {"overlap": "24", "token": str(uuid4()), **lifetime(values), **values}


def lifetime(values):
    return {"expires_in": "date" if "expires_at_0" in values else "never"}


def split(name, instant):
    return {f"{name}_0": f"{instant:%Y-%m-%d}", f"{name}_1": f"{instant:%H:%M:%S}"}


def history():
    entries = LogEntry.objects.order_by("pk")
    return [
        (each.user.get_username(), each.object_repr, each.get_change_message()) for each in entries
    ]


# Making a key.


def test_a_made_key_is_the_answer_to_the_form(admin_client):
    workspace = WorkspaceFactory(name="Acme")
    expiry = datetime(2999, 1, 1, 12, tzinfo=UTC)

    answer = admin_client.post(
        f"{LIST}add/",
        add_form(
            workspace=workspace.pk, scopes=["campaigns:read", "*"], **split("expires_at", expiry)
        ),
    )

    [key] = set(KEY.findall(answer.content.decode()))
    made = APIKey.objects.get()
    assert answer.status_code == 200
    assert (made.digest, made.hint) == (crypto.digest(key), crypto.hint(key))
    assert (made.workspace, made.name, made.scopes) == (
        workspace,
        "Dashboard",
        ["campaigns:read", "*"],
    )
    assert (made.expires_at, made.created_by) == (expiry, "admin")
    assert "no-store" in answer["Cache-Control"]
    assert (
        f"curl -H &#x27;X-API-Key: {key}&#x27; http://testserver/api/public/v1/analytics/campaigns"
        in answer.content.decode()
    )
    assert history() == [("admin", f"Dashboard ({key[:7]}…)", "Added.")]


class ReadsElsewhere:
    """As a host's router for replicas; nothing can be read there."""

    def db_for_read(self, model, **hints):
        return "elsewhere" if model is APIKey else None


def test_keys_are_made_and_changed_without_reading_elsewhere(admin_client, settings):
    settings.DATABASE_ROUTERS = [ReadsElsewhere()]
    values = add_form(workspace=WorkspaceFactory().pk, scopes=["*"])
    assert admin_client.post(f"{LIST}add/", values).status_code == 200
    key = APIKey.objects.using("default").get()
    assert admin_client.get(LIST).status_code == 200
    for act in ("change", "revoke", "rotate"):
        assert admin_client.get(at(key, act)).status_code == 200
    assert admin_client.post(at(key, "revoke")).status_code == 302
    assert APIKey.objects.using("default").get().revoked_at is not None


def test_the_form_has_each_scope_with_its_sentence_also_a_hosts_own(admin_client, monkeypatch):
    monkeypatch.setattr(scopes, "_registry", dict(scopes._registry))
    scopes.register_scope("leads:read", "Read the leads & their <names>.")

    html = admin_client.get(f"{LIST}add/").content.decode()

    boxes = re.findall(
        r'type="checkbox" name="scopes" value="([^"]*)".*?</code> (.*?)</label', html, re.S
    )
    assert [(name, text.strip()) for name, text in boxes] == [
        ("campaigns:read", "Read the analytics of campaigns."),
        ("campaigns:update", "Create and update campaigns."),
        ("campaigns:all", "Everything that concerns campaigns."),
        ("events:create", "Record events."),
        ("events:all", "Everything that concerns events."),
        ("leads:read", "Read the leads &amp; their &lt;names&gt;."),
        ("*", "Everything in the workspace."),
    ]
    answer = admin_client.post(f"{LIST}add/", add_form(scopes=["leads:read"]))
    assert APIKey.objects.get().scopes == ["leads:read"]
    assert KEY.search(answer.content.decode())
    assert "curl" not in answer.content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"name": "a" * 101},
        {"name": "a\x01b"},
        {"workspace": ""},
        {"scopes": []},
        {"scopes": ["campaigns:write"]},
        {"expires_at_0": "2024-01-01", "expires_at_1": "00:00"},
        {"expires_at_0": "", "expires_at_1": "00:00"},
        {"expires_at_0": "2999-01-01", "expires_in": "90"},
        {"expires_in": "date"},
        {"expires_in": ""},
        {"expires_in": "31"},
        {"expires_at_0": "31.12.", "expires_at_1": "00:00"},
        {"token": ""},
        {"token": "1"},
    ],
)
def test_a_form_that_makes_no_sense_makes_no_key(admin_client, wrong):
    answer = admin_client.post(f"{LIST}add/", add_form(**wrong))

    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert not KEY.search(answer.content.decode())
    assert not APIKey.objects.exists()
    assert history() == []


def test_the_last_day_of_all_is_an_expiry_like_others(admin_client, settings):
    settings.TIME_ZONE = "Pacific/Honolulu"
    far = {"expires_at_0": "9999-12-31", "expires_at_1": "23:59:59"}

    answer = admin_client.post(f"{LIST}add/", add_form(**far))

    assert "Enter a valid date." in answer.content.decode()
    far["expires_at_1"] = "00:00:00"
    assert KEY.search(admin_client.post(f"{LIST}add/", add_form(**far)).content.decode())


def test_sending_the_form_again_shows_nothing_and_makes_nothing(admin_client):
    sent = add_form()
    admin_client.post(f"{LIST}add/", sent)

    answer = admin_client.post(f"{LIST}add/", sent, follow=True)

    assert answer.redirect_chain == [(LIST, 302)]
    assert [str(message) for message in get_messages(answer.wsgi_request)] == [
        "This form was sent before: its key was shown then, and no other was made."
    ]
    assert not KEY.search(answer.content.decode())
    assert APIKey.objects.count() == 1


def test_of_two_forms_sent_at_once_one_makes_a_key(admin_client):
    sent = add_form()
    others = []

    def meanwhile(execute, sql, *args):
        answer = execute(sql, *args)
        # The other's key comes right after this one's look for it.
        if sql.startswith("SELECT") and "request_id" in sql and not others:
            others.append(True)
            APIKeyFactory(name="Other", request_id=sent["token"])
        return answer

    with connection.execute_wrapper(meanwhile):
        answer = admin_client.post(f"{LIST}add/", sent)

    assert (answer.status_code, answer["Location"]) == (302, LIST)
    assert [key.name for key in APIKey.objects.all()] == ["Other"]
    assert history() == []


def test_a_key_is_in_no_log_no_session_no_cookie_no_history_and_no_table(admin_client, caplog):
    caplog.set_level(logging.DEBUG)
    old = APIKeyFactory()
    with CaptureQueriesContext(connection) as queries:
        answers = [
            admin_client.post(f"{LIST}add/", add_form()),
            admin_client.post(at(old, "rotate"), rotate_form()),
        ]

    keys = {KEY.search(answer.content.decode())[0] for answer in answers}
    assert len(keys) == 2
    later = [admin_client.get(url).content.decode() for url in (LIST, at(old, "history"))]
    later += [admin_client.get(at(key, "change")).content.decode() for key in APIKey.objects.all()]
    kept = [
        caplog.text,
        str(queries.captured_queries),
        str([session.get_decoded() for session in Session.objects.all()]),
        str([answer.cookies for answer in answers]) + str(admin_client.cookies),
        str(history()),
        str(list(APIKey.objects.values())),
        *later,
    ]
    for key in keys:
        assert not [text for text in kept if key[7:] in text]


@pytest.mark.parametrize("act", ["add", "rotate"])
def test_an_error_report_of_the_page_tells_no_key(
    admin_client, act, monkeypatch, mailoutbox, settings
):
    settings.ADMINS = admins("ada@example.com")
    made = []
    generate = crypto.generate
    monkeypatch.setattr(crypto, "generate", lambda: made.append(generate()) or made[-1])
    monkeypatch.setattr(apikeys.admin.APIKeyAdmin, "example_view", property(lambda self: 1 / 0))
    admin_client.raise_request_exception = False
    logger = logging.getLogger("django.request")
    handler = AdminEmailHandler(include_html=True)
    logger.addHandler(handler)
    old = APIKeyFactory(key=generate())

    url = f"{LIST}add/" if act == "add" else at(old, "rotate")
    answer = admin_client.post(url, add_form(overlap="24"))
    logger.removeHandler(handler)

    [mail] = mailoutbox
    [key] = made
    assert answer.status_code == 500
    assert "ZeroDivisionError" in mail.body
    for text in (mail.body, *(content for content, _ in mail.alternatives)):
        assert key[7:] not in text
        assert crypto.digest(key) not in text
    assert APIKey.objects.get() == old
    assert APIKey.objects.get().expires_at is None


# How long a key lives.


@pytest.mark.parametrize(("lifetime", "days"), [("30", 30), ("90", 90), ("365", 365)])
@pytest.mark.parametrize("act", ["add", "rotate"])
def test_a_new_key_lives_as_long_as_is_chosen(admin_client, act, lifetime, days):
    old = APIKeyFactory()
    url, form = (f"{LIST}add/", add_form) if act == "add" else (at(old, "rotate"), rotate_form)
    before = utc_now()

    admin_client.post(url, form(expires_in=lifetime))

    made = APIKey.objects.exclude(pk=old.pk).get()
    left = made.expires_at - before
    assert timedelta(days=days, seconds=-1) <= left <= timedelta(days=days, minutes=1)


@pytest.mark.parametrize(
    ("zone", "expiry"),
    [
        ("UTC", datetime(2998, 1, 1, 23, 59, 59, tzinfo=UTC)),
        ("America/New_York", datetime(2998, 1, 2, 4, 59, 59, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("act", ["add", "rotate", "change"])
@pytest.mark.usefixtures("zones")
def test_a_date_alone_is_the_end_of_that_day_in_the_zone_that_the_page_names(
    admin_client, settings, act, zone, expiry
):
    settings.TIME_ZONE = zone
    old = APIKeyFactory()
    url = f"{LIST}add/" if act == "add" else at(old, act)
    form = {"add": add_form, "rotate": rotate_form, "change": dict}[act]

    page = admin_client.get(url).content.decode()
    admin_client.post(url, form(name="New", expires_at_0="2998-01-01", expires_at_1=""))

    assert f"it means the end of that day. Time zone: {zone}." in page
    made = APIKey.objects.exclude(pk=old.pk).get() if act != "change" else APIKey.objects.get()
    assert made.expires_at == expiry


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"expires_in": "date"}, "Enter a date."),
        (
            {"expires_in": "90", "expires_at_0": "2998-01-01"},
            "Choose “On a date”, or leave the date empty.",
        ),
        ({"expires_in": "31"}, "31 is not one of the available choices."),
        ({"expires_at_0": "2024-01-01"}, "This is in the past."),
    ],
)
def test_a_lifetime_that_makes_no_sense_says_why(admin_client, sent, message):
    old = APIKeyFactory()

    for url, form in ((f"{LIST}add/", add_form), (at(old, "rotate"), rotate_form)):
        assert message in admin_client.post(url, form(**sent)).content.decode()

    assert APIKey.objects.get() == old


# Changing a key.


def test_only_the_name_changes_whatever_is_sent(admin_client):
    key = APIKeyFactory(name="Old", created_by="bob")
    [before] = APIKey.objects.values()
    other = WorkspaceFactory()

    answer = admin_client.post(
        at(key, "change"),
        {
            "name": "New",
            "workspace": other.pk,
            "scopes": ["*"],
            "digest": "0" * 64,
            "hint": "mm_0000…",
            "created_by": "eve",
            "revoked_at_0": "2999-01-01",
            "revoked_at_1": "00:00",
            "token": str(uuid4()),
        },
    )

    assert answer.status_code == 302
    assert APIKey.objects.values().get() == before | {"name": "New"}
    assert history() == [("admin", f"New ({key.hint})", "Changed Name.")]


def test_a_key_revoked_meanwhile_stays_revoked(admin_client):
    key = APIKeyFactory()
    done = []

    def revoked_meanwhile(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and "apikey" in sql and not done:
            done.append(True)
            APIKey.objects.update(revoked_at=PAST)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(revoked_meanwhile):
        admin_client.post(at(key, "change"), {"name": "New"})

    assert done
    assert APIKey.objects.values_list("name", "revoked_at").get() == ("New", PAST)


SOON = datetime(2998, 1, 1, 12, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("known", "new", "message"),
    [
        (None, SOON, None),
        (SOON + DAY, SOON, None),
        (SOON + timedelta(seconds=1), SOON, None),
        (SOON, SOON + DAY, "An expiry can only be brought forward."),
        (SOON, SOON + timedelta(seconds=1), "An expiry can only be brought forward."),
        (SOON, None, "An expiry can be brought forward, not taken away."),
        (SOON, PAST, "This is in the past."),
        (None, PAST, "This is in the past."),
        (PAST, SOON, "An expiry can only be brought forward."),
        (PAST, PAST - DAY, "This is in the past."),
        (PAST, None, "An expiry can be brought forward, not taken away."),
    ],
)
@pytest.mark.usefixtures("zones")
def test_an_expiry_can_only_be_brought_forward(admin_client, known, new, message):
    key = APIKeyFactory(name="Old", expires_at=known)
    sent = split("expires_at", new) if new else {"expires_at_0": "", "expires_at_1": ""}

    answer = admin_client.post(at(key, "change"), {"name": "New", **sent})

    kept = APIKey.objects.get()
    if message is None:
        assert answer.status_code == 302
        assert (kept.name, kept.expires_at) == ("New", new)
        assert history()[0][2] == "Changed Name and Expires."
    else:
        assert message in answer.content.decode()
        assert (kept.name, kept.expires_at) == ("Old", known)
        assert history() == []


@pytest.mark.parametrize("expiry", [None, PAST, SOON, SOON + timedelta(microseconds=7)])
def test_saving_an_expiry_untouched_leaves_it_to_the_microsecond(admin_client, expiry):
    key = APIKeyFactory(expires_at=expiry)
    sent = split("expires_at", expiry) if expiry else {}

    assert admin_client.post(at(key, "change"), {"name": "New", **sent}).status_code == 302

    assert APIKey.objects.values_list("name", "expires_at").get() == ("New", expiry)


# Revoking and rotating.


def test_revoking_asks_first_and_is_in_the_history(admin_client):
    key, other = APIKeyFactory(), APIKeyFactory()

    answer = admin_client.get(at(key, "revoke"))
    assert str(key) in answer.content.decode()
    assert APIKey.objects.get(pk=key.pk).state == KeyState.ACTIVE
    answer = admin_client.post(at(key, "revoke"))

    assert (answer.status_code, answer["Location"]) == (302, at(key, "change"))
    assert APIKey.objects.get(pk=key.pk).state == KeyState.REVOKED
    assert APIKey.objects.get(pk=other.pk).state == KeyState.ACTIVE
    assert history() == [("admin", str(key), "Revoked.")]
    admin_client.post(at(key, "revoke"))
    assert history() == [("admin", str(key), "Revoked.")]


def test_many_are_revoked_after_one_question(admin_client):
    keys = [APIKeyFactory() for _ in range(3)]
    APIKeyFactory()
    revoked = APIKeyFactory(revoked_at=PAST)
    chosen = {
        "action": "revoke_selected",
        "_selected_action": [key.pk for key in [*keys, revoked]],
    }

    html = admin_client.post(LIST, chosen).content.decode()
    assert [str(key) in html for key in [*keys, revoked]] == [True] * 4
    assert history() == []
    admin_client.post(LIST, {**chosen, "post": "yes"})

    assert APIKey.objects.exclude(revoked_at=None).count() == 4
    assert APIKey.objects.get(pk=revoked.pk).revoked_at == PAST
    assert history() == [("admin", str(key), "Revoked.") for key in keys]


def test_two_thousand_keys_are_revoked_at_once_in_a_statement_each(admin_client):
    workspace = WorkspaceFactory()
    APIKey.objects.bulk_create(APIKeyFactory.build_batch(2_000, workspace=workspace))
    some = APIKey.objects.values_list("pk", flat=True)[:10]
    chosen = {"action": "revoke_selected", "_selected_action": some, "select_across": "1"}
    html = admin_client.post(LIST, chosen).content.decode()
    later = APIKeyFactory(workspace=workspace)

    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html))
    with CaptureQueriesContext(connection) as queries:
        assert admin_client.post(LIST, fields).status_code == 302

    assert list(APIKey.objects.filter(revoked_at=None)) == [later]
    assert len(history()) == 2_000
    assert AuditEntry.objects.filter(kind="revoked", actor="admin").count() == 2_000
    # A savepoint, an entry of the trail and one of the history for each would be four times that.
    assert len(queries) < 2_000 + 100


def test_a_revoked_key_takes_no_new_expiry(admin_client):
    key = APIKeyFactory(revoked_at=PAST)

    page = admin_client.get(at(key, "change")).content.decode()
    answer = admin_client.post(at(key, "change"), {"name": "New", **split("expires_at", SOON)})

    assert "expires_at_0" not in page
    assert answer.status_code == 302
    key.refresh_from_db()
    assert (key.name, key.expires_at) == ("New", None)


@pytest.mark.parametrize(
    "query",
    [
        *("digest=" + "0" * 64, "digest__startswith=0", "digest__gte=8"),
        *("request_id__gte=00000000-0000-0000-0000-000000000000", "digest__regex=^0"),
        *("name__iregex=[", "workspace__name__regex=("),
    ],
)
def test_a_digest_can_t_be_guessed_by_filters_and_a_pattern_breaks_nothing(admin_client, query):
    APIKeyFactory()

    assert admin_client.get(f"{LIST}?{query}").status_code == 400


def test_rotating_is_in_the_history_of_both_keys(admin_client):
    old = APIKeyFactory(name="Dashboard", scopes=["campaigns:all", "*"])

    answer = admin_client.post(
        at(old, "rotate"), rotate_form(overlap="168", **split("expires_at", SOON))
    )

    [key] = set(KEY.findall(answer.content.decode()))
    old.refresh_from_db()
    new = APIKey.objects.exclude(pk=old.pk).get()
    assert new.digest == crypto.digest(key)
    assert (new.workspace, new.name, new.scopes) == (old.workspace, old.name, old.scopes)
    assert (new.expires_at, new.created_by) == (SOON, "admin")
    assert timedelta(days=6) < old.expires_at - utc_now() <= timedelta(days=7)
    assert "no-store" in answer["Cache-Control"]
    ends = f"{old.expires_at:%Y-%m-%d %H:%M} UTC"
    instant = date_format(old.expires_at, "DATETIME_FORMAT")
    told = f"It replaces {old}, which is valid until {instant} (UTC)."
    assert told in answer.content.decode()
    assert history() == [
        ("admin", str(old), f"Rotated: replaced by {new}, valid until {ends}."),
        ("admin", str(new), f"Made by rotating {old}."),
    ]


def test_each_of_a_rotated_pair_names_the_other_and_when_the_old_one_ends(admin_client):
    old = APIKeyFactory(name="Dashboard")
    other = APIKeyFactory()
    for _ in range(2):
        admin_client.post(at(old, "rotate"), rotate_form())
    old.refresh_from_db()
    new, newer = APIKey.objects.filter(replaces=old).order_by("pk")

    def named(key, column):
        page = admin_client.get(at(key, "change")).content.decode()
        found = re.search(rf'field-{column}.*?<div class="readonly">(.*?)</div>', page, re.DOTALL)
        return found and found[1]

    def link(key, state):
        return f'<a href="{at(key, "change")}">{key}</a>: {state}'

    assert named(new, "replaced_key") == named(newer, "replaced_key")
    day = date_format(old.expires_at)
    assert named(new, "replaced_key") == link(old, f"Expiring ({day})")
    assert named(old, "new_keys") == f"{link(new, 'Active')}<br>{link(newer, 'Active')}"
    assert named(old, "replaced_key") is None
    assert named(new, "new_keys") is None
    assert (named(other, "replaced_key"), named(other, "new_keys")) == (None, None)


def test_a_rotation_sent_again_makes_no_second_key(admin_client):
    old = APIKeyFactory()
    sent = rotate_form(overlap="0")
    admin_client.post(at(old, "rotate"), sent)

    answer = admin_client.post(at(old, "rotate"), sent)

    assert (answer.status_code, answer["Location"]) == (302, LIST)
    assert APIKey.objects.count() == 2


@pytest.mark.parametrize(
    ("state", "sent", "message"),
    [
        ({"revoked_at": PAST}, {}, "A key that is expired or revoked can&#x27;t be rotated."),
        ({"expires_at": PAST}, {}, "A key that is expired or revoked can&#x27;t be rotated."),
        ({}, {"overlap": "1000000"}, "1000000 is not one of the available choices."),
        ({}, {"overlap": ""}, "This field is required."),
        ({}, split("expires_at", PAST), "This is in the past."),
    ],
)
def test_a_rotation_that_makes_no_sense_changes_nothing(admin_client, state, sent, message):
    key = APIKeyFactory(**state)
    [before] = APIKey.objects.values()

    answer = admin_client.post(at(key, "rotate"), rotate_form(**sent))

    assert message in answer.content.decode()
    assert list(APIKey.objects.values()) == [before]
    assert history() == []


# Who may do what.

ACTS = {
    "add": ("add/", add_form),
    "change": ("{pk}/change/", lambda: {"name": "New"}),
    "revoke": ("{pk}/revoke/", dict),
    "revoke many": ("", lambda: {"action": "revoke_selected", "post": "yes"}),
    "delete many": ("", lambda: {"action": "delete_selected", "post": "yes"}),
    "rotate": ("{pk}/rotate/", rotate_form),
    "delete": ("{pk}/delete/", lambda: {"post": "yes"}),
}


@pytest.mark.parametrize(
    ("permissions", "allowed"),
    [
        ([], set()),
        (["view"], set()),
        (["view", "delete"], set()),
        (["add"], {"add"}),
        (["view", "change"], {"change", "revoke", "revoke many"}),
        (["add", "change"], {"add", "change", "revoke", "revoke many", "rotate"}),
    ],
)
@pytest.mark.parametrize("act", ACTS)
def test_each_act_needs_its_permission(staff, permissions, allowed, act):
    key = APIKeyFactory(name="Old")
    [before] = APIKey.objects.values()
    route, sent = ACTS[act]

    answer = staff(*permissions).post(
        LIST + route.format(pk=key.pk), {**sent(), "_selected_action": key.pk}
    )

    if act in allowed:
        assert answer.status_code in {200, 302}
        assert "login" not in answer.get("Location", "")
        assert list(APIKey.objects.values()) != [before]
        assert {name for name, *_ in history()} == {"ada"}
    else:
        assert answer.status_code == 403
        assert list(APIKey.objects.values()) == [before]
        assert history() == []


def test_who_picks_the_permission_to_add_keys_reads_what_else_it_gives(admin_client):
    group = admin_client.get(reverse("admin:auth_group_add")).content.decode()
    assert "Can add API key, and so read every workspace" in group
    assert "Can change API key<" in group


@pytest.mark.parametrize("act", ["revoke", "rotate", "delete", "change", "history"])
def test_a_key_that_there_is_not_is_no_error(admin_client, act):
    answer = admin_client.get(f"{LIST}999/{act}/")

    assert answer.status_code in {302, 404}


@pytest.mark.parametrize(
    ("permissions", "tools"),
    [
        (["view"], ["history"]),
        (["view", "delete"], ["history"]),
        (["view", "add"], ["history"]),
        (["view", "change"], ["revoke", "history"]),
        (["view", "add", "change"], ["rotate", "revoke", "history"]),
    ],
)
def test_nobody_sees_a_button_that_they_may_not_press(staff, permissions, tools):
    key = APIKeyFactory()
    client = staff(*permissions)

    page = client.get(at(key, "change")).content.decode()
    listed = client.get(LIST).content.decode()

    assert [
        tool for tool in ("rotate", "revoke", "history") if f'href="{at(key, tool)}' in page
    ] == tools
    assert ('name="_save"' in page) == ("change" in permissions)
    assert "deletelink" not in page
    assert ("revoke_selected" in listed) == ("change" in permissions)
    assert "delete_selected" not in listed
    assert (f'href="{LIST}add/"' in listed) == ("add" in permissions)


@pytest.mark.parametrize(
    ("state", "tools"),
    [
        ({"expires_at": PAST}, ["revoke"]),
        ({"revoked_at": PAST}, []),
    ],
)
def test_an_ended_key_has_no_button_for_what_is_over(admin_client, state, tools):
    key = APIKeyFactory(**state)

    page = admin_client.get(at(key, "change")).content.decode()

    assert [tool for tool in ("rotate", "revoke") if f'href="{at(key, tool)}"' in page] == tools


def test_who_may_add_but_not_look_is_sent_to_the_index(staff):
    client, sent = staff("add"), add_form()

    assert 'href="/admin/">Done' in client.post(f"{LIST}add/", sent).content.decode()
    assert client.post(f"{LIST}add/", sent)["Location"] == "/admin/"


def test_a_superuser_may_delete_a_key(admin_client):
    key = APIKeyFactory()

    admin_client.post(at(key, "delete"), {"post": "yes"})

    assert not APIKey.objects.exists()
    assert history() == [("admin", str(key), "")]


# The list.


@pytest.fixture
def listed():
    acme = WorkspaceFactory(name="Acme")
    now = utc_now()
    APIKeyFactory(workspace=acme, name="Active", scopes=["campaigns:all", "*"], created_by="ada")
    APIKeyFactory(workspace=acme, name="Soon", expires_at=now + 13 * DAY, last_used_at=PAST)
    APIKeyFactory(name="Later", expires_at=now + 15 * DAY)
    APIKeyFactory(name="Expired", expires_at=PAST)
    APIKeyFactory(name="Revoked", revoked_at=PAST, expires_at=PAST)


def names(answer):
    cells = re.findall(r'class="field-name[^>]*><a[^>]*>(.*?)</a>', answer.content.decode())
    return sorted(cells)


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"state": "active"}, ["Active", "Later"]),
        ({"state": "expiring"}, ["Soon"]),
        ({"state": "expired"}, ["Expired"]),
        ({"state": "revoked"}, ["Revoked"]),
        ({"state": "none"}, ["Active", "Expired", "Later", "Revoked", "Soon"]),
        ({"scope": "campaigns:read"}, ["Expired", "Later", "Revoked", "Soon"]),
        ({"scope": "campaigns:all"}, ["Active"]),
        ({"scope": "*"}, ["Active"]),
        ({"scope": "%"}, ["Active", "Expired", "Later", "Revoked", "Soon"]),
        ({"q": "acme"}, ["Active", "Soon"]),
        ({"q": "ada"}, ["Active"]),
        ({"q": "later"}, ["Later"]),
        ({"q": "acme", "state": "expiring"}, ["Soon"]),
    ],
)
def test_keys_are_filtered_and_searched(admin_client, query, found):
    assert names(admin_client.get(LIST, query)) == found


@pytest.mark.usefixtures("listed")
def test_keys_are_found_by_workspace_and_hint(admin_client):
    key = APIKey.objects.get(name="Later")

    assert names(admin_client.get(LIST, {"workspace__id__exact": key.workspace_id})) == ["Later"]
    assert names(admin_client.get(LIST, {"q": key.hint[:7]})) == ["Later"]


@pytest.mark.usefixtures("listed")
def test_the_list_tells_all_of_a_key_but_itself(admin_client):
    html = admin_client.get(LIST, {"q": "Soon"}).content.decode()

    key = APIKey.objects.get(name="Soon")
    cells = re.findall(r'class="field-[^>]*>(.*?)</t[dh]>', html, re.DOTALL)
    assert [re.sub("<[^>]*>", "", cell) for cell in cells] == [
        "Soon",
        "Acme",
        key.hint,
        "campaigns:read",
        f"Expiring ({date_format(key.expires_at)})",
        "Jan. 1, 2024, midnight",
        "-",
    ]
    assert key.digest not in html


@pytest.mark.usefixtures("listed")
def test_the_list_costs_as_much_whatever_it_holds(admin_client):
    admin_client.get(LIST)
    with CaptureQueriesContext(connection) as few:
        admin_client.get(LIST)
    for _ in range(10):
        APIKeyFactory()
    with CaptureQueriesContext(connection) as many:
        admin_client.get(LIST)

    assert len(few) == len(many)


# Searching by a whole key.


@pytest.mark.parametrize("text", ["{}", "  {} ", "X-API-Key: {}", '"{}"', "xx{}", "{}\n"])
def test_a_whole_key_finds_its_own_by_the_hint_alone(admin_client, caplog, text):
    caplog.set_level(logging.DEBUG)
    key = crypto.generate()
    APIKeyFactory(key=key, name="Mine")
    APIKeyFactory()

    with CaptureQueriesContext(connection) as queries:
        sent = {"q": text.format(key), "state": "active", "p": "1"}
        answer = admin_client.post(f"{LIST}search/", sent, follow=True)

    assert answer.redirect_chain == [(f"{LIST}?q={key[:7]}&state=active&p=1", 302)]
    assert names(answer) == ["Mine"]
    for told in (answer.content.decode(), caplog.text, str(queries.captured_queries)):
        assert key[7:12] not in told


def test_a_whole_key_in_an_address_is_cut_there(admin_client):
    key = crypto.generate()
    APIKeyFactory(key=key, name="Mine")

    answer = admin_client.get(LIST, {"q": key, "state": "active"})

    assert (answer.status_code, answer["Location"]) == (302, f"{LIST}?q={key[:7]}&state=active")


@pytest.mark.parametrize("text", ["acme", "mm_", "mm_abcd", "mm_abcd…", "", "ä b"])
def test_any_other_search_is_as_it_was_written(admin_client, text):
    answer = admin_client.post(f"{LIST}search/", {"q": text})

    assert (answer.status_code, answer["Location"]) == (302, f"{LIST}?{urlencode({'q': text})}")
    assert admin_client.get(answer["Location"]).status_code == 200


def test_the_search_is_a_form_that_posts_and_keeps_the_filters(admin_client):
    page = admin_client.get(LIST, {"state": "active", "q": "a", "p": "1"}).content.decode()

    [form] = re.findall(r'<form id="changelist-search".*?</form>', page, re.DOTALL)
    assert 'method="post" action="search/"' in form
    assert "csrfmiddlewaretoken" in form
    assert re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', form)[1:] == [
        ("state", "active")
    ]


def test_who_may_not_see_keys_may_not_search_for_them(staff):
    assert staff().post(f"{LIST}search/", {"q": "a"}).status_code == 403


# A first visit.


def test_the_start_and_the_pages_of_keys_lead_to_the_description_of_the_api(admin_client):
    key = APIKeyFactory()
    docs = f'<a href="{reverse("mailmetrics:docs")}">API documentation</a>'

    pages = [admin_client.get(url) for url in ("/admin/", "/admin/mailmetrics_apikeys/", LIST)]
    pages += [admin_client.get(at(key, "change")), admin_client.post(f"{LIST}add/", add_form())]

    assert [page.content.decode().count(docs) for page in pages] == [1] * 5


# A host's own user model and AdminSite.


class OddUser:
    def __init__(self, name):
        self.name = name

    def get_username(self):
        return self.name


@pytest.mark.parametrize(
    ("name", "kept"),
    [("ada@example.com", "ada@example.com"), ("a\n\0b", "ab"), ("é" * 300, "é" * 254), (7, "7")],
)
def test_the_creators_name_fits_whatever_the_user_model(name, kept):
    assert name_of(OddUser(name)) == kept


custom = admin.AdminSite(name="office")
apikeys.admin.register(custom)
urlpatterns = [path("office/", custom.urls)]


@pytest.mark.urls(__name__)
def test_all_works_in_a_hosts_own_site_without_the_default_one_and_the_api(admin_client):
    base = "/office/mailmetrics_apikeys/apikey/"
    answer = admin_client.post(f"{base}add/", add_form())
    [key] = APIKey.objects.all()

    html = answer.content.decode()
    assert KEY.search(html)
    assert f'href="{base}{key.pk}/change/">Done' in html
    assert "curl" not in html
    for page in ("", "add/", f"{key.pk}/change/", f"{key.pk}/rotate/", f"{key.pk}/revoke/"):
        html = admin_client.get(base + page).content.decode()
        assert f'href="{base}' in html
        assert '"/admin/' not in html
        assert "API documentation" not in html
    assert admin_client.post(f"{base}search/", {"q": key.hint})["Location"].startswith(base)
    admin_client.post(f"{base}{key.pk}/rotate/", rotate_form())
    assert admin_client.post(f"{base}{key.pk}/revoke/")["Location"] == f"{base}{key.pk}/change/"
