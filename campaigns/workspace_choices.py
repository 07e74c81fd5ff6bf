"""Choosing a workspace in Django's admin, where there are more than a list should hold."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from campaigns.models import Workspace

MANY = 100


def are_many() -> bool:
    return Workspace.objects.order_by()[: MANY + 1].count() > MANY


class FewWorkspacesFilter(admin.RelatedFieldListFilter):
    """A filter by workspace; with many of them, the list's search finds them by name instead."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        return [] if are_many() else super().field_choices(field, request, model_admin)


class ManyWorkspaces(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """With many workspaces the form's ``workspace`` is searched for, by those who may view them."""

    def get_autocomplete_fields(self, request: HttpRequest) -> Any:
        fields = super().get_autocomplete_fields(request)
        site = self.admin_site
        searchable = site.is_registered(Workspace) and site.get_model_admin(
            Workspace
        ).has_view_permission(request)
        return [*fields, "workspace"] if searchable and are_many() else fields
