"""The ledger of tasks: who sees and does what, what only grows, what is overdue, what comes in once."""

import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pypdf
import pytest
import time_machine
from django.db import connection, transaction
from django.db.utils import DatabaseError

from tests.intake import made
from xinyong.analytics import task_acts, task_export, task_import, task_reminders, task_table, tasks
from xinyong.analytics.models import Task
from xinyong.analytics.task_acts import DecidedMeanwhile, NoProof, NotNow, Proved, Unsaid
from xinyong.analytics.tasks import Asked, TaskView, UnknownTask
from xinyong.office.catalogue import XLSX
from xinyong.operations import city_tasks
from xinyong.security import identity, proofs, scope
from xinyong.security.access import Actor, NotAllowed, Role
from xinyong.security.identity import SourceUnit
from xinyong.security.models import AuditEntry
from xinyong.security.proofs import UnfitProof
from xinyong.workflow import notices
from xinyong.workflow.kinds import Kind, outgoing
from xinyong.workflow.models import Notice

HEAD = ["目标任务", "责任单位", "完成时间"]
PNG = b"\x89PNG\r\n\x1a\n" + os.urandom(32)
LINK = Proved(on=made.TODAY, link="https://example.org/notice")


@dataclass(slots=True)
class Ledger:
    """A city's department, another, one of a county, and their tasks."""

    unit: SourceUnit
    other: SourceUnit
    county: SourceUnit
    ids: dict[str, int]

    def clerk(self, unit: SourceUnit) -> Actor:
        return Actor(role=Role.SOURCE_UNIT, name="clerk", department=unit.code)


@pytest.fixture
def ledger(db: None) -> Iterator[Ledger]:
    with time_machine.travel(made.NOW, tick=True):
        units = [
            identity.register_department(code=made.code_of("11"), name=name, region_code=region, by=made.SYSTEM)
            for name, region in (("云溪市甲局", "990100"), ("云溪市乙局", "990100"), ("青岚区甲局", "990102"))
        ]
        rows = [
            ["甲事", "市甲局", "2026年5月前"], ["同办", "市甲局、市乙局", "2026年6月20日前"], ["乙事", "市乙局", "持续推进"],
            ["大家的事", "各成员单位", "待定"], ["县里的事", "各区县", "2026年5月前，持续推进"], ["没人的事", "某平台公司", "待定"],
        ]  # fmt: skip
        task_import.keep(_table(rows), by=made.OPERATOR, at=made.NOW)
        yield Ledger(*units, {one.text: one.pk for one in Task.objects.all()})
        shutil.rmtree(tasks.evidence_folder(), ignore_errors=True)


def _table(rows: list[list[str]], title: str = "云溪市2026年计划") -> task_table.Table:
    return task_table.of_rows(list(enumerate([HEAD, *rows], start=1)), title=title)


def _seen(who: Actor, **asked: str) -> list[str]:
    return [one.text for one in tasks.listing(Asked(**asked), today=made.TODAY, seen_by=who)[0]]


def _one(ledger: Ledger, text: str) -> TaskView:
    return tasks.find(ledger.ids[text], today=made.TODAY, seen_by=made.OPERATOR)[0]


def test_a_department_sees_its_own_tasks_and_those_of_its_groups(ledger: Ledger) -> None:
    assert _seen(ledger.clerk(ledger.unit)) == ["甲事", "同办", "大家的事"]
    assert _seen(ledger.clerk(ledger.other)) == ["同办", "乙事", "大家的事"]
    assert _seen(ledger.clerk(ledger.county)) == ["大家的事", "县里的事"]
    everything = ["甲事", "同办", "乙事", "大家的事", "县里的事", "没人的事"]
    assert _seen(made.OPERATOR) == _seen(made.AUDITOR) == everything
    with pytest.raises(UnknownTask):
        tasks.find(ledger.ids["乙事"], today=made.TODAY, seen_by=ledger.clerk(ledger.unit))
    with pytest.raises(UnknownTask):
        task_acts.report(ledger.ids["乙事"], note="代办", by=ledger.clerk(ledger.unit), at=made.NOW)
    with pytest.raises(NotAllowed):
        task_acts.report(ledger.ids["甲事"], note="看看", by=made.AUDITOR, at=made.NOW)
    with pytest.raises(NotAllowed):
        task_import.preview(_table([["丙事", "市甲局", "待定"]]), by=ledger.clerk(ledger.unit))


