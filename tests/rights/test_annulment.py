"""依据被撤销 The decision behind a record falls: within three working days of knowing its source withdraws it, with the reason, and everybody is told."""

import itertools
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection

from tests.intake import made
from tests.rights.objecting import CENTRE, Matter, matter, public, token
from xinyong.intake import views
from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.records import history, telling
from xinyong.rights import annulment, recipients
from xinyong.rights.annulment import AnnulmentView, Said
from xinyong.rights.models import Annulment, AnnulmentDone
from xinyong.security import clients, scope
from xinyong.security.access import Actor, NotAllowed, Role, system
from xinyong.security.models import AuditEntry
from xinyong.workflow import notices, subject_notices
from xinyong.workflow.kinds import Kind

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")
#: A Monday; three working days end with Thursday.
MONDAY = date(2026, 6, 15)
_numbers = itertools.count(1)


@pytest.fixture
def one(tmp_path: Path) -> Matter:
    return matter(tmp_path)


@pytest.fixture(autouse=True)
def _nobody_left() -> Iterator[None]:
    yield
    for each in clients.readers():
        clients.disable(each.client_id, by=system("tests"), now=clock.now())


def on(at: str) -> time_machine.travel:
    return time_machine.travel(datetime.fromisoformat(f"{at}+08:00"), tick=False)


