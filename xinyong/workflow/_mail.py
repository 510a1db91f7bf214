"""Mail by the configured server (SMTP). The Message-ID stays the same however often a message is sent."""

import smtplib
import ssl
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from xinyong.workflow._failing import Undelivered

_TIMEOUT = 10.0


def is_on() -> bool:
    """True when a server is configured."""
    return bool(settings.MAIL["host"])


def send(to: Sequence[str], *, subject: str, text: str, ref: str, now: datetime) -> None:
    """Hands the message to the server. Raises Undelivered."""
    if not is_on():
        raise Undelivered(
            "邮件已停用：设置 XINYONG_SMTP_HOST 为空。", "Mail was switched off: XINYONG_SMTP_HOST is empty."
        )  # fmt: skip
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = settings.MAIL["from"], ", ".join(to), subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{ref}@{urlsplit(settings.SITE_ORIGIN).hostname or 'xinyong'}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="base64")
    try:
        with _connected() as server:
            server.send_message(message, to_addrs=list(to))
    except smtplib.SMTPResponseException as error:
        raise Undelivered(
            f"邮件服务器拒绝了这封邮件（代码 {error.smtp_code}）。",
            f"The mail server refused the message (code {error.smtp_code}).",
        ) from error
    except smtplib.SMTPRecipientsRefused as error:
        raise Undelivered(
            "邮件服务器不接受任何一个收件地址。请单位管理员核对地址。",
            "The mail server takes none of the addresses. Have the department's administrator check them.",
        ) from error
    except (OSError, ValueError, smtplib.SMTPException) as error:
        raise Undelivered(
            f"邮件服务器没有应答（{type(error).__name__}）。请检查 XINYONG_SMTP_HOST 等设置和服务器。",
            f"The mail server did not answer ({type(error).__name__}). Check the server and the XINYONG_SMTP settings.",
        ) from error


def _connected() -> smtplib.SMTP:
    said = settings.MAIL
    if said["security"] == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            said["host"], said["port"], timeout=_TIMEOUT, context=ssl.create_default_context()
        )
    else:
        server = smtplib.SMTP(said["host"], said["port"], timeout=_TIMEOUT)
    with ExitStack() as unless_ready:
        unless_ready.callback(server.close)
        if said["security"] == "starttls":
            server.starttls(context=ssl.create_default_context())
        if said["user"]:
            server.login(said["user"], Path(said["password_file"]).read_text(encoding="utf-8").strip())
        unless_ready.pop_all()
    return server
