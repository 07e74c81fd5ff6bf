"""What a schema can't say of the parameters together, for schemathesis' own command.

A window ends on or after its first day, not before today if the last is not given, and has at
most ten years. Every valid date and every pair of them is tried in ``test_parameters``. A list
names each value once, which ``test_additions`` tries.
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
    for names in (("from_date", "to_date"), ("activity_from", "activity_to")):
        days = [query.get(name) for name in names]
        if all(isinstance(text, str) for text in days):
            query.update(zip(names, sorted(days), strict=True))
    for name, spelled in (("campaign_id", str.lower), ("metrics", str)):
        if isinstance(text := query.get(name), str):
            values = {spelled(each): each for each in text.split(",")}
            query[name] = ",".join(values.values())
    return query
