"""Tags and filters of the design system. Each draws one piece; how they look is static/web/xinyong.css."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django import template
from django.forms import BaseForm, BoundField
from django.utils import timezone
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from xinyong.kernel import codes
from xinyong.web import charts
from xinyong.web.icons import ICONS
from xinyong.web.tables import Table
from xinyong.web.words import MARKS, STATUSES, Tag

register = template.Library()

_UNIFIED = re.compile(r"[0-9A-Z]{2}\d{6}[0-9A-Z]{10}")


def _is_english() -> bool:
    return (get_language() or "").startswith("en")


@register.filter
def said(thing: Any, name: str) -> str:
    """``thing|said:"title"``: its ``title_en`` on an English page (when there is one), else its ``title_zh``."""
    chinese = getattr(thing, f"{name}_zh", "")
    return (getattr(thing, f"{name}_en", "") or chinese) if _is_english() else chinese


@register.filter
def day(value: date | None) -> str:
    """A date in running text: 2026年11月21日, 21 November 2026."""
    if value is None:
        return ""
    if _is_english():
        return f"{value.day} {value:%B} {value.year}"
    return f"{value.year}年{value.month}月{value.day}日"


@register.filter
def month(value: str) -> str:
    """A month key "2026-11" in words: 2026年11月, November 2026."""
    try:
        first = date.fromisoformat(f"{value}-01")
    except ValueError:
        return value
    return f"{first:%B} {first.year}" if _is_english() else f"{first.year}年{first.month}月"


@register.filter
def moment(value: datetime | None) -> str:
    """An instant to the minute, Beijing time."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    return f"{day(local.date())} {local:%H:%M}" if not _is_english() else f"{day(local.date())}, {local:%H:%M}"


@register.filter
def last_day(first_day_no_longer: date | None) -> date | None:
    """The last day of a half-open period, as people say it."""
    return date.fromordinal(first_day_no_longer.toordinal() - 1) if first_day_no_longer else None


@register.filter
def count(value: int | None) -> str:
    """A count with thousands separated; — when unknown."""
    return "—" if value is None else f"{value:,}"


@register.filter
def large(value: int | None) -> str:
    """A large count as it is said: 4,000 万 from ten million on, else with thousands separated."""
    if value is None:
        return "—"
    if value < 10_000_000:
        return f"{value:,}"
    return f"{value / 1_000_000:,.1f} million" if _is_english() else f"{value // 10_000:,} 万"


@register.filter
def amount(value: Decimal | None) -> str:
    """An amount in 万元 with two decimals, or all its decimals if it has more."""
    if value is None:
        return "—"
    text = f"{value:,.2f}" if value == value.quantize(Decimal("0.01")) else f"{value.normalize():,f}"
    return f"CNY {text} × 10,000" if _is_english() else f"{text} 万元"


@register.filter
def rate(part: int, whole: int) -> str:
    """A rate with its numerator and denominator: 98.2%（1,203 / 1,225）."""
    if not whole:
        return "—"
    figure = f"{Decimal(part) * 100 / whole:.1f}%"
    return f"{figure} ({part:,} / {whole:,})" if _is_english() else f"{figure}（{part:,} / {whole:,}）"


@register.simple_tag
def code(value: str | None) -> SafeString:
    """A code set in groups by CSS: copying it gives it whole, without blanks."""
    if not value:
        return mark_safe('<span class="muted">—</span>')  # nosec B308  a literal
    parts = ((part,) for part in codes.group(value).split())
    groups = format_html_join(mark_safe("<wbr>"), "<span>{}</span>", parts)  # nosec B308  a literal
    return format_html('<span class="code">{}</span>', groups)


@register.simple_tag
def value(text: str) -> SafeString:
    """A field's text as data: a unified code in groups, anything else as Chinese data."""
    return code(text) if _UNIFIED.fullmatch(text) else zh(text)


@register.simple_tag
def marked(text: str, found: str) -> SafeString:
    """``text`` with the part that a search found marked."""
    at = text.casefold().find(found.casefold()) if found else -1
    if at < 0:
        return conditional_escape(text)
    end = at + len(found)
    return format_html("{}<mark>{}</mark>{}", text[:at], text[at:end], text[end:])


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """One of our icons, 1 em high, hidden from screen readers: a word always stands beside it."""
    return format_html(
        '<svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">{}</svg>', ICONS[name]
    )


