import csv
import random
from datetime import date
from pathlib import Path

import pytest
from stdnum.cn import uscc as oracle

from tests.kernel import codes_made
from xinyong.kernel import codes
from xinyong.kernel.code_tables import CATEGORIES, REASON_TABLE
from xinyong.kernel.codes import Kind, Verdict

DATA = Path(__file__).parents[2] / "../shared/data"
GOOD = "91130902MA0000007T"

needs_data = pytest.mark.skipif(not DATA.exists(), reason="the shared data are not here")


def rows(file: str) -> list[dict[str, str]]:
    with (DATA / file).open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


@needs_data
@pytest.mark.parametrize("expect", [None, Kind.USCC])
def test_the_verdicts_gathered_from_other_projects_are_met(expect: Kind | None) -> None:
    vectors = rows("uscc_vectors.csv")
    assert len(vectors) == 100
    issued = frozenset(row["code"] for row in vectors if row["expected"] == "invalid_but_legally_issued")
    for row in vectors:
        judged = codes.judge(row["code"], expect=expect, exceptions=issued)
        due = "doubtful" if row["code"] in issued else row["expected"]
        assert judged.verdict == due, row


@needs_data
@pytest.mark.parametrize("file", ["registry_sample.csv", "other_organisations_sample.csv"])
def test_every_code_of_real_registers_is_valid(file: str) -> None:
    judged = [codes.judge(row["统一社会信用代码"]) for row in rows(file)]
    assert {(one.verdict, one.kind, one.reason) for one in judged} == {(Verdict.VALID, Kind.USCC, "")}


@pytest.mark.parametrize(
    "code",
    [
        "11130902MA00000073",
        "12130902MA00000070",
        "31130902MA00000071",
        "51130902MA0000007Y",
        "52130902MA0000007U",
        "53130902MA0000007Q",
        "81130902MA0000007U",
        "91130902MA0000007T",
        "92130902MA0000007P",
        "93130902MA0000007L",
        "N2130902MF0000005E",
    ],
)
def test_a_code_of_each_department_is_valid(code: str) -> None:
    judged = codes.judge(code)
    assert (judged.verdict, judged.kind, judged.normalised, judged.reason) == (Verdict.VALID, Kind.USCC, code, "")


@pytest.mark.parametrize("head", sorted(CATEGORIES))
def test_every_known_category_is_valid_and_has_a_department_and_a_class(head: str) -> None:
    code = codes_made.uscc(random.Random(head), head)
    assert codes.judge(code, expect=Kind.USCC).verdict is Verdict.VALID
    department, category = codes.department(code), codes.category(code)
    assert department is not None
    assert category is not None
    assert (department.code, category.code) == (head[0], head)


def test_a_known_list_of_heads_is_complete() -> None:
    assert {"54", "N2", "A1", "Y1", "13", "99", "89", "35", "62"} <= set(CATEGORIES)


@pytest.mark.parametrize("head", ["B1", "55", "9A", "Y2", "N4"])
def test_an_unknown_category_is_doubtful_not_invalid(head: str) -> None:
    judged = codes.judge(codes_made.uscc(random.Random(1), head), expect=Kind.USCC)
    assert (judged.verdict, judged.reason) == (Verdict.DOUBTFUL, "unknown-category")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("11", "government_body"),
        ("12", "public_institution"),
        ("51", "social_organization"),
        ("81", "social_organization"),
        ("91", "enterprise"),
        ("92", "individual_business"),
        ("93", "farmers_cooperative"),
        ("N2", "rural_collective"),
        ("31", "other"),
        ("B7", "other"),
    ],
)
def test_the_head_tells_the_class_of_subject(head: str, expected: str) -> None:
    assert codes.subject_class(head + GOOD[2:]) == expected


