"""Which machines docking may call (对接网段): addresses of the configured networks, looked up once and then called by address.

The program calls nobody else (controls, line 29). A name is looked up here and the connection goes to the very address that
was judged, so a name that answers differently the next moment (DNS rebinding) leads nowhere. Whatever the networks say, the
addresses under which clouds hand out their secrets, this machine's own unrouted ones and the platform's own database are
never called. Source: OWASP ASVS 5.0 V1.3.6.
"""

import ipaddress
import re
import socket

from django.conf import settings

from xinyong.kernel.errors import Conflict, Invalid

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Metadata services of clouds, link-local, unspecified, multicast, reserved.
_NEVER = tuple(
    ipaddress.ip_network(one)
    for one in (
        "169.254.0.0/16", "100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32", "0.0.0.0/8", "224.0.0.0/3",
        "fe80::/10", "fd00:ec2::254/128", "::/128", "ff00::/8",
    )
)  # fmt: skip
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._:-]{0,251}[A-Za-z0-9])?")


class DockingOff(Conflict):
    """No network is configured that docking may call."""

    code = "intake.docking-off"


class HostRefused(Invalid):
    """The host lies outside the configured networks, or is one that is never called."""

    code = "intake.docking-host-refused"


def is_on() -> bool:
    """True when at least one network is configured."""
    return bool(settings.DOCKING_NETWORKS)


def require_host(host: str) -> str:
    """The host as written, when it can be one: a name or an address, no path, no option. Raises HostRefused."""
    host = host.strip()
    if not _HOST.fullmatch(host):
        raise HostRefused(
            "主机应是域名或 IP 地址，例如 10.1.2.3。", "The host must be a name or an address, 10.1.2.3 for example."
        )
    return host


def checked(host: str, port: int) -> str:
    """The address to connect to. Raises DockingOff, HostRefused."""
    if not is_on():
        raise DockingOff(
            "数据库对接没有启用：请在设置 XINYONG_DOCKING_NETWORKS 中写明各部门数据库所在的网段，然后重启平台。",
            "Docking is off: name the networks of the departments' databases in XINYONG_DOCKING_NETWORKS and start again.",
        )
    addresses = _addresses(require_host(host), port)
    own = _own(port)
    for one in addresses:
        if _is_allowed(one) and str(one) not in own:
            return str(one)
    raise HostRefused(
        f"主机 {host} 不在允许对接的网段内，没有连接。请核对地址，或由系统管理员在 XINYONG_DOCKING_NETWORKS 中增加网段。",
        f"The host {host} lies outside the networks that may be docked; it was not called. Check the address, or have the "
        "network added to XINYONG_DOCKING_NETWORKS.",
    )


def _addresses(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise HostRefused(
            f"找不到主机 {host}：域名没有解析结果。请核对地址，或改用 IP 地址。",
            f"The host {host} is not found: its name leads to no address. Check it, or give the address.",
        ) from error
    return [_plain(ipaddress.ip_address(str(one[4][0]).partition("%")[0])) for one in found]


def _plain(address: Address) -> Address:
    """An IPv4 address that is written as an IPv6 one is judged as what it is."""
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def _is_allowed(address: Address) -> bool:
    if any(address in network for network in _NEVER if network.version == address.version):
        return False
    return any(address in network for network in settings.DOCKING_NETWORKS if network.version == address.version)


def _own(port: int) -> set[str]:
    """The addresses of the platform's own database, when it listens on this port."""
    place = settings.DATABASES["default"]
    host, own_port = str(place["HOST"] or "localhost"), int(place["PORT"] or 5432)
    if own_port != port:
        return set()
    try:
        return {str(one) for one in _addresses("localhost" if host.startswith("/") else host, port)} | {
            "127.0.0.1",
            "::1",
        }
    except HostRefused:
        return set()
