"""Log lines of requests that were refused: one line each, no traceback, nobody named.

Django logs a PermissionDenied or an unreadable request with its whole traceback. A refusal is no fault of the program:
what an operator wants of it is what was asked for, what was answered, why, and as which role.
"""

import logging
import re

from django.http import HttpRequest

from xinyong.kernel.scrubbing import scrubbed

#: No address of ours has such letters; what somebody typed may be a name.
_FOREIGN = re.compile("[^\x00-\x7f]+")

#: The database is away, or a disk is full: no fault of the program either.
_LACKING = frozenset({503, 507})


def note(request: HttpRequest, reason: str) -> None:
    """Says why the request is refused, for its line in the log: a code of ours, or the framework's word."""
    request.refusal = reason  # type: ignore[attr-defined]


class OneLine(logging.Filter):
    """Makes of Django's record about a 4xx answer, or a 503 or 507, the line ``refused status method path reason role``."""

    def filter(self, record: logging.LogRecord) -> bool:
        """True: the record stays, rewritten when it is about a refusal."""
        status, request = getattr(record, "status_code", None), getattr(record, "request", None)
        is_told = isinstance(status, int) and (400 <= status < 500 or status in _LACKING)
        if isinstance(status, int) and is_told and isinstance(request, HttpRequest):
            record.msg, record.args = _line(status, request), ()
            record.exc_info = record.exc_text = record.stack_info = None
        return True


def _line(status: int, request: HttpRequest) -> str:
    role = getattr(getattr(request, "actor", None), "role", "-")
    reason = getattr(request, "refusal", "") or "-"
    return f"refused status={status} method={_plain(request.method)} path={_plain(request.path)} reason={_plain(reason)} role={role}"


def _plain(text: str | None) -> str:
    """On one line whatever the client sent: no line break or escape sequence of theirs gets into the log."""
    return scrubbed(_FOREIGN.sub("***", text or "-").encode("unicode_escape").decode("ascii"))
