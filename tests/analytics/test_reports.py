from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from analytics.models import CampaignTotals
from analytics.periods import Period
from analytics.reports import campaign_report, timeline_report
from campaigns.models import Campaign, CampaignStatus, EventKind
from campaigns.recording import Event, record_events
from tests.factories import CampaignFactory, WorkspaceFactory

pytestmark = pytest.mark.django_db

DAY = datetime(2024, 1, 15, tzinfo=UTC)


@pytest.fixture
def workspace():
    return WorkspaceFactory()


def record(campaign, day=DAY, **counts):
    record_events(
        workspace=campaign.workspace,
        events=[
            Event(campaign.pk, f"{campaign.pk} {day} {n}", EventKind[kind.upper()], day)
            for kind, count in counts.items()
            for n in range(count)
        ],
    )


def names(report):
    return [row["campaign_name"] for row in report["campaigns"]]


class TestCampaignReport:
    def test_is_of_plain_values(self, workspace):
        campaign = CampaignFactory(
            id=UUID(int=9),
            workspace=workspace,
            name="Q1",
            status=CampaignStatus.PAUSED,
            total_leads=7,
            created_at=DAY,
        )
        record(campaign, sent=3, opened=2, replied=1)
        record(campaign, DAY + timedelta(days=9), sent=1, bounced=4)
        report = campaign_report(workspace_id=workspace.pk)
        assert report == {
            "workspace_kpis": {
                "total_campaigns": 1,
                "total_sends": 4,
                "avg_open_rate": 0.5,
                "avg_reply_rate": 0.25,
                "avg_bounce_rate": 1.0,
            },
            "campaigns": [
                {
                    "campaign_id": str(UUID(int=9)),
                    "campaign_name": "Q1",
                    "status": "PAUSED",
                    "total_leads": 7,
                    "total_sent": 4,
                    "total_opened": 2,
                    "total_replied": 1,
                    "total_bounced": 4,
                    "open_rate": 0.5,
                    "reply_rate": 0.25,
                    "bounce_rate": 1.0,
                    "created_at": DAY,
                }
            ],
        }
        assert {type(row["status"]) for row in report["campaigns"]} == {str}

    def test_of_no_campaigns_is_all_zero(self, workspace):
        CampaignFactory()
        assert campaign_report(workspace_id=workspace.pk) == {
            "workspace_kpis": {
                "total_campaigns": 0,
                "total_sends": 0,
                "avg_open_rate": 0.0,
                "avg_reply_rate": 0.0,
                "avg_bounce_rate": 0.0,
            },
            "campaigns": [],
        }

    def test_a_campaign_without_events_counts_as_a_campaign(self, workspace):
        CampaignFactory(workspace=workspace, name="idle")
        report = campaign_report(workspace_id=workspace.pk)
        assert report["workspace_kpis"]["total_campaigns"] == 1
        assert [value for name, value in report["campaigns"][0].items() if "rate" in name] == [
            0.0,
            0.0,
            0.0,
        ]
        assert {report["campaigns"][0][f"total_{kind.label}"] for kind in list(EventKind)[:4]} == {
            0
        }

    def test_its_averages_are_pooled(self, workspace):
        record(CampaignFactory(workspace=workspace), sent=1, opened=1)
        record(CampaignFactory(workspace=workspace), sent=99, bounced=2)
        kpis = campaign_report(workspace_id=workspace.pk)["workspace_kpis"]
        assert (kpis["total_sends"], kpis["avg_open_rate"], kpis["avg_bounce_rate"]) == (
            100,
            0.01,
            0.02,
        )

    def test_the_newest_is_first_and_then_the_smaller_id(self, workspace):
        for name, number, days in (("c", 1, 0), ("a", 3, 1), ("b", 9, 0), ("d", 2, 1)):
            CampaignFactory(
                workspace=workspace,
                id=UUID(int=number),
                name=name,
                created_at=DAY + timedelta(days=days),
            )
        assert names(campaign_report(workspace_id=workspace.pk)) == ["d", "a", "c", "b"]
        reordered = Campaign.objects.order_by("name")
        assert names(campaign_report(workspace_id=workspace.pk, campaigns=reordered)) == [
            *("d", "a", "c", "b")
        ]

    def test_its_campaigns_may_be_narrowed_and_its_averages_with_them(self, workspace):
        record(CampaignFactory(workspace=workspace, name="a", status="DRAFT"), sent=1, opened=1)
        record(CampaignFactory(workspace=workspace, name="b"), sent=3)
        drafts = Campaign.objects.filter(status="DRAFT")
        report = campaign_report(workspace_id=workspace.pk, campaigns=drafts)
        assert names(report) == ["a"]
        assert report["workspace_kpis"] == {
            "total_campaigns": 1,
            "total_sends": 1,
            "avg_open_rate": 1.0,
            "avg_reply_rate": 0.0,
            "avg_bounce_rate": 0.0,
        }

    def test_its_campaigns_may_be_a_slice_of_a_queryset_in_its_order(self, workspace):
        for name in ("b", "d", "a", "c"):
            record(CampaignFactory(workspace=workspace, name=name), sent=1)
        CampaignFactory(name="a")  # of another workspace, and yet among the first three
        by_name = Campaign.objects.order_by("name")
        report = campaign_report(workspace_id=workspace.pk, campaigns=by_name[:3])
        assert sorted(names(report)) == ["a", "b"]
        assert report["workspace_kpis"]["total_sends"] == 2
        assert names(campaign_report(workspace_id=workspace.pk, campaigns=by_name[:0])) == []

    def test_another_workspace_s_campaigns_are_left_out_whatever_is_given(self, workspace):
        theirs = CampaignFactory(name="theirs")
        record(theirs, sent=5)
        ours = CampaignFactory(workspace=workspace, name="ours")
        for campaigns in (
            Campaign.objects.filter(pk__in=[theirs.pk, ours.pk]),
            Campaign.objects.filter(pk=ours.pk) | Campaign.objects.filter(pk=theirs.pk),
            Campaign.objects.exclude(name="no such"),
        ):
            report = campaign_report(workspace_id=workspace.pk, campaigns=campaigns)
            assert names(report) == ["ours"]
            assert report["workspace_kpis"]["total_sends"] == 0
        only_theirs = Campaign.objects.filter(workspace=theirs.workspace)
        assert names(campaign_report(workspace_id=workspace.pk, campaigns=only_theirs)) == []

    def test_is_one_query_however_many_campaigns(self, workspace, django_assert_num_queries):
        for _ in range(20):
            record(CampaignFactory(workspace=workspace), sent=1)
        with django_assert_num_queries(1) as queries:
            report = campaign_report(workspace_id=workspace.pk)
        assert len(report["campaigns"]) == CampaignTotals.objects.count() == 20
        assert "emailevent" not in queries[0]["sql"]


