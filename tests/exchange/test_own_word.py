"""At the machines' door an organisation's own word carries its label, and no program can hand it in."""

from pathlib import Path

from tests.exchange.conftest import Door
from tests.intake import declaring
from xinyong.intake import voluntary_desk
from xinyong.kernel import clock


def test_the_label_stands_beside_the_record(door: Door, tmp_path: Path) -> None:
    one = declaring.declare(declaring.speaks_for(door.organisation, tmp_path), tmp_path)

    def told() -> dict[str, object]:
        file = door.full.get(f"/organisations/{door.organisation.code}").json()
        (section,) = [each for each in file["sections"] if each["section"] == "self-declared"]
        others = [each for part in file["sections"] if part is not section for each in part["records"]]
        assert all(each["declared"] is None for each in others)
        (record,) = section["records"]
        found: dict[str, object] = record["declared"]
        return found

    assert told() == {
        "is_checked": False, "checked_by": "", "checked_on": None, "label_zh": "自主申报 · 未经核实",
        "label_en": "Self-declared · not verified",
    }  # fmt: skip
    voluntary_desk.check(
        one.id, after=1, unit="云溪市信用中心", basis="与公开查询结果一致", by=declaring.made.OPERATOR, at=clock.now()
    )
    now = told()
    assert (now["is_checked"], now["checked_by"], now["checked_on"]) == (True, "云溪市信用中心", str(clock.today()))
