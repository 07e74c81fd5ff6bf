import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import AppConfig, apps
from django.core import checks
from django.db import connection
from django.db.backends.postgresql import psycopg_any
from django.test import override_settings

from campaigns.checks import LABELS, check_apps, check_backend, check_settings

CAMPAIGNS, APIKEYS, ANALYTICS = LABELS
ROOT = Path(__file__).resolve().parent.parent.parent
WITHOUT = """
import sys, django
from tests import settings
settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app not in sys.argv[1:]]
django.setup()
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "check"])
"""


class Campaigns(AppConfig):
    """Our app under the label that Django would give it by itself."""

    name = CAMPAIGNS
    label = "campaigns"


def ids_and_messages(issues):
    return [(issue.id, issue.msg) for issue in issues]


def test_a_site_that_is_set_up_right_is_told_nothing():
    assert checks.run_checks() == []


@pytest.mark.parametrize(
    "missing", [[CAMPAIGNS], [APIKEYS], [ANALYTICS], [CAMPAIGNS, APIKEYS]], ids=",".join
)
def test_a_missing_app_is_named_and_nothing_breaks_before(missing):
    answer = subprocess.run(
        [sys.executable, "-c", WITHOUT, *missing],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    ours = {line for line in answer.stderr.splitlines() if "(mailmetrics." in line}
    assert answer.returncode == 1
    assert ours == {
        f"?: (mailmetrics.E001) The app {name!r} is not installed under its label {label!r}."
        for name, label in LABELS.items()
        if name in missing
    }, answer.stderr


def test_an_app_under_another_label_is_in_the_wrong_place(settings):
    assert check_apps() == []
    settings.INSTALLED_APPS = [
        "tests.campaigns.test_checks.Campaigns" if app == CAMPAIGNS else app
        for app in settings.INSTALLED_APPS
    ]
    (issue,) = check_apps()
    assert ids_and_messages([issue]) == [
        (
            "mailmetrics.E001",
            f"The app {CAMPAIGNS!r} is not installed under its label 'mailmetrics_campaigns'.",
        )
    ]
    assert issue.hint == (
        f"Name {CAMPAIGNS!r}, {APIKEYS!r} and {ANALYTICS!r} in INSTALLED_APPS, in any order; "
        f"another app config of {CAMPAIGNS!r} needs label = 'mailmetrics_campaigns'."
    )


WHOLE = "a whole number from 1 to 3652059"
MINUTES = "a whole number from 0 to 525600"


@pytest.mark.parametrize(
    ("value", "id_", "message"),
    [
        (None, "E002", "MAILMETRICS must be a dict."),
        ([("LAST_USED_MINUTES", 5)], "E002", "MAILMETRICS must be a dict."),
        ({"MAX_TIMELINE_DAYS": "5"}, "E003", f"must be {WHOLE}, not '5'."),
        ({"MAX_TIMELINE_DAYS": 0}, "E003", f"must be {WHOLE}, not 0."),
        ({"MAX_TIMELINE_DAYS": 3_652_060}, "E003", f"must be {WHOLE}, not 3652060."),
        ({"MAX_TIMELINE_DAYS": True}, "E003", f"must be {WHOLE}, not True."),
        ({"LAST_USED_MINUTES": 2.5}, "E003", f"must be {MINUTES}, not 2.5."),
        ({"LAST_USED_MINUTES": -1}, "E003", f"must be {MINUTES}, not -1."),
        ({"LAST_USED_MINUTES": None}, "E003", f"must be {MINUTES}, not None."),
        (
            {"EXCEPTION_HANDLER": print},
            "E003",
            'must be a dotted path such as "shop.api.errors", not <built-in function print>.',
        ),
        (
            {"EXCEPTION_HANDLER": "errors"},
            "E003",
            "must be a dotted path such as \"shop.api.errors\", not 'errors'.",
        ),
        ({"THROTTLE_CACHE": ["a"]}, "E003", "must be the alias of a cache (default), not ['a']."),
    ],
)
def test_an_ill_typed_setting_is_named(value, id_, message):
    with override_settings(MAILMETRICS=value):
        (issue,) = check_settings()
    if id_ == "E003":
        message = f'MAILMETRICS["{next(iter(value))}"] {message}'
    assert ids_and_messages([issue]) == [(f"mailmetrics.{id_}", message)]
    assert issue.hint == "docs/embedding.md lists the keys of MAILMETRICS with their values."


@pytest.mark.parametrize("label", LABELS.values())
def test_every_model_names_its_app_so_that_it_can_be_imported_without_it(label):
    for model in apps.get_app_config(label).get_models():
        assert model._meta.original_attrs["app_label"] == label, model


def test_every_mistake_is_told_at_once():
    value = {"MAX_DAYS": 5, "LAST_USED": 5, "MAX_TIMELINE_DAYS": "5", "LAST_USED_MINUTES": "5"}
    with override_settings(MAILMETRICS=value):
        issues = check_settings()
    assert [issue.id for issue in issues] == [f"mailmetrics.E00{n}" for n in (2, 3, 3)]
    assert issues[0].msg.startswith("MAILMETRICS has no key MAX_DAYS, LAST_USED; it may have ")


@pytest.mark.parametrize("good", [{}, {"MAX_TIMELINE_DAYS": 1, "LAST_USED_MINUTES": 0}])
def test_good_settings_are_not_told_of(good):
    with override_settings(MAILMETRICS=good):
        assert check_settings() == []


@pytest.mark.django_db
def test_both_databases_are_supported():
    assert check_backend(databases=["default"]) == []


def test_a_backend_without_triggers_is_refused_even_without_a_look_at_the_database(monkeypatch):
    monkeypatch.setattr(connection, "vendor", "mysql")
    monkeypatch.setattr(connection, "display_name", "MySQL")
    (issue,) = check_backend(databases=None)
    assert ids_and_messages([issue]) == [
        (
            "mailmetrics.E005",
            "The database 'default' is MySQL, which has no triggers of ours.",
        )
    ]
    assert issue.hint == (
        "Use PostgreSQL 15 or later with psycopg 3, or SQLite; a database router can send the "
        "apps to a database of their own."
    )


@pytest.mark.postgresql
def test_psycopg2_is_refused(monkeypatch):
    monkeypatch.setattr(psycopg_any, "is_psycopg3", False)
    assert ids_and_messages(check_backend(databases=None)) == [
        ("mailmetrics.E005", "The database 'default' is used through psycopg2.")
    ]


@pytest.mark.postgresql
def test_an_old_server_is_refused_where_a_command_looks_at_the_database(monkeypatch):
    monkeypatch.setattr(connection, "get_database_version", lambda: (14, 11))
    assert check_backend(databases=None) == []
    assert ids_and_messages(check_backend(databases=["default"])) == [
        ("mailmetrics.E005", "The database 'default' is PostgreSQL 14.")
    ]
