"""A citizen's ways through the portal, in a real Chromium against a running city."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.conftest import City
from tests.journeys.fit import DESK, FOCUSABLE, PHONE, ZOOMED, faults, follow, is_wide

pytestmark = pytest.mark.browser

LICENCES, PENALTIES = "/publicity/admin-licence-org/", "/publicity/admin-penalty-org/"


@pytest.fixture(scope="module")
def subject(city: City, browser: Any) -> str:
    """The path of an organisation that has a penalty on its page."""
    page = browser.new_page()
    page.goto(city.url + PENALTIES)
    path = page.locator("td.key a").first.get_attribute("href")
    page.close()
    assert re.fullmatch(r"/subject/[0-9A-Z]{18}/", path)
    return str(path)


@pytest.fixture(scope="module")
def paths(city: City, browser: Any, subject: str) -> list[str]:
    """One address of each kind of page."""
    page = browser.new_page()
    page.goto(city.url + subject)
    record = page.locator(".record h3 a").first.get_attribute("href")
    page.close()
    code = subject.split("/")[2]
    return [
        "/", "/search?q=云溪", "/search?q=绝无此字号", "/search?person=1", subject, f"{subject}penalty/", record, LICENCES, PENALTIES,
        "/lists/serious-dishonesty/", "/lists/honour/", "/statistics/", "/verify/", "/verify/?check_code=", "/verify/ABC/", "/about/",
        "/about/legal/", "/about/accessibility/", f"/subject/{code[:-1]}0/nothing/",
    ]  # fmt: skip


@pytest.fixture
def page(city: City, browser: Any) -> Iterator[Any]:
    """A page that notes requests to other hosts and what the console complains of."""
    context = browser.new_context(viewport=DESK, locale="zh-CN", base_url=city.url, accept_downloads=True)
    opened = context.new_page()
    opened.set_default_timeout(10_000)
    opened.elsewhere, opened.complaints = [], []
    opened.on("request", lambda r: None if r.url.startswith((city.url, "data:")) else opened.elsewhere.append(r.url))
    opened.on("console", lambda m: opened.complaints.append(m.text) if "Content Security Policy" in m.text else None)
    yield opened
    context.close()
    assert opened.elsewhere == []
    assert opened.complaints == []


def test_a_clerk_without_javascript_finds_her_firm_and_takes_a_report_that_proves_genuine(
    city: City, browser: Any, subject: str, tmp_path: Path
) -> None:
    context = browser.new_context(
        java_script_enabled=False, viewport=PHONE, locale="zh-CN", base_url=city.url, accept_downloads=True
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.goto(subject)
    name = page.locator("h1").inner_text()
    page.goto("/")
    page.get_by_role("searchbox").fill(name)
    follow(page.get_by_role("button", name="查询"))
    follow(page.locator(".result h3 a").first)
    assert page.locator("h1").inner_text() == name
    expect(page.get_by_role("heading", name="行政处罚", exact=True)).to_be_visible()

    follow(page.locator(".record.adverse h3 a").first)
    expect(page.get_by_role("heading", name="来源与期限")).to_be_visible()
    expect(page.get_by_text("公示至").first).to_be_visible()
    page.go_back()

    with page.expect_download() as started:
        page.get_by_role("button", name="下载信用报告").click()
    report = tmp_path / "report.pdf"
    started.value.save_as(report)
    assert report.read_bytes().startswith(b"%PDF")

    page.goto("/verify/")
    page.get_by_label("报告文件").set_input_files(report)
    follow(page.get_by_role("button", name="比对文件"))
    expect(page.get_by_role("heading", name="真实：本平台出具")).to_be_visible()
    assert name in page.locator(".verdict").inner_text()

    altered = tmp_path / "altered.pdf"
    altered.write_bytes(report.read_bytes() + b"\n% changed")
    page.get_by_label("报告文件").set_input_files(altered)
    follow(page.get_by_role("button", name="比对文件"))
    expect(page.get_by_role("heading", name="文件已被改动")).to_be_visible()
    context.close()


def test_a_whole_code_leads_straight_to_the_page(page: Any, subject: str) -> None:
    code = subject.split("/")[2]
    page.goto(f"/search?q={code.lower()}")
    assert page.url.endswith(subject)


def test_a_persons_number_is_not_looked_up_and_does_not_stay_in_the_address(page: Any) -> None:
    first = "11010119900307" + "123"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    number = first + "10X98765432"[sum(int(d) * w for d, w in zip(first, weights, strict=True)) % 11]
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url + str(r.headers)))
    page.goto("/")
    page.get_by_role("searchbox").fill(number)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?person=1")
    assert "不能查询个人" in page.content()
    assert number not in page.content()
    follow(page.get_by_role("link", name="统计"))
    page.go_back()
    assert page.url.endswith("/search?person=1")
    assert asked
    assert not any(number in one for one in asked)


def test_filters_narrow_the_list_and_pages_go_on_and_back(page: Any) -> None:
    page.goto(LICENCES)
    department = page.locator("tbody tr td:nth-child(3)").first.inner_text()
    option = page.locator("select[name=department] option", has_text=department[-6:]).first.get_attribute("value")
    page.get_by_label("部门").select_option(option)
    follow(page.get_by_role("button", name="筛选"))
    assert f"department={option}" in page.url
    expect(page.get_by_role("link", name="清除")).to_be_visible()
    page.goto(LICENCES)
    first = page.locator("tbody tr").first.inner_text()
    follow(page.get_by_role("link", name="下一页"))
    assert page.locator("tbody tr").first.inner_text() != first
    follow(page.get_by_role("link", name="回到第一页"))
    assert page.locator("tbody tr").first.inner_text() == first


def test_the_reader_chooses_english_and_large_type(page: Any, subject: str) -> None:
    page.goto(subject)
    size = page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
    follow(page.get_by_role("button", name="English"))
    assert page.url.endswith(subject)
    expect(page.get_by_role("button", name="Download credit report (PDF)")).to_be_visible()
    follow(page.get_by_role("button", name="Large type"))
    assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") == pytest.approx(size * 1.25)
    assert page.get_by_role("button", name="Large type").get_attribute("aria-pressed") == "true"


#: Every kind of page as most people see it; in other looks the kinds that differ most.
LOOKS = {
    "desk": ("zh-hans", slice(None), {"viewport": DESK}, {}),
    "phone-large": ("en", slice(0, 9, 4), {"viewport": PHONE}, {"xinyong_text": "large"}),
    "dark": ("en", slice(1, 12, 5), {"viewport": DESK, "color_scheme": "dark"}, {}),
    "contrast": ("zh-hans", slice(4, 5), {"viewport": DESK}, {"xinyong_contrast": "more"}),
    "dark-contrast": (
        "zh-hans",
        slice(0, 5, 4),
        {"viewport": DESK, "color_scheme": "dark"},
        {"xinyong_contrast": "more"},
    ),
}


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_on_any_kind_of_page(city: City, browser: Any, paths: list[str], look: str) -> None:

    language, some, options, cookies = LOOKS[look]
    context = browser.new_context(base_url=city.url, reduced_motion="reduce", **options)
    chosen = {"django_language": language} | cookies
    context.add_cookies([{"name": name, "value": value, "url": city.url} for name, value in chosen.items()])
    page = context.new_page()
    found = []
    for path in paths[some]:
        page.goto(path)
        found += [(path, *fault) for fault in faults(page)]
    context.close()
    assert found == []


def test_nothing_is_lost_sideways_at_360_px_or_at_400_percent(city: City, browser: Any, paths: list[str]) -> None:
    wide = []
    for viewport in (PHONE, ZOOMED):
        for language in ("zh-hans", "en"):
            context = browser.new_context(viewport=viewport, base_url=city.url)
            context.add_cookies([{"name": "django_language", "value": language, "url": city.url}])
            page = context.new_page()
            for path in (paths[n] for n in (0, 1, 4, 6, 8, 11, 12)):
                page.goto(path)
                if is_wide(page):
                    wide.append((viewport["width"], language, path))
            context.close()
    assert wide == []


def test_the_keyboard_alone_reaches_everything_and_focus_is_seen(page: Any) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"

    page.goto("/")
    wanted = page.locator(FOCUSABLE).count()
    unseen, reached = [], 0
    for _ in range(wanted):
        page.keyboard.press("Tab")
        focus = page.evaluate(
            "() => { const e = document.activeElement, s = getComputedStyle(e), b = e.getBoundingClientRect();"
            " return [e === document.body, s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 3,"
            " Math.min(b.width, b.height), e.outerHTML.slice(0, 120)] }"
        )
        reached += not focus[0]
        if not focus[0] and not focus[1]:
            unseen.append(focus[3])
    assert unseen == []
    assert reached >= wanted - 1

    page.goto("/")
    page.get_by_role("searchbox").focus()
    page.keyboard.type("云溪")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=*")
    assert page.locator(".result").count() > 0


def test_pages_keep_their_budget_and_need_no_script(city: City, page: Any, paths: list[str]) -> None:
    heavy = []
    for path in paths:
        answer = page.goto(path)
        body = answer.body()
        if len(body) > 60 * 1024 or len(gzip.compress(body)) > 15 * 1024:
            heavy.append((path, len(body), len(gzip.compress(body))))
        assert page.locator("script").count() == 0
    assert heavy == []


def test_pages_print_without_what_only_a_screen_needs(page: Any, subject: str) -> None:
    page.goto(subject)
    page.emulate_media(media="print")
    assert not page.locator(".site-nav").is_visible()
    assert not page.locator(".subject-actions").is_visible()
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".record").first).to_be_visible()
    assert len(page.pdf()) > 1000
