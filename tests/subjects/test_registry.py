"""The register of subjects: entered once, renamed with history, the same from every lane."""

import threading
from collections.abc import Callable
from datetime import date

import pytest
from django.db import connection

from tests.subjects.conftest import DAY_ONE, DAY_THREE, DAY_TWO, code, table
from xinyong.security import encryption
from xinyong.security.access import PUBLIC
from xinyong.subjects import classes, registry, resolve
from xinyong.subjects.models import Subject, SubjectName

Register = Callable[..., dict[str, int]]


def test_a_registered_organisation_can_be_looked_up_by_a_code_typed_any_way(registered: Register) -> None:
    ids = registered(
        {
            "code": code(1),
            "name": "云溪市星河科技有限公司",
            "status": "存续",
            "region_code": "990101",
            "registered_on": date(2020, 5, 1),
        }
    )
    found = registry.subject(f" {code(1)[:8].lower()}-{code(1)[8:].lower()} ", seen_by=PUBLIC)
    assert (found.id, found.code, found.status) == (ids[code(1)], code(1), "active")
    assert (found.subject_class, found.region_code, found.registered_on) == ("enterprise", "990101", date(2020, 5, 1))
    assert registry.by_id(found.id) == found


def test_an_unknown_code_is_not_found(db: None) -> None:
    with pytest.raises(registry.UnknownSubject):
        registry.subject(code(9), seen_by=PUBLIC)
    with pytest.raises(registry.UnknownSubject):
        registry.by_id(0)


def test_registering_the_same_rows_again_changes_nothing(registered: Register) -> None:
    row = {"code": code(1), "name": "云溪市星河科技有限公司", "former_names": ["云溪市银河科技有限公司"], "status": "在业",
           "registration_no": "990100000000018"}  # fmt: skip
    ids = registered(row)
    before = registry.names_of(ids[code(1)])
    assert registered(row, at=DAY_TWO) == ids
    assert registry.names_of(ids[code(1)]) == before
    assert len(registry.identifiers_of(ids[code(1)])) == 1


def test_a_new_name_closes_the_old_one_on_the_day_it_became_known(registered: Register) -> None:
    ids = registered({"code": code(1), "name": "云溪市星河科技有限公司"})
    registered({"code": code(1), "name": "云溪市银河科技有限公司"}, at=DAY_TWO)
    assert registry.names_of(ids[code(1)]) == [
        registry.NameHeld("云溪市银河科技有限公司", date(2026, 5, 20), None, True),
        registry.NameHeld("云溪市星河科技有限公司", None, date(2026, 5, 20), False),
    ]
    assert registry.subject(code(1), seen_by=PUBLIC).name == "云溪市银河科技有限公司"


def test_a_name_that_comes_back_opens_a_new_period(registered: Register) -> None:
    ids = registered({"code": code(1), "name": "云溪市星河科技有限公司"})
    registered({"code": code(1), "name": "云溪市银河科技有限公司"}, at=DAY_TWO)
    registered({"code": code(1), "name": "云溪市星河科技有限公司"}, at=DAY_THREE)
    periods = [(n.name[3:5], n.valid_from, n.valid_to) for n in registry.names_of(ids[code(1)])]
    two, three = date(2026, 5, 20), date(2026, 9, 1)
    assert periods == [("星河", three, None), ("银河", two, three), ("星河", None, two)]


def test_the_same_name_in_other_brackets_is_no_rename(registered: Register) -> None:
    ids = registered({"code": code(1), "name": "星河(云溪)科技有限公司"})
    registered({"code": code(1), "name": "星河\uff08云溪\uff09科技有限公司"}, at=DAY_TWO)
    assert len(registry.names_of(ids[code(1)])) == 1


def test_former_names_of_the_register_fill_the_history(registered: Register) -> None:
    ids = registered(
        {
            "code": code(1),
            "name": "云溪市星河科技有限公司",
            "former_names": ["云溪市银河科技有限公司", "云溪市星河科技有限公司", " "],
        }
    )
    assert [(n.name[3:5], n.is_current) for n in registry.names_of(ids[code(1)])] == [("星河", True), ("银河", False)]


def test_a_code_twice_in_one_batch_is_applied_in_order(registered: Register) -> None:
    ids = registered(
        {"code": code(1), "name": "云溪市星河科技有限公司", "status": "存续"},
        {"code": code(1), "name": "云溪市银河科技有限公司", "status": "注销"},
    )
    assert len(ids) == 1
    assert registry.subject(code(1), seen_by=PUBLIC).status == "cancelled"
    assert [n.name[3:5] for n in registry.names_of(ids[code(1)])] == ["银河", "星河"]


def test_what_the_register_leaves_empty_stays_as_it_was(registered: Register) -> None:
    registered({"code": code(1), "name": "云溪市星河科技有限公司", "status": "注销", "region_code": "990101",
                "registered_on": date(2020, 5, 1), "ended_on": date(2025, 1, 1)})  # fmt: skip
    registered({"code": code(1), "name": None}, at=DAY_TWO)
    found = registry.subject(code(1), seen_by=PUBLIC)
    assert (found.name, found.status, found.region_code) == ("云溪市星河科技有限公司", "cancelled", "990101")
    assert (found.registered_on, found.ended_on) == (date(2020, 5, 1), date(2025, 1, 1))
    registered({"code": code(1), "name": None, "status": "存续"}, at=DAY_THREE)
    assert registry.subject(code(1), seen_by=PUBLIC).ended_on is None


