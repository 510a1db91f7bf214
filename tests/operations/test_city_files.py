"""The synthetic city as files: what it promises to a seed, to the catalogue, to real bodies and to real persons."""

import itertools
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinyong.catalogue import load
from xinyong.intake import headers
from xinyong.kernel import calendar, codes, divisions
from xinyong.operations import synthetic
from xinyong.operations.synthetic import decisions, draw, faults, identifiers, layouts, places, plan
from xinyong.operations.synthetic.agencies import AGENCIES, agency
from xinyong.operations.synthetic.organisations import City, Organisations, apportion

TODAY = date(2026, 3, 18)
SMALL = City(seed=7, subjects=2_000, records=6_000, today=TODAY)


def _everyone(city: City) -> Organisations:
    return Organisations(city, np.arange(city.subjects, dtype=np.int64))


def _small_city(folder: Path, seed: int) -> dict[str, bytes]:
    made = synthetic.write(folder, subjects=300, records=900, seed=seed, today=TODAY)
    return {file.path.name: file.path.read_bytes() for file in made.files}


def test_the_same_seed_writes_the_same_bytes_and_another_seed_another_city(tmp_path: Path) -> None:
    first = _small_city(tmp_path / "first", 7)
    again = _small_city(tmp_path / "again", 7)
    other = _small_city(tmp_path / "other", 8)

    assert first == again
    assert not set(first.values()) & set(other.values())


def test_every_organisation_and_department_has_a_valid_code_of_its_own() -> None:
    everyone = _everyone(SMALL).codes
    judged = codes.judge_column(everyone, expect=codes.Kind.USCC)

    assert np.all(judged.verdict == 0)
    assert len(set(everyone.to_pylist()) | {one.code for one in AGENCIES}) == SMALL.subjects + len(AGENCIES)
    assert all(codes.judge(one.code).verdict is codes.Verdict.VALID for one in AGENCIES)


def test_codes_made_by_the_column_end_in_the_check_characters_of_the_standard() -> None:
    everyone = _everyone(City(seed=3, subjects=300, records=0, today=TODAY))

    assert all(code[17] == codes.check_character(code[:17]) for code in everyone.codes.to_pylist())
    assert all(code[8] == codes.org_check(code[:8]) for code in everyone.organisation_codes.to_pylist())


def test_old_registration_numbers_are_good_and_only_older_businesses_have_one() -> None:
    everyone = _everyone(SMALL)
    numbers = everyone.registration_numbers.to_pylist()

    assert all(
        codes.judge(one, expect=codes.Kind.REGISTRATION_15).verdict is not codes.Verdict.INVALID
        for one in numbers
        if one
    )
    assert {one is None for one in numbers} == {True, False}
    assert all(
        one is None for one in np.array(numbers, dtype=object)[everyone.established >= draw.day(date(2015, 10, 1))]
    )


def test_all_five_classes_and_sole_traders_live_in_the_city() -> None:
    classes = {codes.subject_class(code) for code in _everyone(SMALL).codes.to_pylist()}

    assert classes >= {
        "enterprise", "individual_business", "farmers_cooperative", "social_organization", "public_institution",
        "government_body", "rural_collective", "other",
    }  # fmt: skip


def test_no_division_of_the_city_exists() -> None:
    real = divisions.builtin()
    made = synthetic.inhabitants().regions

    assert not real.is_known(places.PROVINCE[0])
    assert not {row["name"] for row in made if row["level"] < 4} & set(real.names())
    assert all(row["code"].startswith("99") for row in made)


def test_forty_departments_are_registered_where_they_serve() -> None:
    everybody = synthetic.inhabitants()
    known = {row["code"] for row in everybody.regions}

    assert len(everybody.departments) == 40
    assert all(one.region_code in known for one in everybody.departments)
    administrators = {"system_admin", "security_admin", "auditor", "unit_admin"}
    assert {one.role for one in everybody.accounts} == {"operator", "source_unit"} | administrators


