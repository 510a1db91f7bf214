"""Which machines the program may call: a name is looked up once, its addresses are judged, and the very address that was
judged is called, so a name that answers differently the next moment (DNS rebinding) leads nowhere.

Whatever the networks say, the addresses under which clouds hand out their secrets, this machine's own unrouted ones and the
platform's own database are never called. Source: OWASP ASVS 5.0 V1.3.6.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable

from django.conf import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: Metadata services of clouds, link-local, unspecified, multicast, reserved.
_NEVER = tuple(
    ipaddress.ip_network(one)
    for one in (
        "169.254.0.0/16", "100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32", "0.0.0.0/8", "224.0.0.0/3",
        "fe80::/10", "fd00:ec2::254/128", "::/128", "ff00::/8",
    )
)  # fmt: skip
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._:-]{0,251}[A-Za-z0-9])?")


class Unknown(ValueError):
    """The name leads to no address. Rooms turn it into their own error."""


def is_host(text: str) -> bool:
    """True when it can be one: a name or an address, no path, no option."""
    return _HOST.fullmatch(text) is not None


def allowed(host: str, port: int, networks: Iterable[Network]) -> str | None:
    """The first address of the host that lies in these networks and may be called; None when there is none. Raises Unknown."""
    found, own, within = looked_up(host, port), _own(port), tuple(networks)
    return next((str(one) for one in found if str(one) not in own and _is_allowed(one, within)), None)


def looked_up(host: str, port: int) -> list[Address]:
    """The addresses of a name. Raises Unknown."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unknown(host) from error
    return [_plain(ipaddress.ip_address(str(one[4][0]).partition("%")[0])) for one in found]


def _plain(address: Address) -> Address:
    """An IPv4 address that is written as an IPv6 one is judged as what it is."""
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def _is_allowed(address: Address, networks: tuple[Network, ...]) -> bool:
    if any(address in network for network in _NEVER if network.version == address.version):
        return False
    return any(address in network for network in networks if network.version == address.version)


def _own(port: int) -> set[str]:
    """The addresses of the platform's own database, when it listens on this port."""
    place = settings.DATABASES["default"]
    host, own_port = str(place["HOST"] or "localhost"), int(place["PORT"] or 5432)
    if own_port != port:
        return set()
    try:
        return {str(one) for one in looked_up("localhost" if host.startswith("/") else host, port)} | {
            "127.0.0.1",
            "::1",
        }
    except Unknown:
        return set()