class TestTimelineReport:
    def test_has_every_day_once_and_what_happened_on_it(self, workspace):
        campaigns = [CampaignFactory(workspace=workspace) for _ in range(2)]
        record(campaigns[0], sent=3, opened=1)
        record(campaigns[1], sent=1, replied=1)
        record(campaigns[0], DAY + timedelta(days=2), opened=2, bounced=1)
        record(campaigns[0], DAY + timedelta(days=3), sent=9)
        record(campaigns[0], DAY - timedelta(microseconds=1), sent=9)
        record(CampaignFactory(), sent=9)
        period = Period(date(2024, 1, 15), date(2024, 1, 17))
        kinds = ("sent", "opened", "replied", "bounced")
        rates = ("open_rate", "reply_rate", "bounce_rate")
        assert timeline_report(workspace_id=workspace.pk, period=period) == {
            "timeline": [
                {"date": date(2024, 1, day)}
                | dict(zip(kinds, counts, strict=True))
                | dict(zip(rates, of_sent, strict=True))
                for day, counts, of_sent in (
                    (15, (4, 1, 1, 0), (0.25, 0.25, 0.0)),
                    (16, (0, 0, 0, 0), (0.0, 0.0, 0.0)),
                    (17, (0, 2, 0, 1), (0.0, 0.0, 0.0)),
                )
            ],
            "from_date": date(2024, 1, 15),
            "to_date": date(2024, 1, 17),
        }

    @pytest.mark.parametrize("days", [1, 3653])
    def test_is_one_query_however_many_days(self, workspace, days, django_assert_num_queries):
        record(CampaignFactory(workspace=workspace), sent=1)
        period = Period(DAY.date(), DAY.date() + timedelta(days=days - 1))
        with django_assert_num_queries(1) as queries:
            report = timeline_report(workspace_id=workspace.pk, period=period)
        assert [row["date"] for row in report["timeline"]] == list(period)
        assert "emailevent" not in queries[0]["sql"]

    @pytest.mark.parametrize("day", [date.min, date.max])
    def test_may_be_at_either_end_of_time(self, workspace, day):
        at = datetime(day.year, day.month, day.day, 23, 59, 59, 999999, tzinfo=UTC)
        record(CampaignFactory(workspace=workspace), at, sent=1)
        report = timeline_report(workspace_id=workspace.pk, period=Period(day, day))
        assert [row["sent"] for row in report["timeline"]] == [1]
