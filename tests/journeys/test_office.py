"""The office in a real Chromium against a running city: hand in, correct, judge, audit; each role at its own door."""

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import expect

from tests.conftest import City
from tests.intake import made
from tests.intake.made import Organisation
from tests.journeys.acts import PENALTY, SOME_TIME_AGO, Desk, hand_in, unit_code
from tests.journeys.fit import DESK, FOCUSABLE, LAPTOP, PHONE, faults, follow, is_wide
from tests.signing import next_code, through_the_pages

pytestmark = pytest.mark.browser

WIDTHS = (PHONE, {"width": 768, "height": 1024}, LAPTOP)
LONG_NAME = "云溪市市场监督管理局双公示行政处罚信息表（2026年11月第三周）-定稿-最终版（领导已审）_20261121修改.xlsx"


@pytest.fixture(scope="module")
def desk(city: City, browser: Any) -> Desk:
    """The office of the city, with organisations that have a code."""
    hits = city.json("search", "云溪市")["hits"]
    firms = [Organisation(one["code"], one["name"]) for one in hits if one["code"].startswith("91")]
    return Desk(city, browser, firms, unit_code())


@pytest.fixture(scope="module")
def messy(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A department's file as it comes: title rows, an extra column, faults; handed in. Its page, and the file."""
    rows = desk.rows(130)
    for n, row in enumerate(rows):
        row["承办人内部编号"] = f"A-{n}"
        if n % 2:
            row["CF_JDRQ"] = "2026年13月5日"
    del rows[0]["CF_NR"]
    rows[2]["CF_XDR_SHXYM"] = made.registration_number()
    path = tmp_path_factory.mktemp("messy") / LONG_NAME
    made.xlsx_file(path, rows, title="云溪市市场监督管理局行政处罚信息（2026年11月）")
    page = desk.page("market")
    address = hand_in(page, path)
    page.context.close()
    return address, path


def test_the_wrong_password_gets_a_neutral_answer_and_the_right_one_leads_on(desk: Desk) -> None:
    page = desk.page("")
    page.goto("/office/templates/")
    assert "/office/sign-in?next=" in page.url
    page.get_by_label("用户名").fill("market")
    page.get_by_label("密码").fill("certainly not this one")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert "用户名或密码不正确" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("密码").input_value() == ""
    page.get_by_label("密码").fill(desk.city.accounts["market"])
    page.keyboard.press("Enter")
    page.get_by_label("验证码").fill(next_code(desk.city.secrets["market"]))
    page.keyboard.press("Enter")
    page.wait_for_url("**/office/templates/")
    page.context.close()


def test_after_signing_out_back_shows_nothing_private(desk: Desk, messy: tuple[str, Path]) -> None:
    page = desk.page("")
    through_the_pages(page, "market", desk.city.accounts["market"], desk.city.secrets["market"])
    page.get_by_role("button", name="退出登录").wait_for()
    page.goto(messy[0])
    page.goto("/office/submissions/")
    follow(page.get_by_role("button", name="退出登录"))
    page.wait_for_url("**/office/sign-in")
    expect(page.get_by_text("已退出登录")).to_be_visible()
    for _ in range(2):
        page.go_back()
        page.wait_for_load_state()
        assert "/office/sign-in" in page.url
        assert LONG_NAME not in page.content()
    page.context.close()


def test_a_clerk_without_javascript_hands_in_corrects_and_is_done(
    desk: Desk, messy: tuple[str, Path], tmp_path: Path
) -> None:
    address, path = messy
    page = desk.page("market", java_script_enabled=False)
    page.goto(address)
    expect(page.get_by_role("heading", name="行需要更正")).to_be_visible()
    assert page.locator(".counts").inner_text().split()[0] == "130"
    with page.expect_download() as started:
        page.get_by_role("link", name="下载反馈工作簿").click()
    assert started.value.suggested_filename == f"{path.stem}-反馈.xlsx"
    back = tmp_path / "back.xlsx"
    started.value.save_as(back)
    book = openpyxl.load_workbook(back)
    sheet = book.worksheets[0]
    header = [cell.value for cell in sheet[2]]
    assert "承办人内部编号" in header
    faulty = [cell for row in sheet.iter_rows() for cell in row if cell.comment]
    assert len(faulty) >= 65

    fixed = tmp_path / "更正后.xlsx"
    day, code, content = (header.index(name) + 1 for name in ("CF_JDRQ", "CF_XDR_SHXYM", "CF_NR"))
    rows = desk.organisations
    for n in range(130):
        sheet.cell(n + 3, day).value = SOME_TIME_AGO
        sheet.cell(n + 3, content).value = "罚款0.2万元"
        sheet.cell(n + 3, code).value = rows[n % len(rows)].code
    book.save(fixed)
    second = hand_in(page, fixed)
    expect(page.get_by_role("heading", name="没有需要更正的行")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("更正了报送"))).to_be_visible()

    page.goto(address)
    expect(page.get_by_role("heading", name="没有需要更正的行")).to_be_visible()
    assert "未更正 0 处" in page.content()
    expect(page.get_by_role("link", name=f"由报送 {second.split('/')[3]} 更正").first).to_be_visible()
    page.get_by_label("只看未更正的").check()
    follow(page.get_by_role("button", name="筛选"))
    expect(page.get_by_text("没有符合条件的问题。")).to_be_visible()
    page.context.close()


