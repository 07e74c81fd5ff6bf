"""Whom an address stands for, however it is spelled, and which networks it is in."""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

Network = IPv4Network | IPv6Network

LONGEST_IPV6_PREFIX = 64
MOST_NETWORKS = 50
_MAPPED_BITS = 96  # before the IPv4 address within an IPv6 one
_WITH_PORT = re.compile(r"\[(?P<v6>[^\]]*)\](:[0-9]+)?|(?P<v4>[0-9.]+):[0-9]+")


def client_address(request: Any) -> str:
    """The client's address as it came: the proxies' word if REST framework's NUM_PROXIES says so.

    The header X-Forwarded-For is anyone's word unless the site says how many proxies add to it.
    """
    # To ask REST framework makes an object of all headers: not for those that do not matter.
    if api_settings.NUM_PROXIES and "HTTP_X_FORWARDED_FOR" in request.META:
        return str(BaseThrottle().get_ident(request))
    return str(request.META.get("REMOTE_ADDR"))


@lru_cache(maxsize=1024)  # every request asks, most from a few addresses
def network_of(text: str) -> str:
    """The IPv4 address or the /64 of an IPv6 address, in one spelling; other text as it is.

    A household or a rented server has a /64 of its own, so that a count for each of its 2**64
    addresses would count nothing. A port and a zone are left out, and IPv4 within IPv6 is IPv4.
    """
    address = _address(text)
    if address is None:
        return text
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address) >> 64 << 64, LONGEST_IPV6_PREFIX)))
    return str(address)


def is_within(text: str, networks: Iterable[str]) -> bool:
    """Whether the address is in one of the networks; text that is no address is in none."""
    address = _address(text)
    return address is not None and any(address in ip_network(each) for each in networks)


def parse_network(text: str) -> str:
    """An address or a network in CIDR notation, in one spelling; ValidationError for anything else.

    IPv6 addresses are told apart by their /64, as everywhere here, so none has a longer prefix.
    """
    try:
        network: Network = ip_network(text.strip())
    except ValueError as error:
        raise ValidationError(
            _("“%(text)s” is neither an address nor a network such as 192.0.2.0/24: %(error)s."),
            params={"text": text, "error": error},
        ) from None
    if isinstance(network, IPv6Network):
        mapped = network.network_address.ipv4_mapped
        if mapped is not None and network.prefixlen >= _MAPPED_BITS:
            return _spelled(IPv4Network((mapped, network.prefixlen - _MAPPED_BITS)))
        if network.prefixlen > LONGEST_IPV6_PREFIX:
            whole = network.supernet(new_prefix=LONGEST_IPV6_PREFIX)
            raise ValidationError(
                _("IPv6 addresses are told apart by their /64: give %(whole)s, not “%(text)s”."),
                params={"text": text, "whole": whole},
            )
    return _spelled(network)


def validate_networks(value: object) -> None:
    """ValidationError unless ``value`` is a list of networks as `parse_network` spells them."""
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValidationError(_("Give a list of networks."))
    if len(value) > MOST_NETWORKS:
        raise ValidationError(_("Give at most %(most)s networks."), params={"most": MOST_NETWORKS})
    for index, each in enumerate(value):
        if (spelled := parse_network(each)) != each:
            raise ValidationError(
                _("Spell “%(text)s” as %(spelled)s."), params={"text": each, "spelled": spelled}
            )
        if each in value[:index]:
            raise ValidationError(_("The network %(text)s is given twice."), params={"text": each})


def are_narrower(new: Iterable[str], old: Iterable[str]) -> bool:
    """Whether each address in one of the networks ``new`` is in one of ``old`` as well."""
    wide = [ip_network(each) for each in old]
    return all(any(_contains(each, ip_network(one)) for each in wide) for one in new)


def _contains(wide: Network, narrow: Network) -> bool:
    if isinstance(wide, IPv4Network):
        return isinstance(narrow, IPv4Network) and narrow.subnet_of(wide)
    return isinstance(narrow, IPv6Network) and narrow.subnet_of(wide)


def _spelled(network: Network) -> str:
    """A network of one address is written as the address."""
    whole = network.prefixlen == network.max_prefixlen
    return str(network.network_address if whole else network)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    bare = text.strip()
    if found := _WITH_PORT.fullmatch(bare):
        bare = found["v6"] or found["v4"] or ""
    try:
        address: IPv4Address | IPv6Address = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
