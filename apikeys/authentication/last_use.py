"""When a key was last used: written once in a while, and never a reason to wait or to fail."""

import logging
from datetime import datetime, timedelta

from django.db import Error, connections, router
from django.db.models import Q

from apikeys.models import APIKey
from campaigns.base.settings import mailmetrics
from campaigns.base.waiting import without_waiting

logger = logging.getLogger(__name__)

_CLOCKS_DIFFER = timedelta(minutes=1)


def note_last_use(api_key: APIKey, now: datetime) -> None:
    """Write down that the key is used, unless that would fail or have to wait: then the next
    request writes it."""
    stale = now - timedelta(minutes=mailmetrics.LAST_USED_MINUTES)
    last = api_key.last_used_at
    # One in the future is of a server whose clock is ahead, or was.
    if last is not None and stale <= last <= now + _CLOCKS_DIFFER:
        return
    alias = router.db_for_write(APIKey)
    # Of many requests that read the same old value, the condition lets one write it.
    is_stale = Q(last_used_at__isnull=True) | ~Q(last_used_at__range=(stale, now + _CLOCKS_DIFFER))
    rows = APIKey.objects.using(alias).filter(is_stale, pk=api_key.pk)
    try:
        with without_waiting(alias):
            if connections[alias].features.has_select_for_update_skip_locked:
                free = rows.select_for_update(skip_locked=True).order_by().values("pk")
                rows = APIKey.objects.using(alias).filter(pk__in=free)
            rows.update(last_used_at=now)
    except Error as error:
        reason = str(error).partition("\n")[0]
        logger.info("The last use of key %s is not written: %s", api_key.pk, reason)
