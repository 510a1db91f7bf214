"""Shared records leave as a file for a purpose, within a quota, by two above the threshold, marked for whom; a special query
brings the asked fields once and nothing else."""

import csv
import os
import random
import threading
from pathlib import Path

import openpyxl
import pytest
from django.db import connection

from tests.intake import made
from tests.intake.made import Organisation, Person
from tests.security.people_made import OWNER, Hall
from xinyong.kernel import clock
from xinyong.records import exporting, special
from xinyong.records.exporting import Wanted
from xinyong.security import access, approvals, audit, encryption, handouts
from xinyong.security.access import Actor, Role

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")
PENALTY = "admin-penalty-org"
PURPOSE = "行政管理"


@pytest.fixture(scope="module")
def hall(module_db: None, on_the_day: object) -> Hall:
    """Two readers, two operators, two units."""
    hall = Hall(clock.now())
    unit, _ = hall.unit(), hall.unit()
    for name, role, of in (
        ("reader", Role.READER, unit), ("reader2", Role.READER, unit), ("operator", Role.OPERATOR, None),
        ("operator2", Role.OPERATOR, None), ("clerk", Role.SOURCE_UNIT, unit),
    ):  # fmt: skip
        hall.owner_makes(name, role, of)
    return hall


@pytest.fixture(scope="module")
def about(hall: Hall, tmp_path_factory: pytest.TempPathFactory) -> tuple[Organisation, Person]:
    """Six hundred penalties of organisations, one of them named like a formula, and two of a person."""
    folder = tmp_path_factory.mktemp("exports")
    unit, first = hall.units[0], made.organisation(name="=云溪市星河科技有限公司")
    everybody = [first, *(made.organisation() for _ in range(20))]
    made.register(*everybody)
    rows = [
        made.penalty_row(everybody[n % 21], unit, CF_JDRQ=f"2026-0{1 + n % 5}-{1 + n % 27:02d}", CF_NR_FK="0.2")
        for n in range(600)
    ]
    made.hand_in(made.csv_file(folder / "penalties.csv", rows), PENALTY, unit)
    who = made.person()
    persons = [made.person_row(who, unit, CF_JDRQ="2026-05-06"), made.person_row(who, unit, CF_JDRQ="2026-05-07")]
    made.hand_in(made.csv_file(folder / "persons.csv", persons), "admin-penalty-person", unit)
    return first, who


@pytest.fixture
def wanted(about: object) -> Wanted:
    return Wanted((PENALTY,), made.TODAY)


@pytest.fixture
def generous(settings: object) -> None:
    settings.EXPORT_DAILY_ROWS = 10**9  # type: ignore[attr-defined]


def few(hall: Hall, wanted: Wanted, name: str, to: Path) -> exporting.Written:
    """An export that nobody needs to agree to: one source unit has them all, so the year is what makes it small."""
    exporting.ALONE, kept = 10_000, exporting.ALONE
    try:
        return exporting.export(wanted, purpose=PURPOSE, to=to, by=now(hall, name), at=clock.now())
    finally:
        exporting.ALONE = kept


def now(hall: Hall, name: str) -> Actor:
    hall.now = clock.now()
    return hall.actor(name)


def test_above_the_threshold_it_takes_two(hall: Hall, wanted: Wanted, tmp_path: Path, generous: None) -> None:
    reader = now(hall, "reader")
    assert exporting.count(wanted, by=reader) == 600
    to = tmp_path / "导出.csv"
    with pytest.raises(approvals.ConsentNeeded):
        exporting.export(wanted, purpose=PURPOSE, to=to, by=reader, at=clock.now())
    assert not to.exists()
    asked = exporting.ask(wanted, purpose=PURPOSE, reason="联合检查", by=reader, at=clock.now())
    approvals.decide(asked.id, agrees=True, by=now(hall, "operator"), at=clock.now())
    assert Wanted.of(asked.facts) == wanted
    before = audit.entries(seen_by=OWNER, limit=1)[0].id
    made_file = exporting.export(wanted, purpose=PURPOSE, to=to, approved_rows=600, by=reader, at=clock.now())
    assert made_file.rows == 600
    noted = [one.event for one in audit.entries(seen_by=OWNER, limit=5) if one.id > before]
    assert noted == ["shared-exported", "approval-used"]
    with pytest.raises(approvals.ConsentNeeded):
        exporting.export(wanted, purpose=PURPOSE, to=to, approved_rows=600, by=reader, at=clock.now())


