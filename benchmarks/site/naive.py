"""What comes first to mind: REST framework's generic views and COUNT with a filter over events.

They use the product's authentication and permission, and page nothing, as the contract asks.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.authentication import APIKeyAuthentication
from apikeys.models import APIKey
from apikeys.permissions import HasScope
from campaigns.models import Campaign, EmailEvent, EventKind

CORE = (EventKind.SENT, EventKind.OPENED, EventKind.REPLIED, EventKind.BOUNCED)
KINDS = [kind.label for kind in CORE]
RATES = {"open_rate": "opened", "reply_rate": "replied", "bounce_rate": "bounced"}


def _counts(prefix: str) -> dict[str, Count]:
    """Annotations ``total_sent`` and so on, through the relation or on the events themselves."""
    name, field = ("total_", "events") if prefix else ("", "pk")
    return {
        f"{name}{kind.label}": Count(field, filter=Q(**{f"{prefix}kind": kind})) for kind in CORE
    }


class CampaignSerializer(serializers.ModelSerializer[Campaign]):
    campaign_id = serializers.UUIDField(source="id")
    campaign_name = serializers.CharField(source="name")
    total_sent = serializers.IntegerField()
    total_opened = serializers.IntegerField()
    total_replied = serializers.IntegerField()
    total_bounced = serializers.IntegerField()
    open_rate = serializers.SerializerMethodField()
    reply_rate = serializers.SerializerMethodField()
    bounce_rate = serializers.SerializerMethodField()

    class Meta:
        model = Campaign
        fields = [
            "campaign_id",
            "campaign_name",
            "status",
            "total_leads",
            *(f"total_{kind}" for kind in KINDS),
            *RATES,
            "created_at",
        ]

    def get_open_rate(self, campaign: Any) -> float:
        return _rate(campaign.total_opened, campaign.total_sent)

    def get_reply_rate(self, campaign: Any) -> float:
        return _rate(campaign.total_replied, campaign.total_sent)

    def get_bounce_rate(self, campaign: Any) -> float:
        return _rate(campaign.total_bounced, campaign.total_sent)


class Campaigns(generics.ListAPIView[Campaign]):
    authentication_classes = [APIKeyAuthentication]
    permission_classes = [HasScope]
    required_scope = "campaigns:read"
    serializer_class = CampaignSerializer

    def get_queryset(self) -> QuerySet[Campaign]:
        campaigns = Campaign.objects.filter(workspace=_workspace_id(self.request))
        return campaigns.annotate(**_counts("events__")).order_by("-created_at", "id")

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        rows = self.get_serializer(self.get_queryset(), many=True).data
        totals = {kind: sum(row[f"total_{kind}"] for row in rows) for kind in KINDS}
        kpis = {"total_campaigns": len(rows), "total_sends": totals["sent"]}
        kpis |= {f"avg_{name}": _rate(totals[kind], totals["sent"]) for name, kind in RATES.items()}
        return Response({"workspace_kpis": kpis, "campaigns": rows})


class Timeline(generics.GenericAPIView[EmailEvent]):
    authentication_classes = [APIKeyAuthentication]
    permission_classes = [HasScope]
    required_scope = "campaigns:read"

    def get(self, request: Request) -> Response:
        query = request.query_params
        last = date.fromisoformat(query.get("to_date", str(datetime.now(UTC).date())))
        first = date.fromisoformat(query.get("from_date", str(last - timedelta(days=89))))
        events = EmailEvent.objects.filter(
            workspace=_workspace_id(request),
            occurred_at__date__gte=first,
            occurred_at__date__lte=last,
        )
        rows = events.values(day=TruncDate("occurred_at", tzinfo=UTC)).annotate(**_counts(""))
        counts: dict[date, Any] = {row["day"]: row for row in rows}
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        return Response(
            {
                "timeline": [_day(day, counts.get(day, {})) for day in days],
                "from_date": first,
                "to_date": last,
            }
        )


def _workspace_id(request: Request) -> int:
    return cast(APIKey, request.auth).workspace_id


def _day(day: date, row: dict[str, Any]) -> dict[str, Any]:
    counts = {kind: row.get(kind, 0) for kind in KINDS}
    rates = {name: _rate(counts[kind], counts["sent"]) for name, kind in RATES.items()}
    return {"date": day, **counts, **rates}


def _rate(count: int, sent: int) -> float:
    return round(count / sent, 4) if sent else 0.0
