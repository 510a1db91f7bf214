"""What must hold across an item: references point at fields, rules type-check, forbidden classes are refused."""

import unicodedata
from collections.abc import Mapping

from xinyong.catalogue import forbidden
from xinyong.catalogue._reading import Book, Node
from xinyong.catalogue.schema import CodeList, Field, FieldType, Grade, Item, Masking, Requirement, Section
from xinyong.rules.language import ColumnType, RuleError, parse

SEVERITY_CLASSES = ("minor", "general", "serious")
CLOCKS = ("severity", "while_valid", "while_listed", "always", "never")
LEVELS = ("national", "provincial", "city", "county")
SUBJECT_CLASSES = (
    "enterprise", "individual_business", "farmers_cooperative", "social_organization", "public_institution",
    "government_body", "rural_collective", "other", "natural_person",
)  # fmt: skip
#: Roles that name one field; ``other_codes`` maps identifier schemes to fields.
SINGLE_ROLES = (
    "subject_code", "subject_category", "person_certificate", "person_certificate_kind", "legal_representative",
    "document_no", "document_title", "kind", "content", "amount", "valid_from", "valid_to", "publish_until",
    "authority_name", "authority_code", "source_name", "source_code", "status",
)  # fmt: skip
_LAWS = ("law", "regulation", "local-regulation")
_COLUMN: dict[FieldType, ColumnType] = {
    FieldType.DATE: ColumnType.DATE,
    FieldType.DECIMAL: ColumnType.DECIMAL,
    FieldType.INTEGER: ColumnType.INTEGER,
    FieldType.BOOLEAN: ColumnType.BOOLEAN,
}
#: Columns every rule may use beside the item's fields: the date of receipt.
RECEIPT = {"today": ColumnType.DATE, "received_on": ColumnType.DATE}


def columns_of(item: Item) -> dict[str, ColumnType]:
    """The typed columns a rule of the item may name."""
    return {one.code: _COLUMN.get(one.type, ColumnType.TEXT) for one in item.fields} | RECEIPT


def spelling(header: str) -> str:
    """A header as it is compared: width folded, blanks dropped, upper case."""
    return "".join(unicodedata.normalize("NFKC", header).split()).upper()


def check_code_list(one: CodeList, node: Node) -> None:
    """No value or spelling means two codes; the period is a period."""
    seen: dict[str, str] = {}
    for code in one.codes:
        for text in {spelling(text) for text in (code.value, code.name_zh, *code.aliases)}:
            if text in seen:
                zh = f"写法“{text}”既指“{seen[text]}”又指“{code.value}”。"
                node.bad("codes", zh, f"The spelling “{text}” means both “{seen[text]}” and “{code.value}”.")
            seen[text] = code.value
    if one.valid_to is not None and one.valid_to <= one.valid_from:
        node.bad("valid_to", "失效日期早于生效日期。", "It ends before it begins.")


def check_item(item: Item, book: Book, *, lists: Mapping[str, CodeList]) -> None:
    """Notes every problem of an item whose parts were read."""
    _check_head(item, book)
    _check_fields(item, book, lists)
    _check_references(item, book)
    _check_rules(item, book)
    _check_protection(item, book)
    _check_forbidden(item, book)
    _check_self_declared(item, book)


def _check_head(item: Item, book: Book) -> None:
    if item.level not in LEVELS:
        book.note("level", f"“level”可选：{'、'.join(LEVELS)}。", f"“level”: one of {', '.join(LEVELS)}.")
    elif item.level == "national" and item.parent is not None:
        book.note("parent", "国家目录没有上级目录。请改 level 或删去 parent。", "The national catalogue has no parent.")
    if item.effective_from is None:
        book.note("effective_from", "须写明生效日期。", "The date it takes effect is missing.")
    for index, name in enumerate(item.subject_classes):
        if name not in SUBJECT_CLASSES:
            book.note(f"subject_classes[{index}]", f"没有主体类别“{name}”。", f"No subject class “{name}”.")
    ranks = {basis.rank for basis in item.bases}
    if item.level != "national" and "local-regulation" not in ranks:
        # INV-02, Shenzhen 33: a local supplement rests on a local regulation.
        zh = "地方补充目录事项须以地方性法规为依据。请在 bases 中列出。"
        book.note("bases", zh, "A local supplement must rest on a local regulation. List it in bases.")
    if item.is_about_persons != ("natural_person" in item.subject_classes):
        zh = "is_about_persons 与 subject_classes 不一致：自然人事项应单独立项，且只含 natural_person。"
        book.note(
            "is_about_persons", zh, "is_about_persons and subject_classes disagree; persons have items of their own."
        )


