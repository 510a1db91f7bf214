"""The form of the interface: strict JSON in, our problems out, one reading of every input."""

import logging
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser
from ninja.renderers import JSONRenderer
from pydantic import ConfigDict

from xinyong.exchange import refusals
from xinyong.kernel import outages, strict_json
from xinyong.kernel.errors import Invalid, XinyongError
from xinyong.web import problems
from xinyong.web import refusals as log_lines

_log = logging.getLogger(__name__)


class BadRequest(Invalid):
    """The request does not fit the operation's schema; ``errors`` says where."""

    code = "exchange.bad-request"


class Strict(Schema):
    """A body: what the schema does not name is refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)


class _StrictParser(Parser):
    def parse_body(self, request: HttpRequest) -> Any:
        """The body as strict JSON. Raises NotStrictJson."""
        return strict_json.parse(request.body)


class _Readable(JSONRenderer):
    json_dumps_params = {"ensure_ascii": False}


class Api(NinjaAPI):
    """The interface, with the errors of the house."""

    def __init__(self) -> None:
        super().__init__(
            title="信用 Xinyong", version="1", openapi_url=None, docs_url=None, urls_namespace="exchange-api",
            parser=_StrictParser(), renderer=_Readable(), description=_ABOUT,
        )  # fmt: skip
        answers: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
            XinyongError: _ours, ValidationError: _unfit, HttpError: _unread, Exception: _ourfault,
        }  # fmt: skip
        for kind, how in answers.items():
            self.add_exception_handler(kind, how)


def _ours(request: HttpRequest, error: XinyongError) -> HttpResponse:
    log_lines.note(request, error.code)
    return refusals.answered(request, error)


def _unfit(request: HttpRequest, error: ValidationError) -> HttpResponse:
    places = [
        {"where": ".".join(str(part) for part in one["loc"] if not _is_wrapper(part)), "kind": str(one["type"]),
         "en": str(one["msg"])}
        for one in error.errors[:20]
    ]  # fmt: skip
    said = BadRequest(
        "请求不符合接口规定，请按 errors 逐项核对；完整规定见 /api/v1/openapi.json。",
        "The request does not fit the interface; see errors, and /api/v1/openapi.json for the whole of it.",
    )
    log_lines.note(request, said.code)
    return problems.problem(said, errors=places)


def _is_wrapper(part: Any) -> bool:
    return part in {"data", "params"}


def _unread(request: HttpRequest, error: HttpError) -> HttpResponse:
    cause = error.__cause__
    if isinstance(cause, XinyongError):
        return _ours(request, cause)
    said = BadRequest("这个请求读不懂。", "This request cannot be read.")
    log_lines.note(request, said.code)
    return problems.problem(said, status=error.status_code)


def _ourfault(request: HttpRequest, error: Exception) -> HttpResponse:
    lack = outages.said(error)
    if lack is not None:
        return _ours(request, lack)
    _log.error("interface failed: %s", type(error).__name__, exc_info=error)
    return problems.answer(
        500, "exchange.failed", "系统出了问题，您的请求没有完成。我们已记录，请稍后再试。",
        "Something failed here and your request was not completed. It is noted; try again later.",
    )  # fmt: skip


_ABOUT = (
    "公共信用信息共享平台的数据接口：令牌用客户端凭据在 /oauth/token 申请；节点之间的报文按 RFC 9421 签名；"
    "错误为 application/problem+json，中英双语。 The interface of the public credit information sharing platform: tokens by"
    " client credentials at /oauth/token; messages between nodes signed by RFC 9421; errors as application/problem+json in"
    " both languages."
)
