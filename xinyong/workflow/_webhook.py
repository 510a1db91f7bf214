"""Webhooks (回调): a signed POST to an address that a department gave, by the very address that was judged.

Nothing is called unless the operator named its network (XINYONG_WEBHOOK_NETWORKS). The signature is RFC 9421's with this
node's key, over method, address and the body's digest; redirects are not followed.
"""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import urllib3
from django.conf import settings

from xinyong.kernel.errors import Conflict, Invalid
from xinyong.security import addresses, signatures
from xinyong.workflow._failing import Undelivered

TAG = "xinyong-notice"
_TIMEOUT = urllib3.Timeout(connect=5, read=10)


class WebhooksOff(Conflict):
    """No network is configured that webhooks may call."""

    code = "workflow.webhooks-off"


class WebhookRefused(Invalid):
    """Not an HTTPS address, or one outside the configured networks."""

    code = "workflow.webhook-refused"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a webhook goes: the address that was judged, and how it is named."""

    url: str
    host: str
    port: int
    path: str
    address: str


def is_on() -> bool:
    """True when at least one network is configured."""
    return bool(settings.WEBHOOK_NETWORKS)


def target(url: str) -> Target:
    """The machine behind an address, judged. Raises WebhooksOff, WebhookRefused."""
    if not is_on():
        raise WebhooksOff(
            "回调没有启用：请系统管理员在设置 XINYONG_WEBHOOK_NETWORKS 中写明接收方所在的网段，然后重启平台。",
            "Webhooks are off: have the receivers' networks named in XINYONG_WEBHOOK_NETWORKS, and start again.",
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
    except ValueError as error:
        raise _no_address() from error
    is_plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= 300
    if parts.scheme != "https" or not is_plain or not addresses.is_host(host) or parts.username or parts.fragment:
        raise _no_address()
    try:
        found = addresses.allowed(host, port, settings.WEBHOOK_NETWORKS)
    except addresses.Unknown as error:
        raise WebhookRefused(
            f"找不到主机 {host}：域名没有解析结果。", f"The host {host} is not found: its name leads to no address."
        ) from error
    if found is None:
        raise WebhookRefused(
            f"主机 {host} 不在允许回调的网段内，没有连接。请核对地址，或由系统管理员在 XINYONG_WEBHOOK_NETWORKS 中增加网段。",
            f"The host {host} lies outside the networks that webhooks may call; it was not called. Check the address, or have the "
            "network added to XINYONG_WEBHOOK_NETWORKS.",
        )
    return Target(url, host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), found)


def send(url: str, *, body: Mapping[str, Any], ref: str, now: datetime) -> None:
    """Posts the body, signed. Raises Undelivered unless the receiver answers with 2xx."""
    try:
        to = target(url)
    except (WebhooksOff, WebhookRefused) as refusal:
        raise Undelivered(refusal.zh, refusal.en) from refusal
    message = signatures.Message(
        "POST", url,
        {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": ref},
        json.dumps(body, ensure_ascii=False, sort_keys=True).encode(),
    )  # fmt: skip
    signatures.sign(
        message, private=signatures.node_key(), key_id=signatures.node_key_id(), tag=TAG, now=now,
        also=("content-digest",),
    )  # fmt: skip
    host = to.host if to.port == 443 else f"{to.host}:{to.port}"
    try:
        with urllib3.HTTPSConnectionPool(
            to.address, to.port, ssl_context=ssl.create_default_context(cafile=settings.WEBHOOK_CA or None),
            server_hostname=to.host, assert_hostname=to.host, timeout=_TIMEOUT, retries=False,
        ) as pool:  # fmt: skip
            answer = pool.request(
                "POST", to.path, body=message.body, headers={**message.headers, "Host": host}, redirect=False,
                preload_content=False,
            )  # fmt: skip
            status = answer.status
            answer.close()
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise Undelivered(
            f"接收方没有应答（{type(error).__name__}）。", f"The receiver did not answer ({type(error).__name__})."
        ) from error
    if not 200 <= status < 300:
        raise Undelivered(f"接收方答复 HTTP {status}。", f"The receiver answered with HTTP {status}.")


def _no_address() -> WebhookRefused:
    return WebhookRefused(
        "回调地址应写成 https://主机/路径，不带账号和 #。",
        "A webhook's address is https://host/path, without a user and without #.",
    )
