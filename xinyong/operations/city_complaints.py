"""What the demo city's organisation complains about: one look of a department, which was asked to explain it.

Told by the verbs; told already, nothing is told twice. The rest is for whoever tries the pages.
"""

from typing import TYPE_CHECKING

from xinyong.kernel import clock
from xinyong.operations import city_own

if TYPE_CHECKING:
    from xinyong.rights.access_log import Line

_PURPOSE = "日常监管、抽查检查"


def say(*, account_id: int) -> int:
    """Complains about the department's look, and asks it to explain; returns how many complaints were made now."""
    from xinyong.rights import access_log, complaint, complaint_desk
    from xinyong.rights.complaint import Said
    from xinyong.security import mandates, scope
    from xinyong.security.access import Actor, Role

    now = clock.now()
    speaker = mandates.actor(Actor(role=Role.PUBLIC, name=city_own.USERNAME, account_id=account_id), at=now)
    if speaker.role is not Role.SUBJECT:  # no organisation of the city could be given to it
        return 0
    with scope.acting(speaker):
        look = _look(access_log.of(by=speaker, at=now)[0])
        if look is None:
            return 0
        said = Said("no-need", "本单位近期没有接受过检查，也没有收到检查通知，请说明查询的事由。")
        case, is_new = complaint.lodge(look.id, said, token=f"city-complaint-{look.id:06}", by=speaker, at=now)
    if is_new:
        centre = Actor(role=Role.OPERATOR, name="operator")
        with scope.acting(centre):
            complaint_desk.forward(
                case.id, note="请附检查计划", after=case.after, token=f"city-forward-{case.id:08}", by=centre, at=now
            )  # fmt: skip
    return int(is_new)


def _look(lines: "list[Line]") -> "Line | None":
    """The department's look, while nobody has complained about it."""
    return next((one for one in lines if one.purpose_zh == _PURPOSE and one.complaint is None), None)
