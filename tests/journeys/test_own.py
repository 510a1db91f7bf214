"""An organisation at a real Chromium declares a fact; the public, the desk and the organisation see its label change and go."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.intake import declaring
from tests.journeys.doors import Doors
from tests.journeys.fit import PHONE, follow, is_fit

pytestmark = pytest.mark.browser
_TITLE = "信息安全管理体系认证证书"


def test_declared_shown_checked_and_withdrawn(doors: Doors, tmp_path: Path) -> None:
    page = doors.page("company", viewport=PHONE, java_script_enabled=True)
    page.goto("/own/declarations/")
    for state in ("已核验", "已公开，待核验", "核验不通过"):
        assert page.get_by_text(state).count() >= 1, state
    is_fit(page)
    follow(page.get_by_role("link", name="新的申报").last)
    is_fit(page)
    follow(page.locator("a.button[href='/own/new/self-qualification/']"))
    code = _code(page)
    for field, text in declaring.facts(ZZMC=_TITLE).items():
        box = page.locator(f"#id_{field}")
        box.select_option(text) if field == "ZZLB" else box.fill(text)
    page.locator("#id_FZRQ").fill("2035-01-01")
    page.get_by_role("button", name="先检查填写内容").click()
    page.get_by_text("发证日期晚于今天").first.wait_for()
    is_fit(page)
    page.locator("#id_FZRQ").fill("2026-03-15")
    page.locator("#id_proof_1").set_input_files(declaring.picture(tmp_path / "证书.png"))
    page.get_by_label("我已阅读并代表本单位作出以上承诺").check()
    page.get_by_role("button", name="承诺并申报").click()
    page.wait_for_url(re.compile(r"/own/\d+/$"))
    address = page.url
    _until(page, "已公开，待核验")
    is_fit(page)

    public = doors.page(viewport=PHONE)
    public.goto(f"/subject/{code}/self-declared/")
    card = public.locator("li.record", has_text=_TITLE)
    expect(card.get_by_text("自主申报 · 未经核实")).to_be_visible()
    is_fit(public)

    desk = doors.page("operator")
    desk.goto("/office/self-declared/")
    is_fit(desk)
    desk.get_by_role("link", name=_TITLE).click()
    with desk.expect_download() as download:
        desk.get_by_role("link", name="证书.png").click()
    assert download.value.suggested_filename == "证书.png"
    desk.get_by_label("核验单位").fill("云溪市信用中心")
    desk.get_by_label("核验依据").fill("与认证机构公开查询结果一致")
    is_fit(desk)
    desk.get_by_role("button", name="核验通过").click()
    desk.get_by_text("已核验，公示页面和报告的标注随即更新。").wait_for()

    expect(_again(public, f"/subject/{code}/self-declared/?x=1", _TITLE)).to_contain_text(
        "自主申报 · 已核验（云溪市信用中心"
    )

    page.goto(address)
    expect(page.get_by_text("已核验", exact=True)).to_be_visible()
    follow(page.get_by_role("link", name="撤回"))
    is_fit(page)
    page.get_by_label("撤回的原因").fill("证书已换发")
    page.get_by_role("button", name="确认撤回").click()
    page.get_by_text("已撤回，稍后即不再公开。").wait_for()
    _gone(public, code)


def _code(page: Page) -> str:
    return "".join(page.locator("p.facts .code").first.inner_text().split())


def _until(page: Page, text: str) -> None:
    for _ in range(120):
        if page.get_by_text(text).count():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(text)


def _again(page: Page, address: str, title: str) -> Any:
    page.goto(address)
    return page.locator("li.record", has_text=title)


def _gone(page: Page, code: str) -> None:
    for number in range(120):
        if not _again(page, f"/subject/{code}/self-declared/?y={number}", _TITLE).count():
            return
        page.wait_for_timeout(500)
    raise AssertionError("what was withdrawn is still shown")