@pytest.mark.parametrize(
    "text",
    [
        "91130902ma0000007t",
        "９１１３０９０２ＭＡ００００００７Ｔ",
        " 91 130902 MA0000007 T ",
        "91130902-MA0000007-T",
        "91130902－MA0000007\u3000T",
        "91130902MA0000007T\r\n",
        "\u00a091130902MA0000007T",
        "𝟗𝟏130902MA0000007T",
    ],
)
def test_width_case_blanks_and_hyphens_do_not_matter(text: str) -> None:
    judged = codes.judge(text, expect=Kind.USCC)
    assert (judged.verdict, judged.normalised) == (Verdict.VALID, GOOD)


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("A", "А"),  # Cyrillic
        GOOD.replace("M", "Μ"),  # Greek
        GOOD.replace("T", "Т"),  # Cyrillic
        GOOD[:9] + "\u200b" + GOOD[9:],
        "\ufeff" + GOOD,
        GOOD.replace("0", "٠"),  # Arabic-Indic digits
    ],
)
def test_a_look_alike_of_another_script_is_never_folded(text: str) -> None:
    judged = codes.judge(text)
    assert (judged.verdict, judged.reason) == (Verdict.INVALID, "not-ascii")
    assert judged.normalised != GOOD


def test_a_cyrillic_letter_and_an_invisible_mark_are_mended_by_suggestion_only() -> None:
    assert codes.judge(GOOD.replace("A", "А")).suggestion == GOOD
    assert codes.judge("\ufeff" + GOOD, expect=Kind.USCC).suggestion == GOOD


def test_a_dotless_i_does_not_become_a_letter() -> None:
    assert codes.judge("9113ı902MA0000007T").reason == "not-ascii"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" - ", "empty"),
        (GOOD[:17], "wrong-length"),
        (GOOD + "0", "wrong-length"),
        ("12345", "wrong-length"),
        ("x" * 1_000_000, "wrong-length"),
        (GOOD + " " * 1_000 + "X", "wrong-length"),
        (GOOD[:-1] + "$", "illegal-character"),
        (GOOD[:9] + "\x00" + GOOD[10:], "illegal-character"),
        ("9113090OMA0000007T", "division-not-digits"),
        ("91130902MA000000IT", "forbidden-letter"),
        ("91130902MA0000007U", "wrong-check-character"),
        ("0" * 18, "all-zeros"),
        ("0" * 17 + "X", "placeholder"),
        ("9.11309E+17", "number-lost-digits"),
        ("911309020000123000", "number-lost-digits"),
    ],
)
def test_each_fault_has_its_reason(text: str, reason: str) -> None:
    judged = codes.judge(text, expect=Kind.USCC)
    assert (judged.verdict, judged.reason) == (Verdict.INVALID, reason)
    assert (judged.sentence, judged.sentence_en) == codes.sentence(reason)


def test_the_placeholder_may_stand_where_it_is_allowed_and_is_then_doubtful() -> None:
    refused, allowed = (codes.judge("0" * 17 + "x", placeholder_allowed=may) for may in (False, True))
    assert (refused.kind, refused.verdict) == (Kind.PLACEHOLDER, Verdict.INVALID)
    assert (allowed.kind, allowed.verdict) == (Kind.PLACEHOLDER, Verdict.DOUBTFUL)


def test_a_legally_issued_exception_is_doubtful_and_only_that_code() -> None:
    pilot = "91350203M0001FUE2P"
    assert codes.judge(pilot).verdict is Verdict.INVALID
    judged = codes.judge(pilot.lower(), exceptions={pilot})
    assert (judged.verdict, judged.reason) == (Verdict.DOUBTFUL, "legally-issued-exception")
    assert codes.judge("91350203M0001FUE2Q", exceptions={pilot}).verdict is Verdict.INVALID


def test_a_failing_organisation_check_inside_a_right_code_is_said_as_a_remark() -> None:
    first = "91130902MA0000008"
    judged = codes.judge(first + codes.check_character(first))
    assert (judged.verdict, judged.reason) == (Verdict.VALID, "organisation-check-failed")


