"""What the admin says before it deletes: how much goes, not a list of it all."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.contrib.admin import AdminSite
from django.db import router
from django.db.models import Count, ProtectedError, RestrictedError
from django.db.models.deletion import Collector
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.dashboard.figures import count_text
from analytics.models import CampaignDailyTotals, DailyTotals
from campaigns.models import Campaign

Deleted = tuple[list[str], dict[str, str], set[str], list[str]]


def deleted_objects(objs: Sequence[Any], request: HttpRequest, site: AdminSite) -> Deleted:
    """As ``ModelAdmin.get_deleted_objects``, for campaigns or workspaces with their totals.

    Django's own reads and lists each campaign of a workspace, and each takes a look-up of its
    address. Here those that the database can delete unread are counted, and the permission to
    delete them is that for the model.
    """
    if not objs:
        return [], {}, set(), []
    collector = Collector(using=router.db_for_write(type(objs[0])))
    protected: set[Any] = set()
    try:
        collector.collect(objs)
    except ProtectedError as error:
        protected = error.protected_objects
    except RestrictedError as error:
        protected = error.restricted_objects
    counts: Counter[str] = Counter()
    forbidden = set()
    for model, rows, number in _found(collector):
        counts[str(model._meta.verbose_name_plural)] += number
        if not _may_delete(rows, request, site, model):
            forbidden.add(str(model._meta.verbose_name))
    days = _days(objs)
    listed = [_with_its_history(obj, days.get(obj.pk, 0)) for obj in objs]
    grouped = {name: count_text(number) for name, number in counts.items()}
    return listed, grouped, forbidden, [str(row) for row in protected]


def _found(collector: Any) -> Iterator[tuple[Any, Iterable[Any], int]]:
    """Each model with the rows that were read and the number of all; None stands for any row."""
    for model, rows in collector.data.items():
        yield model, rows, len(rows)
    for unread in collector.fast_deletes:
        if number := unread.count():
            yield unread.model, [None], number


def _may_delete(rows: Iterable[Any], request: HttpRequest, site: AdminSite, model: Any) -> bool:
    if not site.is_registered(model):
        return True
    page: Any = site.get_model_admin(model)
    return all(page.has_delete_permission(request, row) for row in rows)


def _with_its_history(obj: Any, days: int) -> str:
    name = f"{capfirst(obj._meta.verbose_name)}: {obj}"
    if not days:
        return _("%(name)s, without any history") % {"name": name}
    sent = ngettext("%(count)s message sent", "%(count)s messages sent", obj.total_sent)
    history = ngettext("%(count)s day of history", "%(count)s days of history", days)
    return _("%(name)s, with %(sent)s and %(history)s") % {
        "name": name,
        "sent": sent % {"count": count_text(obj.total_sent)},
        "history": history % {"count": count_text(days)},
    }


def _days(objs: Sequence[Any]) -> Mapping[Any, int]:
    """On how many days something happened, by the object's key."""
    rows: Any = (
        CampaignDailyTotals.objects.filter(campaign__in=objs).values_list("campaign_id")
        if isinstance(objs[0], Campaign)
        else DailyTotals.objects.filter(workspace__in=objs).values_list("workspace_id")
    )
    return dict(rows.annotate(Count("day")))