def test_findings_are_filtered_and_turned_page_by_page(desk: Desk, messy: tuple[str, Path]) -> None:
    page = desk.page("market")
    page.goto(messy[0])
    page.get_by_label("程度").select_option("error")
    follow(page.get_by_role("button", name="筛选"))
    assert "severity=error" in page.url
    first = page.locator("table.findings tbody tr").first.inner_text()
    assert page.locator("table.findings tbody tr").count() <= 100
    if page.get_by_role("link", name="下一页").count():
        follow(page.get_by_role("link", name="下一页"))
        assert page.locator("table.findings tbody tr").first.inner_text() != first
        follow(page.get_by_role("link", name="回到第一页"))
    assert page.locator("table.findings tbody tr").first.inner_text() == first
    follow(page.get_by_role("link", name="清除"))
    assert "severity" not in page.url
    page.context.close()


def test_columns_that_could_be_either_are_asked_for_and_the_work_goes_on(desk: Desk, tmp_path: Path) -> None:
    rows = [
        {("CF_CFLB1" if k == "CF_CFLB" else k): v for k, v in row.items()} | {"CF_CFLB2": "警告"}
        for row in desk.rows(3)
    ]
    page = desk.page("market")
    hand_in(page, made.csv_file(tmp_path / "两个类别.csv", rows))
    expect(page.get_by_role("heading", name="请指定这些列")).to_be_visible()
    page.get_by_label("CF_CFLB1").select_option("CF_CFLB")
    follow(page.get_by_role("button", name="按此继续"))
    assert page.get_by_role("alert").get_by_role("link").inner_text() == "请为“CF_CFLB2”选择数据项。"
    page.get_by_label("CF_CFLB2").select_option("-")
    follow(page.get_by_role("button", name="按此继续"))
    page.get_by_role("heading", name="没有需要更正的行").wait_for(timeout=60_000)
    page.context.close()


def test_a_unit_sees_its_own_and_anothers_number_is_nobodys(desk: Desk, messy: tuple[str, Path]) -> None:
    page = desk.page("approval")
    answer = page.goto(messy[0])
    anothers = page.locator("main").inner_text()
    assert answer.status == 404
    number = messy[0].split("/")[3]
    unknown = page.goto("/office/submissions/99999999/")
    assert unknown.status == 404
    assert page.locator("main").inner_text().replace("99999999", number) == anothers
    assert page.goto(f"{messy[0]}feedback.xlsx").status == 404
    page.goto("/office/submissions/")
    assert LONG_NAME not in page.content()
    page.context.close()


def test_nobody_opens_what_is_anothers_work(desk: Desk) -> None:
    closed = {
        "market": ["/office/log/", "/office/links/"],
        "operator": ["/office/log/"],
        "auditor": ["/office/links/", "/office/submissions/new"],
    }
    for who, paths in closed.items():
        page = desk.page(who)
        page.goto("/office/")
        shown = page.locator(".side-nav a").evaluate_all("links => links.map(a => a.getAttribute('href'))")
        for path in paths:
            assert page.goto(path).status == 403
            expect(page.get_by_role("link", name="回到工作台")).to_be_visible()
            assert path not in shown
        page.context.close()


