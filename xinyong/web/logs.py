"""How errors are logged: where and of what kind, never with the values they quote.

A database error quotes the row (``Key (name)=(…) already exists``), ``int()`` its argument, a KeyError its key. So of an
exception the log has the type, the lines of code, and of a database error SQLSTATE and constraint; its message only when the
error is one of ours, whose sentences quote no person. With XINYONG_DEBUG=1, on a developer's machine, messages stand too.
"""

import logging
import traceback
from collections.abc import ItemsView
from types import TracebackType
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter

from xinyong.kernel.errors import XinyongError
from xinyong.kernel.scrubbing import scrubbed

_DEPTH = 5  # causes of causes
_Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Careful(logging.Formatter):
    """Formats records: numbers out of the message, values out of exceptions."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, and below it what was raised."""
        return scrubbed(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        """An exception given as an argument is told as below, not by its message."""
        if isinstance(record.args, tuple) and any(isinstance(one, BaseException) for one in record.args):
            record.message = str(record.msg) % tuple(
                told(one) if isinstance(one, BaseException) else one for one in record.args
            )
        return super().formatMessage(record)

    def formatException(self, ei: _Raised) -> str:  # noqa: N802 (logging's name)
        """Frames, then the error and its causes, each by what ``told`` says of it."""
        if settings.DEBUG or ei[1] is None:
            return super().formatException(ei)
        lines: list[str] = []
        error: BaseException | None = ei[1]
        for _ in range(_DEPTH):
            if error is None:
                break
            frames = traceback.extract_tb(error.__traceback__)
            lines += [f'  File "{one.filename}", line {one.lineno}, in {one.name}' for one in frames]
            lines.append(told(error))
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
            if error is not None:
                lines.append("caused by, or while handling:")
        return "\n".join(lines)


def told(error: BaseException) -> str:
    """What may be said of an error: its type; our code and sentence; a database's SQLSTATE and constraint."""
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    if isinstance(error, XinyongError):
        return f"{name} [{error.code}] {error.en}"
    about = getattr(error, "diag", None)
    facts = {key: getattr(about, key, None) for key in ("sqlstate", "table_name", "column_name", "constraint_name")}
    said = " ".join(f"{key}={value}" for key, value in facts.items() if value)
    return f"{name} {said}".rstrip()


class NoValues(SafeExceptionReporterFilter):
    """The page that XINYONG_DEBUG=1 shows: lines of code, and no value of any variable or form."""

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        """Names of what was sent."""
        return {} if request is None else dict.fromkeys(request.POST, self.cleansed_substitute)

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: Any) -> ItemsView[str, Any]:
        """Names of what was there."""
        return dict.fromkeys(tb_frame.f_locals, self.cleansed_substitute).items()
