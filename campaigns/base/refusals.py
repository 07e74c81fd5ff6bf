"""Pages of Django's admin that say which permission is missing where they are refused."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.translation import gettext as _

_ACTS = {"changelist": "view", "add": "add", "delete": "delete", "history": "view"}


class Refused(PermissionDenied):
    """Refused for want of the permissions to do these ``acts``, such as "change"."""

    def __init__(self, *acts: str) -> None:
        super().__init__(", ".join(acts))
        self.acts = acts


class ExplainedRefusals(admin.ModelAdmin):  # type: ignore[type-arg]  # django-stubs makes it generic, and Django's own class can't be subscripted at run time
    """Answers a page that the user may not open with one of the admin's own, and 403."""

    def get_urls(self) -> list[URLPattern]:
        return self.explained(super().get_urls())

    def explained(self, urls: list[URLPattern]) -> list[URLPattern]:
        for url in filter(lambda url: url.name, urls):
            url.callback = self._explained(url.callback, str(url.name).rpartition("_")[2])
        return urls

    def permissions_for(self, act: str) -> list[tuple[str, str]]:
        """The permissions that an act takes, as code and name."""
        return [permission(self.model, act)]

    def reason_against(self, act: str) -> str:
        """Why somebody who has the permission for an act may not do it all the same."""
        return _("Your account may not do this.")

    def _explained(self, view: Callable[..., HttpResponse], page: str) -> Callable[..., Any]:
        @wraps(view)
        def explained(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                return view(request, *args, **kwargs)
            except Refused as error:
                return self._refusal(request, error.acts)
            except PermissionDenied:
                changes = page == "change" and request.method == "POST"
                return self._refusal(request, ["change" if changes else _ACTS.get(page, "view")])

        return explained

    def _refusal(self, request: Any, acts: Sequence[str]) -> TemplateResponse:
        needed = dict(each for act in acts for each in self.permissions_for(act))
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Not allowed"),
            "missing": {
                code: name for code, name in needed.items() if not request.user.has_perm(code)
            },
            "reason": self.reason_against(acts[-1]),
        }
        template = "admin/mailmetrics_campaigns/refused.html"
        return TemplateResponse(request, template, context, status=403)


def permission(model: Any, act: str) -> tuple[str, str]:
    """The code and the name of the permission to do that with a model's objects."""
    opts = model._meta
    code = get_permission_codename(act, opts)
    name = dict(opts.permissions).get(code, f"Can {act} {opts.verbose_name_raw}")
    return f"{opts.app_label}.{code}", name