def test_a_reported_organisation_is_provisional_until_the_register_brings_it(registered: Register) -> None:
    row = table(
        {"code": code(1), "name": "云溪市星和科技有限公司"}, {"code": code(1), "name": "云溪市星河科技有限公司"}
    )
    first = registry.ensure_organisations(row, known_at=DAY_ONE)
    again = registry.ensure_organisations(row, known_at=DAY_TWO)
    assert first.num_rows == 1
    assert first.equals(again)
    assert registry.subject(code(1), seen_by=PUBLIC).status == "provisional"
    ids = registered({"code": code(1), "name": "云溪市星河科技有限公司"}, at=DAY_THREE)
    assert ids == {code(1): first["subject_id"][0].as_py()}
    assert registry.subject(code(1), seen_by=PUBLIC).status == "active"
    # The reported name was never in the register: it is no former name.
    assert [(n.name[3:5], n.valid_from) for n in registry.names_of(ids[code(1)])] == [("星河", None)]


def test_known_organisations_are_left_as_they_are_by_a_report(registered: Register) -> None:
    registered({"code": code(1), "name": "云溪市星河科技有限公司"})
    registry.ensure_organisations(
        table({"code": code(1), "name": "别的名字"}, {"code": code(2), "name": "云溪市银河店"}), known_at=DAY_TWO
    )
    assert registry.subject(code(1), seen_by=PUBLIC).name == "云溪市星河科技有限公司"
    assert registry.subject(code(2), seen_by=PUBLIC).status == "provisional"


def test_persons_are_entered_once_and_without_a_name(db: None) -> None:
    digest = encryption.digest("a made-up number", kind="person")
    first = registry.ensure_persons([(digest, b"sealed"), (digest, b"sealed")], known_at=DAY_ONE)
    assert registry.ensure_persons([(digest, b"sealed again")], known_at=DAY_TWO) == first
    assert resolve.by_people([digest, b"nobody"]) == first
    person = registry.by_id(first[digest])
    assert (person.code, person.name, person.subject_class) == (None, "", "natural_person")
    assert registry.names_of(person.id) == []


def test_empty_batches_are_fine(db: None) -> None:
    empty = table({"code": code(1), "name": "x"}).slice(0, 0)
    assert registry.register(empty, known_at=DAY_ONE).num_rows == 0
    assert registry.ensure_organisations(empty, known_at=DAY_ONE).num_rows == 0
    assert registry.ensure_persons([], known_at=DAY_ONE) == {}


@pytest.mark.parametrize(
    ("word", "status"),
    [("存续(在营、开业、在册)", "active"), ("在业", "active"), ("正常", "active"), ("吊销,未注销", "revoked"), ("吊销", "revoked"),
     ("吊销,已注销", "cancelled"), ("注销", "cancelled"), ("撤销", "cancelled"), ("迁出", "moved_out"), ("2", "revoked"),
     ("N/A", None), ("", None), (None, None)],
)  # fmt: skip
def test_words_of_base_registers_are_read_as_states(word: str | None, status: str | None) -> None:
    assert classes.read_status(word) == status


def test_every_state_and_class_has_a_label() -> None:
    assert set(classes.STATUS) == set(Subject.Status.values)
    assert classes.read_class("个体工商户") == "individual_business"
    assert classes.read_class("自然人") is None


def test_moving_to_another_region_moves_what_search_narrows_by(registered: Register) -> None:
    ids = registered({"code": code(1), "name": "星河店", "former_names": ["银河店"], "region_code": "990101"})
    registered({"code": code(1), "name": "星河店", "region_code": "990102"}, at=DAY_TWO)
    for name in SubjectName.objects.filter(subject_id=ids[code(1)]):
        assert "'r:990102'" in str(name.grams)
        assert "'r:990101'" not in str(name.grams)


def test_two_lanes_that_bring_the_same_new_codes_agree(lasting_db: None) -> None:
    """Real transactions on two connections, in opposite order of rows."""
    results: list[dict[str, int]] = []
    start = threading.Barrier(2)

    def lane(order: int) -> None:
        rows = table(*[{"code": code(n), "name": f"并行第{n}号商店"} for n in range(60)[::order]])
        start.wait()
        try:
            found = registry.ensure_organisations(rows, known_at=DAY_ONE)
            registry.register(rows, known_at=DAY_TWO)
            results.append(dict(zip(found["code"].to_pylist(), found["subject_id"].to_pylist(), strict=True)))
        finally:
            connection.close()

    lanes = [threading.Thread(target=lane, args=(order,)) for order in (1, -1)]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join(30)
    assert len(results) == 2
    assert results[0] == results[1]
    assert len(results[0]) == Subject.objects.count() == SubjectName.objects.count() == 60


def test_the_program_merges_what_waits_for_the_index_of_names_though_it_does_not_own_it(
    registered: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_MANY", 2)
    registered({"code": code(1), "name": "星河一店"}, {"code": code(2), "name": "星河二店"})
    registry.ensure_organisations(
        table({"code": code(8), "name": "丙"}, {"code": code(9), "name": "丁"}), known_at=DAY_TWO
    )
    assert Subject.objects.count() == 4
