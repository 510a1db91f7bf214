"""At a real Chromium: an organisation reads who looked, answers a request, takes back; the office's pages about looks are fit too."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.doors import Doors
from tests.journeys.fit import DESK, PHONE, is_fit

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_about_looks_is_fit_on_a_phone_and_on_a_desk(doors: Doors, language: str) -> None:
    pages = {
        "company": ["/own/access-log/", "/own/consents/", "/own/consents/asked/3/", "/own/consents/new/loan/", "/own/consents/1/", "/own/honours/"],
        "operator": ["/office/queries/", "/office/queries/emergency", "/office/purposes/", "/office/exports/", "/office/special/"],
        "market": ["/office/consents/", "/office/consents/ask", "/office/queries/"], "auditor": ["/office/alarms/?all=1"],
    }  # fmt: skip
    for who, paths in pages.items():
        page = doors.page(who, reduced_motion="reduce")
        page.context.add_cookies([{"name": "django_language", "value": language, "url": doors.city.url}])
        for path in paths:
            answer = page.goto(path)
            assert answer is not None
            assert answer.status == 200, path
            for size in (PHONE, DESK):
                page.set_viewport_size(size)
                is_fit(page)
        page.context.close()


def test_an_organisation_answers_a_request_and_takes_its_yes_back(doors: Doors) -> None:
    page = doors.page("company", viewport=PHONE)
    page.goto("/own/")
    page.get_by_role("link", name="谁查过我", exact=True).click()
    expect(page.get_by_role("cell", name="云溪示例银行")).to_be_visible()
    page.get_by_role("link", name="我的授权").click()
    page.locator("a[href^='/own/consents/asked/']").first.click()
    page.get_by_role("button", name="同意所选").click()
    expect(page.get_by_role("heading", name="有几处需要改")).to_be_visible()
    is_fit(page)
    page.locator("input[name=items]").first.check()
    page.get_by_role("button", name="同意所选").click()
    page.wait_for_url(re.compile(r"/own/consents/\d+/$"))
    with page.expect_download() as download:
        page.get_by_role("link", name="下载回执").click()
    assert download.value.suggested_filename.startswith("SQ")
    page.get_by_role("button", name="撤回授权").click()
    expect(page.get_by_text("已撤回，立即生效", exact=False)).to_be_visible()
    expect(page.locator(".tag", has_text="已撤回")).to_be_visible()
    is_fit(page)