def test_a_slice_of_the_city_is_what_the_whole_has_there() -> None:
    whole = _everyone(SMALL)
    part = Organisations(SMALL, np.arange(700, 900, dtype=np.int64))

    assert part.names.equals(whole.names.slice(700, 200))
    assert part.codes.equals(whole.codes.slice(700, 200))
    assert part.former_names.equals(whole.former_names.slice(700, 200))
    assert np.array_equal(part.established, whole.established[700:900])


@pytest.mark.parametrize("item_id", ["admin-penalty-org", "admin-licence-org"])
def test_decisions_strike_only_organisations_that_existed_on_the_day(item_id: str) -> None:
    make = decisions.penalties if item_id == "admin-penalty-org" else decisions.licences
    days = draw.day(TODAY) - 1_000 + np.arange(2_000, dtype=np.int64) // 2
    batch = make(SMALL, agency("market"), days, 0)
    struck = batch.parties.each

    assert np.all(struck.established[batch.parties.back] <= days)
    ended = struck.ended[batch.parties.back]
    assert np.mean((ended >= 0) & (ended <= days)) < 0.01


def test_few_organisations_have_many_records() -> None:
    days = np.full(5_000, draw.day(TODAY) - 30, dtype=np.int64)
    batch = decisions.penalties(SMALL, agency("market"), days, 0)
    counts = np.sort(np.bincount(batch.parties.back))[::-1]

    assert counts[: len(counts) // 10].sum() > 0.3 * counts.sum()


def test_every_header_of_every_department_is_understood() -> None:
    library = load.library()
    every = plan.files(City(seed=7, subjects=20_000, records=200_000, today=TODAY))
    for one, age in itertools.product(every, range(0, 1_100, 180)):
        item = library[one.item_id]
        layout = layouts.of(one.sender, one.item_id, one.rows, age=age)
        required = {field.code: pa.nulls(0) for field in item.fields if field.requirement == "required"}
        head = [header for header, _ in layouts.headers(layout, item, required)]
        mapped = headers.map_headers(head, item)

        assert not mapped.ambiguous, (one.sender.name, layout)
        assert not mapped.missing, (one.sender.name, layout)
        assert {head[place] for place in mapped.unmapped} <= set(layout.extras)


def test_faults_in_codes_come_as_often_as_in_real_registers() -> None:
    count = 120_000
    days = np.full(count, draw.day(TODAY) - 100, dtype=np.int64)
    batch = decisions.licences(City(7, 20_000, count, TODAY), agency("approval"), days, 0)
    sent = faults.spoil(batch, faults.LICENCE, seed=7, salt="test", date_form="iso")
    given_, right = sent["XK_XDR_SHXYM"].to_pylist(), batch.columns["XK_XDR_SHXYM"].to_pylist()
    wrong = [code for code, good in zip(given_, right, strict=True) if code != good]
    share = {length: sum(len(code) == length for code in wrong) / count for length in (13, 15, 18)}

    assert 0.0012 < share[15] < 0.0030  # 0.25 % of those that had an old number
    assert share[13] == pytest.approx(0.00017, abs=0.00015)
    assert share[18] == pytest.approx(0.00015, abs=0.00015)  # lower case and wrong check characters


def test_the_five_chinese_ways_of_writing_a_day() -> None:
    days = pa.array(["2025-03-05"] * 6 + [None])
    forms = np.array([0, 1, 2, 3, 4, 5, 4], dtype=np.int64)

    assert faults.write_days(days, forms).to_pylist() == [
        "2025-03-05", "2025/3/5", "2025.3.5", "20250305", "2025年3月5日", "二〇二五年三月五日", None,
    ]  # fmt: skip


@given(st.lists(st.integers(0, 10**13), min_size=1, max_size=40))
def test_amounts_in_ten_thousands_are_exact_with_six_decimals_at_most(fen: list[int]) -> None:
    written = draw.in_ten_thousands(np.array(fen, dtype=np.int64)).to_pylist()

    assert [Decimal(one) for one in written] == [Decimal(one) / 1_000_000 for one in fen]
    assert all(len(one.partition(".")[2]) <= 6 and not one.endswith(".") for one in written)


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=30), st.integers(0, 10**6))
def test_apportioned_parts_add_up(weights: list[float], total: int) -> None:
    parts = apportion(weights, total)

    assert sum(parts) == total
    assert min(parts) >= 0