def test_the_database_holds_the_same_bound(ledger: Ledger) -> None:
    for unit, expected in ((ledger.unit, 3), (ledger.county, 2)):
        with scope.acting(ledger.clerk(unit)):
            assert Task.objects.count() == expected
            assert Task.objects.filter(text="没人的事").update(state="done") == 0
    with scope.acting(Actor(role=Role.READER, name="reader")):
        assert Task.objects.count() == 0


def test_what_was_done_only_grows(ledger: Ledger) -> None:
    for change in ("UPDATE analytics_taskact SET note = 'x'", "DELETE FROM analytics_taskact"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM analytics_task")
        assert cursor.rowcount == 0


def test_a_task_is_done_when_it_is_proved_and_confirmed(ledger: Ledger) -> None:
    task_id, clerk = ledger.ids["甲事"], ledger.clerk(ledger.unit)
    with pytest.raises(NoProof):
        task_acts.report(task_id, note="做完了", is_done=True, by=clerk, at=made.NOW)
    task_acts.report(task_id, note="在做", by=clerk, at=made.NOW)
    with pytest.raises(NoProof):
        task_acts.confirm(task_id, after=2, by=made.OPERATOR, at=made.NOW)
    task_acts.report(task_id, note="联系 13800138000 的人办了", proved=LINK, is_done=True, by=clerk, at=made.NOW)
    with pytest.raises(NotNow):
        task_acts.report(task_id, note="又一次", by=clerk, at=made.NOW)
    task_acts.take_back(task_id, by=clerk, at=made.NOW)
    task_acts.report(task_id, note="", proved=LINK, is_done=True, by=clerk, at=made.NOW)
    with pytest.raises(DecidedMeanwhile):
        task_acts.confirm(task_id, after=2, by=made.OPERATOR, at=made.NOW)
    task_acts.send_back(task_id, after=5, reason="链接打不开", by=made.OPERATOR, at=made.NOW)
    task_acts.report(task_id, note="已修好", is_done=True, by=clerk, at=made.NOW)
    assert task_acts.confirm(task_id, after=7, by=made.OPERATOR, at=made.NOW).state == "done"
    _, acts = tasks.find(task_id, today=made.TODAY, seen_by=clerk)
    assert [one.kind for one in reversed(acts)] == [
        "entered", "progress", "asked", "taken-back", "asked", "sent-back", "asked", "confirmed",
    ]  # fmt: skip
    assert acts[5].department == ledger.unit.name
    assert "13800138000" not in acts[5].note
    assert task_acts.reopen(task_id, after=8, reason="复查有误", by=made.OPERATOR, at=made.NOW).state == "under-way"


def test_a_cancelled_task_says_why_and_comes_back(ledger: Ledger) -> None:
    task_id = ledger.ids["甲事"]
    with pytest.raises(Unsaid):
        task_acts.cancel(task_id, after=1, reason=" ", by=made.OPERATOR, at=made.NOW)
    with pytest.raises(NotAllowed):
        task_acts.cancel(task_id, after=1, reason="不想做", by=ledger.clerk(ledger.unit), at=made.NOW)
    task_acts.cancel(task_id, after=1, reason="上级已取消", by=made.OPERATOR, at=made.NOW)
    assert not _one(ledger, "甲事").is_overdue
    with pytest.raises(NotNow):
        task_acts.cancel(task_id, after=2, reason="上级已取消", by=made.OPERATOR, at=made.NOW)
    task_acts.reopen(task_id, after=2, reason="又要求了", by=made.OPERATOR, at=made.NOW)
    assert _one(ledger, "甲事").is_overdue


def test_what_is_overdue_near_and_what_goes_on(ledger: Ledger) -> None:
    def by_deadline(deadline: str) -> list[str]:
        return _seen(made.OPERATOR, deadline=deadline)

    assert by_deadline("overdue") == ["甲事", "县里的事"]
    assert by_deadline("near") == ["同办"]
    assert by_deadline("ongoing") == ["乙事", "县里的事"]
    assert by_deadline("unfixed") == ["大家的事", "没人的事"]
    assert by_deadline("dated") == ["甲事", "同办", "县里的事"]
    assert (_one(ledger, "同办").is_near, _one(ledger, "甲事").is_near) == (True, False)
    task_acts.report(ledger.ids["县里的事"], note="", proved=LINK, by=ledger.clerk(ledger.county), at=made.NOW)
    assert by_deadline("overdue") == ["甲事"], "what goes on owed its first result by that day"
    tally = tasks.listing(Asked(), today=made.TODAY, seen_by=made.OPERATOR)[1]
    assert (tally.total, tally.overdue, tally.near, tally.done) == (6, 1, 1, 0)
    late = tasks.reminders(today=made.TODAY, seen_by=made.SYSTEM)
    assert {whom: [one.text for one in owed] for whom, owed in late.items()} == {
        ledger.unit.code: ["甲事", "同办"], ledger.other.code: ["同办"],
    }  # fmt: skip
    assert [one.is_overdue for one in late[ledger.unit.code]] == [True, False]
    assert tasks.reminders(today=date(2026, 5, 1), seen_by=made.SYSTEM, days=5) == {}


def test_the_last_day_is_in_time(ledger: Ledger) -> None:
    task_acts.reschedule(
        ledger.ids["甲事"],
        due_on=made.TODAY,
        is_ongoing=False,
        after=1,
        reason="延到今天",
        by=made.OPERATOR,
        at=made.NOW,
    )
    one = _one(ledger, "甲事")
    assert (one.is_overdue, one.is_near, one.deadline_words) == (False, True, "2026年6月15日前")
    tomorrow = made.TODAY + timedelta(days=1)
    assert tasks.find(one.id, today=tomorrow, seen_by=made.OPERATOR)[0].is_overdue
    history = tasks.find(one.id, today=tomorrow, seen_by=made.OPERATOR)[1]
    assert (history[0].before, history[0].after) == ("2026年5月前", "2026年6月15日前")


def test_a_task_goes_to_others_and_its_history_with_it(ledger: Ledger) -> None:
    task_acts.report(ledger.ids["甲事"], note="开了会", by=ledger.clerk(ledger.unit), at=made.NOW)
    task_acts.reassign(
        ledger.ids["甲事"],
        leads=[ledger.other.code],
        helpers=[],
        after=2,
        reason="职能调整",
        by=made.OPERATOR,
        at=made.NOW,
    )
    assert "甲事" not in _seen(ledger.clerk(ledger.unit))
    acts = tasks.find(ledger.ids["甲事"], today=made.TODAY, seen_by=ledger.clerk(ledger.other))[1]
    assert [one.kind for one in acts] == ["reassigned", "progress", "entered"]
    assert _seen(made.OPERATOR, owner=ledger.other.code) == ["甲事", "同办", "乙事", "大家的事"]


def test_a_file_of_evidence_is_looked_through_kept_and_given_back(ledger: Ledger, tmp_path: Path) -> None:
    task_id, clerk = ledger.ids["甲事"], ledger.clerk(ledger.unit)
    picture, text = tmp_path / "a.png", tmp_path / "b.pdf"
    picture.write_bytes(PNG)
    text.write_bytes("不是 PDF".encode())
    macros = tmp_path / "c.docx"
    with zipfile.ZipFile(macros, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
        archive.writestr("word/vbaProject.bin", b"x")
    person = tmp_path / "d.docx"
    with zipfile.ZipFile(person, "w") as archive:
        archive.writestr("word/document.xml", f"<w:p>{made.person().number}</w:p>")
    empty = tmp_path / "e.png"
    empty.touch()
    script = tmp_path / "f.pdf"
    action = b"1 0 obj<</OpenAction<</S/JavaScript/JS(x)>>>>endobj"
    script.write_bytes(b"%PDF-1.7\n" + action)
    hidden = tmp_path / "g.pdf"
    hidden.write_bytes(b"%PDF-1.7\n2 0 obj<</Type/ObjStm/N 1>>stream\n" + zlib.compress(action) + b"endstream")
    for bad, why in (
        (text, "只接收"), (macros, "宏"), (person, "公民身份号码"), (empty, "空的"), (script, "脚本"), (hidden, "脚本"),
    ):  # fmt: skip
        with pytest.raises(UnfitProof, match=why):
            task_acts.report(task_id, note="", proved=Proved(made.TODAY, file=bad), by=clerk, at=made.NOW)
    proved = Proved(made.TODAY, file=picture, file_name="C:\\现场.png")
    assert task_acts.report(task_id, note="", proved=proved, by=clerk, at=made.NOW).evidence_count == 1
    kept = next(tasks.evidence_folder().glob("*/*.sealed")).read_bytes()
    assert PNG not in kept
    name, content_type = tasks.evidence(task_id, 2, to=tmp_path / "out", seen_by=clerk)
    assert (content_type, (tmp_path / "out").read_bytes()) == ("image/png", PNG)
    assert name.endswith("现场.png")
    for number, who in ((1, clerk), (2, ledger.clerk(ledger.other)), (10**12, clerk)):
        with pytest.raises(UnknownTask):
            tasks.evidence(task_id, number, to=tmp_path / "no", seen_by=who)


def test_what_office_programs_write_is_taken(tmp_path: Path) -> None:
    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    writer.write(tmp_path / "a.pdf")
    book = openpyxl.Workbook()
    book.active.append(["某市", 1])
    book.save(tmp_path / "b.xlsx")
    with zipfile.ZipFile(tmp_path / "b.xlsx", "a") as archive:
        archive.writestr("xl/printerSettings/printerSettings1.bin", b"A4")
    found = [proofs.look(tmp_path / name, today=made.TODAY) for name in ("a.pdf", "b.xlsx")]
    assert found == ["application/pdf", XLSX]


@pytest.mark.parametrize(
    ("note", "proved"),
    [
        (" ", None), ("", Proved(made.TODAY)), ("", Proved(made.TODAY + timedelta(days=1), link="https://example.org/a")),
        ("", Proved(made.TODAY, link="javascript:alert(1)")), ("", Proved(made.TODAY, link="https://x y")),
    ],
)  # fmt: skip
def test_evidence_is_a_file_or_a_link_of_a_day_that_came(ledger: Ledger, note: str, proved: Proved | None) -> None:
    with pytest.raises(Unsaid):
        task_acts.report(ledger.ids["甲事"], note=note, proved=proved, by=ledger.clerk(ledger.unit), at=made.NOW)


def test_a_plan_imported_again_adds_what_is_new_and_nothing_else(ledger: Ledger) -> None:
    task_acts.report(ledger.ids["甲事"], note="开了会", by=ledger.clerk(ledger.unit), at=made.NOW)
    rows = [["甲 事", "市乙局", "2027年1月前"], ["新事", "市甲局", "待定"], ["", "市甲局", "待定"]]
    before = Task.objects.count()
    looked = task_import.preview(_table(rows), by=made.OPERATOR)
    assert (looked.new, looked.known, looked.kept_out, Task.objects.count()) == (1, 1, 1, before)
    task_import.keep(_table(rows), by=made.OPERATOR, at=made.NOW)
    assert task_import.keep(_table(rows), by=made.OPERATOR, at=made.NOW).new == 0
    assert Task.objects.count() == before + 1
    assert _one(ledger, "甲事").state == "under-way"
    assert task_import.keep(_table(rows, "云溪市2027年计划"), by=made.OPERATOR, at=made.NOW).new == 2
    entry = AuditEntry.objects.filter(event="tasks-imported").latest("id")
    assert entry.facts == {"lines": 3, "added": 2, "known": 0, "kept_out": 1}


def test_whoever_is_not_registered_is_said_and_kept_as_words(ledger: Ledger) -> None:
    rows = [["丙事", "某平台公司、市甲局", "待定"], ["丁事", "市甲局", "尽快"]]
    looked = task_import.preview(_table(rows), by=made.OPERATOR)
    assert [[doubt.code for doubt in one.line.doubts] for one in looked.lines] == [
        ["unknown-owner"],
        ["deadline-unclear"],
    ]
    assert (looked.new, looked.doubtful, looked.kept_out) == (2, 2, 0)


def test_one_task_by_hand_is_entered_once(ledger: Ledger) -> None:
    wanted = {
        "ledger": "云溪市2026年计划",
        "text": "手工的事",
        "leads": [ledger.unit.code],
        "by": made.OPERATOR,
        "at": made.NOW,
    }
    first = task_import.add(due_on=date(2026, 7, 1), is_ongoing=True, **wanted)
    assert task_import.add(**wanted) == first
    one = tasks.find(first, today=made.TODAY, seen_by=made.OPERATOR)[0]
    assert (one.number, one.deadline_words, one.due_on) == (7, "2026年7月1日前，持续推进", date(2026, 7, 1))
    with pytest.raises(Unsaid):
        task_import.add(**(wanted | {"text": " "}))


def test_pages_go_on_and_words_are_found(ledger: Ledger) -> None:
    first, _ = tasks.listing(Asked(), today=made.TODAY, seen_by=made.OPERATOR, limit=4)
    rest, tally = tasks.listing(Asked(), today=made.TODAY, seen_by=made.OPERATOR, after=first[-1].id, limit=4)
    assert ([one.text for one in rest], tally.total) == (["县里的事", "没人的事"], 6)
    assert _seen(made.OPERATOR, words="县里") == ["县里的事"]
    assert _seen(made.OPERATOR, ledger="别的计划") == []
    assert tasks.ledgers(seen_by=made.OPERATOR) == ["云溪市2026年计划"]


def test_the_ledger_as_a_workbook(ledger: Ledger, tmp_path: Path) -> None:
    task_acts.report(ledger.ids["甲事"], note="=1+1 开了会", by=ledger.clerk(ledger.unit), at=made.NOW)
    count = task_export.write(Asked(), to=tmp_path / "t.xlsx", today=made.TODAY, seen_by=made.OPERATOR)
    rows = [[cell.value for cell in row] for row in openpyxl.load_workbook(tmp_path / "t.xlsx").active.iter_rows()]
    assert count == len(rows) - 1 == 6
    assert rows[1][4:] == [
        "甲事", "云溪市甲局", "", "2026年5月前", "2026-05-31", "推进中", "逾期", 0, "2026-06-15 =1+1 开了会",
    ]  # fmt: skip
    assert AuditEntry.objects.filter(event="tasks-exported").latest("id").facts == {"rows": 6}


def test_the_city_says_its_plan_once(ledger: Ledger) -> None:
    for _ in range(2):
        city_tasks.say(today=made.TODAY, by=made.SYSTEM)
    found, tally = tasks.listing(Asked(ledger="云溪市2026年信用工作任务分解"), today=made.TODAY, seen_by=made.SYSTEM)
    assert (len(found), tally.overdue, tally.near, tally.done, tally.reported) == (9, 2, 1, 1, 1)


def test_departments_are_told_once_what_is_near_or_overdue(ledger: Ledger) -> None:
    """The day is 2026-06-15: of 甲局 a task has been overdue since May, one of both is due on the 20th; the counties' since May."""

    def told(unit: SourceUnit) -> list[tuple[Kind, str]]:
        return sorted((one.kind, one.link) for one in notices.inbox(seen_by=ledger.clerk(unit)))

    late, near = (f"/office/tasks/{ledger.ids[text]}/" for text in ("甲事", "同办"))
    counties = f"/office/tasks/{ledger.ids['县里的事']}/"
    assert task_reminders.tell(by=made.SYSTEM, at=made.NOW) == (2, 2)
    assert task_reminders.tell(by=made.SYSTEM, at=made.NOW) == (0, 0)
    assert told(ledger.unit) == [(Kind.TASK_NEAR, near), (Kind.TASK_OVERDUE, late)]
    assert told(ledger.other) == [(Kind.TASK_NEAR, near)]
    assert told(ledger.county) == [(Kind.TASK_OVERDUE, counties)]
    # What was reported is not asked for again; a new deadline passed is.
    task_acts.report(ledger.ids["同办"], note="完成。", proved=LINK, is_done=True, by=made.OPERATOR, at=made.NOW)
    assert task_reminders.tell(by=made.SYSTEM, at=made.NOW + timedelta(days=6)) == (0, 0)
    with pytest.raises(NotAllowed):
        task_reminders.tell(by=made.OPERATOR, at=made.NOW)


def test_a_reminder_that_leaves_the_platform_says_nothing_that_was_typed(ledger: Ledger) -> None:
    task_reminders.tell(by=made.SYSTEM, at=made.NOW)
    first = Notice.objects.filter(kind=Kind.TASK_OVERDUE).first()
    assert first is not None
    assert set(outgoing(Kind(first.kind), first.facts)) == {"number", "due"}


def test_what_has_been_overdue_for_long_is_left_to_the_ledger(ledger: Ledger) -> None:
    assert task_reminders.tell(by=made.SYSTEM, at=made.NOW + timedelta(days=60)) == (0, 0)
