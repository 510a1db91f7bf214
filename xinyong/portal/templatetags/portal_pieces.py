"""The facts on a record card. In Python, not in a template: a subject's page has dozens, and this is a third of its time."""

from collections.abc import Iterator
from datetime import date

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from xinyong.records.view import RecordView
from xinyong.web.templatetags.pieces import day, declared, last_day, mark, zh

register = template.Library()


@register.simple_tag
def record_terms(record: RecordView) -> SafeString:
    """Number, authority, dates and source of a record, as a definition list."""
    return format_html('<dl class="terms two">{}</dl>', format_html_join("", "<dt>{}</dt><dd>{}</dd>", _terms(record)))


@register.simple_tag
def record_marks(record: RecordView) -> SafeString:
    """The record's state marks, each with icon and word; whose own word it is stands first."""
    tags = [(mark(m),) for m in record.marks]
    return format_html('<span class="tags">{}{}</span>', declared(record), format_html_join("", "{}", tags))


def _terms(record: RecordView) -> Iterator[tuple[str, str]]:
    if record.document_no:
        yield gettext("文书号"), zh(record.document_no)
    yield gettext("事实日期") if record.declared else gettext("决定日期"), day(record.decided_on)
    if record.authority:
        yield gettext("作出单位"), zh(record.authority)
    if record.valid_from or record.valid_to:
        yield gettext("有效期"), _period(record.valid_from, record.valid_to)
    if record.publish_until:
        yield gettext("公示至"), day(last_day(record.publish_until))
    if record.is_adverse and record.repair_from:
        yield gettext("可申请修复"), gettext("自 %(a)s 起") % {"a": day(record.repair_from)}
    if record.source and record.source != record.authority:
        yield gettext("数据来源"), zh(record.source)
    if record.statement:
        yield gettext("异议声明"), zh(record.statement)


def _period(first: date | None, end: date | None) -> str:
    if end is None:
        return gettext("自 %(a)s 起，长期") % {"a": day(first)}
    if first is None:
        return gettext("至 %(b)s") % {"b": day(last_day(end))}
    return gettext("%(a)s 至 %(b)s") % {"a": day(first), "b": day(last_day(end))}
