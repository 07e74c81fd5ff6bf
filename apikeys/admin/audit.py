"""The audit trail of keys in the admin: to be read, by those who may view it."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db import router
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apikeys.admin.key_pages import KeyPages, name_of
from apikeys.audit.entries import AuditEntry, AuditKind
from apikeys.audit.noting import note_acts
from apikeys.models import APIKey
from campaigns.base.lookups import CarefulLookups
from campaigns.base.read_only import ReadOnlyAdmin
from campaigns.workspace_choices import ManyWorkspaces, WorkspaceFilter


class Audited(KeyPages):
    """The admin's part of the trail: who deleted a key, and where its entries are listed."""

    def delete_model(self, request: HttpRequest, obj: APIKey) -> None:
        self._deleting(request, [obj])
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[APIKey]) -> None:
        self._deleting(request, queryset)
        super().delete_queryset(request, queryset)

    def _deleting(self, request: HttpRequest, keys: Iterable[APIKey]) -> None:
        note_acts(AuditKind.DELETED, list(keys), actor=name_of(request.user))

    @admin.display(description=_("audit trail"))
    def audit_trail(self, key: APIKey) -> SafeString:
        url = reverse(
            "admin:mailmetrics_apikeys_auditentry_changelist", current_app=self.admin_site.name
        )
        text = _("What was done with it")
        return format_html('<a href="{}?key__id__exact={}">{}</a>', url, key.pk, text)


class AuditEntryAdmin(CarefulLookups, ReadOnlyAdmin, ManyWorkspaces):
    """Nobody adds, changes or deletes an entry; the oldest go by themselves."""

    class Media:
        css = {"all": ["mailmetrics_campaigns/lists.css", "mailmetrics_apikeys/key.css"]}

    list_display = ("at", "kind", "label", "workspace", "actor", "address", "detail")
    list_display_links = None
    list_filter = ("kind", ("workspace", WorkspaceFilter))
    list_select_related = ("workspace",)
    search_fields = ("label", "actor", "address", "workspace__name")
    search_help_text = _("By key, workspace, address or who did it.")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        # Where it is written, as the keys are.
        entries: QuerySet[AuditEntry] = super().get_queryset(request)
        return entries.using(router.db_for_write(AuditEntry))

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        # By which the page of a key leads here.
        return lookup == "key__id__exact" or super().lookup_allowed(lookup, value, request)
