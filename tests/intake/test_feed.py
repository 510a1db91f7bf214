"""The change feed of the register: in order, each once, whatever is sent twice, late, wrong or killed."""

import itertools
import json
import random
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from click.testing import CliRunner, Result
from django.db import connection

from tests.intake import made
from tests.intake.made import HandIn, Organisation
from xinyong.intake import feed, jobs, submit
from xinyong.intake import models as models_of_intake
from xinyong.intake.feed import Answer, Change
from xinyong.intake.models import Submission
from xinyong.kernel import clock
from xinyong.operations import command
from xinyong.operations.feed import NoEvent
from xinyong.records import archive
from xinyong.security.access import Actor, NotAllowed, Role
from xinyong.security.identity import SourceUnit
from xinyong.subjects import changes, models, registry, search, succession

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")

READER = Actor(role=Role.PUBLIC, name="public")


@dataclass(slots=True)
class Authority:
    """A registration authority that numbers what it sends."""

    unit: SourceUnit
    numbers: "itertools.count[int]"

    def event(self, kind: str, who: Organisation | str, *, on: str = "2026-06-12", **parts: Any) -> Change:
        """The next event."""
        number = next(self.numbers)
        code = who if isinstance(who, str) else who.code
        choices = {"row": {}, "successors": (), "instrument": "", "undoes": ""} | parts
        return Change(number, f"E-{number}", kind, date.fromisoformat(on), code, **choices)

    def new(self, who: Organisation, **row: Any) -> Change:
        """It is registered."""
        return self.event("new", who, row={"ZTMC": who.name, "CLRQ": "2020-01-02", "XZQH": "990102"} | row)

    def send(self, *events: Change, now: datetime | None = None) -> list[Answer]:
        """The answers."""
        by = Actor(role=Role.CLIENT, name="a-program", department=self.unit.code)
        return feed.receive(events, source_code=self.unit.code, by=by, received_at=now or clock.now())[0]

    @property
    def state(self) -> changes.State:
        """How far the feed is."""
        return feed.state(source_code=self.unit.code, seen_by=made.SYSTEM, now=clock.now()).state


@pytest.fixture
def authority() -> Authority:
    return Authority(made.department(), itertools.count(1))


def outcomes(answers: list[Answer]) -> list[str]:
    """In order."""
    return [one.outcome for one in answers]


def entry(who: Organisation) -> dict[str, str]:
    """What the register's record says of an organisation."""
    found = registry.subject(who.code, seen_by=READER)
    return archive.standing([found.id], item_id=feed.ITEM, seen_by=made.SYSTEM)[found.id]


def test_events_change_the_register_and_its_record_in_order(authority: Authority) -> None:
    who = made.organisation()
    told = authority.send(
        authority.new(who, ZCDZ="示例路1号"),
        authority.event("renamed", who, on="2026-06-10", row={"ZTMC": "云溪市新名示例有限公司"}),
        authority.event("moved", who, row={"XZQH": "990103", "ZCDZ": "示例路2号"}),
        authority.event("revoked", who, on="2026-06-13"),
        authority.event("restored", who, on="2026-06-14"),
        authority.event("cancelled", who, on="2026-06-15"),
    )
    assert outcomes(told) == ["applied"] * 6
    found = registry.subject(who.code, seen_by=READER)
    assert (found.name, found.status, found.region_code) == ("云溪市新名示例有限公司", "cancelled", "990103")
    assert (found.registered_on, found.ended_on) == (date(2020, 1, 2), date(2026, 6, 15))
    names = registry.names_of(found.id)
    assert [(one.name, one.valid_from, one.valid_to) for one in names] == [
        ("云溪市新名示例有限公司", date(2026, 6, 10), None),
        (who.name, None, date(2026, 6, 10)),
    ]
    record = entry(who)
    assert (record["ZTMC"], record["ZCDZ"], record["ZXRQ"]) == ("云溪市新名示例有限公司", "示例路2号", "2026-06-15")
    assert (record["HZRQ"], record["CLRQ"], record["XZQH"]) == ("2026-06-15", "2020-01-02", "990103")


