"""Hand-made files of fictitious organisations, as ``records.dossier`` gives them to the public."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from xinyong.catalogue.schema import Section
from xinyong.records.view import Dossier, FieldView, Mark, NameView, RecordView, SectionView
from xinyong.reports.content import Stamp

AS_OF = date(2026, 11, 21)
ISSUED_AT = datetime(2026, 11, 21, 9, 15, 3, tzinfo=UTC)
CODE = "91990102MA0TEST017"
NAME = "云溪市青禾食品有限公司"

_TITLES = {
    Section.REGISTRATION: ("登记注册基础信息", "Registration"),
    Section.LICENCE: ("行政许可", "Administrative licences"),
    Section.PENALTY: ("行政处罚", "Administrative penalties"),
    Section.HONOUR: ("诚实守信", "Honours"),
    Section.SERIOUS_LIST: ("严重失信主体名单", "Lists of seriously dishonest entities"),
    Section.ABNORMAL: ("经营异常", "Abnormal operation"),
    Section.ADMINISTRATIVE: ("其他行政管理", "Other administrative acts"),
    Section.COMMITMENT: ("信用承诺", "Credit commitments"),
    Section.EVALUATION: ("信用评价", "Credit evaluations"),
    Section.JUDICIAL: ("司法裁判及执行", "Court judgments and enforcement"),
    Section.OTHER: ("其他信息", "Other information"),
}
ALL = frozenset(Section)
_FACTS = (
    "当事人在食品生产经营活动中使用超过保质期的食品原料，货值金额不足一万元，违法行为轻微；"
    "执法人员于2025年3月2日现场检查时发现，当事人当场承认并立即停止使用，积极配合调查，如实陈述违法事实并主动提供证据材料。"
)


def stamp(number: str = "20261121171503K7M2PQ9X", check_code: str = "ABCDEFGHIJKLMNOPQRSTUVWXY2") -> Stamp:
    """A stamp as ``issue`` makes it."""
    return Stamp(number, check_code, ISSUED_AT, f"https://credit.example/verify/{check_code}/")


def field(code: str, zh: str, en: str, text: str) -> FieldView:
    """One field as shown."""
    return FieldView(code, zh, en, text)


def registration(name: str = NAME) -> RecordView:
    """The base register's record."""
    fields = (
        field("ZTMC", "主体名称", "Name", name),
        field("TYSHXYDM", "统一社会信用代码", "Unified social credit code", CODE),
        field("QYLX", "企业类型", "Type", "有限责任公司(自然人独资)"),
        field("FDDBR", "法定代表人", "Legal representative", "云溪甲"),
        field("ZCZB", "注册资本", "Registered capital", "500.00 万元"),
        field("CLRQ", "成立日期", "Established on", "2018-06-01"),
        field("DJJG", "登记机关", "Registration authority", "云溪市市场监督管理局"),
        field("ZCDZ", "住所", "Address", "云溪市溪东县示范街道一号"),
        field("JYFW", "经营范围", "Scope", "食品生产；食品经营；粮食收购；农副产品销售；货物进出口；技术进出口。" * 2),
    )
    return _record(Section.REGISTRATION, 0, "organisation-register", "登记注册", "Registration", name, fields, False)


def licence(n: int, text: str = "准予从事食品生产，类别：粮食加工品；食用植物油。") -> RecordView:
    """A licence of the 2018 standard."""
    fields = (
        field("XK_XDR_MC", "行政相对人名称", "Counterparty", NAME),
        field("XK_WSH", "行政许可决定文书号", "Document no.", f"云市监许准字〔2025〕第{n:05d}号"),
        field("XK_WSMC", "行政许可决定文书名称", "Document title", "食品生产许可决定书"),
        field("XK_XKLB", "许可类别", "Kind", "普通"),
        field("XK_XKZS", "许可证书名称", "Certificate", "食品生产许可证"),
        field("XK_XKBH", "许可编号", "Licence no.", f"SC1019901{n:07d}"),
        field("XK_JDRQ", "许可决定日期", "Decided on", "2025-02-11"),
        field("XK_YXQZ", "有效期自", "Valid from", "2025-02-11"),
        field("XK_YXQZI", "有效期至", "Valid to", "2030-02-10"),
        field("XK_NR", "许可内容", "Content", text),
        field("XK_XKJG", "许可机关", "Authority", "云溪市市场监督管理局"),
        field("XK_XKJGDM", "许可机关统一社会信用代码", "Authority code", "11990100MB00000000"),
    )
    marks = (Mark.IN_FORCE,)
    return replace(
        _record(Section.LICENCE, n, "admin-licence-org", "行政许可", "Licence", "食品生产许可证", fields, False),
        marks=marks,
    )