def test_the_credit_centre_links_a_row_and_takes_it_back(desk: Desk, tmp_path: Path) -> None:
    (row,) = desk.rows(1, CF_XDR_SHXYM=made.registration_number())
    clerk = desk.page("market")
    its_page = hand_in(clerk, made.csv_file(tmp_path / "无代码.csv", [row]))

    page = desk.page("operator")
    page.goto("/office/links/")
    while not page.get_by_text(row["CF_WSH"]).count():
        follow(page.get_by_role("link", name="下一页"))
    card = page.locator("article.waiting-row", has_text=row["CF_WSH"])
    candidate = card.locator("tbody tr", has_text="名称相同").first
    follow(candidate.get_by_role("button", name="不是"))
    expect(page.get_by_text("已记下：不是这个主体。")).to_be_visible()
    card.get_by_text("已判断：不是").wait_for()
    follow(card.get_by_role("button", name="撤销"))
    expect(page.get_by_text("已撤销判断")).to_be_visible()
    follow(candidate.get_by_role("button", name="是同一主体"))
    expect(page.get_by_text("已关联并入库。")).to_be_visible()
    assert not page.get_by_text(row["CF_WSH"]).count()
    clerk.goto(its_page)
    expect(clerk.get_by_role("heading", name="没有需要更正的行")).to_be_visible()
    expect(clerk.get_by_text("核对处理后入库").first).to_be_visible()
    follow(page.get_by_role("button", name="撤销").first)
    expect(page.get_by_text("已撤销判断，这一行重新等待关联。")).to_be_visible()
    clerk.goto(its_page)
    expect(clerk.get_by_role("heading", name="有 1 行需要更正")).to_be_visible()
    clerk.context.close()
    page.context.close()


def test_the_auditor_turns_and_filters_the_log(desk: Desk) -> None:
    page = desk.page("auditor")
    page.goto("/office/")
    assert page.url.endswith("/office/log/")
    rows = page.locator("table.log tbody tr")
    assert rows.count() == 50
    first = rows.first.inner_text()
    follow(page.get_by_role("link", name="下一页"))
    assert rows.first.inner_text() != first
    page.get_by_label("事件").select_option("signed-in")
    page.get_by_label("谁", exact=True).fill("market")
    follow(page.get_by_role("button", name="筛选", exact=True))
    assert set(page.locator("table.log td.key").all_inner_texts()) == {"登录"}
    assert all("market" in text for text in rows.all_inner_texts())
    follow(page.get_by_role("link", name="清除"))
    assert page.url.endswith("/office/log/")
    page.context.close()


def test_the_worker_is_killed_at_work_and_the_page_still_comes_to_its_result(desk: Desk, tmp_path: Path) -> None:
    file = made.csv_file(tmp_path / "大文件.csv", desk.rows(30_000))
    page = desk.page("market")
    page.goto("/office/submissions/new")
    page.get_by_label("报送事项").select_option(PENALTY)
    page.get_by_label("文件").set_input_files(file)
    page.locator("main").get_by_role("button", name="报送").click()
    page.wait_for_url(re.compile(r"/office/submissions/\d+/$"))
    expect(page.get_by_role("heading", name="处理中")).to_be_visible()
    time.sleep(1)
    os.kill(_worker(desk.city), signal.SIGKILL)
    page.locator(".verdict").first.wait_for(timeout=120_000)
    _until_said(desk.city, "ended unexpectedly (-9)")
    assert page.locator(".counts b").first.inner_text() == "30,000"
    expect(page.get_by_role("heading", name="没有需要更正的行")).to_be_visible()
    page.context.close()


def _until_said(city: City, words: str) -> None:
    deadline = time.monotonic() + 30
    while words not in (city.home / "run.log").read_text(encoding="utf-8"):
        assert time.monotonic() < deadline, f"the city never said: {words}"
        time.sleep(0.1)


def _worker(city: City) -> int:
    for path in Path("/proc").iterdir():
        if path.name.isdecimal():
            try:
                command = (path / "cmdline").read_bytes().split(b"\0")
                parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == city.process.pid and b"worker" in command:
                return int(path.name)
    raise AssertionError("the city has no worker")


