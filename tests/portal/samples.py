"""Hand-made values of the view dataclasses: pages can be drawn without a database, full or empty, with long names."""

from datetime import date, datetime, timedelta

from xinyong.catalogue.schema import Section
from xinyong.kernel.clock import ZONE
from xinyong.records.view import Count, Dossier, FieldView, Figures, Mark, NameView, RecordView, SectionView

DAY = date(2026, 11, 21)
MOMENT = datetime(2026, 11, 21, 9, 30, tzinfo=ZONE)
CODE = "91990100MA00000007"
LONGEST = (
    "云溪市云栖新区晴川高新技术产业开发区绿洲生态农业综合开发与农产品冷链物流配送服务股份有限公司第二分公司（个人独资）"
)

_FIELDS = {
    Section.PENALTY: (
        ("CF_WSH", "行政处罚决定书文号", "Penalty decision number", "云市监处罚〔2026〕1024号"),
        ("CF_CFLB", "处罚类别", "Kind of penalty", "罚款;没收违法所得、没收非法财物"),
        ("CF_WFXW", "违法行为类型", "Type of unlawful act", "销售不符合保障人体健康和人身、财产安全的国家标准的产品"),
        (
            "CF_SY",
            "违法事实",
            "Facts",
            "当事人于2026年3月至5月期间销售的电动自行车经抽样检验，蓄电池防篡改项目不符合GB 17761-2018要求，货值金额3.2万元，违法所得0.86万元。"
            * 2,
        ),
        ("CF_NR_FK", "罚款金额(万元)", "Fine (CNY 10,000)", "3.20"),
        ("CF_JDRQ", "处罚决定日期", "Date of decision", "2026-06-30"),
    ),
    Section.LICENCE: (
        ("XK_WSH", "行政许可决定文书号", "Licence decision number", "云审批许字〔2025〕第 0031 号"),
        ("XK_XKLB", "许可类别", "Kind of licence", "核准"),
        ("XK_NR", "许可内容", "Content", "食品经营许可：预包装食品（含冷藏冷冻食品）销售，散装食品销售"),
    ),
    Section.REGISTRATION: (
        ("ZTMC", "主体名称", "Name", LONGEST),
        ("TYSHXYDM", "统一社会信用代码", "Unified social credit identifier", CODE),
        ("JYZT", "登记状态", "Status", "存续"),
        ("CLRQ", "成立日期", "Date of establishment", "2016-05-18"),
        ("ZCZB", "注册资本", "Registered capital", "5000万元人民币"),
        ("ZCDZ", "住所", "Address", "云溪市云栖新区晴川大道 88 号晴川科创园 3 幢 1201 室"),
        (
            "JYFW",
            "经营范围",
            "Business scope",
            "许可项目：食品销售；道路货物运输（不含危险货物）。一般项目：农产品的生产、销售、加工、运输、贮藏；低温仓储；",
        ),
    ),
}


def record(
    section: Section, number: int = 1, *, marks: tuple[Mark, ...] = (Mark.IN_FORCE,), version: int = 1
) -> RecordView:
    """One record of a section; ``number`` makes it different from its neighbours."""
    adverse = section in {Section.PENALTY, Section.SERIOUS_LIST, Section.ABNORMAL}
    fields = _FIELDS.get(section, _FIELDS[Section.LICENCE])
    titles = {
        Section.PENALTY: "罚款;没收违法所得、没收非法财物",
        Section.LICENCE: "食品经营许可证",
        Section.HONOUR: "2025年度纳税信用A级纳税人",
        Section.SERIOUS_LIST: "列入市场监督管理严重违法失信名单",
        Section.ABNORMAL: "通过登记的住所或者经营场所无法联系",
    }
    return RecordView(
        ref=f"{number:032x}", version=version, subject_code=CODE, subject_name=LONGEST if number % 3 else "云溪市晴川茶业有限公司",
        item_id=f"admin-{section.value}", item_title_zh="行政处罚（法人）", item_title_en="Administrative penalty (organisation)",
        section=section, is_adverse=adverse, title=titles.get(section, LONGEST), document_no="云市监处罚〔2026〕1024号",
        authority="云溪市市场监督管理局", source="云溪市市场监督管理局" if number % 2 else "云溪市行政审批服务局",
        decided_on=DAY - timedelta(days=31 * number), valid_from=DAY - timedelta(days=31 * number),
        valid_to=None if number % 2 else DAY + timedelta(days=700), publish_from=DAY - timedelta(days=30 * number),
        publish_until=DAY + timedelta(days=20) if adverse else None, repair_from=DAY + timedelta(days=5) if adverse else None,
        severity="general" if adverse else None, marks=marks,
        fields=tuple(FieldView(code=c, label_zh=z, label_en=e, text=t) for c, z, e, t in fields),
        known_from=MOMENT, submission_id=7,
    )  # fmt: skip


