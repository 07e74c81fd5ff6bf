from dataclasses import fields

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from campaigns.base.settings import Configuration, mailmetrics, resolve

DEFAULTS = Configuration(MAX_TIMELINE_DAYS=3653, LAST_USED_MINUTES=5)


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({}, DEFAULTS),
        ({"LAST_USED_MINUTES": 1}, Configuration(LAST_USED_MINUTES=1)),
        (
            {"LAST_USED_MINUTES": 1, "MAX_TIMELINE_DAYS": 366},
            Configuration(LAST_USED_MINUTES=1, MAX_TIMELINE_DAYS=366),
        ),
    ],
)
def test_what_a_site_gives_stands_over_the_defaults(value, resolved):
    with override_settings(MAILMETRICS=value):
        assert resolve() == resolved
        assert mailmetrics.LAST_USED_MINUTES == resolved.LAST_USED_MINUTES
        assert mailmetrics.MAX_TIMELINE_DAYS == resolved.MAX_TIMELINE_DAYS


def test_a_site_need_not_have_the_dict(settings):
    settings.MAILMETRICS = {}
    del settings.MAILMETRICS

    resolved = resolve()
    assert resolved == DEFAULTS


def test_an_override_counts_from_its_start_to_its_end():
    before = mailmetrics.LAST_USED_MINUTES

    with override_settings(MAILMETRICS={"LAST_USED_MINUTES": 77}):
        assert mailmetrics.LAST_USED_MINUTES == 77
        with override_settings(TIME_ZONE="Europe/Berlin"):
            assert mailmetrics.LAST_USED_MINUTES == 77

    assert before == mailmetrics.LAST_USED_MINUTES


def test_an_unknown_key_is_named_when_any_is_read():
    known = ", ".join(field.name for field in fields(Configuration))
    message = f"MAILMETRICS has no key LAST_USED, 7; it may have {known}."

    with (
        override_settings(MAILMETRICS={"LAST_USED": 1, 7: 7, "LAST_USED_MINUTES": 1}),
        pytest.raises(ImproperlyConfigured) as caught,
    ):
        mailmetrics.MAX_TIMELINE_DAYS  # noqa: B018

    assert str(caught.value) == message


@pytest.mark.parametrize("value", [None, [], "LAST_USED_MINUTES", 5])
def test_anything_but_a_dict_is_refused(value):
    with (
        override_settings(MAILMETRICS=value),
        pytest.raises(ImproperlyConfigured, match="MAILMETRICS must be a dict"),
    ):
        resolve()


def test_nothing_else_can_be_read_or_set():
    with pytest.raises(AttributeError):
        mailmetrics.UNKNOWN  # noqa: B018
    with pytest.raises(AttributeError):
        resolve().LAST_USED_MINUTES = 7
