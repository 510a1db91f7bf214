"""The interface described by itself: OpenAPI 3.1, as it is served and as docs/reference/openapi.json keeps it."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse

from xinyong.exchange import api
from xinyong.exchange.door import WAYS, Entrance
from xinyong.exchange.door import api as interface
from xinyong.security.clients import SCOPES
from xinyong.web.problems import CONTENT_TYPE

assert api.__all__  # importing the package makes its operations known

#: status → what it means here; which of them an operation can answer follows from its way in.
_REFUSALS = {
    "400": "请求有误 The request is wrong",
    "401": "身份未获确认 Not authenticated",
    "403": "没有权限 Not allowed",
    "404": "没有找到 Not found",
    "405": "不支持这种方法 Method not allowed",
    "409": "现在不能这样做 Not possible now",
    "411": "缺少长度 Length required",
    "413": "内容太大 Too large",
    "415": "不支持这种格式 Unsupported format",
    "422": "同一个键、另一份内容 The key stood for other content",
    "429": "配额用完 Quota used up",
}
#: Refusals of single operations, which they name themselves (``more``).
_NAMED = {"Conflict": "409", "LengthNeeded": "411", "KeyReused": "422"}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "zh", "en"],
    "properties": {
        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "docs/reference/errors.md"},
        "zh": {"type": "string"}, "en": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
    "example": {
        "type": "urn:xinyong:error:intake.key-reused", "title": "不能这样处理", "status": 422,
        "detail": "这个 Idempotency-Key 以前用于另一份内容。重试请原样重发；报送新内容请换一个新的键。", "code": "intake.key-reused",
        "zh": "这个 Idempotency-Key 以前用于另一份内容。重试请原样重发；报送新内容请换一个新的键。",
        "en": "This Idempotency-Key stood for other content before. To retry, send the same again; for new content, use a new key.",
    },
}  # fmt: skip
_SCHEMES = {
    "oauth2": {
        "type": "oauth2",
        "flows": {
            "clientCredentials": {
                "tokenUrl": "/oauth/token",
                "scopes": {name: f"{zh} {en}" for name, (zh, en) in SCOPES.items()},
            }
        },
    },
    "signature": {
        "type": "apiKey", "in": "header", "name": "Signature",
        "description": "RFC 9421, with Signature-Input and Content-Digest; tag xinyong-exchange",
    },
}  # fmt: skip
_TOKEN = {
    "post": {
        "operationId": "token", "summary": "申请令牌 Ask for a token", "tags": ["oauth"],
        "description": "RFC 6749 §4.4. Credentials in the form, or as HTTP Basic.",
        "requestBody": {
            "required": True,
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": {
                        "type": "object", "required": ["grant_type"],
                        "properties": {
                            "grant_type": {"type": "string", "const": "client_credentials"},
                            "client_id": {"type": "string"}, "client_secret": {"type": "string"},
                            "scope": {"type": "string"},
                        },
                    }
                }
            },
        },
        "responses": {
            "200": {
                "description": "OK",
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object", "required": ["access_token", "token_type", "expires_in", "scope"],
                            "properties": {
                                "access_token": {"type": "string"}, "token_type": {"const": "Bearer"},
                                "expires_in": {"type": "integer"}, "scope": {"type": "string"},
                            },
                        }
                    }
                },
            },
            **{
                status: {
                    "description": _REFUSALS[status],
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object", "required": ["error"], "properties": {"error": {"type": "string"}},
                            }
                        }
                    },
                }
                for status in ("400", "401")
            },
            **{
                status: {
                    "description": _REFUSALS[status],
                    "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
                for status in ("405", "413", "415", "429")
            },
        },
    }
}  # fmt: skip


def schema() -> dict[str, Any]:
    """The whole description, the token's address among the operations."""
    found: dict[str, Any] = json.loads(json.dumps(interface.get_openapi_schema(path_prefix="/api/v1/"), default=str))
    for operations in found["paths"].values():
        for one in operations.values():
            _complete(one)
    found["paths"]["/oauth/token"] = _TOKEN
    found["components"]["securitySchemes"] = _SCHEMES
    found["components"]["schemas"]["Problem"] = _PROBLEM
    found["components"]["responses"] = {name: _refusal(status) for name, status in _NAMED.items()}
    found["servers"] = [{"url": "/"}]
    return found


def text() -> str:
    """``schema`` as the committed file holds it."""
    return json.dumps(schema(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def openapi(request: HttpRequest) -> HttpResponse:
    """Serves the description."""
    response = HttpResponse(text(), content_type="application/json")
    response["Cache-Control"] = "public, max-age=300"
    return response


def _complete(one: dict[str, Any]) -> None:
    way = WAYS[one["operationId"]]
    statuses = ["405", "413", "415"]
    if way.by is not Entrance.OPEN:
        statuses += ["400", "401", "403", "429"]
    if any(part["in"] == "path" for part in one["parameters"]) or "requestBody" in one:
        statuses += ["404"]
    if way.by is Entrance.SIGNATURE:
        statuses += ["409"]
        one["security"] = [{"signature": []}]
    elif way.by is Entrance.TOKEN:
        one["security"] = [{"oauth2": [way.scope] if way.scope else []}]
    for status in sorted(statuses):
        one["responses"][status] = _refusal(status)


def _refusal(status: str) -> dict[str, Any]:
    return {
        "description": _REFUSALS[status],
        "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
