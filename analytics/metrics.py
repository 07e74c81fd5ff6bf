"""Arithmetic of the reports; pure."""


def rates(sent: int, opened: int, replied: int, bounced: int) -> tuple[float, float, float]:
    """``count / sent`` of each count after the first, rounded to 4 decimals; 0.0 without sends.

    Above 1 on a day with more opens than sends: an open counts on the day it happened.
    """
    if not sent:
        return 0.0, 0.0, 0.0
    return round(opened / sent, 4), round(replied / sent, 4), round(bounced / sent, 4)
