"""Pages of the portal: drawn from hand-made values, full and empty, in both languages; small files for machines."""

from datetime import datetime
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import translation

from tests.portal import samples
from xinyong.catalogue.schema import Section
from xinyong.kernel.clock import ZONE
from xinyong.portal import answer, drawings, subjects
from xinyong.portal.records import _changes
from xinyong.records.view import Mark
from xinyong.web.words import SEVERITIES

LANGUAGES = ("zh-hans", "en")


def _draw(template: str, path: str = "/", **context: Any) -> str:
    return render_to_string(template, context, request=RequestFactory().get(path))


def _subject(is_full: bool) -> str:
    dossier = samples.dossier(is_full=is_full)
    register, *others = dossier.sections
    return _draw(
        "portal/subject.html", dossier=dossier, registration=register.records[0] if register.records else None,
        sections=[s for s in others if s.total], empty_sections=[s for s in others if not s.total],
        former_names=[n for n in dossier.names if not n.is_current], severities=SEVERITIES,
    )  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_full_subject_page_shows_every_section_within_the_budget(language: str) -> None:
    with translation.override(language):
        html = _subject(is_full=True)
    assert len(html.encode()) <= 60 * 1024
    for section in (Section.LICENCE, Section.PENALTY, Section.HONOUR, Section.SERIOUS_LIST, Section.ABNORMAL):
        assert f'id="{section.value}"' in html
    assert f'href="/subject/{samples.CODE}/licence/"' in html  # 5 of 1,284 are shown: the rest is a page away
    assert f'action="/subject/{samples.CODE}/report.pdf"' in html


def test_an_empty_file_says_what_there_is_none_of_and_what_that_does_not_mean() -> None:
    html = _subject(is_full=False)
    assert "没有公示信息的类别" in html
    assert "不表示其他部门或其他地区没有记录" in html


def test_a_disputed_record_carries_the_mark_with_icon_and_word() -> None:
    record = samples.record(Section.PENALTY, marks=(Mark.DISPUTED,))
    html = _draw("portal/section.html", code=samples.CODE, name="甲", section_title="行政处罚", records=[record])
    assert "争议中" in html
    assert "可申请修复" in html


def test_on_english_pages_chinese_data_are_marked_as_chinese() -> None:
    with translation.override("en"):
        html = _subject(is_full=True)
    assert f'<h1 lang="zh-Hans">{samples.LONGEST}</h1>' in html
    assert "Administrative penalties" in html
    assert '<dd><span lang="zh-Hans">云溪市市场监督管理局</span></dd>' in html


def test_a_correction_shows_what_stood_before_and_what_stands_now() -> None:
    new, old = samples.record(Section.LICENCE, version=2), samples.record(Section.LICENCE)
    fields = (
        old.fields[0],
        *(type(f)(f.code, f.label_zh, f.label_en, f.text + "旧") for f in old.fields[1:2]),
        *old.fields[2:],
    )
    told = _changes([new, type(old)(**{name: getattr(old, name) for name in old.__slots__} | {"fields": fields})])
    assert [[c["field"].code for c in one["changed"]] for one in told] == [["XK_XKLB"]]  # type: ignore[attr-defined]
    html = _draw(
        "portal/record.html", record=new, section_title="行政许可", versions=told, severities=SEVERITIES, path="/x"
    )
    assert "<del>核准旧</del>" in html
    assert "<ins>核准</ins>" in html


@pytest.mark.parametrize("is_full", [True, False])
@pytest.mark.parametrize("language", LANGUAGES)
def test_figures_are_drawn_with_their_numbers_behind_or_said_to_be_missing(language: str, is_full: bool) -> None:
    figures = samples.figures(is_full=is_full)
    with translation.override(language):
        html = _draw(
            "portal/statistics.html", figures=figures, by_class=drawings.classes(figures), by_item=drawings.items(figures),
            by_department=drawings.departments(figures), by_month=drawings.months(figures),
        )  # fmt: skip
    assert len(html.encode()) <= 60 * 1024
    assert ("<svg" in html and "<details" in html and "90,000" in html) is is_full
    assert html.count('class="empty"') == (0 if is_full else 4)


def test_the_base_register_is_not_drawn_among_decisions() -> None:
    figures = samples.figures()
    assert drawings.REGISTER not in {d.key for d in drawings.months(figures)}
    assert next(d.title for d in drawings.months(figures)) == "行政许可"


