"""What a program is told beside a record: that its subject objects to it, and what it says where the record stays as it is."""

from pathlib import Path
from typing import Any

from tests.exchange.conftest import Door
from tests.rights import objecting
from tests.rights.objecting import CENTRE, Matter, desk, lodge, own
from xinyong.rights import objection, objection_desk

_SAID = "本单位认为罚款金额有误，已提起行政复议。"


def _record(door: Door, one: Matter) -> dict[str, Any]:
    file = door.full.get(f"/organisations/{one.who.code}").json()
    return next(each for section in file["sections"] for each in section["records"] if section["section"] == "penalty")


def _shared(door: Door, one: Matter) -> dict[str, Any]:
    body = {"code": one.who.code, "purpose": "objection", "note": "办理异议 2026-1 号"}
    file = door.full.call("POST", "/look-ups", body).json()
    return next(each for section in file["sections"] for each in section["records"] if section["section"] == "penalty")


def test_the_mark_comes_and_goes_and_the_statement_stays(door: Door, tmp_path: Path) -> None:
    one = objecting.matter(tmp_path)
    assert (_record(door, one)["is_disputed"], _record(door, one)["statement"]) == (False, "")
    case = lodge(one)
    for found in (_record(door, one), _shared(door, one)):
        assert (found["is_disputed"], "disputed" in found["marks"]) == (True, True)
    case = desk(CENTRE, objection_desk.decide, case, outcome="refuse", changes={}, reason="与处罚决定书一致")
    own(one, objection.state_disagreement, case, text=_SAID)
    for found in (_record(door, one), _shared(door, one)):
        assert (found["is_disputed"], "disputed" in found["marks"], found["statement"]) == (False, False, _SAID)
