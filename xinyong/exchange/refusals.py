"""What the machines' door refuses before it looks at who calls, and what the log keeps of refusals."""

from collections.abc import Sequence
from dataclasses import replace

from django.http import HttpRequest, HttpResponse

from xinyong.kernel.errors import Forbidden, Invalid, NotFound, XinyongError
from xinyong.kernel.strict_json import MEGABYTE
from xinyong.security import audit, partners
from xinyong.security.access import Actor, Role
from xinyong.web.problems import problem


class UnknownOperation(NotFound):
    """The interface has nothing at this address."""

    code = "exchange.unknown-operation"


class WrongMethod(Invalid):
    """The operation does not take this method."""

    code = "exchange.wrong-method"
    status = 405


class TooLarge(Invalid):
    """The body is larger than the interface takes."""

    code = "exchange.too-large"
    status = 413


class WrongFormat(Invalid):
    """The body is not plain JSON: another type, or compressed."""

    code = "exchange.wrong-format"
    status = 415


def check_form(
    request: HttpRequest, *, methods: Sequence[str], most: int, content: Sequence[str] = ("application/json",)
) -> None:
    """Method, size and type of a request, judged by its head. Raises WrongMethod, TooLarge, WrongFormat.

    Nothing is decompressed: what is signed, measured and read is one sequence of bytes.
    """
    if request.method not in methods:
        raise WrongMethod(
            f"此接口只接受 {'、'.join(methods)}。", f"This takes {', '.join(methods)} only.", allow=", ".join(methods)
        )
    try:
        size = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        size = most + 1
    if size > most:
        shown = f"{most // 1024} KB" if most <= MEGABYTE else f"{most // MEGABYTE} MB"
        raise TooLarge(f"内容超过 {shown} 的上限。", f"The body exceeds {shown}.")
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        raise WrongFormat("不接受压缩的正文。", "A compressed body is not taken.")
    if size and request.content_type not in content:
        raise WrongFormat(f"正文应为 {'、'.join(content)}。", f"The body must be {' or '.join(content)}.")


def note(error: XinyongError, *, by: Actor, operation: str) -> None:
    """The audit entry of a call that was refused; a partner or client that the error names is named."""
    if partner := error.facts.get("partner"):
        return partners.refuse(error, by=replace(by, role=Role.PARTNER, name=str(partner)))
    client = error.facts.get("client_id")
    return audit.enter(
        audit.Event.CALL_REFUSED, by=replace(by, role=Role.CLIENT, name=str(client)) if client else by,
        object_kind="operation", object_ref=operation, outcome="refused", code=error.code,
    )  # fmt: skip


def answered(request: HttpRequest, error: XinyongError) -> HttpResponse:
    """The problem of an error that an operation's own room raised, after the log's entry: a look that found nothing, or
    was not allowed, leaves one too."""
    made = getattr(request, "machine_call", None)
    caller = made.caller if made is not None else None
    if made and caller and not caller.is_sandbox and isinstance(error, (Forbidden, NotFound)):
        note(error, by=caller.actor, operation=made.way.name)
    return problem(error)