def penalty(n: int, facts: str = _FACTS, document_no: str = "") -> RecordView:
    """A penalty of the 2018 standard, repairable three months after the decision."""
    number = document_no or f"云市监罚决〔2025〕{n}号"
    fields = (
        field("CF_WSH", "行政处罚决定书文号", "Document no.", number),
        field("CF_WFXW", "违法行为类型", "Kind of act", "使用超过保质期的食品原料"),
        field("CF_SY", "违法事实", "Facts", facts),
        field("CF_YJ", "处罚依据", "Basis", "《中华人民共和国食品安全法》第一百二十四条第一款"),
        field("CF_CFLB", "处罚类别", "Kind of penalty", "罚款;没收违法所得"),
        field("CF_NR", "处罚内容", "Content", "1.没收违法所得820.00元；2.罚款10000.00元。"),
        field("CF_NR_FK", "罚款金额(万元)", "Fine (10,000 yuan)", "1.00"),
        field("CF_NR_WFFF", "没收金额(万元)", "Confiscated (10,000 yuan)", "0.082"),
        field("CF_JDRQ", "处罚决定日期", "Decided on", "2025-04-01"),
        field("CF_CFJG", "处罚机关", "Authority", "云溪市市场监督管理局"),
    )
    record = _record(
        Section.PENALTY, n, "admin-penalty-org", "行政处罚", "Penalty", "使用超过保质期的食品原料", fields, True
    )
    return replace(
        record, document_no=number, repair_from=date(2025, 7, 1), publish_until=date(2027, 4, 1), severity="general"
    )


def honour(n: int) -> RecordView:
    """A tax grade A entry."""
    fields = (
        field("RYMC", "荣誉名称", "Honour", "纳税缴费信用A级"),
        field("RYND", "评价年度", "Year", "2025"),
        field("RDJG", "认定机关", "Authority", "云溪市税务局"),
    )
    return _record(Section.HONOUR, n, "honour", "守信荣誉", "Honour", "纳税缴费信用A级", fields, False)


def file_of(*records: RecordView, name: str = NAME, former: tuple[str, ...] = (), total: int | None = None) -> Dossier:
    """The public file of an organisation with these records."""
    sections = []
    for section, (zh, en) in _TITLES.items():
        own = tuple(record for record in records if record.section is section)
        sections.append(SectionView(section, zh, en, own, total if total and own else len(own)))
    return Dossier(
        subject_id=7,
        code=CODE,
        name=name,
        subject_class="enterprise",
        subject_class_zh="企业",
        subject_class_en="enterprise",
        status="active",
        status_zh="存续",
        status_en="active",
        region_code="990102",
        region_name="溪东县",
        registered_on=date(2018, 6, 1),
        names=(
            *(NameView(one, date(2018, 6, 1), date(2020, 3, 5), False) for one in former),
            NameView(name, date(2020, 3, 5), None, True),
        ),
        sections=tuple(sections),
        as_of=AS_OF,
        known_at=ISSUED_AT,
        is_public_view=True,
    )


def _record(
    section: Section,
    n: int,
    item_id: str,
    zh: str,
    en: str,
    title: str,
    fields: tuple[FieldView, ...],
    is_adverse: bool,
) -> RecordView:
    return RecordView(
        ref=f"{n:032x}",
        version=1,
        subject_code=CODE,
        subject_name=NAME,
        item_id=item_id,
        item_title_zh=zh,
        item_title_en=en,
        section=section,
        is_adverse=is_adverse,
        title=title,
        document_no="",
        authority="云溪市市场监督管理局",
        source="云溪市市场监督管理局",
        decided_on=date(2025, 4, 1) - timedelta(days=n),
        valid_from=None,
        valid_to=None,
        publish_from=date(2025, 4, 8),
        publish_until=None,
        repair_from=None,
        severity=None,
        marks=(),
        fields=fields,
        known_from=ISSUED_AT,
        submission_id=1,
    )
