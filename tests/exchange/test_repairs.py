"""Repairs by the interface: a recipient asks what to let go of and says that it was done; the case waits for it."""

from pathlib import Path

from tests.exchange.conftest import SYSTEM, Door, send
from tests.intake import declaring, made
from tests.rights.objecting import Matter, desk, paper, token
from xinyong.kernel import clock
from xinyong.rights import repair, repair_desk, supplied
from xinyong.rights.repair import Application
from xinyong.security import scope
from xinyong.security.access import Actor, Role


def test_what_was_repaired_is_told_and_acknowledged_once(door: Door, tmp_path: Path) -> None:
    who = made.organisation()
    made.register(who)
    row = made.penalty_row(who, door.unit)
    made.hand_in(made.csv_file(tmp_path / "rows.csv", [row]), "admin-penalty-org", door.unit)
    by = declaring.speaks_for(who, tmp_path)
    source = Actor(role=Role.SOURCE_UNIT, name="clerk", account_id=900, department=door.unit.code)
    one = Matter(who, door.unit, row, by, source, tmp_path)
    ref = one.shown.ref
    with scope.acting(by):
        said = Application("restructuring", "重整计划已获批准", "示例法人")
        case, _ = repair.apply(ref, said, papers=[paper(tmp_path)], token=token(), by=by, at=clock.now())
    case = desk(source, repair_desk.grant, desk(source, repair_desk.accept, case))
    assert case.state.id == "syncing"
    found = [each for each in door.full.get("/repairs").json()["todo"] if each["ref"] == ref]
    assert [(each["change"], each["code"], each["item_id"]) for each in found] == [
        ("conceal", who.code, "admin-penalty-org")
    ]
    receipts = {"ids": [found[0]["id"]]}
    assert door.stranger.call("POST", "/repairs/receipts", receipts).json() == {"acknowledged": 0}
    assert door.full.call("POST", "/repairs/receipts", receipts).json() == {"acknowledged": 1}
    assert door.full.call("POST", "/repairs/receipts", receipts).json() == {"acknowledged": 0}
    assert [each for each in door.full.get("/repairs").json()["todo"] if each["ref"] == ref] == []
    assert door.sandbox.get("/repairs").json()["todo"][0]["change"] == "conceal"
    assert door.sandbox.call("POST", "/repairs/receipts", {"ids": [1, 2]}).json() == {"acknowledged": 1}
    assert door.full.call("POST", "/repairs/receipts", {"ids": []}).status_code == 400


def test_a_partner_is_told_and_acknowledges_by_signed_messages_and_each_answer_says_how_many_wait(
    door: Door, tmp_path: Path
) -> None:
    who, node = made.organisation(), door.node
    made.register(who)
    supplied.say(node.code, items=["admin-penalty-org"], by=SYSTEM, at=clock.now())
    row = made.penalty_row(who, door.unit)
    made.hand_in(made.csv_file(tmp_path / "rows.csv", [row]), "admin-penalty-org", door.unit)
    by = declaring.speaks_for(who, tmp_path)
    source = Actor(role=Role.SOURCE_UNIT, name="clerk", account_id=900, department=door.unit.code)
    one = Matter(who, door.unit, row, by, source, tmp_path)
    ref = one.shown.ref
    assert send(node.signed(node.content())).json()["waiting"] == 0
    with scope.acting(by):
        said = Application("restructuring", "重整计划已获批准", "示例法人")
        case, _ = repair.apply(ref, said, papers=[paper(tmp_path)], token=token(), by=by, at=clock.now())
    desk(source, repair_desk.grant, desk(source, repair_desk.accept, case))
    told = send(node.signed(node.content())).json()
    assert (told["waiting"], told["todo"]) == (1, []), "also who only says ping is told that something waits"
    asked = send(node.signed(node.content(kind="changes-asked"))).json()
    assert [(each["change"], each["code"], each["ref"]) for each in asked["todo"]] == [("conceal", who.code, ref)]
    receipt = node.content(kind="changes-done", ids=[asked["todo"][0]["id"]])
    done = send(node.signed(receipt)).json()
    assert (done["acknowledged"], done["waiting"]) == (1, 0)
    again = send(node.signed(receipt)).json()
    assert (again["is_duplicate"], again["acknowledged"]) == (True, 0)
    assert send(node.signed(node.content(kind="changes-done", ids=[]))).status_code == 400
    assert door.full.call("POST", "/exchange/messages", {}).status_code == 401


def test_a_program_needs_no_scope_to_be_told_what_concerns_it(door: Door) -> None:
    assert door.narrow.get("/repairs").status_code == 200
