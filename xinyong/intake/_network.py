"""Which machines docking may call (对接网段): addresses of the configured networks, looked up once and then called by address
(security/addresses.py judges them). The program calls nobody else (controls, line 29)."""

from django.conf import settings

from xinyong.kernel.errors import Conflict, Invalid
from xinyong.security import addresses


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
    if not addresses.is_host(host):
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
    try:
        found = addresses.allowed(require_host(host), port, settings.DOCKING_NETWORKS)
    except addresses.Unknown as error:
        raise HostRefused(
            f"找不到主机 {host}：域名没有解析结果。请核对地址，或改用 IP 地址。",
            f"The host {host} is not found: its name leads to no address. Check it, or give the address.",
        ) from error
    if found is None:
        raise HostRefused(
            f"主机 {host} 不在允许对接的网段内，没有连接。请核对地址，或由系统管理员在 XINYONG_DOCKING_NETWORKS 中增加网段。",
            f"The host {host} lies outside the networks that may be docked; it was not called. Check the address, or have the "
            "network added to XINYONG_DOCKING_NETWORKS.",
        )
    return found
