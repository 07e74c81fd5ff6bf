"""What a caller may do: the scope that a view declares."""

from typing import Final, final

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from apikeys.addresses import client_address, network_of
from apikeys.audit.noting import note_refusal
from apikeys.models import APIKey
from apikeys.scopes import covers


@final
class AnyKey:
    """The type of `ANY_KEY`."""

    def __repr__(self) -> str:
        return "ANY_KEY"


# The ``required_scope`` of a view that any usable key may read, whatever its scopes.
ANY_KEY: Final = AnyKey()


class HasScope(BasePermission):
    """Lets in a key that covers the view's ``required_scope``, such as ``"campaigns:read"``.

    No key is a 401, a key without the scope a 403 that names it. A view that declares no scope is
    refused to every key; one that declares `ANY_KEY` to none.
    """

    message = "This needs an API key."

    def has_permission(self, request: Request, view: APIView) -> bool:
        required = getattr(view, "required_scope", None)
        if not isinstance(request.auth, APIKey):
            return False
        if required is ANY_KEY:
            return True
        if not isinstance(required, str) or not required:
            self.message = "This view declares no scope, so no key may use it."
            return False
        self.message = f'The API key lacks the scope "{required}".'
        covered = covers(request.auth.scopes, required)
        if not covered:
            address = network_of(client_address(request))
            note_refusal(request.auth, address=address, reason=f"scope {required}")
        return covered