def _check_fields(item: Item, book: Book, lists: Mapping[str, CodeList]) -> None:
    codes: set[str] = set()
    headers: dict[str, str] = {}
    groups: dict[str, int] = {}
    for index, one in enumerate(item.fields):
        at = f"fields[{index}]"
        if one.code in codes:
            book.note(f"{at}.code", f"数据项“{one.code}”出现两次。", f"The field “{one.code}” stands twice.")
        codes.add(one.code)
        for text in {spelling(text) for text in (one.code, one.name_zh, *one.aliases)}:
            if headers.setdefault(text, one.code) != one.code:
                zh = f"表头“{text}”同时指向“{headers[text]}”和“{one.code}”。"
                book.note(f"{at}.aliases", zh, f"The header “{text}” means both “{headers[text]}” and “{one.code}”.")
        if one.one_of:
            groups[one.one_of] = groups.get(one.one_of, 0) + 1
        _check_field(one, at, book, lists)
    for name, count in groups.items():
        if count < 2:
            book.note("fields", f"多选一分组“{name}”只有一个数据项。", f"The group “{name}” has one field only.")


def _check_field(one: Field, at: str, book: Book, lists: Mapping[str, CodeList]) -> None:
    is_code, is_decimal = one.type is FieldType.CODE, one.type is FieldType.DECIMAL
    if is_code != (one.code_list is not None):
        book.note(
            f"{at}.code_list",
            "代码型数据项且仅代码型须指定 code_list。",
            "Code fields, and only they, name a code_list.",
        )
    elif one.code_list is not None and one.code_list not in lists:
        book.note(f"{at}.code_list", f"没有代码表“{one.code_list}”。", f"There is no code list “{one.code_list}”.")
    if one.is_multiple and not is_code:
        book.note(f"{at}.is_multiple", "只有代码型数据项可以多值。", "Only code fields can hold several values.")
    if is_decimal != (one.scale is not None):
        book.note(f"{at}.scale", "小数型数据项且仅小数型须写明 scale。", "Decimal fields, and only they, have a scale.")
    if (one.type is FieldType.CERTIFICATE) != (one.certificate_kind is not None):
        zh, en = "证件号码须写明 certificate_kind。", "A certificate number, and only it, names its certificate_kind."
        book.note(f"{at}.certificate_kind", zh, en)
    if one.required_when and one.requirement is not Requirement.OPTIONAL:
        zh, en = "有 required_when 时 requirement 应为 optional。", "With required_when the requirement is optional."
        book.note(f"{at}.requirement", zh, en)


def _check_references(item: Item, book: Book) -> None:
    codes = {one.code for one in item.fields}

    def must_be_field(path: str, code: str) -> None:
        if code not in codes:
            book.note(path, f"没有数据项“{code}”。", f"There is no field “{code}”.")

    for index, code in enumerate(item.natural_key):
        if code != "$subject":
            must_be_field(f"natural_key[{index}]", code)
    if "$subject" not in item.natural_key and item.natural_key:
        book.note("natural_key", "自然主键须包含 $subject（主体）。", "The natural key must hold $subject.")
    for index, code in enumerate(item.summary):
        must_be_field(f"summary[{index}]", code)
    for index, one in enumerate(item.fields):
        if one.certificate_kind:
            must_be_field(f"fields[{index}].certificate_kind", one.certificate_kind)
    singles = {name: getattr(item.roles, name) for name in (*SINGLE_ROLES, "subject_name", "decided_on")}
    for name, code in singles.items():
        if code:
            must_be_field(f"roles.{name}", code)
    for scheme, code in item.roles.other_codes.items():
        must_be_field(f"roles.other_codes.{scheme}", code)
    for name in ("decided_on", "valid_from", "valid_to", "publish_until"):
        code = singles[name]
        if code in codes and item.field_of(code).type is not FieldType.DATE:
            book.note(f"roles.{name}", f"“{code}”不是日期型。", f"“{code}” is no date.")
    if not (item.roles.subject_code or item.roles.person_certificate):
        zh = "须指定 subject_code 或 person_certificate，否则无法关联主体。"
        book.note("roles", zh, "Name subject_code or person_certificate, or no subject can be found.")
    if item.roles.decided_on in codes and item.field_of(item.roles.decided_on).requirement is not Requirement.REQUIRED:
        zh = "decided_on 所指的日期须为必填。"
        book.note("roles.decided_on", zh, "The date under decided_on must be required.")
    needs_end = item.publicity.clock in ("while_valid", "while_listed") or item.retention.start == "valid_to"
    if needs_end and not item.roles.valid_to:
        book.note(
            "roles.valid_to", "公示或保存期限以 valid_to 计算，须指定该角色。", "The clocks need the role valid_to."
        )
    if item.publicity.clock == "severity" and item.severity is None:
        book.note(
            "severity", "按严重程度公示的事项须写明 severity 规则。", "Publicity by severity needs a severity rule."
        )
    if item.is_adverse:
        for name in ("document_no", "authority_name"):
            if not singles[name] and item.publicity.clock == "severity":
                # INV-03: an adverse record needs a legally effective document, its body and its date.
                book.note(
                    f"roles.{name}", "失信信息须有文书号和作出机关。", "An adverse item needs document and authority."
                )


