"""Is the process alive, and may it have requests? Open to all, so the answers tell no more.

Own code rather than django-health-check: what there is to ask, Django and our system checks
answer already, and its checks tell the world the text of an error.
"""

from functools import cache

from django.core.checks import Tags, run_checks
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from analytics.api.outages import is_outage
from analytics.replica import configured_replica, state
from apikeys.throttling import counting
from campaigns.base.settings import mailmetrics

MISSING_TRIGGERS = "mailmetrics.E006"


@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """200 from a process that answers at all: one that does not is to be started again."""
    return JsonResponse({"status": "live"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 if the database is there, migrated, has its triggers and passes its other checks; else
    503 that names which it is not.

    It also says whether reports are read from the replica and whether requests are counted; the
    site answers without either, unless it chose to refuse what it can't count.
    """
    store = _throttle_store()
    failed = _failed()
    if not failed and store == "fails" and mailmetrics.THROTTLE_FAILURE == "refuse":
        failed = "throttle_store"
    if failed:
        return JsonResponse({"status": "not ready", "failed": failed}, status=503)
    replica = configured_replica()
    optional = {"replica": state(replica) if replica else "", "throttle_store": store}
    told = {name: each for name, each in optional.items() if each}
    return JsonResponse({"status": "ready"} | told)


def _throttle_store() -> str:
    if not mailmetrics.THROTTLE_RATES:
        return ""
    return "works" if counting.works() else "fails"


def _failed() -> str:
    try:
        if _migrations() - MigrationRecorder(connection).applied_migrations().keys():
            return "migrations"
        found = run_checks(tags=[Tags.database], databases=[connection.alias])
    except Error as error:
        if not is_outage(error):
            raise
        return "database"
    serious = {message.id for message in found if message.is_serious()}
    return "triggers" if MISSING_TRIGGERS in serious else "checks" if serious else ""


@cache
def _migrations() -> set[tuple[str, str]]:
    """Those in the code of this process, which does not change."""
    return set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
