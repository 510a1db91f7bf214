"""分支机构 Which branches of an organisation the register knows, and who bears exactly a name.

A branch bears its organisation's whole name in front and says at the end what it is (《企业名称登记管理规定》第十三条): that is how it is
known here; no register row names its parent. A branch that was given another name is not found, and whoever prints branches says
so. Nobody is guessed: a name that two organisations bear is answered with both.
"""

from dataclasses import dataclass

from django.db import connection

from xinyong.kernel import names, sql
from xinyong.security.access import Action, Actor, require
from xinyong.subjects import registry
from xinyong.subjects.registry import SubjectView

_SQL = sql.load(__file__, "branches.sql")
#: What a branch's name ends with (第十三条: 分公司、分厂、分店等字词).
SUFFIXES = (
    "分公司", "分厂", "分店", "支公司", "分行", "支行", "分理处", "储蓄所", "营业部", "营业厅", "营业所", "办事处", "分部", "门店",
    "门市部", "分社", "分院", "分校", "服务部", "经营部", "项目部",
)  # fmt: skip
#: Branches of one organisation that are looked at.
MOST = 500
_BEYOND = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Branches:
    """The branches known here, by name. ``is_cut``: there are more."""

    known: tuple[SubjectView, ...]
    is_cut: bool = False


def of(subject: SubjectView, *, seen_by: Actor) -> Branches:
    """The branches of an organisation. Raises NotAllowed."""
    require(seen_by, Action.VIEW_PUBLIC)
    key = names.key(subject.name)
    if len(key) < 4:
        return Branches(())
    with connection.cursor() as cursor:
        cursor.execute(_SQL["below"], {"from": key, "to": key + _BEYOND, "id": subject.id, "most": MOST * 4})
        found = [pk for pk, name in cursor.fetchall() if name.strip().rstrip("）)").endswith(SUFFIXES)]
    return Branches(tuple(registry.by_id(pk) for pk in found[:MOST]), is_cut=len(found) > MOST)


def named(name: str, *, seen_by: Actor) -> list[SubjectView]:
    """Who bears exactly this name today, or, where nobody does, bore it once; brackets and blanks do not matter. Raises
    NotAllowed."""
    require(seen_by, Action.VIEW_PUBLIC)
    with connection.cursor() as cursor:
        cursor.execute(_SQL["named"], {"key": names.key(name)})
        found = cursor.fetchall()
    is_current = any(current for _, current in found)
    ids = dict.fromkeys(pk for pk, current in found if current == is_current)
    return [registry.by_id(pk) for pk in ids]