def _check_rules(item: Item, book: Book) -> None:
    columns = columns_of(item)
    bases = {basis.id for basis in item.bases}
    seen: set[str] = set()
    for index, rule in enumerate(item.rules):
        at = f"rules[{index}]"
        if rule.id in seen:
            book.note(f"{at}.id", f"规则“{rule.id}”出现两次。", f"The rule “{rule.id}” stands twice.")
        seen.add(rule.id)
        if rule.basis and rule.basis not in bases:
            zh, en = (
                f"依据“{rule.basis}”未列入本事项 bases。",
                f"The basis “{rule.basis}” is not among the item's bases.",
            )
            book.note(f"{at}.basis", zh, en)
        for place, code in enumerate(rule.columns):
            if code not in columns:
                book.note(f"{at}.columns[{place}]", f"没有数据项“{code}”。", f"There is no field “{code}”.")
        _check_expression(rule.expression, columns, f"{at}.check", book)
    for index, one in enumerate(item.fields):
        if one.required_when:
            _check_expression(one.required_when, columns, f"fields[{index}].required_when", book)
    if item.severity is not None:
        if item.severity.basis not in bases:
            zh, en = f"依据“{item.severity.basis}”未列入 bases。", f"“{item.severity.basis}” is not among the bases."
            book.note("severity.basis", zh, en)
        for index, (name, expression) in enumerate(item.severity.classes):
            _check_class(name, f"severity.classes[{index}].is", book)
            _check_expression(expression, columns, f"severity.classes[{index}].when", book)
        _check_class(item.severity.otherwise, "severity.otherwise", book)


def _check_class(name: str, path: str, book: Book) -> None:
    if name not in SEVERITY_CLASSES:
        zh, en = f"严重程度可选：{'、'.join(SEVERITY_CLASSES)}。", f"One of {', '.join(SEVERITY_CLASSES)}."
        book.note(path, zh, en)


def _check_expression(expression: str, columns: Mapping[str, ColumnType], path: str, book: Book) -> None:
    if not expression:
        return
    try:
        parse(expression, columns=columns, expects=ColumnType.BOOLEAN)
    except RuleError as error:
        book.note(path, error.zh, error.en)


def _check_protection(item: Item, book: Book) -> None:
    """Persons are never public (Zhejiang 15, Shandong 20); certificate numbers are always sealed and masked."""
    if item.is_about_persons:
        if item.disclosure in (Grade.PUBLIC, Grade.SHARED):
            zh = "自然人信息不得公开，disclosure 应为 authorised 或 internal。"
            book.note("disclosure", zh, "Information about persons is not public; use authorised or internal.")
        if item.publicity.clock != "never":
            book.note(
                "publicity.clock",
                "自然人信息不公示，clock 应为 never。",
                "Persons are never published: clock is never.",
            )
    for index, one in enumerate(item.fields):
        at = f"fields[{index}]"
        if one.type is FieldType.CERTIFICATE and not (one.is_personal and one.masking is Masking.CERTIFICATE):
            zh, en = (
                "证件号码须为 is_personal，masking 为 certificate。",
                "Certificate numbers are is_personal, masked certificate.",
            )
            book.note(at, zh, en)
        if one.is_personal and one.grade in (Grade.PUBLIC, Grade.SHARED):
            zh, en = (
                "个人信息的 grade 应为 authorised 或 internal。",
                "Personal fields have grade authorised or internal.",
            )
            book.note(f"{at}.grade", zh, en)
        if one.is_personal and one.masking is Masking.NONE:
            book.note(f"{at}.masking", "个人信息须指定 masking。", "Personal fields need a masking.")
    key = set(item.natural_key)
    for one in item.fields:
        if one.code in key and one.is_personal:
            zh = f"自然主键不得使用个人信息“{one.code}”，请用 $subject。"
            book.note("natural_key", zh, f"The natural key may not use the personal field “{one.code}”; use $subject.")


