"""What all endpoints that need a key have in common."""

from typing import cast

from rest_framework.response import Response
from rest_framework.status import HTTP_304_NOT_MODIFIED

from analytics.api.conditional import NotModified
from analytics.api.errors import invalid_query
from analytics.api.isolation import IsolatedView
from analytics.api.outages import OutageView
from analytics.parameters import InvalidParameters
from apikeys.authentication import APIKeyAuthentication
from apikeys.models import APIKey
from apikeys.permissions import HasScope
from apikeys.throttling.views import ThrottledView
from apikeys.throttling.windows import AddressThrottle, ByteThrottle, KeyThrottle
from campaigns.models import Workspace


class KeyedView(OutageView, IsolatedView, ThrottledView):
    """A view of the workspace whose key was sent; it declares its ``required_scope``."""

    authentication_classes = (APIKeyAuthentication,)
    permission_classes = (HasScope,)
    throttle_classes = (KeyThrottle, ByteThrottle, AddressThrottle)

    @property
    def api_key(self) -> APIKey:
        return cast(APIKey, self.request.auth)  # HasScope lets nothing else in

    @property
    def workspace(self) -> Workspace:
        return self.api_key.workspace

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, NotModified):
            return Response(status=HTTP_304_NOT_MODIFIED, headers={"ETag": exc.etag})
        return super().handle_exception(
            invalid_query(exc) if isinstance(exc, InvalidParameters) else exc
        )
