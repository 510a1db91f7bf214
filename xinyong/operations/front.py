"""What gunicorn itself does: the name it gives, its answers to what is no HTTP request (400, 414, 431, 501), how it parts with
whoever asked.

Those never reach Django, so no middleware dresses them. Loaded by ``gunicorn --config python:xinyong.operations.front``;
``post_fork`` is gunicorn's name for a hook of its own. Its answers quote the request; ours do not, and its log says no
person's number.
"""

import gc
import logging
import socket
from typing import Any

from gunicorn import util
from gunicorn.http import wsgi

from xinyong.kernel.scrubbing import scrubbed
from xinyong.operations.lingering import Lingering

_CSP = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_PAGE = (
    '<!doctype html><html lang="zh-Hans"><meta charset="utf-8"><title>{status}</title>'
    '<p>{status} 这个请求读不懂，请返回上一页重试。</p><p lang="en">This request cannot be read. Go back and try again.</p>'
)


def post_fork(server: Any, worker: Any) -> None:
    """In each worker, before it answers anybody."""
    wsgi.SERVER = "xinyong"
    util.write_error = write_error
    util.close_graceful = Lingering().close
    from xinyong.web.logs import Careful

    log = logging.getLogger("gunicorn.error")
    log.addFilter(_masked)
    for handler in log.handlers:
        handler.setFormatter(Careful(getattr(handler.formatter, "_fmt", None)))


def post_worker_init(worker: Any) -> None:
    """When the application is loaded: what stands now stays, and the collector no longer looks at it. Little by little: it holds
    up every page of the process while it collects, 3 ms for what two thousand objects leave behind, 150 ms for fifty thousand."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 20, 100)


def write_error(sock: socket.socket, status_int: int, reason: str, mesg: str) -> None:
    """Sends an error page with the headers of every page; ``mesg`` quotes the request and is not said."""
    from xinyong.web import headers  # Django is not set up when gunicorn reads this module

    body = _PAGE.format(status=status_int).encode()
    lines = [f"HTTP/1.1 {status_int} {reason}", "Connection: close", "Content-Type: text/html; charset=utf-8"]
    lines += [f"{name}: {value}" for name, value in headers.ALWAYS.items()]
    lines += [f"Content-Security-Policy: {_CSP}", "Cache-Control: no-store", f"Content-Length: {len(body)}", "", ""]
    util.write_nonblock(sock, "\r\n".join(lines).encode("latin-1") + body)


def _masked(record: logging.LogRecord) -> bool:
    record.msg, record.args = scrubbed(record.getMessage()), ()
    return True
