"""Arithmetic of the reports; pure."""


def rate(count: int, sent: int) -> float:
    """``count / sent`` rounded to 4 decimals, 0.0 when nothing was sent.

    Above 1 on a day with more opens than sends: an open counts on the day it happened.
    """
    return rates(sent, count, 0, 0)[0]


def rates(sent: int, opened: int, replied: int, bounced: int) -> tuple[float, float, float]:
    """The rate of each count after the first; in one call, for an answer has many rows."""
    if sent % 32:
        # A quotient halfway between two of 4 decimals is an odd number of 20,000ths, and then 32
        # divides sent. Without a tie integers round as round() does, in a third of its time.
        twice = 2 * sent
        return (
            (20_000 * opened + sent) // twice / 10_000,
            (20_000 * replied + sent) // twice / 10_000,
            (20_000 * bounced + sent) // twice / 10_000,
        )
    if not sent:
        return 0.0, 0.0, 0.0
    return round(opened / sent, 4), round(replied / sent, 4), round(bounced / sent, 4)
