"""沙箱 What sandbox clients are answered: three invented organisations and one invented submission, through the same
schemas and the same door. Nothing real is read, nothing is kept but the count of calls."""

from datetime import date, datetime, time

from xinyong.catalogue.schema import Section
from xinyong.kernel import clock, codes
from xinyong.kernel.errors import NotFound
from xinyong.records.dossier import SECTIONS
from xinyong.records.view import Dossier, FieldView, Mark, NameView, RecordView, SectionView

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
#: The submission the sandbox knows.
SUBMISSION = 1


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
        known_from=_KNOWN_FROM, submission_id=SUBMISSION,
    )  # fmt: skip
