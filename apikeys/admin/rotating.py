"""Rotating a key in the admin: a new one takes the place of an old one, after an overlap."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import router, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables

from apikeys.admin.forms import RotateForm
from apikeys.admin.key_pages import URLS, KeyPages, name_of, state_text
from apikeys.models import APIKey


class Rotating(KeyPages):
    """Takes the permissions to add and to change keys."""

    def has_rotate_permission(self, request: HttpRequest, obj: APIKey | None = None) -> bool:
        return self.has_add_permission(request) and self.has_change_permission(request, obj)

    def get_urls(self) -> list[URLPattern]:
        rotate = self.view_at("<path:object_id>/rotate/", self.rotate_view, "rotate")
        return [rotate, *super().get_urls()]

    @admin.display(description=gettext_lazy("replaces"))
    def replaced_key(self, key: APIKey) -> SafeString:
        return self._linked(pk=key.replaces_id)

    @admin.display(description=gettext_lazy("replaced by"))
    def new_keys(self, key: APIKey) -> SafeString:
        return self._linked(replaces=key)

    def _linked(self, **which: Any) -> SafeString:
        """The keys, each a link to its page, with their state."""
        site = self.admin_site.name
        keys = APIKey.objects.using(router.db_for_write(APIKey)).filter(**which)
        links = (
            (reverse(f"{URLS}_change", args=[key.pk], current_app=site), key, state_text(key))
            for key in keys.order_by("pk")
        )
        return format_html_join(mark_safe("<br>"), '<a href="{}">{}</a>: {}', links)

    # Keeps the key out of error reports, here and in every call below.
    @method_decorator(sensitive_variables())
    def rotate_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        key = self.key_of(request, object_id, self.has_rotate_permission, "add", "change")
        return self.once(request, lambda: self._rotate(request, key))

    def _rotate(self, request: HttpRequest, old: APIKey) -> HttpResponse:
        form = RotateForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                with transaction.atomic(using=router.db_for_write(APIKey)):
                    return self._rotated(request, old, form.cleaned_data)
            except ValidationError as error:
                form.add_error(None, error.messages)
        return self.page(request, "rotate", title=_("Rotate API key"), original=old, form=form)

    def _rotated(self, request: HttpRequest, old: APIKey, values: dict[str, Any]) -> HttpResponse:
        new, key = old.rotate(
            overlap=values["overlap"],
            expires_at=values["expires_at"],
            created_by=name_of(request.user),
            request_id=values["token"],
        )
        ends = f"{old.expires_at:%Y-%m-%d %H:%M} UTC"
        self.log_change(request, old, f"Rotated: replaced by {new}, valid until {ends}.")
        self.log_addition(request, new, f"Made by rotating {old}.")
        return self.shown_once(request, new, key, replaces=old)
