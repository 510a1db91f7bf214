"""沙箱 What sandbox clients are answered: three invented organisations and one invented submission, through the same
schemas and the same door. Nothing real is read, nothing is kept but the count of calls."""

from datetime import date, datetime, time
from io import BytesIO

import xlsxwriter

from xinyong.catalogue.schema import Section
from xinyong.intake import views
from xinyong.intake.outcome import Counts, Found
from xinyong.intake.rows import RowView, Told
from xinyong.intake.submit import AlreadyBegun
from xinyong.intake.views import SubmissionView
from xinyong.kernel import clock, codes
from xinyong.kernel.cells import WORKBOOK_OPTIONS
from xinyong.kernel.errors import NotFound
from xinyong.records.dossier import SECTIONS
from xinyong.records.view import Declared, Dossier, FieldView, Mark, NameView, RecordView, SectionView

_KNOWN_FROM = datetime.combine(date(2026, 1, 5), time(9), tzinfo=clock.ZONE)


class NotPlayed(NotFound):
    """The sandbox knows three organisations, and this is none of them."""

    code = "exchange.not-in-sandbox-data"


def _code(first: str) -> str:
    body = f"91990100{first}{codes.org_check(first)}"
    return body + codes.check_character(body)


#: code → name, class of the act it has.
ORGANISATIONS: dict[str, tuple[str, Section | None]] = {
    _code("MA999901"): ("沙箱示例甲科技有限公司", Section.LICENCE),
    _code("MA999902"): ("沙箱示例乙贸易有限公司", Section.PENALTY),
    _code("MA999903"): ("沙箱示例丙建设有限公司", None),
}
#: The submission the sandbox knows: three rows, of which one went in.
SUBMISSION = 1


def _found(row_no: int, severity: str, rule: str, message: tuple[str, str]) -> Found:
    return Found(row_no, "处罚决定日期", "CF_JDRQ", "2026年13月5日", rule, severity, *message, "", "")


ROWS = (
    RowView(
        2, Told.DOUBTFUL,
        (_found(2, "doubtful", "sandbox-doubt", ("沙箱示例：有疑问的一行。", "Sandbox example: a row in doubt.")),),
    ),
    RowView(
        3, Told.REJECTED,
        (_found(3, "error", "sandbox-error", ("沙箱示例：有错的一行。", "Sandbox example: a row that is wrong.")),),
    ),
)  # fmt: skip


def submission(submission_id: int, *, source_code: str) -> SubmissionView:
    """The invented submission, as if of this department. Raises UnknownSubmission for any other number."""
    if submission_id != SUBMISSION:
        raise views.unknown(submission_id)
    return SubmissionView(
        id=SUBMISSION, item_id="admin-penalty-org", item_title_zh="沙箱示例", item_title_en="Sandbox example",
        source_code=source_code, source_name="沙箱示例局", file_name="sandbox.csv", file_size=0, received_at=_KNOWN_FROM,
        received_by="sandbox", status="deposited", counts=Counts(3, 1, 1, 1, 0, 0), warnings=0, late=0, columns=(), facts={},
        refusal=None, corrects=None, open_rows=2, finished_at=_KNOWN_FROM,
    )  # fmt: skip


def begun() -> AlreadyBegun:
    """The invented submission is done: nobody takes it back."""
    return AlreadyBegun(
        "沙箱中的报送已处理完毕，不能取消。", "The sandbox's submission is done and cannot be taken back."
    )


def feedback() -> bytes:
    """A workbook as feedback would be."""
    content = BytesIO()
    with xlsxwriter.Workbook(content, WORKBOOK_OPTIONS) as book:
        sheet = book.add_worksheet("沙箱示例")
        sheet.write_row(0, 0, ["原文件行号 Source row", "问题说明 Problems"])
        for place, one in enumerate(ROWS, 1):
            sheet.write_row(place, 0, [one.row_no, f"{one.findings[0].message} / {one.findings[0].message_en}"])
    return content.getvalue()


def dossier(code: str, *, as_of: date, is_public: bool) -> Dossier:
    """The invented file of an invented organisation. Raises NotPlayed."""
    if code not in ORGANISATIONS:
        raise NotPlayed(
            f"沙箱中只有这些机构：{'、'.join(ORGANISATIONS)}。",
            f"The sandbox knows only these organisations: {', '.join(ORGANISATIONS)}.",
        )
    name, holds = ORGANISATIONS[code]
    records = {holds: (_record(code, name, holds, is_public),)} if holds else {}
    return Dossier(
        subject_id=0, code=code, name=name, subject_class="enterprise", subject_class_zh="企业",
        subject_class_en="Enterprise", status="active", status_zh="存续", status_en="Active", region_code="990100",
        region_name="", registered_on=date(2020, 5, 18), names=(NameView(name, date(2020, 5, 18), None, True),),
        sections=tuple(
            SectionView(section, zh, en, records.get(section, ()), len(records.get(section, ())))
            for section, (zh, en) in SECTIONS.items()
        ),
        as_of=as_of, known_at=clock.now(), is_public_view=is_public,
    )  # fmt: skip


def _record(code: str, name: str, section: Section, is_public: bool) -> RecordView:
    is_adverse = section is Section.PENALTY
    fields = [FieldView("SX_NR", "内容", "Content", "沙箱示例，不是真实记录")]
    if not is_public:
        fields.append(FieldView("SX_BZ", "备注", "Note", "仅共享时可见的示例", grade="shared"))
    return RecordView(
        ref=f"{0x5A:064x}", version=1, subject_code=code, subject_name=name,
        item_id="admin-penalty-org" if is_adverse else "admin-licence-org", item_title_zh="沙箱示例",
        item_title_en="Sandbox example", section=section, is_adverse=is_adverse, title="沙箱示例",
        document_no="沙箱〔2026〕1号", authority="沙箱示例局", source="沙箱示例局", decided_on=date(2026, 1, 5),
        valid_from=date(2026, 1, 5), valid_to=None, publish_from=date(2026, 1, 5), publish_until=None, repair_from=None,
        severity="general" if is_adverse else None, marks=(Mark.IN_FORCE,), fields=tuple(fields),
        known_from=_KNOWN_FROM, submission_id=SUBMISSION, declared=Declared() if section is Section.SELF_DECLARED else None,
    )  # fmt: skip