@pytest.mark.parametrize("wrong", [GOOD[:-1] + other for other in "0123456789ABCDEFGHJKLMNPQRUWXY"])
def test_every_wrong_check_character_is_found_and_mended(wrong: str) -> None:
    judged = codes.judge(wrong)
    assert judged.reason == "wrong-check-character"
    assert judged.suggestion is not None
    assert codes.judge(judged.suggestion).reason == ""


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("91130902MA0000007U", GOOD),
        ("9113O902MA0000007T", GOOD),
        ("91130902MAOOOOOO7T", GOOD),
        ("9ll30902MA0000007T", GOOD),
        ("9I130902MA0000007T", GOOD),
        ("91130920MA0000007T", GOOD),
        ("91130902AM0000007T", GOOD),
        ("91130902MA000007OT", None),
        ("91130902MA0000070T", GOOD),
        ("91130902MA0000007", GOOD),
        ("91130902MA00000077T", GOOD),
        ("12440300MB2C92173", "12440300MB2C92173E"),
        ("91350203M0001FUE2P", "91350203M0001FUE2J"),
        ("911309020000123000", None),
        ("0" * 17 + "X", None),
        (GOOD, None),
    ],
)
def test_one_change_that_mends_a_code_is_suggested(wrong: str, right: str | None) -> None:
    assert codes.suggest(wrong, Kind.USCC) == right


def test_organisation_codes_are_judged() -> None:
    assert codes.judge("MA000000-7").verdict is Verdict.VALID
    assert codes.judge("ma0000007", expect=Kind.ORG_CODE).normalised == "MA0000007"
    assert codes.judge("MA0000008", expect=Kind.ORG_CODE).reason == "wrong-check-character"
    assert codes.org_check("D2143569") == "X"  # the example of GB 11714
    judged = codes.judge(GOOD, expect=Kind.ORG_CODE)
    assert (judged.verdict, judged.reason, judged.suggestion) == (Verdict.INVALID, "other-kind", "MA0000007")


def test_old_registration_numbers_are_recognised_and_doubtful_where_a_unified_code_is_due() -> None:
    number = codes_made.registration_number(random.Random(2))
    assert (codes.judge(number).kind, codes.judge(number).verdict) == (Kind.REGISTRATION_15, Verdict.VALID)
    judged = codes.judge(number, expect=Kind.USCC)
    assert (judged.kind, judged.verdict, judged.reason) == (
        Kind.REGISTRATION_15,
        Verdict.DOUBTFUL,
        "old-registration-number",
    )
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert codes.judge(wrong).reason == "wrong-check-character"
    assert codes.judge("1309022100001").kind is Kind.REGISTRATION_13
    assert codes.judge("1309022100001").verdict is Verdict.DOUBTFUL
    assert codes.judge("1309022100001", expect=Kind.USCC).reason == "old-registration-number"


def test_an_organisation_code_in_place_of_a_unified_code_is_doubtful() -> None:
    assert codes.judge("MA0000007", expect=Kind.USCC).reason == "organisation-code-instead"


def test_the_example_of_the_citizen_id_standard_is_valid() -> None:
    for text in ("11010519491231002X", "11010519491231002x", "１１０１０５１９４９１２３１００２Ｘ"):
        judged = codes.judge(text)
        assert (judged.kind, judged.verdict, judged.normalised) == (
            Kind.CITIZEN_ID,
            Verdict.VALID,
            "11010519491231002X",
        )


def test_the_old_15_digits_are_doubtful_and_lead_to_18() -> None:
    judged = codes.judge("110105491231002", expect=Kind.CITIZEN_ID)
    assert (judged.kind, judged.verdict, judged.reason) == (Kind.CITIZEN_ID_15, Verdict.DOUBTFUL, "old-15-digit-id")
    assert judged.suggestion == "11010519491231002X"
    assert codes.judge("110105491231002").kind is Kind.CITIZEN_ID_15


def with_check(first17: str) -> str:
    return first17 + codes.citizen_check(first17)


@pytest.mark.parametrize("head", ["810000", "820000", "830000"])
def test_residence_permits_of_hong_kong_macao_and_taiwan_are_valid(head: str) -> None:
    judged = codes.judge(with_check(head + "19900228" + "001"))
    assert (judged.kind, judged.verdict) == (Kind.RESIDENCE_PERMIT, Verdict.VALID)
    assert codes.judge(judged.normalised, expect=Kind.CITIZEN_ID).verdict is Verdict.VALID


def test_the_foreign_permanent_residence_cards_are_recognised() -> None:
    judged = codes.judge(with_check("911156" + "19850615" + "003"))
    assert (judged.kind, judged.verdict) == (Kind.FOREIGN_PERMANENT, Verdict.VALID)
    assert codes.judge("FRA110000123456").kind is Kind.FOREIGN_PERMANENT


