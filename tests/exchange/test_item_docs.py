"""The example on each item's interface page is taken by the real interface as it stands."""

import json

import pytest

from tests.exchange.conftest import Door, Program
from tests.exchange.test_handing_in import send
from tests.intake import made
from tests.intake.made import Organisation
from xinyong.catalogue import load
from xinyong.intake import usage
from xinyong.kernel import clock
from xinyong.security import identity

#: What organisations declare of themselves is handed in by nobody else.
ITEMS = {name: item for name, item in load.library().items() if not item.is_self_declared}
#: Who stands in the library's examples.
COMPANY, UNIT = Organisation("91990102MA00000070", "云溪市示例商贸有限公司"), ("11990100MA0000007B", "云溪市示例管理局")


@pytest.fixture(scope="module")
def example(door: Door) -> Program:
    made.register(COMPANY)
    unit = identity.register_department(code=UNIT[0], name=UNIT[1], by=made.SYSTEM)
    return door.program(unit=unit, scopes=[f"submit:{one}" for one in ITEMS])


@pytest.mark.parametrize("item_id", ITEMS)
def test_the_example_of_the_page_goes_in(item_id: str, example: Program) -> None:
    found = usage.of(ITEMS[item_id], on=clock.today(), origin="https://credit.example.gov.cn")
    body = found.body.replace(usage.NUMBER, made.person().number)
    answered = send(example, body.encode(), query="?test=true", key=None)
    told = json.loads(answered.content)
    assert answered.status_code == 200, told
    assert told["counts"]["rejected"] == told["counts"]["doubtful"] == 0, told["rows"]
    assert told["counts"]["accepted"] == 1
