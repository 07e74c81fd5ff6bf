"""Arithmetic of the reports; pure."""


def rate(count: int, sent: int) -> float:
    """``count / sent`` rounded to 4 decimals, 0.0 when nothing was sent.

    Above 1 on a day with more opens than sends: an open counts on the day it happened.
    """
    return round(count / sent, 4) if sent else 0.0
