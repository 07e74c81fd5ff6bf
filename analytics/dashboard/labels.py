"""What the dashboard calls each kind of event and its rate, in the reader's language."""

from django.utils.translation import gettext_lazy as _

COUNT_LABELS = {
    "sent": _("Sent"),
    "opened": _("Opened"),
    "replied": _("Replied"),
    "bounced": _("Bounced"),
    "clicked": _("Clicked"),
    "unsubscribed": _("Unsubscribed"),
    "complained": _("Complained"),
    "machine_opened": _("Machine opened"),
}
RATE_LABELS = {
    "opened": _("Open rate"),
    "replied": _("Reply rate"),
    "bounced": _("Bounce rate"),
    "clicked": _("Click rate"),
    "unsubscribed": _("Unsubscribe rate"),
    "complained": _("Complaint rate"),
    "machine_opened": _("Machine open rate"),
}
