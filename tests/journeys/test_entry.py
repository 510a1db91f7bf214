"""A clerk at a real Chromium types rows, and sends a file in parts over a line that breaks."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.conftest import City
from tests.intake import made
from tests.journeys.acts import PENALTY, Desk, unit_code, wait_for_result
from tests.journeys.fit import PHONE, faults, is_wide

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def desk(city: City, browser: Any) -> Desk:
    """The market administration's clerk, signed in."""
    hits = city.json("search", "云溪市")["hits"]
    firms = [made.Organisation(one["code"], one["name"]) for one in hits if one["code"].startswith("91")]
    return Desk(city, browser, firms, unit_code())


def test_a_row_is_typed_by_keyboard_checked_beside_it_and_handed_in(desk: Desk) -> None:
    (row,) = desk.rows(1)
    page = desk.page("market", viewport=PHONE)
    page.goto(f"/office/entry/{PENALTY}/")
    assert not is_wide(page)
    page.locator("#id_CF_XDR_SHXYM").fill(row["CF_XDR_SHXYM"])
    page.keyboard.press("Tab")
    expect(page.locator("#id_CF_XDR_MC")).to_have_value(row["CF_XDR_MC"])  # looked up by its code
    assert page.locator("#said-CF_WSH p").count() == 0, "not said before one was there"
    page.locator("#id_CF_NR_FK").fill("两千")
    page.locator("#said-CF_NR_FK .entry-error").wait_for()
    assert page.locator("#id_CF_NR_FK").get_attribute("aria-invalid") is not None
    for field in ("CF_FRDB", "CF_WSH", "CF_WFXW", "CF_SY", "CF_YJ", "CF_NR", "CF_NR_FK", "CF_JDRQ", "CF_YXQ"):
        page.locator(f"#id_{field}").fill(row[field])
    page.locator("#id_CF_XDR_LB").select_option(row["CF_XDR_LB"])
    page.get_by_label("罚款", exact=True).check()
    page.locator("#said-CF_NR_FK .entry-error").wait_for(state="detached")
    page.keyboard.press("Control+Enter")
    page.get_by_text("已加入草稿，还没有报送。").wait_for()
    expect(page.get_by_text("可以报送")).to_be_visible()
    assert not is_wide(page)
    assert faults(page) == []
    page.locator("form[action$=act]").get_by_role("button", name="报送 1 行").click()
    page.wait_for_url(re.compile(r"/office/submissions/\d+/$"))
    wait_for_result(page)
    expect(page.get_by_role("heading", name="没有需要更正的行")).to_be_visible()
    page.context.close()


def test_a_file_goes_on_where_it_stopped_after_a_pause_a_broken_line_and_a_reload(desk: Desk, tmp_path: Path) -> None:
    rows = desk.rows(2)
    rows[0]["备注"] = "示例" * 10
    path = made.csv_file(tmp_path / "大文件.csv", rows)
    with path.open("ab") as file:  # 9 MB, three parts, of columns that are nobody's
        for row in desk.rows(1):
            row["备注"] = "x"
            line = ",".join(row.get(name, "") for name in made.columns(rows))
            file.write(("".join(f"{line}\n" for _ in range(9_000_000 // len(line.encode())))).encode())
    page = desk.page("market")
    parts: list[str] = []
    line = {"is_up": True}

    def carry(route: Any) -> None:
        parts.append(route.request.headers["upload-offset"])
        line["is_up"] = line["is_up"] and len(parts) != 2  # the second breaks, and those that follow
        route.continue_() if line["is_up"] else route.abort()

    page.route("**/part", carry)
    page.goto("/office/submissions/new")
    page.get_by_label("报送事项").select_option(PENALTY)
    page.get_by_label("文件").set_input_files(path)
    page.locator("main").get_by_role("button", name="报送", exact=True).click()
    page.get_by_text("连接中断，正在重试").wait_for()
    page.get_by_role("button", name="暂停").click()
    page.get_by_text("已暂停").wait_for()
    line["is_up"] = True
    before = parts[:1]
    parts[:] = [""] * 2
    page.reload()
    expect(page.get_by_text("没有传完的文件")).to_be_visible()
    page.get_by_label("报送事项").select_option(PENALTY)
    page.get_by_label("文件").set_input_files(path)
    page.locator("main").get_by_role("button", name="报送", exact=True).click()
    page.wait_for_url(re.compile(r"/office/submissions/\d+/$"))
    expect(page.get_by_role("heading", name="大文件.csv")).to_be_visible()
    assert not set(before) & set(parts), "nothing that had arrived was sent again"
    page.context.close()
