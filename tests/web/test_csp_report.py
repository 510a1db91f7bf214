"""What a browser reports of a page that broke the content policy: one line, nothing of what was looked for."""

import json
import logging
from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def _send(body: object) -> int:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return int(Client().post("/csp-report/", raw, content_type="application/csp-report").status_code)


def _report(**told: str) -> dict[str, Any]:
    usual = {
        "effective-directive": "script-src-elem",
        "document-uri": "http://testserver/search?q=secret",
        "blocked-uri": "inline",
    }
    return {"csp-report": usual | {name.replace("_", "-"): value for name, value in told.items()}}


def test_a_report_is_one_line_without_the_question_asked(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "xinyong.csp"):
        assert _send(_report()) == 204
    assert [record.getMessage() for record in caplog.records if record.name == "xinyong.csp"] == [
        "csp-violation directive=script-src-elem page=/search"
    ]


def test_a_report_brings_no_line_of_its_own_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "xinyong.csp"):
        assert _send(_report(effective_directive="x\nroot: all is well", document_uri="http://a/b\r\nERROR c")) == 204
    (line,) = [record.getMessage() for record in caplog.records if record.name == "xinyong.csp"]
    assert line == r"csp-violation directive=- page=/b\r\nERROR c"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"csp-report": 1}', b"[" * 15_000, b"\xff\xfe", b"x" * 100_000]
)
def test_what_is_no_report_is_refused(body: bytes) -> None:
    assert _send(body) == 400


def test_reports_are_limited(settings: Any) -> None:
    settings.RATE_LIMITS_ON = True
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"csp-report": (2, 1)}
    assert [_send(_report()) for _ in range(3)] == [204, 204, 429]