@register.simple_tag
def tag(word: str, tone: str = "plain", sign: str = "") -> SafeString:
    """A state tag: icon and word. Tones: plain, positive, caution, adverse, primary."""
    return format_html('<span class="tag {}">{}{}</span>', tone, icon(sign) if sign else "", word)


@register.simple_tag
def mark(value: str) -> SafeString:
    """The tag of a record's state mark (records.view.Mark)."""
    return _mark(str(value), get_language() or "")


@cache
def _mark(value: str, language: str) -> SafeString:
    """Few marks, drawn dozens of times a page."""
    return _tag(MARKS, value)


@register.simple_tag
def declared(record: Any) -> SafeString:
    """The label of an organisation's own word (records.view.Declared), checked or not; nothing beside an authority's."""
    own = record.declared
    if own is None:
        return mark_safe("")  # nosec B308  a literal
    tone, sign = ("primary", "check") if own.is_checked else ("caution", "info")
    return tag(said(own, "label"), f"{tone} own-word", sign)


@register.simple_tag
def status(value: str, word: str = "") -> SafeString:
    """The tag of a subject's registration status; ``word`` as the room says it."""
    return _tag(STATUSES, value, word)


def _tag(tags: Mapping[str, Tag], value: str, word: str = "") -> SafeString:
    known = tags.get(str(value))
    if known is None:
        return tag(word or str(value))
    return tag(word or str(known.word), known.tone, known.sign)


@register.inclusion_tag("web/pieces/bars.html")
def bars(chart: charts.Bars, caption: str, head: str = "", unit: str = "") -> dict[str, Any]:
    """Horizontal bars that are their own table."""
    return {"chart": chart, "caption": caption, "head": head, "unit": unit or gettext("条")}


@register.inclusion_tag("web/pieces/columns.html")
def columns(chart: charts.Columns, title: str, unit: str = "", level: int = 3) -> dict[str, Any]:
    """Columns over time, with the numbers in a table behind."""
    return {"chart": chart, "title": title, "unit": unit or gettext("条"), "level": level, "strokes": ()}


@register.inclusion_tag("web/pieces/columns.html")
def line(chart: charts.Columns, title: str, unit: str = "", level: int = 3) -> dict[str, Any]:
    """The same as a line."""
    return columns(chart, title, unit, level) | {"strokes": charts.segments(chart)}


@register.inclusion_tag("web/pieces/parts.html")
def parts(made: Sequence[charts.Part], caption: str, unit: str = "") -> dict[str, Any]:
    """One bar cut into parts, each named beside its colour."""
    return {"parts": made, "caption": caption, "unit": unit or gettext("条")}


@register.inclusion_tag("web/pieces/table.html")
def table(made: Table) -> dict[str, Any]:
    """A data table (web.tables.table)."""
    return {"table": made}


@register.inclusion_tag("web/pieces/pager.html", takes_context=True)
def pager(context: Any, next_after: str | None, total: int | None = None, shown: int = 0) -> dict[str, Any]:
    """Keyset pages: next, and back to the first."""
    request = context["request"]
    return {
        "request": request,
        "next_after": next_after,
        "total": total,
        "shown": shown,
        "is_first": "after" not in request.GET,
    }


@register.inclusion_tag("web/pieces/error_summary.html")
def error_summary(form: BaseForm) -> dict[str, Any]:
    """What is wrong with a form, each line a link to its field. Stands above the form; empty when all is well."""
    lines = [
        (form[name].id_for_label if name in form.fields else "", error)
        for name, found in form.errors.items()
        for error in found
    ]
    return {"lines": lines}


@register.inclusion_tag("web/pieces/field.html")
def field(bound: BoundField, kind: str = "") -> dict[str, Any]:
    """A labelled field with its hint and error. ``kind``: "" | "file" | "inline"."""
    return {"field": bound, "kind": kind or bound.field.widget.__class__.__name__.lower()}


@register.simple_tag
def progress(done: int, whole: int, label: str) -> SafeString:
    """A progress bar with its numbers."""
    return format_html(
        '<div class="progress"><label>{0} <progress value="{1}" max="{2}">{1}/{2}</progress></label> <span class="num">{3} / {4}</span></div>',
        label, done, max(whole, 1), count(done), count(whole),
    )  # fmt: skip


@register.filter
def zh(text: str) -> SafeString:
    """Chinese data: marked with its language on an English page, so that a screen reader changes voice."""
    is_marked = _is_english() and bool(text) and not str(text).isascii()
    return format_html('<span lang="zh-Hans">{}</span>', text) if is_marked else conditional_escape(text)
