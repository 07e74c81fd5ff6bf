"""The forms in which staff make, change and rotate a key."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from apikeys.models import APIKey
from apikeys.scopes import known_scopes
from campaigns.fields import InstantFormField, utc_now

OVERLAPS = {
    "0": _("It ends at once"),
    "1": _("1 hour"),
    "24": _("1 day"),
    "168": _("7 days"),
    "720": _("30 days"),
}


def scope_choices() -> list[tuple[str, str]]:
    return [
        (name, format_html("<code>{}</code> {}", name, description))
        for name, description in known_scopes().items()
    ]


def _in_the_future(instant: datetime) -> None:
    if instant <= utc_now():
        raise ValidationError(_("This is in the past."))


class ExpiryField(InstantFormField):
    """A future instant, or none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False,
            label=_("Expires"),
            widget=AdminSplitDateTime,
            **{"help_text": _("From then on the key is refused. Empty: never."), **kwargs},
        )


class OnceForm(forms.Form):
    """A form whose token tells that it is sent again, as by a reload."""

    token = forms.UUIDField(label="", widget=forms.HiddenInput, initial=uuid4)


class AddKeyForm(OnceForm, forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    # The choices are read for each form: a host registers its own scopes as it starts.
    scopes = forms.MultipleChoiceField(
        choices=scope_choices, widget=forms.CheckboxSelectMultiple, label=_("Scopes")
    )
    expires_at = ExpiryField(validators=[_in_the_future])


class ChangeKeyForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A key never gains by an edit: its name can change, and its expiry come forward."""

    class Meta:
        model = APIKey
        fields = ("name", "expires_at")

    expires_at = ExpiryField(
        help_text=_("Can only be brought forward. To end the key now, revoke it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.revoked_at is not None:
            del self.fields["expires_at"]  # it has ended already

    def clean_expires_at(self) -> datetime | None:
        expiry: datetime | None = self.cleaned_data["expires_at"]
        current: datetime | None = self.instance.expires_at
        if "expires_at" not in self.changed_data:
            return current  # the form shows whole seconds
        if expiry is None:
            raise ValidationError(_("An expiry can be brought forward, not taken away."))
        if current is not None and expiry > current:
            raise ValidationError(_("An expiry can only be brought forward."))
        _in_the_future(expiry)
        return expiry


class RotateForm(OnceForm):
    overlap = forms.TypedChoiceField(
        choices=list(OVERLAPS.items()),
        coerce=lambda hours: timedelta(hours=int(hours)),
        initial="24",
        label=_("The old key stays valid for"),
        help_text=_("Never beyond its own expiry."),
    )
    expires_at = ExpiryField(
        validators=[_in_the_future], help_text=_("Of the new key. Empty: never.")
    )
