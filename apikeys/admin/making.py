"""Making and changing a key in the admin: what its form has, and what saving it does."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from apikeys.admin.forms import AddKeyForm, ChangeKeyForm
from apikeys.admin.key_pages import KeyPages, name_of
from apikeys.models import APIKey


class Making(KeyPages):
    """A new key is asked for in full; an old one is only renamed, or ended sooner."""

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return [
                (
                    None,
                    {
                        "fields": [
                            "name",
                            "workspace",
                            "scopes",
                            "expires_in",
                            "expires_at",
                            "networks",
                            "token",
                        ]
                    },
                )
            ]
        state = ["current_state", "hint", "last_used_at", "created_by", "created_at", "revoked_at"]
        if request.user.has_perm("mailmetrics_apikeys.view_auditentry"):
            state.append("audit_trail")
        pair = [name for name in ("replaced_key", "new_keys") if getattr(self, name)(obj)]
        return [
            (None, {"fields": ["name", "workspace", "granted", "expires_at", "networks", *pair]}),
            (_("State"), {"fields": state}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        sections = self.get_fieldsets(request, obj)
        names = [name for _, section in sections for name in section["fields"]]
        changeable = set(ChangeKeyForm.base_fields)
        if obj.revoked_at is not None:
            changeable -= {"expires_at", "networks"}
        return [name for name in names if name not in changeable]

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
        by = name_of(request.user)
        if "expires_at" in form.changed_data:
            obj.expire_by(form.cleaned_data["expires_at"], by=by)
        if "networks" in form.changed_data:
            obj.narrow(form.cleaned_data["networks"], by=by)

    def _create(self, request: Any, obj: APIKey, form: Any) -> None:
        made, key = APIKey.objects.create_key(
            workspace=obj.workspace,
            name=obj.name,
            scopes=obj.scopes,
            expires_at=obj.expires_at,
            networks=obj.networks,
            created_by=name_of(request.user),
            request_id=form.cleaned_data["token"],
        )
        obj.pk = made.pk
        obj.refresh_from_db(using=made._state.db)
        obj.text = key  # for response_add, which shows it

    def response_add(
        self, request: Any, obj: APIKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self.shown_once(request, obj, obj.text)

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
