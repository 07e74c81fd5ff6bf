"""Choosing a workspace in Django's admin, where there are more than a list should hold."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, path, reverse

from campaigns.models import Workspace

MANY = 100
_PAGE = 20
_LONGEST_ID = 18  # digits, which the database's integers have room for


def are_many() -> bool:
    return Workspace.objects.order_by()[: MANY + 1].count() > MANY


class WorkspaceSelect(AutocompleteSelect):
    """Asks the page's own admin, so that it takes no permission but that for the page."""

    def get_url(self) -> str:
        return reverse(_url_name(self.field.model), current_app=self.admin_site.name)

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        # Django's own looks up whatever was sent.
        ids = [each for each in value if str(each).isdecimal() and len(str(each)) <= _LONGEST_ID]
        return super().optgroups(name, ids or [""], attr)


class WorkspaceFilter(admin.RelatedFieldListFilter):
    """A filter by workspace: with many of them, one to search in instead of a list."""

    def __init__(  # noqa: PLR0917 - as Django's
        self,
        field: Any,
        request: HttpRequest,
        params: dict[str, list[str]],
        model: Any,
        model_admin: Any,
        field_path: str,
    ) -> None:
        self.are_many = are_many()
        if self.are_many:
            self.template = "admin/mailmetrics_campaigns/workspace_filter.html"
            self.parameters = request.GET
            self.select = _select(field, model_admin).widget
            chosen = f"{field_path}__{field.target_field.name}__exact"
            if params.get(chosen) == [""]:  # as the form sends it when the choice was cleared
                del params[chosen]
        super().__init__(field, request, params, model, model_admin, field_path)

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        return [] if self.are_many else super().field_choices(field, request, model_admin)

    def has_output(self) -> bool:
        return self.are_many or super().has_output()

    def form(self) -> Any:
        """The select, with the one workspace that is chosen."""
        value = self.lookup_val[-1] if self.lookup_val else ""
        return self.select.render(self.lookup_kwarg, value, {"id": "workspace-filter"})

    def others(self) -> Iterator[tuple[str, str]]:
        """The list's other parameters, which a choice here leaves as they are."""
        for name, values in self.parameters.lists():
            if name not in {*self.expected_parameters(), "p", "e"}:
                yield from ((name, value) for value in values)


class ManyWorkspaces(admin.ModelAdmin):  # type: ignore[type-arg]  # django-stubs makes it generic, and Django's own class can't be subscripted at run time
    """With many workspaces, those in the form and in the filter are searched for by name."""

    @property
    def media(self) -> Any:
        return super().media + _select(self.opts.get_field("workspace"), self).widget.media

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "workspace" and are_many():
            kwargs.setdefault("widget", WorkspaceSelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.workspaces_view)
        name = _url_name(self.model).partition(":")[2]
        return [path("workspaces/", view, name=name), *super().get_urls()]

    def workspaces_view(self, request: HttpRequest) -> JsonResponse:
        """The workspaces that the form offers and whose name has the ``term``, as Select2 asks."""
        if not (self.has_view_or_change_permission(request) or self.has_add_permission(request)):
            raise PermissionDenied
        offered = self.formfield_for_foreignkey(self.opts.get_field("workspace"), request).queryset
        term = request.GET.get("term", "").replace("\0", "")
        page = Paginator(offered.filter(name__icontains=term), _PAGE).get_page(
            request.GET.get("page")
        )
        results = [{"id": str(each.pk), "text": each.name} for each in page]
        return JsonResponse({"results": results, "pagination": {"more": page.has_next()}})


def _select(field: Any, model_admin: Any) -> Any:
    return field.formfield(widget=WorkspaceSelect(field, model_admin.admin_site), required=False)


def _url_name(model: Any) -> str:
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_workspaces"
