"""What a catalogue item is: the typed form of one YAML file, the same for every room that reads it.

Loading and checking a file is catalogue/load.py's work; this module only holds the values.
Basis: GB/T 39440-2020, GB/T 39445-2020; the two-item publicity standard of 2018 (发改办财金〔2018〕424号).
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class FieldType(StrEnum):
    """How a value is read, checked and stored."""

    TEXT = "text"
    CODE = "code"  # one of a code list (several joined with ; when ``multiple``)
    DATE = "date"
    DECIMAL = "decimal"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    USCC = "uscc"  # unified social credit code (GB 32100)
    ORG_CODE = "org_code"  # organisation code (GB 11714)
    CERTIFICATE = "certificate"  # a person's certificate number; its kind stands in ``certificate_kind`` field


class Grade(StrEnum):
    """Disclosure attribute of a field or item, from open to closed (社会公开, 政务共享, 授权查询, 内部)."""

    PUBLIC = "public"
    SHARED = "shared"
    AUTHORISED = "authorised"
    INTERNAL = "internal"


class Requirement(StrEnum):
    """Whether a value must stand in the row."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    BLANK = "blank"  # must be empty


class Masking(StrEnum):
    """How a value is shown where it may not be shown whole (kernel/masking.py)."""

    NONE = "none"
    NAME = "name"  # 张**
    CERTIFICATE = "certificate"  # birth date and tail hidden (security.md §2 F13)
    PHONE = "phone"
    BANK_CARD = "bank-card"
    ADDRESS = "address"
    ALL = "all"


class Severity(StrEnum):
    """Severity of a finding."""

    ERROR = "error"  # the row is rejected
    DOUBTFUL = "doubtful"  # the row waits
    WARNING = "warning"  # the row goes in, the department is told


class Nature(StrEnum):
    """What kind of information an item holds (信息性质)."""

    BASIC = "basic"
    ADMINISTRATIVE = "administrative"
    HONEST = "honest"
    SERIOUS = "serious"
    OTHER = "other"


class Section(StrEnum):
    """Where records of an item stand on a subject's page and in a credit report (rules.md §5.4)."""

    REGISTRATION = "registration"
    LICENCE = "licence"
    PENALTY = "penalty"
    HONOUR = "honour"
    SERIOUS_LIST = "serious-list"
    ABNORMAL = "abnormal"
    ADMINISTRATIVE = "administrative"  # the eight administrative acts beside licence and penalty
    COMMITMENT = "commitment"
    EVALUATION = "evaluation"
    JUDICIAL = "judicial"
    OTHER = "other"
    SELF_DECLARED = "self-declared"  # what organisations say of themselves: a chapter of its own


@dataclass(frozen=True, slots=True)
class Basis:
    """A legal or standard basis. ``rank``: law, regulation, rule, policy, standard, local-regulation, practice."""

    id: str
    title: str
    article: str = ""
    rank: str = "policy"
    is_verified: bool = True  # False: from memory or second hand, marked [M] in the domain files; pages say so


@dataclass(frozen=True, slots=True)
class Code:
    """One value of a code list, with the spellings accepted on input."""

    value: str
    name_zh: str
    name_en: str
    aliases: tuple[str, ...] = ()
    needs_detail: bool = False  # ``其他`` must be followed by the concrete kind: 其他-补办


@dataclass(frozen=True, slots=True)
class CodeList:
    """A dated code list."""

    id: str
    title_zh: str
    title_en: str
    codes: tuple[Code, ...]
    valid_from: date
    valid_to: date | None = None
    source: str = ""
    is_verified: bool = True  # False: from memory or usual practice, not compared with the text of a standard


@dataclass(frozen=True, slots=True)
class Field:
    """One data field (数据项). ``code`` is the standard's column code, ``aliases`` are headers seen in the wild."""

    code: str
    name_zh: str
    name_en: str
    type: FieldType
    length: int | None = None  # characters
    scale: int | None = None  # decimals
    unit: str = ""
    requirement: Requirement = Requirement.OPTIONAL
    required_when: str | None = None  # rule-language expression over the item's fields
    one_of: str | None = None  # name of a group in which at least one field must be filled
    grade: Grade = Grade.PUBLIC
    is_personal: bool = False  # personal information: sealed at rest, never public
    masking: Masking = Masking.NONE
    code_list: str | None = None
    is_multiple: bool = False
    certificate_kind: str | None = None  # field code that holds the kind of certificate
    aliases: tuple[str, ...] = ()
    note: str = ""
    example: str = ""
    is_computed: bool = False  # taken from the platform, whatever the sender writes (e.g. 公示截止期)


