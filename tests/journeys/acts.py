"""What several journeys do: hand a file in, speak for the demo's organisation, read its report, ask by a program; and the office's desk."""

import io
import json
import random
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pypdf
from playwright.sync_api import Page

from tests.conftest import City
from tests.intake import made
from tests.intake.made import Organisation, Row
from tests.journeys.doors import state
from tests.journeys.fit import LAPTOP
from xinyong.kernel import clock

#: A day that every journey may date a decision by.
SOME_TIME_AGO = str(clock.today() - timedelta(days=160))
UNIT = "云溪市市场监督管理局"
PENALTY = "admin-penalty-org"
#: Of its own: the plugin that mixes the tests seeds the common one alike before each.
_chance = random.Random()


@dataclass(frozen=True, slots=True)
class Desk:
    """The city's office: who is signed in, and organisations to write about."""

    city: City
    browser: Any
    organisations: list[Organisation]
    unit: str  # code of the market administration

    def page(self, who: str, **options: Any) -> Any:
        """A page of somebody signed in, or of nobody; Chinese locale."""
        context = self.browser.new_context(
            base_url=self.city.url, storage_state=state(self.city, self.browser, who) if who else None, locale="zh-CN", accept_downloads=True,
            **({"viewport": LAPTOP} | options),
        )  # fmt: skip
        page = context.new_page()
        page.set_default_timeout(15_000)
        return page

    def rows(self, count: int, **changes: str) -> list[Row]:
        """Good rows about the city's organisations, each with a document of its own."""
        unit = made.SourceUnit(0, self.unit, UNIT, "", "", frozenset())
        return [
            made.penalty_row(
                self.organisations[n % len(self.organisations)], unit, CF_JDRQ=SOME_TIME_AGO,
                CF_WSH=f"云市监示罚〔2026〕{_chance.randrange(10**9)}号", **changes,
            )
            for n in range(count)
        ]  # fmt: skip


def unit_code() -> str:
    """The market administration's."""
    from xinyong.operations.synthetic import inhabitants

    return next(one.department for one in inhabitants().accounts if one.username == "market") or ""


def hand_in(page: Any, file: Path, item: str = PENALTY) -> str:
    """Submits a file through the form and waits until the page says what came of it; returns the page's path."""
    page.goto("/office/submissions/new")
    page.get_by_label("报送事项").select_option(item)
    page.get_by_label("文件").set_input_files(file)
    page.locator("main").get_by_role("button", name="报送").click()
    page.wait_for_url(re.compile(r"/office/submissions/\d+/$"))
    wait_for_result(page)
    return "/office" + str(page.url).partition("/office")[2]


def wait_for_result(page: Any) -> None:
    """The page refreshes itself until the work is done; no script of ours does it."""
    page.locator(".verdict").first.wait_for(timeout=60_000)


def organisation(page: Page) -> Organisation:
    """The one that the account of this page speaks for."""
    page.goto("/own/")
    address = page.get_by_role("link", name="公示页面").get_attribute("href")
    name = page.locator("p.facts b").first.inner_text()
    assert address
    return Organisation(address.split("/")[2], name)


def penalty(who: Organisation) -> Row:
    """A fine of half a year ago, by its words found among those that other journeys have handed in."""
    unit = made.SourceUnit(0, unit_code(), UNIT, "", "", frozenset())
    n = _chance.randrange(10**9)
    more = {"CF_WSH": f"云市监示罚〔2026〕{n}号", "CF_WFXW": f"违反示例管理规定第{n}条"}
    return made.penalty_row(who, unit, CF_JDRQ=SOME_TIME_AGO, **more)


def report(page: Page, code: str) -> str:
    """The text of the credit report as it is given out now."""
    answer = page.request.post(f"/subject/{code}/report.pdf")
    assert answer.ok, answer.status
    return "".join(one.extract_text() for one in pypdf.PdfReader(io.BytesIO(answer.body())).pages)


class Program:
    """A bank's program."""

    def __init__(self, city: City, client: dict[str, str]) -> None:
        self._url = city.url
        form = {"grant_type": "client_credentials", "client_id": client["client_id"], "client_secret": client["secret"]}
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        _, answer = self._send("/oauth/token", urlencode(form).encode(), kind)
        self._headers = {"Authorization": f"Bearer {answer['access_token']}", "Content-Type": "application/json"}

    def get(self, path: str) -> tuple[int, Any]:
        """Status and answer."""
        return self._send(f"/api/v1{path}", None, self._headers)

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        """Status and answer to a body."""
        return self._send(f"/api/v1{path}", json.dumps(body).encode(), self._headers)

    def _send(self, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, Any]:
        request = urllib.request.Request(self._url + path, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