_TITLES = {
    Section.REGISTRATION: ("登记注册基础信息", "Registration"),
    Section.LICENCE: ("行政许可", "Administrative licences"),
    Section.PENALTY: ("行政处罚", "Administrative penalties"),
    Section.HONOUR: ("诚实守信", "Honours for trustworthiness"),
    Section.SERIOUS_LIST: ("严重失信主体名单", "Lists of seriously dishonest entities"),
    Section.ABNORMAL: ("经营异常", "Abnormal operation"),
    Section.OTHER: ("其他信息", "Other information"),
}


def dossier(*, is_full: bool = True) -> Dossier:
    """A file with five records in each section, or with none."""
    marks = (Mark.IN_FORCE, Mark.ENDING_SOON, Mark.CORRECTED, Mark.DISPUTED)
    sections = []
    for section, (zh, en) in _TITLES.items():
        filled = is_full and section is not Section.OTHER
        records = tuple(record(section, n, marks=marks[: n % 4 + 1]) for n in range(1, 6)) if filled else ()
        if section is Section.REGISTRATION:
            records = records[:1]
        sections.append(
            SectionView(section, zh, en, records, 1284 if section is Section.LICENCE and filled else len(records))
        )
    return Dossier(
        subject_id=1, code=CODE, name=LONGEST if is_full else "云溪市晴川茶业有限公司", subject_class="enterprise",
        subject_class_zh="企业", subject_class_en="Enterprise", status="active", status_zh="存续", status_en="Active",
        region_code="990102", region_name="云栖区", registered_on=date(2016, 5, 18),
        names=(
            NameView(LONGEST, date(2020, 1, 1), None, True),
            NameView("云溪市绿洲农业开发有限公司", date(2016, 5, 18), date(2020, 1, 1), False),
        ),
        sections=tuple(sections), as_of=DAY, known_at=MOMENT, is_public_view=True,
    )  # fmt: skip


def figures(*, is_full: bool = True) -> Figures:
    """Figures of a small city, or of one with nothing yet."""
    if not is_full:
        return Figures(0, 0, (), (), (), {}, None)
    months = [f"{year}-{month:02d}" for year in (2024, 2025, 2026) for month in range(1, 13)][:35]
    items = (("admin-licence-org", "行政许可（法人及非法人组织）", 151_234), ("admin-penalty-org", "行政处罚（法人及非法人组织）", 32_118),
             ("organisation-register", "登记注册", 20_011), ("honour", "守信激励", 4_210), ("abnormal-operation", "经营异常名录", 1_833),
             ("serious-dishonesty", "严重失信主体名单", 96))  # fmt: skip
    return Figures(
        subjects_total=20_011, records_total=209_502,
        by_class=tuple(Count(k, z, e, n) for k, z, e, n in (
            ("enterprise", "企业", "Enterprises", 9_120), ("individual_business", "个体工商户", "Individual businesses", 9_833),
            ("farmers_cooperative", "农民专业合作社", "Specialised farmers' cooperatives", 512),
            ("social_organization", "社会组织", "Social organisations", 301), ("public_institution", "事业单位", "Public institutions", 190),
            ("government_body", "政府机构", "Government bodies", 55))),
        by_item=tuple(Count(k, z, z, n) for k, z, n in items),
        by_department=tuple(Count(str(i), name, name, 90_000 // (i + 1)) for i, name in enumerate(
            ("市场监督管理局", "行政审批服务局", "交通运输局", "生态环境局", "住房和城乡建设局", "应急管理局", "税务局", "文化广电和旅游局"))),
        by_month={k: tuple(Count(m, m, m, (i * 37 + n) % 900 + n // 60) for i, m in enumerate(months)) for k, _, n in items},
        latest_received_at=MOMENT,
    )  # fmt: skip
