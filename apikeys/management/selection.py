"""Which keys a command is about: by workspace, name and hint."""

from typing import Any

from django.core.management.base import CommandParser
from django.db.models import QuerySet

from apikeys.models import APIKey
from campaigns.management.workspaces import workspace_named


def add_selection(parser: CommandParser) -> None:
    parser.add_argument("--workspace", metavar="WORKSPACE", help="keys of this workspace alone")
    parser.add_argument("--name", help="keys of this name alone")
    parser.add_argument("--hint", help="keys with this hint alone, as the list shows it")


def selected(options: dict[str, Any]) -> QuerySet[APIKey]:
    """The keys of all workspaces that the options leave; raises CommandError for no workspace."""
    using = options["database"]
    keys = APIKey.objects.using(using).select_related("workspace")
    if options["workspace"] is not None:
        keys = keys.filter(workspace=workspace_named(options["workspace"], using=using))
    if options["name"] is not None:
        keys = keys.filter(name=options["name"])
    if options["hint"] is not None:
        keys = keys.filter(hint=options["hint"])
    return keys


def line(key: APIKey) -> str:
    """The key in one line, its fields apart by tabs; none of them has one itself."""
    last_used = f"{key.last_used_at:%Y-%m-%d}" if key.last_used_at else "never used"
    return "\t".join(
        (key.hint, key.state.value, str(key.workspace), key.name, " ".join(key.scopes), last_used)
    )