@dataclass(frozen=True, slots=True)
class Rule:
    """One check: ``expression`` is true for a good row (rule language, see xinyong.rules)."""

    id: str
    expression: str
    severity: Severity
    message: str
    message_en: str
    basis: str  # Basis.id
    columns: tuple[str, ...]  # fields to mark
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class Roles:
    """Which field plays which part, so that other rooms need not know column codes. Values are field codes."""

    subject_name: str
    decided_on: str
    subject_code: str | None = None  # USCC
    subject_category: str | None = None
    person_certificate: str | None = None
    person_certificate_kind: str | None = None
    other_codes: dict[str, str] = field(default_factory=dict)  # identifier scheme → field code
    legal_representative: str | None = None
    document_no: str | None = None
    document_title: str | None = None
    kind: str | None = None
    content: str | None = None
    amount: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    publish_until: str | None = None
    authority_name: str | None = None
    authority_code: str | None = None
    source_name: str | None = None
    source_code: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Publicity:
    """How long records of the item are shown. ``rule_set`` names a dated set in catalogue/library/rule_sets.yaml, or
    ``while_valid`` (until valid_to), ``always``, ``never``."""

    clock: str  # "severity" | "while_valid" | "while_listed" | "always" | "never"
    months_after: int = 0  # while_valid: months shown after the end


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the record may be used at all. Counted from ``start``: "decided_on" or "valid_to"; None = no end."""

    years: int | None
    start: str = "decided_on"


@dataclass(frozen=True, slots=True)
class SeverityRule:
    """A SQL condition giving a severity class; the first that holds counts, ``otherwise`` is the rest."""

    classes: tuple[tuple[str, str], ...]  # (class, expression): serious, general, minor
    otherwise: str
    basis: str


@dataclass(frozen=True, slots=True)
class Parent:
    """The version of an upper level that an item follows (catalogue/inheritance.py)."""

    item: str
    version: int


@dataclass(frozen=True, slots=True)
class Item:
    """A catalogue item (信息项) at one version."""

    id: str
    version: int
    title_zh: str
    title_en: str
    category: int  # 1–13 of the national catalogue
    nature: Nature
    section: Section
    is_adverse: bool
    level: str  # national | provincial | city | county
    is_verified: bool
    subject_classes: tuple[str, ...]
    is_about_persons: bool
    bases: tuple[Basis, ...]
    natural_key: tuple[str, ...]  # field codes; the literal "$subject" stands for the linked subject
    source: str  # who provides it, in words
    disclosure: Grade
    update_cycle: str
    timeliness_working_days: int | None
    publicity: Publicity
    retention: Retention
    roles: Roles
    fields: tuple[Field, ...]
    rules: tuple[Rule, ...]
    severity: SeverityRule | None = None
    summary: tuple[str, ...] = ()  # fields shown in one line of a list, in order
    effective_from: date | None = None
    description: str = ""
    description_en: str = ""
    #: How the written consent of the person, given after warning of adverse effects, is obtained and kept. Without it an
    #: item about persons may hold no income, deposits, securities, insurance, real estate or tax amounts (INV-07).
    consent: str = ""
    consent_en: str = ""
    #: Basis.id of the law or regulation that names the topic, for topics that need one expressly (INV-08).
    topic_basis: str | None = None
    parent: Parent | None = None
    #: Organisations declare it of themselves (自主申报), with proof; departments do not report it.
    is_self_declared: bool = False

    def field_of(self, code: str) -> Field:
        """The field with this column code. Raises KeyError."""
        for one in self.fields:
            if one.code == code:
                return one
        raise KeyError(f"{self.id} has no field {code}")


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Publicity terms in force at a time (repair and publicity rules are dated; rules.md §4.1)."""

    id: str
    title: str
    valid_from: date
    valid_to: date | None
    is_verified: bool
    basis: str
    #: severity class → (minimum months, maximum months); maximum 0 = not published
    months: dict[str, tuple[int, int]]
