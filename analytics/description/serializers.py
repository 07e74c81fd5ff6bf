"""The shape of the answers, field by field, for the API's description.

The views answer what ``reports`` returns as it is; a test holds both to the same fields.
"""

from typing import Any, ClassVar

from rest_framework import serializers

from analytics.metrics import OPTIONAL_METRICS
from campaigns.models import CampaignStatus


# A docstring would be each answer's description.
class _WithMetrics(serializers.Serializer[Any]):
    # What a metric calls its count, where there is one, and its rate.
    count_name: ClassVar[str | None] = None
    rate_name: ClassVar[str] = "rate"

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        # As in the answer, after all else.
        for metric in OPTIONAL_METRICS:
            asked = f"There if `metrics` has `{metric.kind}`."
            rate = serializers.FloatField(required=False, min_value=0, help_text=asked)
            if self.count_name:
                count = serializers.IntegerField(required=False, min_value=0, help_text=asked)
                fields[getattr(metric, self.count_name)] = count
            fields[getattr(metric, self.rate_name)] = rate
        return fields


class WorkspaceKPIsSerializer(_WithMetrics):
    rate_name = "average"

    total_campaigns = serializers.IntegerField(
        min_value=0, help_text="How many campaigns are listed."
    )
    total_sends = serializers.IntegerField(min_value=0, help_text="Messages sent by all of them.")
    avg_open_rate = serializers.FloatField(
        min_value=0, help_text="All their opens / all their sends."
    )
    avg_reply_rate = serializers.FloatField(
        min_value=0, help_text="All their replies / all their sends."
    )
    avg_bounce_rate = serializers.FloatField(
        min_value=0, help_text="All their bounces / all their sends."
    )


class CampaignRowSerializer(_WithMetrics):
    count_name = "total"

    campaign_id = serializers.UUIDField()
    campaign_name = serializers.CharField()
    status = serializers.ChoiceField(choices=CampaignStatus.choices)
    total_leads = serializers.IntegerField(
        min_value=0, help_text="How many leads the campaign addresses."
    )
    total_sent = serializers.IntegerField(min_value=0, help_text="Messages sent.")
    total_opened = serializers.IntegerField(
        min_value=0, help_text="Messages opened, each counted once."
    )
    total_replied = serializers.IntegerField(
        min_value=0, help_text="Messages replied to, each counted once."
    )
    total_bounced = serializers.IntegerField(
        min_value=0, help_text="Messages bounced, each counted once."
    )
    open_rate = serializers.FloatField(
        min_value=0, help_text="total_opened / total_sent, to 4 decimals."
    )
    reply_rate = serializers.FloatField(
        min_value=0, help_text="total_replied / total_sent, to 4 decimals."
    )
    bounce_rate = serializers.FloatField(
        min_value=0, help_text="total_bounced / total_sent, to 4 decimals."
    )
    created_at = serializers.DateTimeField(help_text="In UTC.")


class PaginationSerializer(serializers.Serializer[Any]):
    page = serializers.IntegerField(min_value=1, help_text="This page, from 1.")
    limit = serializers.IntegerField(min_value=1, help_text="How many campaigns a page has.")
    total = serializers.IntegerField(min_value=0, help_text="How many campaigns match.")
    pages = serializers.IntegerField(min_value=0, help_text="How many pages they fill.")
    has_next = serializers.BooleanField()
    has_prev = serializers.BooleanField()


class CampaignReportSerializer(serializers.Serializer[Any]):
    workspace_kpis = WorkspaceKPIsSerializer()
    campaigns = CampaignRowSerializer(many=True)
    pagination = PaginationSerializer(
        required=False, help_text="There if `page` or `limit` is given."
    )


class TimelineDaySerializer(_WithMetrics):
    count_name = "kind"

    date = serializers.DateField(help_text="A day, or the first one of an interval.")
    sent = serializers.IntegerField(min_value=0, help_text="Messages sent on that day.")
    opened = serializers.IntegerField(min_value=0, help_text="Messages first opened on that day.")
    replied = serializers.IntegerField(
        min_value=0, help_text="Messages first replied to on that day."
    )
    bounced = serializers.IntegerField(min_value=0, help_text="Messages bounced on that day.")
    open_rate = serializers.FloatField(
        min_value=0, help_text="opened / sent; may exceed 1, 0.0 without sends."
    )
    reply_rate = serializers.FloatField(min_value=0, help_text="replied / sent, likewise.")
    bounce_rate = serializers.FloatField(min_value=0, help_text="bounced / sent, likewise.")


class TimelineReportSerializer(serializers.Serializer[Any]):
    timeline = TimelineDaySerializer(many=True)
    from_date = serializers.DateField(help_text="The window's first day.")
    to_date = serializers.DateField(help_text="The window's last day.")


class KeyWorkspaceSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    time_zone = serializers.CharField(help_text="The IANA name of the zone that its days are of.")


class KeySerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    hint = serializers.CharField(help_text="How the key begins.")
    scopes = serializers.ListField(child=serializers.CharField())
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)


class MeSerializer(serializers.Serializer[Any]):
    workspace = KeyWorkspaceSerializer()
    key = KeySerializer()


class MistakeSerializer(serializers.Serializer[Any]):
    loc = serializers.ListField(child=serializers.JSONField(), help_text="Where it is.")
    msg = serializers.CharField(help_text="What is wrong, for people.")
    type = serializers.CharField(help_text="A fixed word for the kind of mistake.")


class InvalidRequestSerializer(serializers.Serializer[Any]):
    """Every mistake of a request."""

    detail = MistakeSerializer(many=True)


class ErrorSerializer(serializers.Serializer[Any]):
    """Every other refusal."""

    detail = serializers.CharField(help_text="What is wrong, for people.")


class InsufficientScopesSerializer(ErrorSerializer):
    """A good key that may not do this; for another reason than its scopes, ``detail`` alone."""

    error = serializers.CharField(required=False, help_text="Always `insufficient_scopes`.")
    # Any: the attribute of this name that every field has is a bool.
    required: Any = serializers.ListField(required=False, child=serializers.CharField())
    granted = serializers.ListField(required=False, child=serializers.CharField())
