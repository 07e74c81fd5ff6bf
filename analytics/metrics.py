"""Arithmetic of the reports; pure."""


def rate(count: int, sent: int) -> float:
    """``count / sent`` rounded to 4 decimals, 0.0 when nothing was sent.

    Above 1 on a day with more opens than sends: an open counts on the day it happened.
    """
    return round(count / sent, 4) if sent else 0.0


def rates(sent: int, opened: int, replied: int, bounced: int) -> tuple[float, float, float]:
    """The rate of each count after the first; in one call, for an answer has many rows."""
    if not sent:
        return 0.0, 0.0, 0.0
    return round(opened / sent, 4), round(replied / sent, 4), round(bounced / sent, 4)
