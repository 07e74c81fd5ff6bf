"""The forms in which staff make, change and rotate a key."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import ValidationError
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.timezone import get_current_timezone, get_default_timezone
from django.utils.translation import gettext_lazy as _

from apikeys.addresses import are_narrower, parse_network, validate_networks
from apikeys.lifetimes import validate_life
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


LIFETIMES = {
    "30": _("In 30 days"),
    "90": _("In 90 days"),
    "365": _("In 1 year"),
    "never": _("Never"),
    "date": _("On a date"),
}
END_OF_DAY = time(23, 59, 59)


def scope_choices() -> list[tuple[str, str]]:
    return [
        (name, format_html("<code>{}</code> {}", name, description))
        for name, description in known_scopes().items()
    ]


def _in_the_future(instant: datetime) -> None:
    if instant <= utc_now():
        raise ValidationError(_("This is in the past."))


def _current_zone() -> str:
    zone = get_current_timezone() if settings.USE_TZ else get_default_timezone()
    return str(zone)


class ExpiryField(InstantFormField):
    """A future instant, or none; a date alone is the end of that day."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=AdminSplitDateTime, **kwargs)

    def compress(self, data_list: Any) -> datetime | None:
        if data_list and data_list[0] and data_list[1] is None:
            data_list = [data_list[0], END_OF_DAY]
        return super().compress(data_list)


def _expiry_help(text: Any) -> Any:
    """The help of an expiry: the text, and how a date is read on the page that has it."""
    more = _("A date alone is enough: it means the end of that day. Time zone: %(zone)s.")
    return lazy(lambda: f"{text} {more % {'zone': _current_zone()}}", str)()


class LifetimeForm(forms.Form):
    """Asks how long a new key lives, as ``expires_at`` when it is clean."""

    expires_in = forms.ChoiceField(
        choices=list(LIFETIMES.items()), initial="90", label=_("Expires")
    )
    expires_at = ExpiryField(
        label=_("Date"),
        validators=[_in_the_future, validate_life],
        help_text=_expiry_help(_("From then on the key is refused.")),
    )

    class Media:
        js = ["mailmetrics_apikeys/expiry.js"]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        lifetime, expiry = values.get("expires_in"), values.get("expires_at")
        if lifetime == "date":
            if expiry is None and "expires_at" not in self.errors:
                self.add_error("expires_at", _("Enter a date."))
        elif expiry is not None:
            self.add_error("expires_in", _("Choose “On a date”, or leave the date empty."))
        elif lifetime and lifetime.isdecimal():
            expiry = utc_now().replace(microsecond=0) + timedelta(days=int(lifetime))
            try:
                validate_life(expiry)
            except ValidationError as error:
                self.add_error("expires_in", error)
            values["expires_at"] = expiry
        return values


class NetworksField(forms.CharField):
    """Addresses and networks, apart by spaces, commas or lines, as the list of their spellings."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False,
            label=_("Addresses"),
            widget=forms.Textarea(attrs={"rows": 3, "cols": 40}),
            **{
                "help_text": _(
                    "Addresses or networks such as 192.0.2.0/24; from anywhere else the key is "
                    "refused. Empty: from anywhere."
                ),
                **kwargs,
            },
        )

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        texts = super().clean(value).replace(",", " ").split()
        networks = list(dict.fromkeys(map(parse_network, texts)))
        validate_networks(networks)
        return networks

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class OnceForm(forms.Form):
    """A form whose token tells that it is sent again, as by a reload."""

    token = forms.UUIDField(label="", widget=forms.HiddenInput, initial=uuid4)


class AddKeyForm(OnceForm, LifetimeForm, forms.ModelForm):  # type: ignore[type-arg]  # django-stubs makes it generic, and Django's own class can't be subscripted at run time
    # The choices are read for each form: a host registers its own scopes as it starts.
    scopes = forms.MultipleChoiceField(
        choices=scope_choices, widget=forms.CheckboxSelectMultiple, label=_("Scopes")
    )
    networks = NetworksField()


class ChangeKeyForm(forms.ModelForm):  # type: ignore[type-arg]  # django-stubs makes it generic, and Django's own class can't be subscripted at run time
    """A key never gains by an edit: its name can change, its expiry come forward, and the
    addresses that it may come from become fewer."""

    class Meta:
        model = APIKey
        fields = ("name", "expires_at", "networks")

    expires_at = ExpiryField(
        label=_("Expires"),
        help_text=_expiry_help(_("Can only be brought forward. To end the key now, revoke it.")),
    )
    networks = NetworksField(
        help_text=_(
            "Addresses or networks such as 192.0.2.0/24; from anywhere else the key is refused. "
            "Empty: from anywhere. Can only be narrowed."
        )
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.revoked_at is not None:
            del self.fields["expires_at"], self.fields["networks"]  # it has ended already

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

    def clean_networks(self) -> list[str]:
        networks: list[str] = self.cleaned_data["networks"]
        current: list[str] = self.initial["networks"]
        if current and not (networks and are_narrower(networks, current)):
            raise ValidationError(_("The addresses can only be narrowed."))
        return networks


class RotateForm(OnceForm, LifetimeForm):
    overlap = forms.TypedChoiceField(
        choices=list(OVERLAPS.items()),
        coerce=lambda hours: timedelta(hours=int(hours)),
        initial="24",
        label=_("The old key stays valid for"),
        help_text=_("Never beyond its own expiry."),
    )
    field_order = ("overlap", "expires_in", "expires_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["expires_in"].label = _("The new key expires")
