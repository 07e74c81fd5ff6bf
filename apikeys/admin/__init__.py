"""Keys in Django's admin: made, rotated and revoked; each shown once."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apikeys.admin.audit import Audited, AuditEntryAdmin
from apikeys.admin.key_pages import state_text
from apikeys.admin.list_filters import ScopeFilter, StateFilter
from apikeys.admin.making import Making
from apikeys.admin.revoking import Revoking
from apikeys.admin.rotating import Rotating
from apikeys.admin.searching import Searching
from apikeys.audit.entries import AuditEntry
from apikeys.models import APIKey
from campaigns.base.refusals import ExplainedRefusals, Refused
from campaigns.fields import utc_now
from campaigns.workspace_choices import ManyWorkspaces, WorkspaceFilter


class APIKeyAdmin(
    ExplainedRefusals, Making, Rotating, Revoking, Searching, Audited, ManyWorkspaces
):
    """Rotating a key takes the permissions to add and to change, revoking it that to change.

    Only a superuser may delete keys, or their workspace with them: a revoked key still tells who
    had access.
    """

    class Media:
        css = {"all": ["mailmetrics_campaigns/lists.css", "mailmetrics_apikeys/key.css"]}

    list_display = (
        "name",
        "workspace",
        "hint",
        "granted",
        "current_state",
        "last_used_at",
        "created_by",
    )
    list_filter = (StateFilter, ("workspace", WorkspaceFilter), ScopeFilter)
    list_select_related = ("workspace",)
    search_fields = ("name", "hint", "workspace__name", "created_by")
    search_help_text = _(
        "By name, workspace, creator or hint. Of a whole key only its hint is kept."
    )
    show_full_result_count = False

    @admin.display(description=_("scopes"))
    def granted(self, key: APIKey) -> SafeString:
        return format_html_join(", ", "<code>{}</code>", ((name,) for name in key.scopes))

    @admin.display(description=_("state"), ordering="expires_at")
    def current_state(self, key: APIKey) -> str:
        return state_text(key)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        if (key := context["original"]) is not None:
            may_rotate = key.is_usable_at(utc_now()) and self.has_rotate_permission(request, key)
            may_revoke = key.revoked_at is None and self.has_revoke_permission(request, key)
            context |= {"may_rotate": may_rotate, "may_revoke": may_revoke}
        return super().render_change_form(request, context, *args, **kwargs)

    def permissions_for(self, act: str) -> list[tuple[str, str]]:
        return [] if act == "delete" else super().permissions_for(act)

    def reason_against(self, act: str) -> str:
        if act == "delete":
            return gettext("Only a superuser may delete API keys. Revoke them instead.")
        return super().reason_against(act)

    def has_delete_permission(self, request: HttpRequest, obj: APIKey | None = None) -> bool:
        superuser = getattr(request.user, "is_superuser", False)
        return superuser and super().has_delete_permission(request, obj)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        # Django answers a forbidden action with the list, as if it had been done.
        actions = {name for name in request.POST.getlist("action") if name}
        if forbidden := actions - set(self.get_actions(request)):
            raise Refused("delete" if "delete_selected" in forbidden else "change")
        return super().changelist_view(request, extra_context)


def register(site: admin.AdminSite) -> None:
    """Show the keys in a host's own AdminSite."""
    site.register(APIKey, APIKeyAdmin)
    site.register(AuditEntry, AuditEntryAdmin)


register(admin.site)
