"""What a key may do: names of scopes, and when a granted one covers a required one."""

import re
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

EVERYTHING = "*"

_SPELLING = re.compile(r"[a-z][a-z0-9_-]*:[a-z][a-z0-9_-]*")
_registry: dict[str, str | Promise] = {}


def register_scope(name: str, description: str | Promise) -> None:
    """Make a scope known, so that a key can be given it; a host calls this in ``AppConfig.ready``.

    ``name`` is ``resource:action`` in lower case; ``description`` is a sentence on what it grants.
    Saying the same twice is fine; ValueError for another spelling or a second description.
    """
    if name != EVERYTHING and not _SPELLING.fullmatch(name):
        raise ValueError(f"The scope {name!r} is not spelled resource:action in lower case.")
    registered = _registry.setdefault(name, description)
    # One that is translated can't be compared with itself before the apps are ready.
    if registered is not description and registered != description:
        raise ValueError(f"The scope {name!r} is already registered: {registered}")


def known_scopes() -> dict[str, str | Promise]:
    """Each scope's description by its name, in the order of registration, ``*`` last."""
    return dict(sorted(_registry.items(), key=lambda item: item[0] == EVERYTHING))


def covers(granted: Iterable[str], required: str) -> bool:
    """Whether a key with the scopes ``granted`` may do what needs the scope ``required``.

    ``resource:all`` covers every scope of that resource, ``*`` covers every scope.
    """
    if isinstance(granted, str):
        # Its characters are no scopes, though one of them may be "*".
        return False
    resource, colon, _ = required.partition(":")
    return not {required, f"{resource}{colon}all", EVERYTHING}.isdisjoint(granted)


def validate_scopes(value: object) -> None:
    """ValidationError unless ``value`` is a list of known scopes, at least one, each once."""
    if not isinstance(value, list) or not value:
        raise ValidationError(_("Give a list of at least one scope."))
    for index, name in enumerate(value):
        if not isinstance(name, str) or name not in _registry:
            known = ", ".join(known_scopes())
            raise ValidationError(
                _("%(name)r is not a known scope; known are %(known)s."),
                params={"name": name, "known": known},
            )
        if name in value[:index]:
            raise ValidationError(_("The scope %(name)r is given twice."), params={"name": name})


register_scope("campaigns:read", _("Read the analytics of campaigns."))
register_scope("campaigns:update", _("Create and update campaigns."))
register_scope("campaigns:all", _("Everything that concerns campaigns."))
register_scope("events:create", _("Record events."))
register_scope("events:all", _("Everything that concerns events."))
register_scope(EVERYTHING, _("Everything in the workspace."))
