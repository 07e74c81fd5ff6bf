"""Signals that the apps send, for the host site to receive."""

from django.dispatch import Signal

#: A batch of events has been recorded, its totals included, and committed.
#:
#: ``sender`` is ``EmailEvent``. Receivers are given ``workspace``; ``recorded``, a ``Recorded`` of
#: this batch; ``campaign_ids``, a frozenset with the campaign of each event of the batch, known
#: events included; and ``using``, the alias of the database.
#:
#: It is sent once for each batch that ``record_events`` writes, from the thread that wrote it. In a
#: transaction of the caller it waits for that to commit, and is never sent if it rolls back. What
#: a receiver raises is logged (logger ``django.dispatch``) and goes no further: the events stay
#: recorded, the other receivers are called, nothing is tried again. A process that dies between
#: the commit and the receivers sends nothing, so don't count by this signal; ask the reports.
#:
#: Not sent by whatever writes events around ``record_events``, nor when a campaign is deleted.
events_recorded = Signal()