def test_a_page_is_not_kept_past_midnight_when_publicity_ends() -> None:
    assert answer._kept(datetime(2026, 11, 21, 23, 59, 50, tzinfo=ZONE)) == 10
    assert answer._kept(datetime(2026, 11, 21, 12, tzinfo=ZONE)) == answer.KEPT


def test_places_are_offered_by_county_and_a_chosen_value_can_be_let_go() -> None:
    facets = {"subject_class": {"enterprise": 3}, "region_code": {"990102001": 2, "990102002": 1, "990103001": 4}}
    regions = {"990102": "云栖区", "990103": "晴川县"}
    (group,) = subjects._facets(facets, regions, None, None)
    options: Any = group["options"]
    assert [(o["word"], o["count"]) for o in options] == [("晴川县", 4), ("云栖区", 3)]
    chosen, _ = subjects._facets(facets, regions, "enterprise", "990102")
    assert chosen["options"] == [{"value": "enterprise", "word": "企业", "count": 3, "is_chosen": True}]


@pytest.mark.parametrize(
    ("query", "is_person"),
    [
        ("1101011990030707" + "3?", True),
        ("11010119900307073", True),  # a character is missing
        ("身份证：110101 1990 0307 " + "0730", True),  # the check is wrong
        ("1３８-0013-8000", True),
        ("990100000000018", False),
        ("91350100M000100Y43", False),
        ("云溪茶业", False),
    ],
)
def test_a_persons_number_is_recognised_before_it_is_searched(query: str, is_person: bool) -> None:
    if query.endswith("?"):  # the check character is reckoned here: no real number stands in a file
        weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
        total = sum(int(d) * w for d, w in zip(query.rstrip("?"), weights, strict=True))
        query = query.rstrip("?") + "10X98765432"[total % 11]
    assert subjects._is_of_a_person(query) is is_person


@pytest.mark.django_db
def test_robots_are_kept_from_search_subjects_and_penalties(client: Client) -> None:
    text = client.get("/robots.txt").content.decode()
    for path in ("/search", "/subject/", "/publicity/admin-penalty-org/", "/lists/serious-dishonesty/"):
        assert f"Disallow: {path}\n" in text


@pytest.mark.django_db
def test_security_txt_says_whom_to_tell_and_until_when(client: Client) -> None:
    text = client.get("/.well-known/security.txt").content.decode()
    assert "Contact: " in text
    assert "Expires: " in text


@pytest.mark.django_db
def test_an_unknown_organisation_is_a_404_that_helps(client: Client) -> None:
    found = client.get("/subject/91990100MA0000000X/")
    assert found.status_code == 404
    assert client.get("/subject/91990100ma0000000x/")["Location"] == "/subject/91990100MA0000000X/"
    assert client.get("/lists/no-such-list/").status_code == 404
    assert client.get("/subject/91990100MA0000000X/nothing/").status_code == 404


@pytest.mark.django_db
def test_a_report_is_given_to_a_post_only(client: Client) -> None:
    assert client.get("/subject/91990100MA0000000X/report.pdf")["Location"] == "/subject/91990100MA0000000X/"
    assert client.post("/subject/91990100MA0000000X/report.pdf").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    ["/", "/search", "/search?q=茶", "/publicity/admin-licence-org/", "/lists/honour/", "/statistics/", "/verify/"],
)
def test_a_platform_without_data_has_pages_all_the_same(client: Client, path: str) -> None:
    found = client.get(path)
    assert found.status_code == 200
    assert "max-age" in found["Cache-Control"] or found["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_pages_about_the_adverse_ask_search_engines_not_to_keep_them(client: Client) -> None:
    assert "noindex" in client.get("/publicity/admin-penalty-org/")["X-Robots-Tag"]
    assert "X-Robots-Tag" not in client.get("/publicity/admin-licence-org/")


@pytest.mark.django_db
def test_an_empty_check_code_is_answered_with_what_to_do(client: Client) -> None:
    found = client.get("/verify/?check_code=")
    assert found.status_code == 400
    assert '<a href="#id_check_code">请填写报告上的验证码。</a>' in found.content.decode()
    assert "没有找到" in client.get("/verify/?check_code=ABC").content.decode()