def test_a_name_that_looks_like_a_formula_stays_a_text(
    hall: Hall, wanted: Wanted, tmp_path: Path, generous: None, about: tuple[Organisation, Person]
) -> None:
    few(hall, wanted, "operator", tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert {row[0][0] for row in rows[2:] if "=" in row[0]} == {"'"}
    assert rows[0][0].startswith(f"仅供 operator 用于“{PURPOSE}”")
    few(hall, wanted, "operator", tmp_path / "a.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value} == {"s"}
    assert sheet.max_row == 602


def test_whoever_passes_on_a_part_is_found(hall: Hall, wanted: Wanted, tmp_path: Path, generous: None) -> None:
    trials = int(os.environ.get("XINYONG_LEAKS", "10"))
    assert leaks(hall, wanted, tmp_path, trials) == (trials, trials)


def leaks(hall: Hall, wanted: Wanted, folder: Path, trials: int) -> tuple[int, int]:
    """How often a file of which a third of the rows is gone still names its recipient: as it is, and with every character
    nobody sees taken out."""
    chance = random.Random(38)
    files = []
    for n in range(4):
        name = ("reader", "reader2", "operator", "operator2")[n]
        files.append((few(hall, wanted, name, folder / f"{n}.csv").id, folder / f"{n}.csv"))
    marked = ordered = 0
    for _ in range(trials):
        number, path = chance.choice(files)
        lines = path.read_text(encoding="utf-8-sig").splitlines()[2:]
        kept = [line for line in lines if chance.random() > 0.3]
        leak = folder / "leak.csv"
        leak.write_text("\n".join(kept), encoding="utf-8")
        traced = exporting.trace(leak)
        marked += traced is not None and (traced.id, traced.how) == (number, "mark")
        leak.write_text("".join(c for c in "\n".join(kept) if c not in handouts._UNSEEN), encoding="utf-8")
        traced = exporting.trace(leak)
        ordered += traced is not None and (traced.id, traced.how) == (number, "order")
    return marked, ordered


def test_a_text_of_nobodys_names_nobody(tmp_path: Path, wanted: Wanted) -> None:
    path = tmp_path / "own.csv"
    path.write_text("名称,代码\n某公司,1\n", encoding="utf-8")
    assert exporting.trace(path) is None


def test_the_quota_of_a_day_is_never_passed_however_many_ask_at_once(hall: Hall) -> None:
    assert race(hall.ids["reader2"], threads=50, limit=20) == (20, 30)


def race(account: int, *, threads: int, limit: int) -> tuple[int, int]:
    """That many at once, each for one row: how many got it, how many were refused."""
    got, refused = [], []
    gate = threading.Barrier(threads)

    def ask() -> None:
        gate.wait()
        try:
            handouts.take(account_id=account, kind="race", amount=1, limit=limit, day=made.TODAY)
            got.append(1)
        except handouts.DailyQuotaSpent:
            refused.append(1)
        finally:
            connection.close()

    every = [threading.Thread(target=ask) for _ in range(threads)]
    for one in every:
        one.start()
    for one in every:
        one.join()
    return len(got), len(refused)


def test_a_file_beyond_the_quota_is_not_written_and_not_entered(
    hall: Hall, wanted: Wanted, tmp_path: Path, settings: object
) -> None:
    settings.EXPORT_DAILY_ROWS = 599  # type: ignore[attr-defined]
    before = audit.entries(seen_by=OWNER, limit=1)[0].id
    with pytest.raises(handouts.DailyQuotaSpent):
        few(hall, wanted, "operator2", tmp_path / "x.csv")
    assert not (tmp_path / "x.csv").exists()
    assert audit.entries(seen_by=OWNER, limit=1)[0].id == before


def test_no_purpose_no_right_no_records(hall: Hall, wanted: Wanted, tmp_path: Path) -> None:
    with pytest.raises(exporting.NoPurpose):
        exporting.export(wanted, purpose=" ", to=tmp_path / "x.csv", by=now(hall, "reader"), at=clock.now())
    with pytest.raises(access.NotAllowed):
        exporting.count(wanted, by=now(hall, "clerk"))
    with pytest.raises(exporting.TooMuch):
        exporting.count(Wanted((PENALTY,), made.TODAY, year=1999), by=now(hall, "reader"))
    other = access.Actor(role=Role.READER, name="x", account_id=1, items=frozenset({"honour"}))
    with pytest.raises(access.NotAllowed):
        exporting.count(wanted, by=other)


def _asked(hall: Hall, subject: str, item: str, fields: list[str]) -> approvals.Request:
    return special.ask(
        subject, item_id=item, asked=fields, purpose="办理行政许可", basis="协助函〔2026〕1号", by=now(hall, "reader"),
        at=clock.now(),
    )  # fmt: skip


def test_a_special_query_returns_the_asked_fields_once(hall: Hall, about: tuple[Organisation, Person]) -> None:
    organisation, _ = about
    subject = special.subject_of(code=organisation.code, by=now(hall, "reader"))
    asked = _asked(hall, subject, PENALTY, ["CF_WSH", "CF_NR_FK"])
    with pytest.raises(approvals.ConsentNeeded):
        special.answer(asked.id, by=now(hall, "reader"), at=clock.now())
    approvals.decide(asked.id, agrees=True, by=now(hall, "operator"), at=clock.now())
    answer = special.answer(asked.id, by=now(hall, "reader"), at=clock.now())
    assert len(answer.rows) == 29
    assert {label for row in answer.rows for label, _ in row.fields} <= {"行政处罚决定书文号", "罚款金额(万元)"}
    entry = next(one for one in audit.entries(seen_by=OWNER) if one.event == "special-queried")
    assert (entry.object_ref, entry.purpose, entry.facts["consent"]) == (organisation.code, "办理行政许可", asked.id)
    with pytest.raises(approvals.ConsentNeeded):
        special.answer(asked.id, by=now(hall, "reader"), at=clock.now())


def test_a_persons_certificate_stands_nowhere_and_their_fields_come_by_two(
    hall: Hall, about: tuple[Organisation, Person]
) -> None:
    _, who = about
    subject = special.subject_of(certificate=who.number, by=now(hall, "operator"))
    assert who.number not in subject
    assert encryption.digest(f"身份证\x1f{who.number}", kind="person").hex() in subject
    asked = _asked(hall, subject, "admin-penalty-person", ["CF_WSH", "CF_XDR_MC"])
    approvals.decide(asked.id, agrees=True, by=now(hall, "operator"), at=clock.now())
    answer = special.answer(asked.id, by=now(hall, "reader"), at=clock.now())
    assert len(answer.rows) == 2
    assert all(dict(row.fields)["行政处罚决定书文号"] for row in answer.rows)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM security_approval WHERE facts::text LIKE %s", [f"%{who.number}%"])
        assert cursor.fetchone() == (0,)
    with pytest.raises(special.NobodyKnown):
        special.subject_of(certificate="110101199001011234", by=now(hall, "reader"))
    with pytest.raises(special.NotAsked):
        _asked(hall, subject, "admin-penalty-person", ["CF_FR_ZJHM"])
    with pytest.raises(special.NotAsked):
        _asked(hall, subject, "admin-penalty-person", [])
