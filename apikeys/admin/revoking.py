"""Revoking keys in the admin: one on its page, or those selected in the list."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import router, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apikeys.admin.key_pages import KeyPages, name_of
from apikeys.models import APIKey


class Revoking(KeyPages):
    """Takes the permission to change keys."""

    actions = ("revoke_selected",)

    def has_revoke_permission(self, request: HttpRequest, obj: APIKey | None = None) -> bool:
        return self.has_change_permission(request, obj)

    def get_urls(self) -> list[URLPattern]:
        revoke = self.view_at("<path:object_id>/revoke/", self.revoke_view, "revoke")
        return [revoke, *super().get_urls()]

    @admin.action(description=gettext_lazy("Revoke selected API keys"), permissions=["revoke"])
    def revoke_selected(
        self, request: HttpRequest, queryset: QuerySet[APIKey]
    ) -> HttpResponse | None:
        if not request.POST.get("post"):
            return self.page(request, "revoke", title=_("Revoke API keys"), keys=queryset)
        if "keys" in request.POST:
            # Those that the page listed: others may have come into the list since.
            listed = filter(str.isdecimal, request.POST["keys"].split(","))
            queryset = queryset.filter(pk__in=list(listed))
        self._revoke(request, queryset)
        return None

    def revoke_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        key = self.key_of(request, object_id, self.has_revoke_permission, "change")
        if request.method != "POST":
            return self.page(request, "revoke", title=_("Revoke API key"), keys=[key], original=key)
        self._revoke(request, [key])
        return HttpResponseRedirect(self.url_after(request, key))

    def _revoke(self, request: HttpRequest, keys: Iterable[APIKey]) -> None:
        using = router.db_for_write(APIKey)
        with transaction.atomic(using=using):
            revoked = APIKey.objects.db_manager(using).revoke(keys, by=name_of(request.user))
            if revoked:
                # Any: a host's users may have keys of another type than int.
                user_id: Any = request.user.pk
                LogEntry.objects.log_actions(user_id, revoked, CHANGE, "Revoked.")
        text = ngettext("%(keys)s API key revoked.", "%(keys)s API keys revoked.", len(revoked))
        level = messages.SUCCESS if revoked else messages.WARNING
        self.message_user(
            request, text % {"keys": number_format(len(revoked), force_grouping=True)}, level
        )
