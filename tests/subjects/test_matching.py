"""A name without a code makes explained candidates; a desk's judgement stands until it is undone."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, transaction

from tests.subjects.conftest import code
from xinyong.security import audit
from xinyong.security.access import Actor, NotAllowed, Role, system
from xinyong.subjects import matching
from xinyong.subjects.models import Judgement

Register = Callable[..., dict[str, int]]
DESK = Actor(role=Role.OPERATOR, name="desk")
UNIT = Actor(role=Role.SOURCE_UNIT, name="unit", department="x")


@pytest.fixture
def known(registered: Register) -> dict[str, int]:
    return registered(
        {"code": code(1), "name": "云溪市星河科技有限公司", "former_names": ["云溪市银汉网络有限公司"]},
        {"code": code(2), "name": "云溪市兴和科技有限公司"},
        {"code": code(3), "name": "云溪市星河商贸有限公司"},
        {"code": code(4), "name": "云溪市绿源种植专业合作社", "status": "注销"},
        {"code": code(5), "name": "云溪市永晟建筑工程有限公司"},
    )


def reasons(candidate: matching.Candidate) -> set[str]:
    return {reason.code for reason in candidate.reasons}


def test_the_same_name_is_the_first_candidate_and_says_so(known: dict[str, int]) -> None:
    found = matching.candidates("雲溪市星河科技有限公司")
    assert (found[0].code, reasons(found[0])) == (code(1), {"same-name"})
    assert found[0].score > found[1].score
    former = matching.candidates("云溪市银汉网络有限公司")[0]
    assert (former.code, former.name, reasons(former)) == (code(1), "云溪市星河科技有限公司", {"same-former-name"})


@pytest.mark.parametrize(
    ("typed", "meant", "reason"),
    [
        ("云溪市星河科技有限责任公司", 1, "other-legal-form"),
        ("云溪市心河科技有限公司", 1, "alike"),
        ("云溪市星和科技有限公司", 1, "same-sound"),
        ("星河科技公司", 1, "same-trade-name"),
        ("云溪市永昇建筑工程有限公司", 5, "same-industry"),
        ("云溪市绿源种植合作社", 4, "ended"),
    ],
)
def test_a_name_written_a_little_otherwise_finds_its_organisation_with_the_reason(
    known: dict[str, int], typed: str, meant: int, reason: str
) -> None:
    found = matching.candidates(typed)
    assert code(meant) in [candidate.code for candidate in found[:2]]
    candidate = next(candidate for candidate in found if candidate.code == code(meant))
    assert reason in reasons(candidate)
    assert candidate.score == pytest.approx(sum(r.weight for r in candidate.reasons), abs=0.001)
    assert all(r.zh and r.en for r in candidate.reasons)


def test_an_unlike_name_has_no_candidates_and_the_limit_holds(known: dict[str, int]) -> None:
    assert matching.candidates("甲乙丙丁戊己庚辛") == []
    assert matching.candidates("") == []
    assert len(matching.candidates("云溪市星河科技有限公司", limit=1)) == 1


def test_a_judgement_stands_until_it_is_undone_and_nothing_is_lost(known: dict[str, int]) -> None:
    one, three = known[code(1)], known[code(3)]
    best = matching.candidates("云溪市星河科技")[0]
    matching.judge(7, 12, one, matching.Verdict.CANDIDATE, system("intake"), score=best.score, reasons=best.reasons)
    same = matching.judge(7, 12, one, matching.Verdict.SAME, DESK)
    assert matching.linked(7) == {12: one}
    with pytest.raises(matching.AlreadyJudged):
        matching.judge(7, 12, three, matching.Verdict.SAME, DESK)
    undoing = matching.undo(same, DESK)
    assert matching.linked(7) == {}
    matching.judge(7, 12, three, matching.Verdict.SAME, DESK)
    assert matching.linked(7) == {12: three}
    history = matching.judgements(7, 12, seen_by=DESK)
    assert [(j.verdict, j.is_undone) for j in history] == [
        ("candidate", False), ("same", True), ("candidate", False), ("same", False),
    ]  # fmt: skip
    assert history[0].reasons[0]["zh"]
    assert (history[2].id, history[2].undoes) == (undoing, same)


def test_what_is_undone_is_not_undone_again(known: dict[str, int]) -> None:
    same = matching.judge(7, 1, known[code(1)], "same", DESK)
    undoing = matching.undo(same, DESK)
    for judgement_id in (same, undoing):
        with pytest.raises(matching.AlreadyUndone):
            matching.undo(judgement_id, DESK)
    with pytest.raises(matching.UnknownJudgement):
        matching.undo(0, DESK)


def test_only_the_desk_judges_and_each_act_stands_in_the_log(known: dict[str, int]) -> None:
    for act in (
        lambda: matching.judge(7, 1, known[code(1)], "same", UNIT),
        lambda: matching.undo(1, UNIT),
        lambda: matching.judgements(7, 1, seen_by=UNIT),
    ):
        with pytest.raises(NotAllowed):
            act()
    matching.undo(matching.judge(7, 1, known[code(1)], "same", DESK), DESK)
    events = [entry.event for entry in audit.entries(seen_by=system("test"))]
    assert events[:2] == ["link-undone", "link-judged"]


def test_judgements_are_only_added(known: dict[str, int]) -> None:
    matching.judge(7, 1, known[code(1)], "same", DESK)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Judgement.objects.update(verdict="different")