def place(one: Matter) -> tuple[int, int]:
    """The submission and row that brought the record's newest version."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT submission_id, row_no FROM record WHERE key_digest = %s ORDER BY version DESC LIMIT 1",
            [bytes.fromhex(ref_of(one))],
        )
        found: tuple[int, int] = cursor.fetchone()
    return found


def ref_of(one: Matter) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT encode(r.key_digest, 'hex') FROM record r JOIN subjects_subject s ON s.id = r.subject_id"
            " WHERE s.code = %s AND r.item_id = 'admin-penalty-org' LIMIT 1",
            [one.who.code],
        )
        return str(cursor.fetchone()[0])


def said(cause: str = "revoked", known_on: date = MONDAY, **other: Any) -> Said:
    how = {
        "instrument": "（2026）云0102行终12号",
        "body": "云溪市中级人民法院",
        "explanation": "事实不清，判决撤销处罚决定",
    }
    return Said(cause, known_on=known_on, **(how | other))


def noted(one: Matter, by: Actor, form: str = "", **how: Any) -> AnnulmentView:
    with scope.acting(by):
        return annulment.note(*place(one), said(**how), token=form or token(), by=by, at=clock.now())


def program() -> Actor:
    unit = made.department()
    view, _ = clients.register(
        name=f"系统{next(_numbers)}", department=unit.code, scopes=("read:shared",), networks=("127.0.0.0/8",),
        by=system("tests"), now=clock.now(),
    )  # fmt: skip
    return Actor(role=Role.CLIENT, name=view.client_id, department=unit.code)


def penalties(one: Matter) -> int:
    return sum(each.section.value == "penalty" for each in public(one.who))


def refusal(deed: Any) -> XinyongError:
    with pytest.raises(XinyongError) as error:
        deed()
    return error.value


def test_its_source_withdraws_it_at_once_with_the_reason_and_everybody_is_told(one: Matter) -> None:
    bank = program()
    with on("2026-06-16T10:00:00"):
        done = noted(one, one.source)
        assert penalties(one) == 0
    assert (done.is_open, done.hours_over, done.due_on) == (False, 0, date(2026, 6, 18))
    assert done.done_at is not None
    assert [(each.change.value, each.ref) for each in recipients.pending(by=bank)] == [("withdraw", ref_of(one))]
    with scope.acting(one.by):
        [told] = [each for each in subject_notices.inbox(seen_by=one.by) if each.kind.value == "information-removed"]
    assert one.unit.name in told.happened[0]
    assert told.happened[0].endswith("：决定被撤销。")
    entry = AuditEntry.objects.filter(event="record-annulled").latest("id")
    assert (entry.facts["cause"], entry.facts["hours_over"], entry.purpose) == (
        "revoked",
        0,
        "事实不清，判决撤销处罚决定",
    )
    with scope.acting(one.source):
        _, ends = history.of(one.who.code, ref_of(one), as_of=clock.today(), seen_by=one.source)
    assert {(each.clock, each.reason) for each in ends} == {
        ("publicity", "basis-revoked"),
        ("retention", "basis-revoked"),
    }


@pytest.mark.parametrize(
    "how",
    [
        {"cause": "because"}, {"instrument": ""}, {"body": " "}, {"explanation": "不"}, {"known_on": date(2026, 12, 31)},
    ],
)  # fmt: skip
def test_a_withdrawal_has_a_reason_of_the_closed_list(one: Matter, how: dict[str, Any]) -> None:
    error = refusal(lambda: noted(one, one.source, **how))
    assert (error.code, error.facts["invariant"]) == ("rights.annulment-reason", "E_ANNUL")
    assert penalties(one) == 1


def test_noted_by_the_centre_its_source_is_told_and_late_is_hours(one: Matter) -> None:
    with on("2026-06-16T10:00:00"):
        seen = noted(one, CENTRE)
        assert (seen.is_open, seen.days_left, seen.hours_over) == (True, 2, 0)
        assert penalties(one) == 1, "the centre withdraws nothing"
        assert refusal(lambda: as_(CENTRE, seen.id)).code == "rights.annulment-reason"
        with scope.acting(one.source):
            told = [each.kind for each in notices.inbox(seen_by=one.source)]
        assert told.count(Kind.ANNULLED) == 1
    with on("2026-06-19T02:30:00"):
        assert annulment.follow(by=made.SYSTEM, at=clock.now()).over >= 1
        assert annulment.follow(by=made.SYSTEM, at=clock.now()).over == 0, "told once"
        with scope.acting(CENTRE):
            [line] = [each for each in annulment.listing(seen_by=CENTRE, at=clock.now()) if each.id == seen.id]
        assert line.hours_over == 2
    with on("2026-06-19T09:10:00"):
        done = as_(one.source, seen.id)
        assert as_(one.source, seen.id).done_at == done.done_at, "withdrawn twice: once"
        assert penalties(one) == 0
    assert (done.hours_over, done.is_open) == (9, False)
    with scope.acting(CENTRE):
        assert seen.id in [each.id for each in annulment.listing(is_done=True, seen_by=CENTRE, at=clock.now())]


def as_(by: Actor, annulment_id: int) -> AnnulmentView:
    with scope.acting(by):
        return annulment.withdraw(annulment_id, by=by, at=clock.now())


def test_the_same_form_twice_is_one_matter(one: Matter) -> None:
    form = token()
    first = noted(one, one.source, form)
    assert noted_again(one, form) == first.id
    assert AnnulmentDone.objects.filter(annulment_id=first.id).count() == 1
    error = refusal(lambda: noted(one, one.source))
    assert error.code == "rights.annulment-nothing"


def noted_again(one: Matter, form: str) -> int:
    with scope.acting(one.source):
        return annulment.note(1, 1, said(), token=form, by=one.source, at=clock.now()).id


def test_another_department_neither_sees_nor_withdraws_it(one: Matter) -> None:
    other = Actor(role=Role.SOURCE_UNIT, name="other", account_id=903, department=made.department().code)
    seen = noted(one, CENTRE)
    assert refusal(lambda: as_(other, seen.id)).code == "rights.unknown-annulment"
    assert refusal(lambda: noted(one, other)).code == "records.unknown-record"
    with scope.acting(other):
        assert annulment.listing(seen_by=other, at=clock.now()) == []
        assert not Annulment.objects.filter(pk=seen.id).exists(), "the database holds it too"
    for by in (one.by, Actor(role=Role.READER, name="reader")):
        with pytest.raises(NotAllowed):
            annulment.listing(seen_by=by, at=clock.now())


def test_one_that_was_broken_off_is_carried_out_by_the_hourly_job_once(
    one: Matter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> bool:
        raise RuntimeError("killed")

    monkeypatch.setattr(annulment, "_carried_out", killed)
    with pytest.raises(RuntimeError):
        noted(one, one.source)
    monkeypatch.undo()
    assert penalties(one) == 0, "the archive has its word already"
    assert annulment.follow(by=made.SYSTEM, at=clock.now()).carried_out == 1
    assert annulment.follow(by=made.SYSTEM, at=clock.now()).carried_out == 0
    with scope.acting(one.by):
        told = [each for each in subject_notices.inbox(seen_by=one.by) if each.kind.value == "information-removed"]
    assert len(told) == 1


@pytest.mark.parametrize(
    ("cause", "comes_back"), [("revoked", False), ("unlawful", False), ("void", False), ("changed", True)]
)
def test_what_was_annulled_is_not_reported_again_and_what_was_changed_is(
    one: Matter, cause: str, comes_back: bool
) -> None:
    noted(one, one.source, cause=cause)
    path = made.csv_file(one.folder / "again.csv", [one.row | {"CF_NR_FK": "0.1"}])
    view = made.hand_in(path, "admin-penalty-org", one.unit, at=clock.now())
    assert view.counts.accepted == int(comes_back)
    assert penalties(one) == int(comes_back)
    if not comes_back:
        rules = {rule for found in made.rules(view).values() for rule in found}
        assert "E_ANNUL" in rules
        assert views.find(view.id, seen_by=made.SYSTEM).counts.doubtful == 1


def test_a_persons_record_is_withdrawn_without_naming_anybody(tmp_path: Path) -> None:
    who, unit = made.person(), made.department()
    view = made.hand_in(
        made.csv_file(tmp_path / "rows.csv", [made.person_row(who, unit)]), "admin-penalty-person", unit
    )
    source = Actor(role=Role.SOURCE_UNIT, name="clerk", account_id=900, department=unit.code)
    with scope.acting(source):
        done = annulment.note(view.id, 2, said(), token=token(), by=source, at=clock.now())
    assert (done.subject_code, done.subject_name, done.title) == ("", "", "")
    assert done.done_at is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM rights_annulment a WHERE a::text LIKE %s", [f"%{who.name}%"])
        assert cursor.fetchone() == (0,)


def test_the_morning_does_not_tell_again_what_was_told_with_its_reason(one: Matter, tmp_path: Path) -> None:
    telling.tell(today=clock.today(), by=made.SYSTEM, at=clock.now())
    noted(one, one.source)
    told = telling.tell(today=clock.today(), by=made.SYSTEM, at=clock.now()).told
    assert not [kind for kind in told if kind.value in ("information-removed", "information-changed")]