def _check_forbidden(item: Item, book: Book) -> None:
    explicit = {basis.id for basis in item.bases if basis.rank in _LAWS and basis.article}
    if item.topic_basis and item.topic_basis not in explicit:
        zh = "topic_basis 须指向 bases 中写明条款的法律、法规。"
        book.note("topic_basis", zh, "topic_basis must name a law or regulation of bases with its article.")
    named: list[tuple[str, tuple[str, ...]]] = [("title", (item.title_zh, item.title_en, item.id))]
    named += [
        (f"fields[{i}].name", (one.name_zh, one.name_en, one.code, *one.aliases)) for i, one in enumerate(item.fields)
    ]
    for path, names in named:
        hit = forbidden.in_name(*names)
        if hit is None:
            continue
        if hit.ban is forbidden.Ban.ABSOLUTE:
            zh = f"“{hit.word}”属于禁止归集的信息（{hit.meaning_zh}），任何情况下都不得列入目录。请删除。"
            en = f"“{hit.word}” is information that may never be collected ({hit.meaning_en}). Remove it."
        elif hit.ban is forbidden.Ban.CONSENT and item.is_about_persons and not item.consent:
            zh = f"“{hit.word}”（{hit.meaning_zh}）须经本人书面同意并告知不利后果。请在 consent 中写明，或删除。"
            en = f"“{hit.word}” ({hit.meaning_en}) needs the person's written consent: declare it in consent, or remove it."
        elif hit.ban is forbidden.Ban.TOPIC and not item.topic_basis:
            zh = f"“{hit.word}”（{hit.meaning_zh}）没有法律、法规明文依据不得列入。请在 topic_basis 中写明，或删除。"
            en = f"“{hit.word}” ({hit.meaning_en}) needs a law that names it: state topic_basis, or remove it."
        else:
            continue
        book.note(path, f"{zh}[{hit.ban.value}]", f"{en} [{hit.ban.value}]")


def _check_self_declared(item: Item, book: Book) -> None:
    """What organisations say of themselves stands apart: never adverse, of no effect on lists or terms, nothing of persons, and
    no department's word, name or code in it that a reader could take for its word."""
    if item.is_self_declared != (item.section is Section.SELF_DECLARED):
        zh = "自主申报事项（self_declared）的 section 应为 self-declared；其他事项不得列入该类。"
        book.note(
            "section", zh, "An item that is self_declared, and only such a one, stands in the section self-declared."
        )
    if not item.is_self_declared:
        return
    roles = item.roles
    is_of_an_office = roles.source_code or roles.source_name or roles.authority_code
    for path, is_wrong, zh, en in (
        ("is_adverse", item.is_adverse, "失信信息不能由主体自主申报。", "Adverse information is not self-declared."),
        ("is_about_persons", item.is_about_persons, "自然人信息不能自主申报。", "Persons' information is not self-declared."),
        ("severity", item.severity is not None, "自主申报事项没有严重程度。", "What is self-declared has no severity."),
        (
            "publicity.clock", item.publicity.clock not in ("while_valid", "always"),
            "自主申报事项的公示期只能是 while_valid 或 always，不产生名单、失信公示的效果。",
            "Self-declared items are published while_valid or always: they have no effect of a list or of adverse publicity.",
        ),
        ("disclosure", item.disclosure is not Grade.PUBLIC, "自主申报事项应公开。", "What is self-declared is public."),
        ("roles.source_code", bool(is_of_an_office), "自主申报事项不设来源单位、作出机关代码。", "It has no source unit and no authority's code."),
        ("roles.subject_code", not roles.subject_code, "自主申报事项须有统一社会信用代码。", "It needs the subject's unified code."),
        ("timeliness_working_days", item.timeliness_working_days is not None, "自主申报没有报送时限。", "Nobody owes it by a day."),
    ):  # fmt: skip
        if is_wrong:
            book.note(path, zh, en)
    for index, one in enumerate(item.fields):
        if one.is_personal or one.type is FieldType.CERTIFICATE:
            zh, en = "自主申报事项不得含个人信息。", "A self-declared item holds no personal field."
            book.note(f"fields[{index}]", zh, en)
