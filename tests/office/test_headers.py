"""Every answer carries the security headers: each address × whoever asks × whatever goes wrong; those of gunicorn too."""

import os
import re
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.office.conftest import ROLES, Office, Reader
from xinyong.operations import front
from xinyong.security import gate
from xinyong.web.headers import ALWAYS

#: What a place of an address is filled with, by the name of its parameter, else by its kind.
_FILL = {"submission_id": "1", "item_id": "admin-licence-org", "section": "penalty", "form": "csv", "check_code": "ABC"}
_BY_KIND = {"int": "1", "uuid": "00000000-0000-0000-0000-000000000000"}
#: One address of a file that is served without any view.
_FILES = ("/static/web/xinyong.css", "/static/web/proof.js", "/static/web/nothing.css")
#: Doors of machines, which know no sessions.
MACHINES = ("/api/", "/exchange/")
_WIDE_OPEN = ("unsafe-inline", "unsafe-eval", "http:", "https:", "*")


def addresses(code: str) -> list[str]:
    """Every address pattern of the program, filled in."""

    def fill(found: re.Match[str]) -> str:
        kind, name = found.groups()
        return code if name == "code" else _FILL.get(name) or _BY_KIND.get(kind, "abc")

    def walk(resolver: URLResolver, before: str) -> Iterator[str]:
        for one in resolver.url_patterns:
            path = before + re.sub(r"<(?:(\w+):)?(\w+)>", fill, str(one.pattern)).strip("^$")
            if isinstance(one, URLResolver):
                yield from walk(one, path)
            elif isinstance(one, URLPattern):
                yield "/" + path.removeprefix("/")

    return [*walk(get_resolver(), ""), *_FILES]


def complaints(answer: Any, *, is_secure: bool = False, is_signed_in: bool = False, is_file: bool = False) -> list[str]:
    """What is missing from an answer."""
    found = [name for name, value in ALWAYS.items() if answer.headers.get(name) != value]
    policy = answer.headers.get("Content-Security-Policy", "")
    directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    if directives.get("default-src") != "'none'" or directives.get("frame-ancestors") != "'none'":
        found.append("Content-Security-Policy")
    if any(word in policy.split() for word in _WIDE_OPEN) or directives.get("script-src", "'self'") != "'self'":
        found.append("a policy that allows too much")
    if is_secure and "max-age=31536000" not in answer.headers.get("Strict-Transport-Security", ""):
        found.append("Strict-Transport-Security")
    if not answer.headers.get("Cache-Control") or (
        is_signed_in and not is_file and answer["Cache-Control"] != "no-store"
    ):
        found.append("Cache-Control")
    if "X-Powered-By" in answer.headers or any(c.isdigit() for c in answer.headers.get("Server", "")):
        found.append("a version")
    return found


def test_every_address_carries_them_whoever_asks_and_whatever_goes_wrong(
    browsers: Office, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SECURE_HSTS_SECONDS = 31536000
    paths, seen, lacking = addresses(browsers.organisation.code), set(), []

    def note(what: str, path: str, answer: Any, *, is_signed_in: bool = False) -> None:
        seen.add(answer.status_code)
        wrong = complaints(
            answer, is_secure=True, is_signed_in=is_signed_in, is_file=path in _FILES or path.startswith("/api/")
        )  # no session counts at the machines' door
        if wrong:
            lacking.append((what, path, answer.status_code, wrong))

    anybody, strict = (
        Reader(raise_request_exception=False),
        Client(raise_request_exception=False, enforce_csrf_checks=True),
    )
    form = "application/x-www-form-urlencoded"
    provocations: tuple[tuple[str, Callable[[str], Any]], ...] = (
        ("unknown address", lambda path: anybody.get(path.rstrip("/") + "/there/is/none", secure=True)),
        ("wrong method", lambda path: browsers["operator"].delete(path, secure=True)),
        ("foreign host", lambda path: anybody.get(path, secure=True, headers={"host": "evil.example"})),
        ("too much", lambda path: anybody.post(path, b"x" * 1_100_000, content_type=form, secure=True)),
        ("form without token", lambda path: strict.post(path, {"a": "b"}, secure=True)),
    )
    is_whole = os.environ.get("XINYONG_TEST_PROFILE") == "evidence"  # else by two of five, with one of five faults
    for place, path in enumerate(paths):
        for role in ROLES if is_whole else ("public", ROLES[1 + place % 4]):
            client = browsers[role]
            client.raise_request_exception = False
            note(
                f"GET {role}",
                path,
                client.get(path, secure=True),
                is_signed_in=role != "public" and "sign-out" not in path and not path.startswith(MACHINES),
            )
        for what, provoke in provocations if is_whole else provocations[place % 5 : place % 5 + 1]:
            note(what, path, provoke(path))
    note("too much", "/office/sign-in", provocations[3][1]("/office/sign-in"))  # few addresses read a form of anybody's
    with monkeypatch.context() as patched:
        patched.setattr(gate.Gate, "process_view", _broken)
        anybody = Reader(raise_request_exception=False)  # a handler binds its middleware once
        for path in paths:
            note("our fault", path, anybody.get(path, secure=True))
    assert lacking == []
    assert seen >= {200, 302, 400, 403, 404, 405, 413, 500}


def _broken(*_: Any) -> None:
    raise RuntimeError("planted")


def test_an_error_before_any_view_carries_them_too(browsers: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "actor_of", _broken)
    answer = Reader(raise_request_exception=False).get("/")
    assert (answer.status_code, complaints(answer)) == (500, [])


def test_a_download_in_pieces_carries_them(browsers: Office) -> None:
    answer = browsers["clerk"].get(f"/office/submissions/{browsers.submission.id}/feedback.xlsx")
    assert (answer.status_code, answer.streaming) == (200, True)
    assert complaints(answer, is_signed_in=True) == []


def test_a_page_that_somebody_signed_in_reads_on_the_portal_is_kept_by_nobody(browsers: Office) -> None:
    assert "max-age" in browsers["public"].get("/about/")["Cache-Control"]
    assert browsers["clerk"].get("/about/")["Cache-Control"] == "no-store"


@pytest.mark.parametrize("status", [400, 414, 431, 501])
def test_what_gunicorn_answers_by_itself_carries_them_and_quotes_nothing(status: int) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        front.write_error(ours, status, "Reason", "<script>alert('quoted')</script>")
        text = theirs.recv(10_000).decode()
    head, _, body = text.partition("\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.splitlines()[1:])
    assert head.startswith(f"HTTP/1.1 {status} Reason")
    assert all(headers[name] == value for name, value in ALWAYS.items())
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert int(headers["Content-Length"]) == len(body.encode())
    assert "quoted" not in text
    assert "Server" not in headers
