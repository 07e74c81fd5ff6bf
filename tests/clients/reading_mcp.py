"""Run beside ``coldsend-mcp-server``: prints, as JSON, what its own tools read.

KEY is a good key, COLDSEND_API_URL the API.
"""

import asyncio
import json
import os

from coldsend_mcp.auth import AuthenticationError, api_key_context, validate_api_key
from coldsend_mcp.tools.analytics import get_campaign_analytics, get_campaign_timeline


async def accepted(key):
    try:
        return (await validate_api_key(key))["authenticated"]
    except AuthenticationError as error:
        return str(error)


async def main():
    key = os.environ["KEY"]
    api_key_context.set(key)
    first, last = "2026-03-01", "2026-03-20"
    read = {
        "good key": await accepted(key),
        "bad key": await accepted(f"{key[:-1]}_"),
        "campaigns": await get_campaign_analytics(),
        "completed": await get_campaign_analytics(
            status_filter="COMPLETED", from_date=first, to_date=last
        ),
        "timeline": await get_campaign_timeline(),
        "march": await get_campaign_timeline(from_date=first, to_date=last),
    }
    # After what it logs.
    print(f"\n{json.dumps(read)}")


asyncio.run(main())