@pytest.fixture(scope="module")
def kinds(messy: tuple[str, Path]) -> dict[str, list[str]]:
    """Every kind of page, by who opens it."""
    return {
        "": ["/office/sign-in"],
        "market": [
            "/office/submissions/", "/office/submissions/?item=serious-dishonesty", "/office/submissions/new", messy[0],
            "/office/templates/", "/office/submissions/99999999/",
        ],
        "operator": [
            "/office/submissions/", "/office/links/", "/office/code-lists/", "/office/code-lists/penalty-kind/",
            "/office/code-lists/penalty-kind/propose", "/office/catalogue/honour/interface", "/office/supply/", "/office/supply/mode?item=honour",
        ],
        "auditor": ["/office/log/", messy[0]],
    }  # fmt: skip


Look = Callable[[Any, str], list[Any]]


def _on_each_page(
    desk: Desk, kinds: dict[str, list[str]], look: Look, cookies: dict[str, str], **options: Any
) -> list[Any]:
    """What ``look`` finds on every kind of page."""
    found = []
    for who, paths in kinds.items():
        page = desk.page(who, **options)
        page.context.add_cookies([{"name": k, "value": v, "url": desk.city.url} for k, v in cookies.items()])
        for path in paths:
            page.goto(path)
            found += look(page, path)
        page.context.close()
    return found


#: Every kind of page as most people see it; in other looks the kinds that differ most.
LOOKS = {
    "desk": ("zh-hans", slice(None), {"viewport": DESK}, {}),
    "phone-large": ("en", slice(0, 4, 3), {"viewport": PHONE}, {"xinyong_text": "large"}),
    "dark": ("zh-hans", slice(1, 4, 2), {"viewport": DESK, "color_scheme": "dark"}, {}),
    "contrast": ("en", slice(3, 4), {"viewport": DESK}, {"xinyong_contrast": "more"}),
}


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_on_any_page_of_the_office(desk: Desk, kinds: dict[str, list[str]], look: str) -> None:

    language, some, options, cookies = LOOKS[look]

    def ask(page: Any, path: str) -> list[Any]:
        return [(path, *fault) for fault in faults(page)]

    chosen = {who: paths[some] for who, paths in kinds.items()}
    cookies = {"django_language": language} | cookies
    assert _on_each_page(desk, chosen, ask, cookies, reduced_motion="reduce", **options) == []


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_nothing_of_the_office_is_lost_sideways(desk: Desk, kinds: dict[str, list[str]], language: str) -> None:
    def look(page: Any, path: str) -> list[Any]:
        wide = []
        for size in WIDTHS:
            page.set_viewport_size(size)
            if is_wide(page):
                wide.append((size["width"], path))
        return wide

    assert _on_each_page(desk, kinds, look, {"django_language": language}) == []


def test_the_keyboard_alone_reaches_everything_in_the_office(desk: Desk, messy: tuple[str, Path]) -> None:
    page = desk.page("market")
    for path in ("/office/submissions/new", f"{messy[0]}?severity=doubtful"):
        page.goto(path)
        wanted = page.locator(FOCUSABLE).locator("visible=true").count()
        reached, unseen = 0, []
        for _ in range(wanted):
            page.keyboard.press("Tab")
            body, seen, what = page.evaluate(
                "() => { const e = document.activeElement, s = getComputedStyle(e);"
                " return [e === document.body, s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 3,"
                " e.outerHTML.slice(0, 120)] }"
            )
            reached += not body
            if not body and not seen:
                unseen.append(what)
        assert unseen == []
        assert reached >= wanted - 1
    page.context.close()


def test_the_reader_chooses_english_and_stays_where_they_are(desk: Desk, messy: tuple[str, Path]) -> None:
    page = desk.page("market")
    page.goto(f"{messy[0]}?severity=error")
    follow(page.get_by_role("button", name="English"))
    assert page.url.endswith(f"{messy[0]}?severity=error")
    expect(page.get_by_role("heading", name="Findings")).to_be_visible()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.context.close()


def test_a_submission_prints_its_facts_and_not_its_buttons(desk: Desk, messy: tuple[str, Path]) -> None:
    page = desk.page("market")
    page.goto(messy[0])
    page.emulate_media(media="print")
    for gone in (".side-nav", ".office-tools", ".actions", ".filters", ".pager"):
        assert not page.locator(gone).locator("visible=true").count(), gone
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".steps")).to_be_visible()
    expect(page.locator("table.findings")).to_be_visible()
    assert len(page.pdf()) > 1000
    page.context.close()
