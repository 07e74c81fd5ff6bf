"""Whom an address stands for, however it is spelled; pure."""

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_WITH_PORT = re.compile(r"\[(?P<v6>[^\]]*)\](:[0-9]+)?|(?P<v4>[0-9.]+):[0-9]+")


def network_of(text: str) -> str:
    """The IPv4 address or the /64 of an IPv6 address, in one spelling; other text as it is.

    A household or a rented server has a /64 of its own, so that a count for each of its 2**64
    addresses would count nothing. A port and a zone are left out, and IPv4 within IPv6 is IPv4.
    """
    bare = text.strip()
    if found := _WITH_PORT.fullmatch(bare):
        bare = found["v6"] or found["v4"] or ""
    try:
        address: IPv4Address | IPv6Address = ip_address(bare.partition("%")[0])
    except ValueError:
        return text
    if isinstance(address, IPv6Address):
        if (mapped := address.ipv4_mapped) is None:
            return str(IPv6Network((int(address) >> 64 << 64, 64)))
        return str(mapped)
    return str(address)
