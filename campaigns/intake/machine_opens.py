"""Opens that a machine made, as their source says; docs/anymail.md names each source's document.

An open of which nothing is said is a person's: no guess is made from addresses or user agents.
"""

from collections.abc import Callable, Mapping
from typing import Any


def _brevo(event: Mapping[str, Any]) -> bool:
    return event.get("event") in {"proxy_open", "unique_proxy_open"}


def _sendgrid(event: Mapping[str, Any]) -> bool:
    return event.get("sg_machine_open") in (True, "true")


def _mailgun(event: Mapping[str, Any]) -> bool:
    # A webhook holds the event in "event-data"; anymail hands on one of either form.
    data = _mapping(event.get("event-data")) or event
    return bool(_mapping(data.get("client-info")).get("bot"))


_SAYS_SO: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "Brevo": _brevo,
    "SendGrid": _sendgrid,
    "Mailgun": _mailgun,
}


def is_by_machine(esp_name: str, esp_event: object) -> bool:
    says_so = _SAYS_SO.get(esp_name)
    return says_so is not None and says_so(_mapping(esp_event))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
