"""How the contract spells values that JSON and CSV have no form of their own for; pure."""

from datetime import UTC, date, datetime
from uuid import UUID


def as_text(value: object) -> str:
    """What JSON has no form for, as the contract spells it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    return str(value)  # lazy text