def test_a_value_that_comes_back_is_a_change_again(authority: Authority) -> None:
    who = made.organisation()
    first, second = {"ZCDZ": "示例路1号"}, {"ZCDZ": "示例路2号"}
    authority.send(authority.new(who, **first))
    for row in (second, first, second, first):
        assert outcomes(authority.send(authority.event("moved", who, row=row, on="2026-06-12"))) == ["applied"]
        assert entry(who)["ZCDZ"] == row["ZCDZ"]


def test_beyond_a_gap_it_waits_and_goes_in_when_the_gap_closes(authority: Authority) -> None:
    who = made.organisation()
    one, two = authority.new(who), authority.event("renamed", who, row={"ZTMC": "云溪市二号示例有限公司"})
    three = authority.event("renamed", who, row={"ZTMC": "云溪市三号示例有限公司"})
    assert outcomes(authority.send(three)) == ["waiting"]
    assert outcomes(authority.send(one)) == ["applied"]
    state = authority.state
    assert (state.position, state.gap, state.waiting, state.received_up_to) == (1, (2, 2), 1, 3)
    assert registry.subject(who.code, seen_by=READER).name == who.name
    assert outcomes(authority.send(two)) == ["applied"]
    assert (authority.state.position, authority.state.gap) == (3, None)
    assert registry.subject(who.code, seen_by=READER).name == "云溪市三号示例有限公司"


def test_sent_again_it_happens_once_and_other_content_is_a_conflict(authority: Authority) -> None:
    who = made.organisation()
    event = authority.new(who)
    assert [(one.outcome, one.is_repeated) for one in authority.send(event, event)] == [
        ("applied", False), ("applied", True)
    ]  # fmt: skip
    count = Submission.objects.count()
    assert [(one.outcome, one.is_repeated) for one in authority.send(event)] == [("applied", True)]
    other = replace(event, row={"ZTMC": "云溪市冒名示例有限公司", "CLRQ": "2020-01-02"})
    renumbered = replace(event, sequence=next(authority.numbers))
    assert outcomes(authority.send(other, renumbered)) == ["conflict", "conflict"]
    assert (Submission.objects.count(), authority.state.position) == (count, 1)
    assert registry.subject(who.code, seen_by=READER).name == who.name


def test_what_is_wrong_is_refused_with_its_reason_and_holds_nobody_up(authority: Authority) -> None:
    good, nobody = made.organisation(), made.organisation()
    wrong = [
        authority.new(good),
        authority.event(
            "renamed", nobody, row={"ZTMC": "云溪市无人示例有限公司"}
        ),  # never registered: no day of founding
        authority.new(made.organisation(), CLRQ="2026-02-30"),
        authority.event("renamed", good, row={}),
        authority.event("changed", good, row={"NOT_A_FIELD": "1"}),
        authority.event("changed", good, row={"TYSHXYDM": nobody.code}),
        authority.event("merged", good),
        authority.event("undone", good, undoes="E-999"),
        authority.event("absorbed", good, successors=(nobody.code,)),
        authority.event("changed", good, on="2026-06-16"),
    ]
    told = authority.send(*wrong, authority.event("cancelled", good))
    assert outcomes(told) == ["applied", *["refused"] * (len(wrong) - 1), "applied"]
    assert [one.reasons[0]["rule"] for one in told[1:-1]] == [
        "V01-required", "V06-date", "feed-brings-nothing", "feed-unknown-field", "feed-two-codes", "feed-no-successor",
        "subjects.unknown-succession", "subjects.no-succession", "feed-not-yet",
    ]  # fmt: skip
    assert all(one.reasons[0]["zh"] and one.reasons[0]["en"] for one in told[1:-1])
    listed = feed.refused(source_code=authority.unit.code, seen_by=made.OPERATOR)
    assert [one.sequence for one in listed] == list(range(len(wrong), 1, -1))


