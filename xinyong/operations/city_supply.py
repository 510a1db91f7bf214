"""Which of the synthetic city's departments may report what: two lists are not everybody's to report, and whoever sends them in
has them granted. Said before the files go in, through the same verbs as the credit centre uses.
"""

from datetime import date, datetime
from datetime import time as time_of_day
from typing import TYPE_CHECKING

from xinyong.kernel import clock
from xinyong.kernel.periods import add_months

if TYPE_CHECKING:
    from xinyong.security.access import Actor

#: item → why only some report it.
_GRANTED = {
    "abnormal-operation": "经营异常名录由登记机关列入、移出，其他单位不报送",
    "serious-dishonesty": "严重失信主体名单由认定单位报送，以全国失信惩戒措施基础清单列明的为限",
}
_BASIS = "云溪市公共信用信息目录（示例）载明的提供单位"
#: Before the city's first file.
_SINCE = -48


def say(*, subjects: int, records: int, seed: int, today: date, by: "Actor") -> None:
    """Closes the two items and grants them to those that send them. Said again, it changes nothing."""
    from xinyong.intake import supply
    from xinyong.operations.synthetic import plan
    from xinyong.operations.synthetic.organisations import City

    begin = add_months(today.replace(day=1), _SINCE)
    at = datetime.combine(begin, time_of_day(10), tzinfo=clock.ZONE)
    city = City(seed=seed, subjects=max(subjects, 1), records=max(records, 0), today=today)
    for item_id, code in sorted({(one.item_id, one.sender.code) for one in plan.files(city)}):
        if item_id in _GRANTED:
            supply.grant(item_id=item_id, source_code=code, starts_on=begin, basis=_BASIS, by=by, at=at)
    for item_id, basis in _GRANTED.items():
        supply.set_mode(item_id=item_id, mode=supply.Mode.GRANTED, basis=basis, by=by, at=at)
