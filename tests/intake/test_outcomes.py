"""One file with every fault and every lawful oddity: what becomes of each row, and why."""

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from tests.intake import made
from tests.intake.made import Organisation, Row
from xinyong.intake import submit
from xinyong.intake.views import SubmissionView, Trial
from xinyong.kernel import codes
from xinyong.records import dossier
from xinyong.records.view import RecordView
from xinyong.security.identity import SourceUnit
from xinyong.subjects import registry

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")

ACCEPTED, DOUBTFUL, REJECTED, DUPLICATE, UNCHANGED = "accepted", "doubtful", "rejected", "duplicate", "unchanged"


@dataclass(frozen=True, slots=True)
class Case:
    """A row by what differs from a good one, what must become of it, and which rules must say so."""

    name: str
    outcome: str
    changes: Row = field(default_factory=dict)
    rules: tuple[str, ...] = ()
    who: str = "known"
    same_as: str = ""  # the same document number as that case


def _wrong_check(code: str) -> str:
    return code[:-1] + next(c for c in "0123456789ABCDEFGH" if c != code[-1])


CASES = (
    Case("good", ACCEPTED),
    Case("the same row again", DUPLICATE, same_as="good"),
    Case("same document in other brackets", DOUBTFUL, {"CF_WSH": "{good}"}, ("V11-same-key-twice",)),
    Case("same document, other content", DOUBTFUL, {"CF_NR": "罚款0.3万元"}, ("V11-same-key-twice",), same_as="good"),
    Case("document missing", REJECTED, {"CF_WSH": ""}, ("V01-required",)),
    Case("document a filler", REJECTED, {"CF_WSH": "无"}, ("V02c",)),
    Case("wrong check character", REJECTED, {"CF_XDR_SHXYM": "{wrong}"}, ("V04-wrong-check-character",)),
    Case("code in lower case", ACCEPTED, {"CF_XDR_SHXYM": "{lower}"}),
    Case("code in full width with blanks", ACCEPTED, {"CF_XDR_SHXYM": "{wide}"}),
    Case("former name", ACCEPTED, {"CF_XDR_MC": "云溪市从前叫这个名字有限公司"}, who="renamed"),
    Case("name of nobody under a known code", DOUBTFUL, {"CF_XDR_MC": "云溪市毫不相干贸易有限公司"}, ("V05-name-mismatch",)),
    Case("name with narrow brackets", ACCEPTED, {"CF_XDR_MC": "云溪(示范)物流有限公司"}, who="bracketed"),
    Case("code nobody has", ACCEPTED, {}, ("V05-new-subject",), who="unheard of"),
    Case("old registration number in the code column", ACCEPTED, {"CF_XDR_SHXYM": "{registration}"},
         ("V04-old-registration-number",), who="old number"),
    Case("old registration number nobody has", DOUBTFUL, {"CF_XDR_SHXYM": "{stranger}"}, ("V05-no-subject",)),
    Case("sole trader", ACCEPTED, who="sole trader"),
    Case("sole trader said to be a company", REJECTED, {"CF_XDR_LB": "法人及非法人组织"}, ("V03b",), who="sole trader"),
    Case("company said to be a sole trader", REJECTED, {"CF_XDR_LB": "个体工商户"}, ("V03a",)),
    Case("natural person in the table of organisations", REJECTED, {"CF_XDR_LB": "自然人"}, ("V03c",)),
    Case("decided in the future", REJECTED, {"CF_JDRQ": "2026-06-16"}, ("V06a",)),
    Case("decided today", ACCEPTED, {"CF_JDRQ": "2026-06-15"}),
    Case("a day that does not exist", REJECTED, {"CF_JDRQ": "2026-02-30"}, ("V06-date",)),
    Case("date with points", ACCEPTED, {"CF_JDRQ": "2026.6.8"}),
    Case("date in Chinese", ACCEPTED, {"CF_JDRQ": "二〇二六年六月八日"}),
    Case("date in Chinese that is none", REJECTED, {"CF_JDRQ": "二〇二六年十十月八日"}, ("V06-date",)),
    Case("ends before it was decided", REJECTED, {"CF_YXQ": "2026-06-01"}, ("V06c",)),
    Case("ends on the last day of time", ACCEPTED, {"CF_YXQ": "9999/12/31"}),
    Case("ends in a year of four digits too many", REJECTED, {"CF_YXQ": "3000-01-01"}, ("V06-date",)),
    Case("ends after the sentinel", REJECTED, {"CF_YXQ": "2100-01-01"}, ("V06d",)),
    Case("without end, in words", ACCEPTED, {"CF_YXQ": "长期"}),
    Case("six decimals", ACCEPTED, {"CF_NR_FK": "0.123456"}),
    Case("seven decimals", REJECTED, {"CF_NR_FK": "0.1234567"}, ("V07-amount",)),
    Case("thousands", ACCEPTED, {"CF_NR_FK": "12,345.67"}, ("V08a",)),
    Case("amount beyond measure", REJECTED, {"CF_NR_FK": "9" * 19}, ("V07-amount",)),
    Case("amount with its unit", REJECTED, {"CF_NR_FK": "0.2万元"}, ("V07-amount",)),
    Case("fine without amount", REJECTED, {"CF_NR_FK": ""}, ("V07-conditional",)),
    Case("kind not in the list", REJECTED, {"CF_CFLB": "口头教育"}, ("V10-unknown-code",)),
    Case("other kind without saying which", REJECTED, {"CF_CFLB": "其他", "CF_NR_FK": ""}, ("V10-detail-missing",)),
    Case("another unit's data", REJECTED, {"CF_SJLYDM": "{other}"}, ("V09-source",)),
    Case("what may never be collected", REJECTED, {"CF_SY": "当事人宗教信仰为某教"}, ("E_FORBIDDEN_CLASS",)),
    Case("a control character", REJECTED, {"CF_SY": "未按\u0007规定"}, ("V02-control",)),
    Case("too long", REJECTED, {"CF_WSH": "长" * 129}, ("V02-length",)),
    Case("late", ACCEPTED, {"CF_JDRQ": "2026-05-06"}, ("W_LATE",)),
    Case("publicity end invented by the sender", ACCEPTED, {"CF_GSJZQ": "2099-12-31"}),
    Case("publicity end that is no date", REJECTED, {"CF_GSJZQ": "以后再说"}, ("V06-date",)),
    Case("serious by amount", ACCEPTED, {"CF_NR_FK": "100"}),
    Case("a warning only", ACCEPTED, {"CF_CFLB": "警告", "CF_NR_FK": "", "CF_NR": "警告"}),
    Case("decided under the rules of 2023", ACCEPTED, {"CF_JDRQ": "2026-03-31"}, ("W_LATE",)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Submitted:
    """The file, its submission, who is who."""

    view: SubmissionView
    again: SubmissionView
    trial: Trial
    path: Path
    unit: SourceUnit
    rows: dict[str, Row]
    row_no: dict[str, int]
    rules: dict[int, set[str]]
    who: dict[str, Organisation]


@pytest.fixture(scope="module")
def submitted(module_db: None, on_the_day: object, tmp_path_factory: pytest.TempPathFactory) -> Submitted:
    folder = tmp_path_factory.mktemp("outcomes")
    unit, other = made.department(), made.department()
    known, renamed, old = made.organisation(), made.organisation(), made.organisation()
    bracketed = made.organisation(name="云溪（示范）物流有限公司")
    trader, unheard = made.organisation(head="92"), made.organisation()
    registration = made.registration_number()
    register = [
        made.register_row(known, unit), made.register_row(renamed, unit, CYM="云溪市从前叫这个名字有限公司;云溪市更早的名字有限公司"),
        made.register_row(old, unit, ZCH=registration), made.register_row(trader, unit), made.register_row(bracketed, unit),
    ]  # fmt: skip
    entered = made.hand_in(made.csv_file(folder / "register.csv", register), "organisation-register", unit)
    assert entered.counts.accepted == len(register), made.found(entered)
    who = {
        "known": known, "renamed": renamed, "old number": old, "sole trader": trader, "unheard of": unheard,
        "bracketed": bracketed,
    }  # fmt: skip
    rows: dict[str, Row] = {}
    for case in CASES:
        row = made.penalty_row(who[case.who], unit)
        if case.same_as:
            row["CF_WSH"] = rows[case.same_as]["CF_WSH"]
        good = rows["good"]["CF_WSH"] if rows else ""
        wide = "　" + "".join(chr(ord(c) + 0xFEE0) for c in known.code) + " "
        texts = {
            "{good}": good.replace("〔", "[").replace("〕", "】") + " ", "{wrong}": _wrong_check(known.code),
            "{lower}": known.code.lower(), "{wide}": wide, "{registration}": registration,
            "{stranger}": made.registration_number(), "{other}": other.code,
        }  # fmt: skip
        rows[case.name] = row | {name: texts.get(value, value) for name, value in case.changes.items()}
    path = made.csv_file(folder / "penalties.csv", list(rows.values()))
    trial = submit.check(
        path,
        item_id="admin-penalty-org",
        source_code=unit.code,
        file_name=path.name,
        received_at=made.NOW,
        by=made.SYSTEM,
    )
    view = made.hand_in(path, "admin-penalty-org", unit)
    again = made.hand_in(path, "admin-penalty-org", unit)
    row_no = {name: place for place, name in enumerate(rows, 2)}
    return Submitted(view, again, trial, path, unit, rows, row_no, made.rules(view), who)


def _records(submitted: Submitted, who: str = "known") -> dict[str, RecordView]:
    """What went in about somebody, by document number."""
    file = dossier.of(submitted.who[who].code, as_of=made.TODAY, seen_by=made.SYSTEM, per_section=200)
    records = [record for section in file.sections for record in section.records]
    return {record.document_no: record for record in records if record.item_id == "admin-penalty-org"}


@pytest.mark.parametrize("case", [case for case in CASES if case.outcome != DUPLICATE], ids=lambda case: case.name)
def test_a_row_meets_its_outcome_and_the_rules_say_why(submitted: Submitted, case: Case) -> None:
    broken = submitted.rules.get(submitted.row_no[case.name], set())
    assert set(case.rules) <= broken
    if case.outcome == ACCEPTED:
        assert broken <= set(case.rules), "a good row has findings nobody expects"
        assert submitted.rows[case.name]["CF_WSH"] in _records(submitted, case.who)
    elif "V11-same-key-twice" not in case.rules:
        assert submitted.rows[case.name]["CF_WSH"] not in _records(submitted, case.who)


@pytest.mark.parametrize("outcome", [ACCEPTED, DOUBTFUL, REJECTED, DUPLICATE, UNCHANGED])
def test_outcomes_are_counted_and_add_up_to_the_rows_read(submitted: Submitted, outcome: str) -> None:
    counts = submitted.view.counts
    assert counts.is_whole
    assert counts.rows_read == len(CASES)
    assert getattr(counts, outcome) == sum(case.outcome == outcome for case in CASES)
    assert submitted.view.open_rows == counts.doubtful + counts.rejected


def test_a_check_tells_what_the_submission_then_does(submitted: Submitted) -> None:
    assert submitted.trial.counts == submitted.view.counts
    assert submitted.trial.late == submitted.view.late
    told = sorted((one.row_no, one.rule, one.value, one.severity) for one in submitted.trial.findings)
    assert told == sorted((one.row_no, one.rule, one.value, one.severity) for one in made.found(submitted.view))
    assert [tuple(pair) for pair in submitted.trial.columns] == list(submitted.view.columns)


def test_every_finding_names_row_column_severity_sentence_and_advice_in_two_languages(submitted: Submitted) -> None:
    for one in made.found(submitted.view):
        assert one.row_no in submitted.row_no.values()
        assert one.column in submitted.rows["good"] or one.column == "CF_GSJZQ"
        assert one.severity in {"error", "doubtful", "warning"}
        assert one.message
        assert one.message_en
        assert one.rule


def test_a_mended_code_is_suggested(submitted: Submitted) -> None:
    one = next(f for f in made.found(submitted.view) if f.row_no == submitted.row_no["wrong check character"])
    assert one.value == submitted.rows["wrong check character"]["CF_XDR_SHXYM"]
    assert one.suggestion == codes.suggest(one.value, codes.Kind.USCC)


def test_the_same_file_twice_is_one_submission(submitted: Submitted) -> None:
    assert submitted.again.id == submitted.view.id
    assert submitted.again.counts == submitted.view.counts
    assert submitted.again.finished_at == submitted.view.finished_at


@pytest.mark.parametrize(
    ("case", "amount"),
    [("six decimals", "0.123456"), ("thousands", "12,345.67"), ("good", "0.20"), ("serious by amount", "100.00")],
)
def test_amounts_in_ten_thousand_yuan_are_exact(submitted: Submitted, case: str, amount: str) -> None:
    record = _records(submitted)[submitted.rows[case]["CF_WSH"]]
    shown = next(one.text for one in record.fields if one.code == "CF_NR_FK")
    assert shown == amount
    given = Decimal(submitted.rows[case]["CF_NR_FK"].replace(",", ""))
    assert Decimal(shown.replace(",", "")) == given


def test_the_sentinel_of_the_standard_means_no_end(submitted: Submitted) -> None:
    for case in ("good", "without end, in words"):
        record = _records(submitted)[submitted.rows[case]["CF_WSH"]]
        assert record.valid_to is None
        assert next(one.text for one in record.fields if one.code == "CF_YXQ") == "长期"


@pytest.mark.parametrize(
    ("case", "severity", "until"),
    [
        ("publicity end invented by the sender", "general", "2027-06-08"),
        ("good", "general", "2027-06-08"),
        ("serious by amount", "serious", "2029-06-08"),
        ("a warning only", "minor", None),
        ("decided under the rules of 2023", "general", "2029-03-31"),
    ],
)
def test_the_publicity_end_follows_from_severity_and_date_whatever_the_sender_wrote(
    submitted: Submitted, case: str, severity: str, until: str | None
) -> None:
    record = _records(submitted)[submitted.rows[case]["CF_WSH"]]
    assert record.severity == severity
    assert record.publish_until == (made.day(until) if until else None)
    assert (record.publish_from is None) == (until is None)


def test_late_rows_go_in_flagged_and_counted(submitted: Submitted) -> None:
    late = {name for name in submitted.rows if "W_LATE" in submitted.rules.get(submitted.row_no[name], set())}
    assert late == {"late", "decided under the rules of 2023"}
    assert submitted.view.late == 2
    assert "late" in _records(submitted)[submitted.rows["late"]["CF_WSH"]].marks


def test_a_subject_nobody_registered_is_provisional(submitted: Submitted) -> None:
    unheard = registry.subject(submitted.who["unheard of"].code, seen_by=made.SYSTEM)
    assert unheard.status == "provisional"
    assert unheard.name == submitted.who["unheard of"].name


def test_what_may_never_be_collected_is_in_no_finding_and_no_waiting_row(submitted: Submitted) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(w::text, ' ') FROM intake_waitingrow w")
        waiting = cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(f::text, ' ') FROM intake_finding f")
        findings = cursor.fetchone()[0]
    assert "宗教信仰为某教" not in waiting
    assert "宗教信仰为某教" not in findings
