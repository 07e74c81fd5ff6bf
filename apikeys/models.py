"""API keys: only a digest is kept, with what the key grants and until when."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models, router, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Least, Length
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from apikeys import crypto
from apikeys.addresses import are_narrower, validate_networks
from apikeys.audit.entries import AuditKind
from apikeys.audit.noting import note_act, note_acts
from apikeys.lifetimes import EXPIRING_WITHIN, LATEST_EXPIRY, KeyState, checked_expiry
from apikeys.scopes import validate_scopes
from campaigns.fields import InstantField, utc_now
from campaigns.models import Workspace

# NUL and half of a surrogate pair can't be stored on every database.
no_control_characters = RegexValidator(
    r"[\x00-\x1f\x7f\ud800-\udfff]", _("Control characters are not allowed."), inverse_match=True
)


class APIKeyManager(models.Manager["APIKey"]):
    # Keeps the key and its digest out of error reports, here and in every call below.
    @sensitive_variables()
    def create_key(
        self,
        *,
        workspace: Workspace,
        name: str,
        scopes: list[str],
        expires_at: datetime | None = None,
        networks: Sequence[str] = (),
        created_by: str = "",
        request_id: UUID | None = None,
    ) -> tuple["APIKey", str]:
        """Make a key; return it with its text, which is stored nowhere and can't be recovered.

        ``expires_at`` is aware and in the future; from then on the key is refused. By default it is
        the end of the longest life that the site lets a key have. ``networks``, as
        `parse_network` spells them, are those that the key may come from; none is any. Raises
        ValidationError, by field, for an empty name, an unknown, repeated or missing scope, or any
        other expiry or network, and IntegrityError for a ``request_id`` that has made a key before.
        """
        return self.create_unchecked(
            workspace=workspace,
            name=name,
            scopes=scopes,
            expires_at=expires_at,
            networks=networks,
            created_by=created_by,
            request_id=request_id,
            unchecked={"workspace"},
        )

    @sensitive_variables()
    def create_unchecked(
        self,
        *,
        workspace: Workspace,
        name: str,
        scopes: list[str],
        expires_at: datetime | None,
        networks: Sequence[str],
        created_by: str,
        request_id: UUID | None,
        unchecked: set[str],
        replaces: "APIKey | None" = None,
        detail: str = "",
    ) -> tuple["APIKey", str]:
        """``create_key`` without the validation of the fields ``unchecked``."""
        key = crypto.generate()
        api_key = self.model(
            workspace=workspace,
            name=name.strip(),
            digest=crypto.digest(key),
            hint=crypto.hint(key),
            scopes=scopes,
            expires_at=checked_expiry(expires_at),
            networks=list(networks),
            created_by=created_by,
            request_id=request_id or uuid4(),
            replaces=replaces,
        )
        api_key.clean_fields(exclude=unchecked)
        using = self._db or router.db_for_write(self.model, instance=api_key)
        with transaction.atomic(using=using):
            api_key.save(force_insert=True, using=using)
            note_act(AuditKind.MADE, api_key, actor=created_by, detail=detail, using=using)
        return api_key, key

    def revoke(
        self, keys: Iterable["APIKey"], *, at: datetime | None = None, by: str = ""
    ) -> list["APIKey"]:
        """End keys for good, all or none; return those that this call ended, in order of id.

        ``at``, aware, is now by default, and ``by`` is who does it.
        """
        using = self._db or router.db_for_write(self.model)
        unrevoked = self.using(using).filter(revoked_at__isnull=True)
        at = at or utc_now()
        with transaction.atomic(using=using):
            # The database checks the condition: of two concurrent calls the first one revokes. In
            # one order, so that they don't deadlock.
            ended = [
                key
                for key in sorted(keys, key=lambda key: key.pk)
                if unrevoked.filter(pk=key.pk).update(revoked_at=at)
            ]
            note_acts(AuditKind.REVOKED, ended, actor=by, using=using)
        for key in ended:
            key.revoked_at = at
        return ended


class APIKey(models.Model):
    """A key to one workspace. The key itself is shown once, when it is made, and never stored."""

    workspace = models.ForeignKey(
        Workspace,
        on_delete=models.CASCADE,
        related_name="api_keys",
        verbose_name=_("workspace"),
    )
    name = models.CharField(_("name"), max_length=100, validators=[no_control_characters])
    digest = models.CharField(max_length=64, editable=False)
    hint = models.CharField(_("hint"), max_length=16, editable=False)
    scopes = models.JSONField(_("scopes"), default=list, validators=[validate_scopes])
    # Those that the key may come from; none is any.
    networks = models.JSONField(
        _("addresses"), default=list, blank=True, validators=[validate_networks]
    )
    # Text, not a foreign key: it outlives the account, and the host's user model may live in
    # another database.
    created_by = models.CharField(
        _("created by"),
        max_length=254,
        blank=True,
        editable=False,
        validators=[no_control_characters],
    )
    created_at = InstantField(_("created at"), default=utc_now, editable=False)
    expires_at = InstantField(_("expires at"), null=True, blank=True)
    revoked_at = InstantField(_("revoked at"), null=True, blank=True, editable=False)
    # A request that is sent again, as by a reload of the page, must not make a second key.
    request_id = models.UUIDField(default=uuid4, editable=False)
    # The key that this one was made to replace, by rotating it.
    replaces = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="replaced_by",
        verbose_name=_("replaces"),
    )
    last_used_at = InstantField(_("last used at"), null=True, blank=True, editable=False)

    # The key itself, of one that was just made in the admin; never stored.
    text = ""

    objects = APIKeyManager()

    class Meta:
        app_label = "mailmetrics_apikeys"
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        # That to add says what else it gives, where an administrator picks it from a list.
        default_permissions = ("change", "delete", "view")
        permissions = [("add_apikey", "Can add API key, and so read every workspace")]
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["digest"], name="mailmetrics_apikey_digest_unique"),
            models.UniqueConstraint(fields=["request_id"], name="mailmetrics_apikey_request_once"),
            models.CheckConstraint(
                condition=Exact(Length("digest"), 64), name="mailmetrics_apikey_digest_complete"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="mailmetrics_apikey_has_name"),
            models.CheckConstraint(condition=~Q(scopes=[]), name="mailmetrics_apikey_has_scope"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint})"

    @property
    def state(self) -> KeyState:
        """The key's state at present."""
        return self.state_at(utc_now())

    def state_at(self, instant: datetime) -> KeyState:
        """The key's state at an aware instant; once revoked, it is revoked at every instant."""
        if self.revoked_at is not None:
            return KeyState.REVOKED
        if self.expires_at is None:
            return KeyState.ACTIVE
        if self.expires_at <= instant:
            return KeyState.EXPIRED
        soon = self.expires_at - instant <= EXPIRING_WITHIN
        return KeyState.EXPIRING if soon else KeyState.ACTIVE

    def is_usable_at(self, instant: datetime) -> bool:
        """Whether the key opens anything at an aware instant: neither revoked nor expired."""
        return self.state_at(instant) in (KeyState.ACTIVE, KeyState.EXPIRING)

    def revoke(self, at: datetime | None = None, *, by: str = "") -> bool:
        """End the key for good; return whether this call did. ``at``, aware, is now by default.

        A key that was revoked before keeps its first instant. ``by`` is who does it.
        """
        using = router.db_for_write(type(self), instance=self)
        ended = APIKey.objects.db_manager(using).revoke([self], at=at, by=by)
        self.refresh_from_db(using=using, fields=["revoked_at"])
        return bool(ended)

    def expire_by(self, instant: datetime, *, by: str = "") -> bool:
        """Bring the expiry forward to an aware instant; return whether this call did.

        A key that expires before then keeps its expiry: this never lengthens a key's life.
        """
        using = router.db_for_write(type(self), instance=self)
        # The database checks the condition: of two concurrent calls the earlier expiry holds.
        instant = min(instant, LATEST_EXPIRY)
        later = Q(expires_at__isnull=True) | Q(expires_at__gt=instant)
        keys = APIKey.objects.using(using).filter(later, pk=self.pk)
        with transaction.atomic(using=using):
            changed = keys.update(expires_at=instant) == 1
            if changed:
                ends = f"expires {instant:%Y-%m-%d %H:%M} UTC"
                note_act(AuditKind.CHANGED, self, actor=by, detail=ends, using=using)
        self.refresh_from_db(using=using, fields=["expires_at"])
        return changed

    def narrow(self, networks: Sequence[str], *, by: str = "") -> bool:
        """Let the key come from these networks alone; return whether that is no more than before.

        If it is more, nothing changes.
        """
        using = router.db_for_write(type(self), instance=self)
        with transaction.atomic(using=using):
            # Of two at once the second one sees what the first has left.
            row = APIKey.objects.using(using).select_for_update().get(pk=self.pk)
            if row.networks and not (networks and are_narrower(networks, row.networks)):
                return False
            row.networks = self.networks = list(networks)
            row.save(using=using, update_fields=["networks"])
            detail = "from " + (", ".join(networks) or "anywhere")
            note_act(AuditKind.CHANGED, self, actor=by, detail=detail, using=using)
        return True

    @sensitive_variables()
    def rotate(
        self,
        *,
        overlap: timedelta,
        expires_at: datetime | None = None,
        created_by: str = "",
        request_id: UUID | None = None,
    ) -> tuple["APIKey", str]:
        """Make a new key like this one, with its name, scopes, networks and workspace; return what
        ``create_key`` does.

        The new key ``replaces`` this one, which stays valid for ``overlap``, or until its expiry
        if that comes first. Raises ValidationError if it is expired or revoked already, or for a
        negative overlap.
        """
        if overlap < timedelta(0):
            raise ValidationError(_("The overlap is negative."))
        using = router.db_for_write(type(self), instance=self)
        with transaction.atomic(using=using):
            self._end_after(overlap, using=using)
            self.refresh_from_db(using=using)
            # What it may do was checked when it was made: a host may have given up a scope since.
            new, key = APIKey.objects.db_manager(using).create_unchecked(
                workspace=self.workspace,
                name=self.name,
                scopes=self.scopes,
                expires_at=expires_at,
                networks=self.networks,
                created_by=created_by,
                request_id=request_id,
                unchecked={"workspace", "scopes"},
                replaces=self,
                detail=f"by rotating {self.hint}",
            )
            note_act(
                AuditKind.ROTATED, self, actor=created_by, detail=f"to {new.hint}", using=using
            )
            return new, key

    def _end_after(self, overlap: timedelta, *, using: str) -> None:
        now = utc_now()
        end = Value(now + min(overlap, LATEST_EXPIRY - now), output_field=InstantField())
        # One statement checks and locks: a key that is revoked meanwhile is not rotated.
        usable = Q(revoked_at__isnull=True) & ~Q(expires_at__lte=now)
        rotated = APIKey.objects.using(using).filter(usable, pk=self.pk)
        if not rotated.update(expires_at=Least(Coalesce(F("expires_at"), end), end)):
            raise ValidationError(_("A key that is expired or revoked can't be rotated."))
