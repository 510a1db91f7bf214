"""Pieces: words for dates, codes, counts, marks."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from django import forms
from django.template import Context, Template
from django.utils import translation

from xinyong.kernel.clock import ZONE
from xinyong.web.icons import ICONS
from xinyong.web.templatetags import pieces
from xinyong.web.words import MARKS, STATUSES


def _draw(source: str, **context: object) -> str:
    return Template("{% load pieces %}" + source).render(Context(context))


def test_dates_are_said_in_the_readers_language() -> None:
    day = date(2026, 11, 2)
    assert pieces.day(day) == "2026年11月2日"
    assert pieces.moment(datetime(2026, 11, 2, 9, 5, tzinfo=ZONE)) == "2026年11月2日 09:05"
    assert pieces.month("2026-03") == "2026年3月"
    with translation.override("en"):
        assert pieces.day(day) == "2 November 2026"
        assert pieces.month("2026-03") == "March 2026"


def test_a_half_open_end_is_shown_as_its_last_day() -> None:
    assert pieces.last_day(date(2026, 3, 1)) == date(2026, 2, 28)
    assert pieces.last_day(None) is None


@pytest.mark.parametrize(("value", "said"), [(None, "—"), (0, "0"), (1234567, "1,234,567"), (40_000_000, "4,000 万")])
def test_large_counts_are_said_in_ten_thousands(value: int | None, said: str) -> None:
    assert pieces.large(value) == said


def test_amounts_and_rates_come_with_unit_and_base() -> None:
    assert pieces.amount(Decimal("1234.5")) == "1,234.50 万元"
    assert pieces.amount(Decimal("0.123456")) == "0.123456 万元"
    assert pieces.rate(1203, 1225) == "98.2%（1,203 / 1,225）"
    assert pieces.rate(0, 0) == "—"


def test_a_code_is_grouped_for_the_eye_but_copied_whole() -> None:
    html = _draw("{% code c %}", c="91990100MA00000007")
    assert html.count("<span>") >= 3
    assert " " not in html.replace('<span class="code">', "")


def test_what_was_found_is_marked_and_everything_is_escaped() -> None:
    assert _draw("{% marked a b %}", a="晴川<茶>业", b="<茶>") == "晴川<mark>&lt;茶&gt;</mark>业"
    assert _draw("{% marked a b %}", a="<i>", b="没有") == "&lt;i&gt;"


@pytest.mark.parametrize("tags", [MARKS, STATUSES])
def test_every_state_has_a_word_a_tone_and_an_icon(tags: dict[str, object]) -> None:
    for key in tags:
        html = _draw("{% mark k %}" if tags is MARKS else "{% status k %}", k=key)
        assert "<svg" in html
        assert 'aria-hidden="true"' in html


def test_icons_are_all_drawn_with_the_colour_of_the_text() -> None:
    assert all("currentColor" in paths for paths in ICONS.values())


class _Form(forms.Form):
    name = forms.CharField(label="名称", help_text="写全称", error_messages={"required": "请填写名称。"})


def test_the_error_summary_leads_to_the_field_and_the_field_says_what_is_wrong() -> None:
    form = _Form({})
    html = _draw("{% error_summary form %}{% field form.name %}", form=form)
    assert '<a href="#id_name">请填写名称。</a>' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_name_error"' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert _draw("{% error_summary form %}", form=_Form({"name": "甲"})).strip() == ""


def test_chinese_data_is_marked_on_english_pages_only() -> None:
    assert pieces.zh("茶<") == "茶&lt;"
    with translation.override("en"):
        assert pieces.zh("茶<") == '<span lang="zh-Hans">茶&lt;</span>'
        assert pieces.zh("Tea") == "Tea"
        assert pieces.zh("") == ""