@pytest.mark.parametrize(
    ("head", "born"),
    [
        ("340524", "19800101"),
        ("330113", "19900101"),
        ("130902", "19750101"),
        ("330112", "19900101"),
        ("440623", "19700101"),
    ],
)
def test_people_are_not_refused_for_a_place_that_a_library_does_not_know(head: str, born: str) -> None:
    assert codes.judge(with_check(head + born + "001"), expect=Kind.CITIZEN_ID).verdict is Verdict.VALID


@pytest.mark.parametrize(
    ("first17", "verdict", "reason"),
    [
        ("11010519000101001", Verdict.VALID, ""),
        ("11010518991231001", Verdict.INVALID, "birth-date-too-early"),
        ("11010530000101001", Verdict.INVALID, "birth-date-in-future"),
        ("11010520261122001", Verdict.INVALID, "birth-date-in-future"),
        ("11010520261121001", Verdict.VALID, ""),
        ("11010519490230001", Verdict.INVALID, "impossible-birth-date"),
        ("11010520000229001", Verdict.VALID, ""),
        ("11010519000229001", Verdict.INVALID, "impossible-birth-date"),
        ("11000019800101001", Verdict.DOUBTFUL, "unknown-place"),
        ("71000019800101001", Verdict.VALID, ""),
        ("00010119800101001", Verdict.DOUBTFUL, "unknown-place"),
    ],
)
def test_birth_dates_have_bounds_and_the_place_is_only_a_hint(first17: str, verdict: Verdict, reason: str) -> None:
    judged = codes.judge(with_check(first17), expect=Kind.CITIZEN_ID, today=date(2026, 11, 21))
    assert (judged.verdict, judged.reason) == (verdict, reason)


def test_a_citizen_id_where_an_organisation_code_is_due_is_called_by_its_name() -> None:
    number = codes_made.citizen_id(random.Random(5), "130902")
    judged = codes.judge(number, expect=Kind.USCC)
    assert (judged.kind, judged.verdict, judged.reason) == (Kind.CITIZEN_ID, Verdict.INVALID, "citizen-id-instead")
    assert judged.suggestion is None


def test_a_number_that_is_both_a_code_and_a_citizen_id_is_doubtful() -> None:
    for serial in range(1_000_000):
        first = f"110105{1980 + serial // 1000 % 20}{serial // 20_000 % 12 + 1:02}15{serial % 1000:03}"
        if codes.check_character(first) == codes.citizen_check(first):
            both = with_check(first)
            break
    assert codes.judge(both, expect=Kind.USCC).reason == "also-citizen-id"
    assert codes.judge(both).kind is Kind.CITIZEN_ID
    assert codes.judge(both).verdict is Verdict.DOUBTFUL
    assert codes.judge(both, expect=Kind.CITIZEN_ID).verdict is Verdict.VALID


def test_between_two_persons_nothing_is_guessed() -> None:
    rng = random.Random(8)
    for _ in range(200):
        right = codes_made.citizen_id(rng, "130902")
        wrong = right[:17] + rng.choice([c for c in "0123456789X" if c != right[17]])
        assert codes.suggest(wrong, Kind.CITIZEN_ID) in (right, None) or "1309" in wrong
        assert codes.suggest(right[:3] + "O" + right[4:], Kind.CITIZEN_ID) in (right, None)


def test_a_code_is_grouped_for_reading() -> None:
    assert codes.group("91130900MA0000007T") == "91 130900 MA0000007 T"
    assert codes.group("12345") == "12345"


def test_the_library_used_as_oracle_agrees_where_it_is_right() -> None:
    rng = random.Random(11)
    for _ in range(500):
        code = codes_made.uscc(rng)
        if code[:2].isdecimal():
            assert oracle.is_valid(code)
            assert oracle.calc_check_digit(code) == codes.check_character(code[:17])
        assert codes.judge(code, expect=Kind.USCC).verdict in (Verdict.VALID, Verdict.DOUBTFUL)


def test_every_reason_has_a_sentence_in_both_languages() -> None:
    for reason, (_, zh, en) in REASON_TABLE.items():
        assert zh.endswith("。"), reason
        assert en.endswith("."), reason
