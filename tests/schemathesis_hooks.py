"""What a schema can't say of the parameters together, for schemathesis' own command.

A window ends on or after its first day, not before today if the last is not given, and has at
most ten years. Every valid date and every pair of them is tried in ``test_parameters``.
"""

from datetime import timedelta

import schemathesis
from hypothesis import strategies as st

from analytics.periods import utc_today

LAST = utc_today() - timedelta(days=1)  # the test may see midnight
FIRST = LAST - timedelta(days=3600)

schemathesis.openapi.format("date", st.dates(FIRST, LAST).map(str))


@schemathesis.hook
def map_query(context, query):
    if not query:  # of what writes
        return query
    given = [query.get("from_date"), query.get("to_date")]
    if all(isinstance(text, str) for text in given):
        query["from_date"], query["to_date"] = sorted(given)
    return query
