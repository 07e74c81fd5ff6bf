"""The parameters of both endpoints and of the dashboard, from text to a question.

`Parameters` reads the text of a request; ``campaign_query`` and ``timeline_query`` make a frozen
question of it. Both collect mistakes, and ``Parameters.check`` raises all of them at once.
"""

from analytics.parameters.mistakes import InvalidParameters, Mistake, MistakeType
from analytics.parameters.queries import (
    CAMPAIGN_PARAMETERS,
    TIMELINE_PARAMETERS,
    CampaignQuery,
    TimelineQuery,
    campaign_query,
    timeline_query,
)
from analytics.parameters.reading import Parameters

__all__ = [
    "CAMPAIGN_PARAMETERS",
    "TIMELINE_PARAMETERS",
    "CampaignQuery",
    "InvalidParameters",
    "Mistake",
    "MistakeType",
    "Parameters",
    "TimelineQuery",
    "campaign_query",
    "timeline_query",
]
