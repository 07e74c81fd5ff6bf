"""Every message under its one identity, and which kinds of ids each workspace has.

Events of one message that were recorded in several spellings become one per kind, at the earliest
instant. The totals follow by their triggers.
"""

import hashlib
import re
import sys
from collections.abc import Iterator
from typing import Any

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from campaigns.base.progress import progress_bar

_PAGE = 5_000
_LONGEST_ID = 238
_WITH_MARK = re.compile(r"(.+) ([0-9a-f]{16})", re.DOTALL)


def settle_identities(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    alias = schema_editor.connection.alias
    workspaces = apps.get_model("mailmetrics_campaigns", "Workspace").objects.using(alias)
    events = apps.get_model("mailmetrics_campaigns", "EmailEvent").objects.using(alias)
    with progress_bar(shown=sys.stderr.isatty(), total=None, unit=" messages") as advance:
        for pk in workspaces.values_list("pk", flat=True):
            own = events.filter(workspace_id=pk)
            for page in _pages(own):
                _move(own, pk, {each: _spelled(each) for each in page if each != _spelled(each)})
                advance(len(page))
            has_recipients, has_ids_alone = _join_counterparts(own, pk)
            workspaces.filter(pk=pk).update(
                has_recipients=has_recipients, has_ids_alone=has_ids_alone
            )


def _pages(events: Any) -> Iterator[list[str]]:
    """The ids of the messages in their order, some at a time."""
    ids = events.order_by("message_id").values_list("message_id", flat=True).distinct()
    page = list(ids[:_PAGE])
    while page:
        yield page
        page = list(ids.filter(message_id__gt=page[-1])[:_PAGE])


def _join_counterparts(events: Any, workspace_id: int) -> tuple[bool, bool]:
    """Move what has no recipient to the one recipient of its id; which kinds of ids there are."""
    has_recipients = has_ids_alone = False
    stem, alone, named = "", False, list[str]()
    for page in _pages(events):
        joined: dict[str, str] = {}
        for each in page:
            marked = _WITH_MARK.fullmatch(each)
            if (marked[1] if marked else each) != stem:
                if alone and len(named) == 1:
                    joined[stem] = named[0]
                stem, alone, named = marked[1] if marked else each, False, []
            alone, named = alone or not marked, [*named, each] if marked else named
            has_recipients |= bool(marked)
            has_ids_alone |= not marked
        _move(events, workspace_id, joined)
    if alone and len(named) == 1:
        _move(events, workspace_id, {stem: named[0]})
    return has_recipients, has_ids_alone


def _move(events: Any, workspace_id: int, to: dict[str, str]) -> None:
    if not to:
        return
    known = events.filter(message_id__in={*to, *to.values()})
    rows = list(known.values_list("message_id", "kind", "occurred_at", "campaign_id"))
    known.delete()
    earliest: dict[tuple[str, int], Any] = {}
    for message_id, kind, *place in rows:
        key = (to.get(message_id, message_id), kind)
        earliest[key] = min(earliest.get(key, place), place)
    events.bulk_create(
        events.model(
            workspace_id=workspace_id,
            message_id=message_id,
            kind=kind,
            occurred_at=occurred_at,
            campaign_id=campaign_id,
        )
        for (message_id, kind), (occurred_at, campaign_id) in earliest.items()
    )


def _spelled(message_id: str) -> str:
    """As campaigns.recording.identity spells it, when this migration was written."""
    marked = _WITH_MARK.fullmatch(message_id)
    text, mark = (marked[1], f" {marked[2]}") if marked else (message_id, "")
    text = text.strip().strip("<>").strip()
    local, at, domain = text.rpartition("@")
    text = f"{local}{at}{domain.lower()}" if at else text
    if len(text) > _LONGEST_ID:
        text = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    return text + mark if text else message_id


class Migration(migrations.Migration):
    dependencies = [("mailmetrics_campaigns", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="workspace",
            name="has_recipients",
            field=models.BooleanField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="workspace",
            name="has_ids_alone",
            field=models.BooleanField(editable=False, null=True),
        ),
        migrations.RunPython(settle_identities, migrations.RunPython.noop, elidable=True),
    ]
