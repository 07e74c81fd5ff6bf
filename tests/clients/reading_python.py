"""Run beside a client that openapi-python-client made: prints, as JSON, what it reads.

KEY is a good key, API_URL the API, CAMPAIGNS the ids of two campaigns.
"""

import json
import os
from datetime import date

from analytics_client import AuthenticatedClient
from analytics_client.api.analytics import campaigns, me, timeline
from analytics_client.models import (
    CampaignsSortBy,
    CampaignsStatus,
    TimelineInterval,
)

client = AuthenticatedClient(
    base_url=os.environ["API_URL"],
    token=os.environ["KEY"],
    prefix="",
    auth_header_name="X-API-Key",
    raise_on_unexpected_status=True,
)
read = {
    "me": me.sync(client=client).to_dict(),
    "campaigns": campaigns.sync(client=client).to_dict(),
    "page": campaigns.sync(
        client=client,
        status=CampaignsStatus.COMPLETED,
        sort_by=CampaignsSortBy.OPEN_RATE,
        metrics="machine_opened,clicked",
        page=1,
        limit=1,
    ).to_dict(),
    "chosen": campaigns.sync(client=client, campaign_id=os.environ["CAMPAIGNS"]).to_dict(),
    "timeline": timeline.sync(client=client).to_dict(),
    "weeks": timeline.sync(
        client=client,
        from_date=date(2026, 3, 1),
        to_date=date(2026, 3, 20),
        interval=TimelineInterval.WEEK,
    ).to_dict(),
    "refused": campaigns.sync(client=client, page=0).to_dict(),
}
print(json.dumps(read))
