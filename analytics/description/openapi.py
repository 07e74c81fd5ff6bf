"""The API's description for drf-spectacular, which development and some hosts have.

``openapi.json`` beside it is made from it (``make openapi``) and is what the site serves, so that
neither drf-spectacular nor the settings of a host have a part in an answer. A host's description of
its own API has our endpoints only if `include_mailmetrics` is among its hooks.
"""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import EndpointEnumerator
from drf_spectacular.openapi import AutoSchema

from analytics.api.isolation import IsolatedView
from analytics.api.views import NotFoundView
from analytics.description import reading, writing
from campaigns.models import CampaignStatus

# drf-spectacular finds the descriptions of these modules by their views' names.
DESCRIBED = (reading, writing)

TITLE = "Campaign analytics"
DESCRIPTION = """\
Campaign KPIs and daily timelines of one workspace, the one that the key in `X-API-Key` belongs to.

- Reading needs a key with the scope `campaigns:read`, `campaigns:all` or `*`; recording events
  needs `events:create`, creating and updating campaigns `campaigns:update`.
- A message counts once per kind, at its earliest instant.
- Days are those of the workspace's time zone, which `me` tells; rates are count / sent, to
  4 decimals, and 0.0 when nothing was sent.
- A parameter is given at most once and spelled exactly. One that is not described here is a 400
  too: a misspelled filter would answer another question.
- Besides GET there are HEAD and OPTIONS; any other method is a 405.
- An answer has an `ETag`: with it in `If-None-Match` an unchanged answer is a 304 without a body.
- With `Accept: text/csv` the campaigns or the days come as CSV.
"""


class _Ours(EndpointEnumerator):
    def should_include_endpoint(self, path: str, callback: Any) -> bool:
        view = getattr(callback, "cls", object)
        return issubclass(view, IsolatedView) and view is not NotFoundView


def include_mailmetrics(endpoints: list[Any], urlconf: str | None = None) -> list[Any]:
    """Describe our endpoints as well: a hook for a host's ``PREPROCESSING_HOOKS``."""
    ours: Any = _Ours(urlconf=urlconf)
    # Not get_api_endpoints: that calls the hooks.
    return [*endpoints, *ours._get_api_endpoints(patterns=None, prefix="")]


def include_unmounted(endpoints: list[Any]) -> list[Any]:
    """The same by their paths below any host's prefix."""
    return include_mailmetrics(endpoints, "analytics.urls")


def answer_errors_in_json(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Only an answer comes as CSV, as one text: a hook for ``POSTPROCESSING_HOOKS``."""
    for operations in result["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                csv = answer.get("content", {}).pop("text/csv", None)
                if csv and status == "200":
                    # drf-spectacular takes it for a list of texts, as the rows are a list.
                    answer["content"]["text/csv"] = csv | {"schema": {"type": "string"}}
    return result


def require_bodies(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """What writes needs a body: a hook for ``POSTPROCESSING_HOOKS``."""
    for path in ("/events", "/campaigns/{campaign_id}"):
        for operation in result["paths"].get(path, {}).values():
            operation["requestBody"]["required"] = True
    return result


# For drf-spectacular's own command: what another project would have in SPECTACULAR_SETTINGS.
SETTINGS: dict[str, Any] = {
    "TITLE": TITLE,
    "DESCRIPTION": DESCRIPTION,
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVERS": [{"url": "/api/public/v1"}],
    "SCHEMA_PATH_PREFIX": "",
    "SORT_OPERATION_PARAMETERS": False,
    "TAGS": [
        {"name": "analytics", "description": "What was sent and what came of it."},
        {"name": "writing", "description": "What happened, and the campaigns it belongs to."},
    ],
    "LICENSE": {"name": "MIT"},
    "ENUM_NAME_OVERRIDES": {"CampaignStatus": CampaignStatus.choices},
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "PREPROCESSING_HOOKS": [f"{__name__}.include_unmounted"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        f"{__name__}.require_bodies",
        f"{__name__}.answer_errors_in_json",
    ],
}


class APIKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # drf-spectacular's __init_subclass__, which runs here, has no annotations
    target_class = "apikeys.authentication.APIKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": "A key of one workspace: `mm_` and 38 letters and digits.",
        }