def test_nearly_all_decisions_are_reported_in_time_and_some_are_not() -> None:
    days, made = calendar.Calendar.builtin(), City(7, 20_000, 20_000, TODAY)
    late = []
    for one in plan.files(made):
        if one.item_id.startswith("admin-") and not one.sender.is_tardy:
            decided = np.concatenate([plan.days_of(made, one, part) for part in one.parts])
            late += [days.is_late(_date(day), _date(one.received_on)) for day in decided[::20]]

    assert 0.01 < sum(late) / len(late) < 0.06


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=int(day))


def test_files_are_received_after_their_decisions_and_before_today() -> None:
    for one in plan.files(SMALL):
        for part in one.parts:
            assert plan.days_of(SMALL, one, part).max() < one.received_on < draw.day(TODAY)


def test_every_decision_of_a_department_has_a_number_of_its_own() -> None:
    for item_id in (plan.PENALTY, plan.LICENCE):
        parts = [part for one in plan.files(SMALL) if one.item_id == item_id for part in one.parts]
        for one in AGENCIES:
            taken = [
                number for part in parts if part.agency == one for number in range(part.first, part.first + part.rows)
            ]
            assert sorted(taken) == list(range(len(taken)))


def test_every_month_has_its_share_of_decisions() -> None:
    made = City(7, 20_000, 200_000, TODAY)
    months = np.zeros(plan.MONTHS + 4)
    for one in plan.files(made):
        if one.item_id == plan.LICENCE:
            place = (one.window[0] - draw.day(TODAY) + plan.SPAN_DAYS) * plan.MONTHS // plan.SPAN_DAYS
            months[place] += one.rows

    assert months[: plan.MONTHS].min() > 0.2 * months.sum() / plan.MONTHS
    assert months.max() < 2.5 * months.sum() / plan.MONTHS


def test_natural_persons_stand_only_in_the_files_for_them(tmp_path: Path) -> None:
    made = synthetic.write(tmp_path, subjects=300, records=900, seed=7, today=TODAY)
    persons = [file for file in made.files if file.item_id.endswith("-person")]

    assert {file.item_id for file in persons} == {"admin-licence-person", "admin-penalty-person"}
    assert all(0 < file.rows < 20 for file in persons)


def test_numbers_of_invented_persons_are_well_formed_and_of_no_real_place() -> None:
    born = np.arange(draw.day(date(1970, 1, 1)), draw.day(date(1970, 1, 1)) + 50, dtype=np.int64)
    numbers = identifiers.citizen_numbers(7, born, np.full(50, 990102, dtype=np.int64), born).to_pylist()

    assert all(codes.judge(one).kind is codes.Kind.CITIZEN_ID for one in numbers)
    assert all(codes.judge(one).verdict is not codes.Verdict.INVALID for one in numbers)


def test_benchmark_rows_are_as_many_as_asked_for_and_the_same_again(tmp_path: Path) -> None:
    first = list(synthetic.penalties(1_500, subjects=500, seed=1))
    again = list(synthetic.penalties(1_500, subjects=500, seed=1))
    synthetic.write_penalties(tmp_path / "rows.csv", 1_500, subjects=500, seed=1)

    assert sum(batch.num_rows for batch in first) == 1_500
    assert first == again
    assert pa_csv.read_csv(tmp_path / "rows.csv").num_rows == 1_500
    assert set(first[0].schema.names) <= {field.code for field in load.library()["admin-penalty-org"].fields}
