"""The described answers have the fields of the real ones, all the way down, in their order."""

from datetime import UTC, date, datetime

import pytest
from rest_framework.serializers import BaseSerializer, ListSerializer

from analytics import reports
from analytics.description.serializers import CampaignReportSerializer, TimelineReportSerializer
from analytics.metrics import OPTIONAL_NAMES
from analytics.periods import Period
from campaigns.models import EventKind
from campaigns.recording import Event, record_events
from tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace_id():
    campaign = CampaignFactory()
    event = Event(campaign.pk, "m", EventKind.SENT, datetime(2024, 1, 1, tzinfo=UTC))
    record_events(workspace=campaign.workspace, events=[event])
    return campaign.workspace_id


def described(field):
    if isinstance(field, ListSerializer):
        return [described(field.child)]
    if isinstance(field, BaseSerializer):
        return [(name, described(child)) for name, child in field.fields.items()]
    return "value"


def answered(value):
    if isinstance(value, list):
        return [answered(value[0])]
    if isinstance(value, dict):
        return [(name, answered(child)) for name, child in value.items()]
    return "value"


def report_of_campaigns(workspace_id):
    return reports.campaign_report(workspace_id=workspace_id, metrics=OPTIONAL_NAMES, limit=1)


def report_of_days(workspace_id):
    period = Period(date(2024, 1, 1), date(2024, 1, 1))
    return reports.timeline_report(workspace_id=workspace_id, period=period, metrics=OPTIONAL_NAMES)


@pytest.mark.parametrize(
    ("serializer", "report"),
    [
        (CampaignReportSerializer, report_of_campaigns),
        (TimelineReportSerializer, report_of_days),
    ],
)
class TestDescription:
    def test_has_the_answer_s_fields_in_its_order(self, workspace_id, serializer, report):
        assert described(serializer()) == answered(report(workspace_id))

    def test_takes_the_answer_as_it_is_for_valid(self, workspace_id, serializer, report):
        answer = report(workspace_id)
        assert serializer(data=answer).is_valid(raise_exception=True)
        assert list(serializer(answer).data) == list(answer)

    def test_of_every_number_says_what_it_counts(self, workspace_id, serializer, report):
        for name, field in serializer().fields.items():
            for number, child in getattr(getattr(field, "child", field), "fields", {}).items():
                if type(child).__name__ in {"IntegerField", "FloatField"}:
                    assert child.help_text, (name, number)
