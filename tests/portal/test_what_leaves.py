"""What a public page must not let out: inner numbers one could count on from, a person's number, a page kept too long."""

import base64
import re
import subprocess
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import get_resolver

from tests.intake import made
from tests.kernel import codes_made
from tests.portal.conftest import FIRST_NUMBER
from xinyong.kernel.clock import ZONE

#: Any number that begins as inner numbers of the town do.
_INNER = str(FIRST_NUMBER)[:6]
pytestmark = pytest.mark.usefixtures("town")


def _get(path: str) -> Any:
    return Client().get(path)


def _paths(code: str) -> list[str]:
    """One of each kind of page that shows records or organisations, with the pages that follow it."""
    first = [
        "/",
        f"/subject/{code}/",
        f"/subject/{code}/penalty/",
        "/publicity/admin-penalty-org/",
        "/search?q=科技有限",
        "/statistics/",
    ]
    found = list(first)
    for path in first:
        html = _get(path).content.decode()
        found += [path.partition("?")[0] + unescape(one) for one in re.findall(r'href="(\?[^"]*after=[^"]*)"', html)]
        found += re.findall(rf'href="(/subject/{code}/record/[0-9a-f]+/)"', html)
    return found


@pytest.fixture
def on_the_day() -> Any:
    with time_machine.travel(made.NOW + timedelta(hours=1), tick=True) as moved:
        yield moved


def test_no_inner_number_stands_in_any_page_address_or_cursor(town: list[str], on_the_day: Any) -> None:
    paths = _paths(town[0])
    cursors = [one for path in paths for one in re.findall(r"after=([\w-]+)", path)]
    assert len(cursors) >= 2
    for cursor in cursors:
        assert _INNER.encode() not in base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        assert _INNER not in cursor
    for path in paths:
        answer = _get(path)
        assert answer.status_code == 200, path
        assert _INNER not in path + answer.content.decode() + str(answer.headers), path


def test_no_inner_number_stands_in_a_report_or_its_number(town: list[str], on_the_day: Any) -> None:
    answers = [Client().post(f"/subject/{town[0]}/report.pdf") for _ in range(3)]
    numbers = [re.search(r'filename="credit-report-(\w+)\.pdf"', one["Content-Disposition"])[1] for one in answers]  # type: ignore[index]
    tails = [number[14:] for number in numbers]  # after the instant
    assert len({tail[:4] for tail in tails}) == 3
    text = subprocess.run(
        ["pdftotext", "-", "-"], input=answers[0].content, capture_output=True, check=True
    ).stdout.decode()
    assert numbers[0] in text
    assert _INNER not in text + answers[0].content.decode("latin-1")


@pytest.mark.parametrize(("clock", "longest"), [("10:00:00", 60), ("23:59:40", 20), ("23:59:59", 1)])
def test_no_page_of_records_is_kept_beyond_a_minute_or_midnight(town: list[str], clock: str, longest: int) -> None:
    at = datetime.fromisoformat(f"{made.TODAY}T{clock}").replace(tzinfo=ZONE)
    with time_machine.travel(at, tick=False):
        for path in _paths(town[0]):
            kept = _get(path)["Cache-Control"]
            assert kept == "no-store" or int(re.fullmatch(r"public, max-age=(\d+)", kept)[1]) <= longest, path  # type: ignore[index]


def test_a_number_of_a_person_goes_from_the_search_box_into_no_address(on_the_day: Any) -> None:
    number = made.person().number
    for answer in (
        Client().post("/search", {"q": number}), Client().post("/search", {"q": f" 身份证 {number[:6]} {number[6:]}"}),
        Client().get("/search", {"q": number}), Client().post("/search", {"q": number[:17]}),
    ):  # fmt: skip
        assert (answer.status_code, answer["Location"], answer["Cache-Control"]) == (
            303,
            "/search?person=1",
            "no-store",
        )
        assert number not in str(answer.headers)
    assert Client().post("/search", {"q": "云溪 茶"})["Location"] == "/search?q=%E4%BA%91%E6%BA%AA+%E8%8C%B6"
    assert Client().post("/search")["Location"] == "/search"


def test_no_form_of_the_portal_sends_what_was_typed_in_an_address_unless_it_is_no_ones(
    town: list[str], on_the_day: Any
) -> None:
    for path in [*_paths(town[0]), "/verify/", "/about/"]:
        for form in re.findall(r"<form[^>]*>.*?</form>", _get(path).content.decode(), re.DOTALL):
            typed = re.findall(r'<input[^>]*type="(?:search|text)"[^>]*name="(\w+)"', form)
            typed += re.findall(r'<input[^>]*name="(\w+)"[^>]*type="(?:search|text)"', form)
            is_get = 'method="get"' in form or "method=" not in form
            assert not is_get or set(typed) <= {"check_code"}, form[:120]


def test_no_address_of_the_program_takes_a_persons_number() -> None:
    def patterns(resolver: Any, before: str = "") -> list[str]:
        return [
            one
            for each in resolver.url_patterns
            for one in (
                patterns(each, before + str(each.pattern))
                if hasattr(each, "url_patterns")
                else [before + str(each.pattern)]
            )
        ]

    named = {name for one in patterns(get_resolver()) for name in re.findall(r"<(?:\w+:)?(\w+)>", one)}
    assert not named & {"citizen_id", "id_number", "person", "number", "name", "phone", "certificate"}


def test_a_persons_number_asked_for_as_an_organisation_finds_nobody(on_the_day: Any) -> None:
    number = codes_made.citizen_id(made._chance)
    assert _get(f"/subject/{number}/").status_code == 404