def test_a_natural_person_is_refused_and_nothing_of_them_is_kept(authority: Authority) -> None:
    person = made.person()
    told = authority.send(
        authority.event("new", person.number, row={"ZTMC": person.name, "CLRQ": "2020-01-02"}),
        authority.event("absorbed", made.organisation(), successors=(person.number,)),
        authority.event("cancelled", made.organisation(), instrument=f"示字{person.number}号"),
    )
    assert outcomes(told) == ["refused"] * 3
    assert told[0].reasons[0]["rule"] == "feed-not-an-organisation"
    kept = [one.content.decode() for one in changes.of_run(changes.Run(1, 3, 0), authority.unit.id)]
    assert not [one for one in kept if person.number in one or person.name in one]
    assert models.Change.objects.get(source_id=authority.unit.id, sequence=1).code == ""


def test_one_authority_never_overwrites_what_another_reported(authority: Authority) -> None:
    who, other = made.organisation(), Authority(made.department(), itertools.count(1))
    authority.send(authority.new(who, ZCDZ="示例路1号"))
    (told,) = other.send(other.new(who, ZCDZ="示例路9号"))
    assert (told.outcome, told.reasons[0]["rule"]) == ("refused", "V11-other-source")
    assert told.submission_id is not None
    waiting = models_of_intake.WaitingRow.objects.filter(submission_id=told.submission_id)
    assert [one.closed_at is not None for one in waiting] == [True], "from the desk it would come in late, and stale"
    assert entry(who)["ZCDZ"] == "示例路1号"


def test_only_the_department_itself_sends_and_only_the_operator_skips(authority: Authority) -> None:
    who = made.organisation()
    stranger = Actor(role=Role.CLIENT, name="x", department=made.department().code)
    with pytest.raises(NotAllowed):
        feed.receive([authority.new(who)], source_code=authority.unit.code, by=stranger, received_at=clock.now())
    bound = Actor(role=Role.CLIENT, name="x", department=authority.unit.code, items=frozenset({"admin-penalty-org"}))
    with pytest.raises(NotAllowed):
        feed.state(source_code=authority.unit.code, seen_by=bound, now=clock.now())
    with pytest.raises(NotAllowed):
        feed.skip(source_code=authority.unit.code, until=5, reason="x", by=made.AUDITOR, now=clock.now())
    assert authority.state.received_up_to == 0


def test_a_gap_that_lasts_is_told_and_skipped_with_a_reason(
    authority: Authority, on_the_day: time_machine.Traveller
) -> None:
    who = made.organisation()
    lost, waits = authority.event("new", made.organisation()), authority.new(who)
    authority.send(waits)
    codes_late = lambda: [one.source_code for one in feed.late(now=clock.now() + timedelta(hours=1))]  # noqa: E731
    assert authority.unit.code not in [one.source_code for one in feed.late(now=clock.now())]
    assert authority.unit.code in codes_late()
    with pytest.raises(changes.NoGap):
        feed.skip(source_code=authority.unit.code, until=2, reason="太远", by=made.OPERATOR, now=clock.now())
    assert feed.skip(
        source_code=authority.unit.code, until=1, reason="对方确认作废", by=made.OPERATOR, now=clock.now()
    ) == (1, 1)
    assert registry.subject(who.code, seen_by=READER).name == who.name
    assert authority.unit.code not in codes_late()
    assert outcomes(authority.send(lost)) == ["skipped"]


def test_a_number_far_beyond_is_a_mistake_and_nothing_is_taken(authority: Authority) -> None:
    event = authority.new(made.organisation())
    with pytest.raises(feed.TooFarAhead):
        authority.send(event, replace(event, sequence=10**9, event_id="far"))
    assert authority.state.received_up_to == 0


def test_the_record_of_changes_only_grows(authority: Authority) -> None:
    a, b = made.organisation(), made.organisation()
    authority.send(authority.new(a), authority.new(b), authority.event("absorbed", a, successors=(b.code,)))
    for table in ("subjects_change", "subjects_changerun", "subjects_changeoutcome", "subjects_succession"):
        for act in (f'UPDATE "{table}" SET id = id', f'DELETE FROM "{table}"'):
            with pytest.raises(Exception, match=r"only added|permission denied"), connection.cursor() as cursor:
                cursor.execute(act)


