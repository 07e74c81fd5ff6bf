"""Keys in Django's admin: made, rotated and revoked; each shown once."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import router, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import pluralize
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.debug import sensitive_variables

from apikeys.forms import AddKeyForm, ChangeKeyForm, RotateForm
from apikeys.list_filters import ScopeFilter, StateFilter
from apikeys.models import APIKey
from apikeys.shown_once import TEMPLATES, ShownOnce
from campaigns.fields import utc_now


class APIKeyAdmin(ShownOnce):
    """Rotating a key takes the permissions to add and to change, revoking it that to change.

    Only a superuser may delete keys, or their workspace with them: a revoked key still tells who
    had access.
    """

    class Media:
        css = {"all": ["mailmetrics_apikeys/key.css"]}

    list_display = (
        "name",
        "workspace",
        "hint",
        "granted",
        "current_state",
        "last_used_at",
        "created_by",
    )
    list_filter = (StateFilter, "workspace", ScopeFilter)
    list_select_related = ("workspace",)
    search_fields = ("name", "hint", "workspace__name", "created_by")
    search_help_text = "By name, workspace, creator or hint; never by a whole key."
    show_full_result_count = False
    actions = ("revoke_selected",)

    @admin.display(description="scopes")
    def granted(self, key: APIKey) -> SafeString:
        return format_html_join(", ", "<code>{}</code>", ((name,) for name in key.scopes))

    @admin.display(description="state", ordering="expires_at")
    def current_state(self, key: APIKey) -> str:
        if key.revoked_at is not None or key.expires_at is None:
            return str(key.state.label)
        return f"{key.state.label} ({key.expires_at:%Y-%m-%d})"

    # The form: a new key is asked for, an old one only renamed or ended sooner.

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return [(None, {"fields": ["name", "workspace", "scopes", "expires_at", "token"]})]
        state = ["current_state", "hint", "last_used_at", "created_by", "created_at", "revoked_at"]
        return [
            (None, {"fields": ["name", "workspace", "granted", "expires_at"]}),
            ("State", {"fields": state}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        sections = self.get_fieldsets(request, obj)
        names = [name for _, section in sections for name in section["fields"]]
        return [name for name in names if name not in ChangeKeyForm.base_fields]

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = ChangeKeyForm if change else AddKeyForm
        return super().get_form(request, obj, change=change, **{"form": form, **kwargs})

    def save_model(self, request: HttpRequest, obj: APIKey, form: Any, change: bool) -> None:
        if not change:
            self._create(request, obj, form)
            return
        # Only what the form is about: the rest of the row may have changed since it was read.
        obj.save(update_fields=["name"])
        if "expires_at" in form.changed_data:
            obj.expire_by(form.cleaned_data["expires_at"])

    def _create(self, request: Any, obj: APIKey, form: Any) -> None:
        made, key = APIKey.objects.create_key(
            workspace=obj.workspace,
            name=obj.name,
            scopes=obj.scopes,
            expires_at=obj.expires_at,
            created_by=_name_of(request.user),
            request_id=form.cleaned_data["token"],
        )
        obj.pk = made.pk
        obj.refresh_from_db()
        # On its way to response_add, and nowhere else: not in what an error report tells.
        request.new_key = key

    def response_add(
        self, request: Any, obj: APIKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self.shown_once(request, obj, request.new_key)

    # Keeps the key out of error reports, here and in every call below.
    @method_decorator(sensitive_variables())
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        context = dict(extra_context or {})
        if object_id is None:
            context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        parent = super().changeform_view
        return self.once(request, lambda: parent(request, object_id, form_url, context))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        if (key := context["original"]) is not None:
            may_rotate = key.is_usable_at(utc_now()) and self.has_rotate_permission(request, key)
            may_revoke = key.revoked_at is None and self.has_revoke_permission(request, key)
            context |= {"may_rotate": may_rotate, "may_revoke": may_revoke}
        return super().render_change_form(request, context, *args, **kwargs)

    # Permissions.

    def has_revoke_permission(self, request: HttpRequest, obj: APIKey | None = None) -> bool:
        return self.has_change_permission(request, obj)

    def has_rotate_permission(self, request: HttpRequest, obj: APIKey | None = None) -> bool:
        return self.has_add_permission(request) and self.has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: APIKey | None = None) -> bool:
        superuser = getattr(request.user, "is_superuser", False)
        return superuser and super().has_delete_permission(request, obj)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        # Django answers a forbidden action with the list, as if it had been done.
        actions = {name for name in request.POST.getlist("action") if name}
        if not actions.issubset(self.get_actions(request)):
            raise PermissionDenied
        return super().changelist_view(request, extra_context)

    # Revoking and rotating.

    def get_urls(self) -> list[URLPattern]:
        def at(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
            wrapped = self.admin_site.admin_view(view)
            return path(route, wrapped, name=f"mailmetrics_apikeys_apikey_{name}")

        return [
            at("<path:object_id>/revoke/", self.revoke_view, "revoke"),
            at("<path:object_id>/rotate/", self.rotate_view, "rotate"),
            *super().get_urls(),
        ]

    def _key(
        self,
        request: HttpRequest,
        object_id: str,
        may: Callable[[HttpRequest, APIKey | None], bool],
    ) -> APIKey:
        key: APIKey | None = self.get_object(request, unquote(object_id))
        if not may(request, key):
            raise PermissionDenied
        if key is None:
            raise Http404
        return key

    @admin.action(description="Revoke selected API keys", permissions=["revoke"])
    def revoke_selected(
        self, request: HttpRequest, queryset: QuerySet[APIKey]
    ) -> HttpResponse | None:
        if not request.POST.get("post"):
            return self._page(request, "revoke", title="Revoke API keys", keys=queryset)
        self._revoke(request, queryset)
        return None

    def revoke_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        key = self._key(request, object_id, self.has_revoke_permission)
        if request.method != "POST":
            return self._page(request, "revoke", title="Revoke API key", keys=[key], original=key)
        self._revoke(request, [key])
        return HttpResponseRedirect(self.url_after(request, key))

    def _revoke(self, request: HttpRequest, keys: Iterable[APIKey]) -> None:
        with transaction.atomic(using=router.db_for_write(APIKey)):
            # In one order: two who revoke the same keys at once don't deadlock.
            revoked = [key for key in sorted(keys, key=lambda key: key.pk) if key.revoke()]
            for key in revoked:
                self.log_change(request, key, "Revoked.")
        text = f"{len(revoked)} API key{pluralize(revoked)} revoked."
        self.message_user(request, text, messages.SUCCESS if revoked else messages.WARNING)

    # Keeps the key out of error reports, here and in every call below.
    @method_decorator(sensitive_variables())
    def rotate_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        key = self._key(request, object_id, self.has_rotate_permission)
        return self.once(request, lambda: self._rotate(request, key))

    def _rotate(self, request: HttpRequest, old: APIKey) -> HttpResponse:
        form = RotateForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                with transaction.atomic(using=router.db_for_write(APIKey)):
                    return self._rotated(request, old, form.cleaned_data)
            except ValidationError as error:
                form.add_error(None, error.messages)
        return self._page(request, "rotate", title="Rotate API key", original=old, form=form)

    def _rotated(self, request: HttpRequest, old: APIKey, values: dict[str, Any]) -> HttpResponse:
        new, key = old.rotate(
            overlap=values["overlap"],
            expires_at=values["expires_at"],
            created_by=_name_of(request.user),
            request_id=values["token"],
        )
        ends = f"{old.expires_at:%Y-%m-%d %H:%M} UTC"
        self.log_change(request, old, f"Rotated: replaced by {new}, valid until {ends}.")
        self.log_addition(request, new, f"Made by rotating {old}.")
        return self.shown_once(request, new, key)

    def _page(
        self, request: HttpRequest, name: str, *, original: APIKey | None = None, **context: Any
    ) -> TemplateResponse:
        common = {"original": original, "back": self.url_after(request, original)}
        context = {**self.page_context(request), **common, **context}
        return TemplateResponse(request, f"{TEMPLATES}/{name}.html", context)


def _name_of(user: Any) -> str:
    """The user's name, fit for ``created_by`` whatever the host's user model allows."""
    longest = APIKey._meta.get_field("created_by").max_length
    return "".join(filter(str.isprintable, str(user.get_username())))[:longest]


def register(site: admin.AdminSite) -> None:
    """Show the keys in a host's own AdminSite."""
    site.register(APIKey, APIKeyAdmin)


register(admin.site)
