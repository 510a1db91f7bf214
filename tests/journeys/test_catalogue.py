"""The catalogue in a real Chromium without JavaScript: an item edited by forms, a code list by an edited table, both looked at."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.conftest import City
from tests.journeys.doors import Doors
from tests.journeys.fit import DESK, PHONE, faults, follow, is_wide

pytestmark = pytest.mark.browser


@pytest.fixture
def page(city: City, browser: Any) -> Any:
    """The operator's page; no script of ours runs in it."""
    plain = Doors(city, browser).context("operator", accept_downloads=True, viewport=DESK, java_script_enabled=False)
    page = plain.new_page()
    page.set_default_timeout(15_000)
    yield page
    plain.close()


def _look(page: Any, name: str) -> None:
    """Nothing is lost sideways on a phone; a picture is kept when somebody wants one."""
    for size in (PHONE, DESK):
        page.set_viewport_size(size)
        assert not is_wide(page), (name, size)
        if folder := os.environ.get("XINYONG_PICTURES"):
            page.screenshot(path=Path(folder) / f"{name}-{size['width']}.png", full_page=True)


def test_an_item_is_edited_by_forms_and_the_change_taken_back(page: Any) -> None:
    page.goto("/office/catalogue/intellectual-property/")
    page.get_by_role("button", name="修改（起草新版本）").click()
    page.get_by_label("名称（中文）", exact=True).fill("知识产权登记信息")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("改为“知识产权登记信息”")).to_be_visible()
    _look(page, "edit")

    page.get_by_role("link", name="增加数据项").click()
    page.get_by_label("列代码").fill("PGJE")
    page.get_by_label("名称（中文）").fill("评估金额")
    page.get_by_label("名称（英文）").fill("Value")
    page.get_by_label("类型", exact=False).first.select_option("decimal")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("小数型数据项且仅小数型须写明 scale").first).to_be_visible()
    _look(page, "edit-field-wrong")
    page.locator("#id_scale").fill("6")
    page.locator("#id_length").fill("18")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("增加数据项“PGJE 评估金额”")).to_be_visible()

    follow(page.get_by_role("button", name="撤销上一次修改"))
    assert page.get_by_text("PGJE").count() == 0
    expect(page.get_by_text("改为“知识产权登记信息”")).to_be_visible()
    page.get_by_role("link", name="看差别和影响").click()
    page.get_by_role("button", name="放弃这份草稿").click()
    expect(page.get_by_text("草稿已放弃")).to_be_visible()


def test_a_code_list_is_edited_as_a_table_and_its_effect_is_seen(page: Any, tmp_path: Path) -> None:
    page.goto("/office/code-lists/?q=警告")
    expect(page.get_by_text(re.compile("张代码表中找到"))).to_be_visible()
    _look(page, "code-lists")
    page.goto("/office/code-lists/penalty-kind/")
    _look(page, "code-list")
    with page.expect_download() as taken:
        page.get_by_role("link", name="CSV").first.click()
    table = tmp_path / "penalty-kind.csv"
    taken.value.save_as(table)
    lines = [one for one in table.read_text("utf-8-sig").splitlines() if not one.startswith("警告,")]
    table.write_text("\n".join([*lines, "信用惩戒,信用惩戒,Credit sanction,,", ""]), encoding="utf-8")
    follow(page.get_by_role("link", name="起草新版本"))
    _look(page, "code-list-propose")
    page.get_by_label("代码表文件").set_input_files(table)
    page.get_by_label("生效日期").fill("2030-01-01")
    page.get_by_role("textbox", name="来源").fill("示例修订文件〔2026〕1号")
    page.get_by_role("button", name="检查并存为草稿").click()
    page.get_by_text("增加“信用惩戒 信用惩戒”。").wait_for()
    page.get_by_text("V10-unknown-code").first.wait_for()
    _look(page, "code-list-review")
    page.get_by_role("button", name="放弃这份草稿").click()
    expect(page.get_by_text("草稿已放弃")).to_be_visible()


def test_the_pages_of_the_draft_have_no_fault_that_axe_finds(city: City, browser: Any, page: Any) -> None:
    page.goto("/office/catalogue/intellectual-property/")
    follow(page.get_by_role("button", name="修改（起草新版本）"))
    context = browser.new_context(
        base_url=city.url, locale="zh-CN", storage_state=page.context.storage_state(), viewport=PHONE
    )
    other = context.new_page()
    for path in ("edit", "edit/fields/ZSH", "edit/rules/new"):
        other.goto(f"/office/catalogue/intellectual-property/2/{path}")
        assert faults(other) == [], path
    context.close()
    page.goto("/office/catalogue/intellectual-property/2/")
    page.get_by_role("button", name="放弃这份草稿").click()
