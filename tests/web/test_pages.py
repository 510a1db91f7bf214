"""The frame: languages, display settings, error pages, headers."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory

from xinyong.kernel.errors import NotFound
from xinyong.security.access import PUBLIC, NotAllowed
from xinyong.web import pages

pytestmark = pytest.mark.django_db
PACKAGE = Path(pages.__file__).parents[1]


def test_pages_are_chinese_unless_english_is_chosen(client: Client) -> None:
    chinese = client.get("/about/").content.decode()
    assert '<html lang="zh-Hans"' in chinese
    assert "关于本站" in chinese
    client.post("/display/", {"language": "en", "next": "/about/"})
    english = client.get("/about/").content.decode()
    assert '<html lang="en"' in english
    assert "About this site" in english


def test_large_type_and_contrast_are_kept_and_can_be_undone(client: Client) -> None:
    client.post("/display/", {"text": "large", "next": "/"})
    client.post("/display/", {"contrast": "more", "next": "/"})
    page = client.get("/about/").content.decode()
    assert 'data-text="large" data-contrast="more"' in page
    client.post("/display/", {"text": "normal", "next": "/"})
    assert 'data-text="normal" data-contrast="more"' in client.get("/about/").content.decode()


def test_a_setting_that_does_not_exist_is_ignored(client: Client) -> None:
    answer = client.post("/display/", {"text": "huge", "language": "xx", "next": "/about/"})
    assert answer.status_code == 302
    assert not answer.cookies


@pytest.mark.parametrize("target", ["https://example.org/", "//example.org", "javascript:alert(1)", ""])
def test_the_return_address_never_leads_to_another_host(client: Client, target: str) -> None:
    assert client.post("/display/", {"text": "large", "next": target})["Location"] == "/"


def test_a_visitor_who_chooses_nothing_gets_no_cookie(client: Client) -> None:
    assert not client.get("/about/").cookies


def test_an_unknown_address_gets_our_404_in_both_languages(client: Client) -> None:
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert "没有这个页面" in answer.content.decode()
    english = client.get("/nowhere/", headers={"accept-language": "en"})
    assert "There is no such page" in english.content.decode()


def test_an_error_of_ours_becomes_a_page_with_its_status_code_and_sentence(rf: RequestFactory) -> None:
    class Lost(NotFound):
        code = "web.lost"

    request = rf.get("/x")
    request.actor = PUBLIC  # type: ignore[attr-defined]
    answer = pages.ErrorPages(lambda r: None).process_exception(request, Lost("丢了 <1> 件。", "Lost."))  # type: ignore[arg-type,return-value]
    assert answer is not None
    assert answer.status_code == 404
    assert "丢了 &lt;1&gt; 件。" in answer.content.decode()
    assert "web.lost" in answer.content.decode()
    assert pages.ErrorPages(lambda r: None).process_exception(request, ValueError()) is None  # type: ignore[arg-type,return-value]


def test_the_gates_refusal_keeps_its_own_sentence(rf: RequestFactory) -> None:
    refusal = PermissionDenied("x")
    refusal.__cause__ = NotAllowed("请联系信用中心。", "Ask the credit centre.")
    answer = pages.forbidden(rf.get("/office/"), refusal)
    assert answer.status_code == 403
    assert "请联系信用中心" in answer.content.decode()


def test_the_stylesheet_is_within_its_budget_and_asks_no_other_host() -> None:
    path = finders.find("web/xinyong.css")
    assert path
    text = Path(path).read_text(encoding="utf-8")
    assert len(text.encode()) <= 40 * 1024
    hosts = re.findall(r"(?:https?:)?//[\w.]+", text.replace("http://www.w3.org/2000/svg", "").replace("/*", ""))
    assert hosts == []
    assert "@import" not in text


def test_templates_hold_no_inline_style_script_or_handler() -> None:
    for path in PACKAGE.rglob("templates/**/*.html"):
        if "reports" in path.parts:  # the printed report carries its own style sheet
            continue
        text = path.read_text(encoding="utf-8")
        assert not re.search(
            r"\sstyle=|\son(?:click|change|input|load|error|submit|focus|blur|key\w+|mouse\w+)=|<style|<script(?![^>]*src=)",
            text,
        ), path
