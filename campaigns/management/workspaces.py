"""The workspace that a command is told to work on."""

from django.core.management.base import CommandError
from django.db import DataError

from campaigns.models import Workspace


def workspace_named(name: str, *, using: str) -> Workspace:
    """Raises CommandError if there is none of this name."""
    try:
        return Workspace.objects.using(using).get(name=name)
    except (Workspace.DoesNotExist, DataError, ValueError):
        # No workspace has a name that can't be stored, such as one with a NUL.
        raise CommandError(f"There is no workspace {name!r}.") from None