@pytest.mark.parametrize("moment", ["kept", "entered", "half-worked", "worked"])
def test_killed_at_any_step_the_next_call_finishes_and_nothing_happens_twice(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    class Killed(BaseException):
        """The process is gone."""

    def dies(*_: object, **__: object) -> None:
        raise Killed

    who = [made.organisation() for _ in range(4)]
    events = [authority.new(one) for one in who]
    events.append(authority.event("renamed", who[0], row={"ZTMC": "云溪市更名示例有限公司"}))
    module, name = {
        "kept": (feed, "advance"), "entered": (submit, "run"), "half-worked": (submit, "_finish"), "worked": (changes, "settle"),
    }[moment]  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr(module, name, dies)
        with pytest.raises(Killed):
            authority.send(*events)
    assert authority.state.position == 0
    jobs.advance_feeds(0)
    assert authority.state.position == 5
    told = authority.send(*events)
    assert [(one.outcome, one.is_repeated) for one in told] == [("applied", True)] * 5
    assert len({one.submission_id for one in told}) == 2
    assert registry.subject(who[0].code, seen_by=READER).name == "云溪市更名示例有限公司"
    with connection.cursor() as cursor:
        subjects = [registry.subject(one.code, seen_by=READER).id for one in who]
        cursor.execute("SELECT count(*), max(version) FROM record WHERE subject_id = ANY(%s)", [subjects])
        assert cursor.fetchone() == (5, 2)


def test_events_one_by_one_leave_the_register_as_files_do(authority: Authority, hand_in: HandIn) -> None:
    """What a random history leaves is what the register's file of each day would have left."""
    chance = random.Random(20260622)
    by_feed = [made.organisation() for _ in range(6)]
    by_file = [Organisation(made.code_of(), one.name) for one in by_feed]
    filed = made.department()
    state: list[dict[str, str]] = [
        {"ZTMC": one.name, "CLRQ": "2020-01-02", "XZQH": "990102", "JYZT": "存续"} for one in by_feed
    ]
    events = [authority.new(one, **row) for one, row in zip(by_feed, state, strict=True)]
    authority.send(*events)
    hand_in([{"TYSHXYDM": b.code, **row} for b, row in zip(by_file, state, strict=True)], feed.ITEM, filed)
    for day in ("2026-06-08", "2026-06-09", "2026-06-10"):
        batch = []
        for place, who in enumerate(by_feed):
            kind = chance.choice(["renamed", "moved", "cancelled", "revoked", "restored", "changed"])
            row = {
                "renamed": {"ZTMC": f"云溪市第{place}{day[-1]}示例有限公司"}, "moved": {"XZQH": "990103", "ZCDZ": f"示例路{day}号"},
                "changed": {"JYFW": f"示例{day}", "ZCZB": None},
            }.get(kind, {})  # fmt: skip
            batch.append(authority.event(kind, who, on=day, row=row))
            state[place] |= {"HZRQ": day} | {
                "cancelled": {"JYZT": "注销", "ZXRQ": day}, "revoked": {"JYZT": "吊销", "ZXRQ": day},
                "restored": {"JYZT": "存续", "ZXRQ": ""},
            }.get(kind, {code: value or "" for code, value in row.items()})  # fmt: skip
        assert set(outcomes(authority.send(*batch))) == {"applied"}
        rows = [{"TYSHXYDM": b.code, **row} for b, row in zip(by_file, state, strict=True)]
        headers = list(dict.fromkeys(code for row in rows for code in row))
        assert (
            hand_in([{code: row.get(code, "") for code in headers} for row in rows], feed.ITEM, filed).counts.accepted
            == 6
        )
    for one, other in zip(by_feed, by_file, strict=True):
        left, right = (registry.subject(each.code, seen_by=READER) for each in (one, other))
        same = ("name", "subject_class", "status", "region_code", "registered_on", "ended_on")
        assert [getattr(left, name) for name in same] == [getattr(right, name) for name in same]
        assert registry.names_of(left.id) == registry.names_of(right.id)
        assert entry(one) | {"TYSHXYDM": ""} == entry(other) | {"TYSHXYDM": ""}


def test_a_merger_is_told_both_ways_and_moves_no_record(authority: Authority) -> None:
    old, new = made.organisation(), made.organisation()
    entries = [authority.new(old), authority.new(new), authority.event("cancelled", old)]
    merger = authority.event("absorbed", old, successors=(new.code,), instrument="云市监合字〔2026〕1号")
    told = authority.send(*entries, merger, merger)
    assert outcomes(told) == ["applied"] * 5
    ids = [registry.subject(one.code, seen_by=READER).id for one in (old, new)]
    ((after,), (before,)) = (succession.of(one, known_at=clock.now()) for one in ids)
    assert (after.is_successor, after.code, after.name, after.instrument) == (
        True,
        new.code,
        new.name,
        "云市监合字〔2026〕1号",
    )
    assert (before.is_successor, before.code) == (False, old.code)
    assert "被吸收合并入" in after.sentence_zh
    found = search.find(old.name, seen_by=READER, limit=5)
    assert found.hits[0].code == old.code


def test_a_succession_is_taken_back_by_a_later_event_or_by_the_operator(authority: Authority) -> None:
    a, b, c = (made.organisation() for _ in range(3))
    entries = [authority.new(one) for one in (a, b, c)]
    split = authority.event("split", a, successors=(b.code, c.code))
    told = authority.send(*entries, split)
    assert set(outcomes(told)) == {"applied"}
    first = registry.subject(a.code, seen_by=READER).id
    assert {one.code for one in succession.of(first, known_at=clock.now())} == {b.code, c.code}
    before = clock.now()
    ring = authority.event("merged", c, successors=(a.code,))
    assert outcomes(authority.send(ring)) == ["refused"]
    assert outcomes(authority.send(authority.event("undone", a, undoes=split.event_id))) == ["applied"]
    assert succession.of(first, known_at=clock.now()) == []
    assert len(succession.of(first, known_at=before)) == 2
    assert outcomes(authority.send(authority.event("undone", a, undoes=split.event_id))) == ["refused"]
    authority.send(authority.event("converted", a, successors=(b.code,)))
    (link,) = succession.of(first, known_at=clock.now())
    succession.undo(link.id, reason="登记有误", by=made.OPERATOR, at=clock.now())
    assert succession.of(first, known_at=clock.now()) == []
    with pytest.raises(succession.AlreadyUndone):
        succession.undo(link.id, reason="再一次", by=made.OPERATOR, at=clock.now())
    assert models.Succession.objects.filter(predecessor_id=first).count() == 6


def test_a_file_of_events_and_the_state_of_the_feeds_at_the_command_line(authority: Authority, tmp_path: Path) -> None:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(command.group, ["feed", *arguments])

    who = made.organisation()
    file = tmp_path / "changes.ndjson"
    events = [authority.new(who), authority.event("renamed", who, row={})]
    file.write_text("\n".join(json.dumps(one.plain(), ensure_ascii=False) for one in events) + "\n\n", encoding="utf-8")
    first = run("apply", str(file), "--source", authority.unit.code, "--json")
    said = json.loads(first.output)
    assert (first.exit_code, said["counts"]) == (1, {"applied": 1, "refused": 1})
    assert said["not_applied"][0]["reasons"][0]["rule"] == "feed-brings-nothing"
    authority.numbers = itertools.count(9)
    authority.send(authority.event("cancelled", who))
    told = json.loads(run("status", "--json").output)
    assert [one["gap"] for one in told["feeds"] if one["source"] == authority.unit.code] == [[3, 8]]
    skipped = run("skip", authority.unit.code, "--until", "8", "--reason", "对方确认作废")
    assert (skipped.exit_code, authority.state.position) == (0, 9)
    file.write_text('{"sequence": 10}\n', encoding="utf-8")
    wrong = run("apply", str(file), "--source", authority.unit.code)
    assert isinstance(wrong.exception, NoEvent)
