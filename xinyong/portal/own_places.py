"""Where the own area's navigation leads, and who sees which of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from xinyong.security.access import Action, Actor, Role, may

if TYPE_CHECKING:  # the name exists in the stubs only
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class Place:
    """A page and the pages that belong to it: those under its address, and under others (``also``); its own only if ``is_alone``."""

    href: str
    title: "_StrPromise"
    action: Action
    also: tuple[str, ...] = ()
    is_alone: bool = False

    def is_at(self, path: str) -> bool:
        """True where the page of this address belongs to it."""
        return path == self.href or (not self.is_alone and path.startswith((self.href, *self.also)))


_A = Action
_RECORDS = "/own/records/"
NOTICES, CONSENTS = "/own/notices/", "/own/consents/"
_CLAIMS, _AGENTS = "/own/claims/", "/own/agents/"
#: Kinds of cases: tabs of one place.
CASES = (
    Place("/own/objections/", _("异议"), _A.OBJECT),
    Place("/own/repairs/", _("信用修复"), _A.VIEW_OWN),
    Place("/own/complaints/", _("投诉"), _A.COMPLAIN),
    Place("/own/appeals/", _("申诉"), _A.APPEAL),
)
PLACES = (
    Place("/own/", _("首页"), _A.VIEW_ABOUT_ME, is_alone=True),
    Place(_RECORDS, _("本单位信息"), _A.VIEW_ABOUT_ME, ("/own/leave",)),
    Place("/own/access-log/", _("谁查过我"), _A.VIEW_ACCESS_LOG),
    Place(CONSENTS, _("我的授权"), _A.GIVE_CONSENT, ("/own/honours/",)),
    Place(CASES[0].href, _("我的办件"), _A.OBJECT, tuple(one.href for one in CASES)),
    Place("/own/reports/", _("报告与证明"), _A.VIEW_OWN),
    Place("/own/declarations/", _("自主申报"), _A.VIEW_OWN, ("/own/new/",)),
    Place(NOTICES, _("通知"), _A.READ_OWN_NOTICES),
    Place(_CLAIMS, _("认领单位"), _A.CLAIM_ORGANISATION),
    Place(_AGENTS, _("经办人"), _A.APPOINT_AGENTS),
)


def navigation(who: Actor, path: str, *, may_appoint: bool) -> dict[str, Any]:
    """What a page's frame shows: the places that are open, where one is, and the tabs among the kinds of cases."""
    is_person = who.role is Role.PERSON
    shut = {_AGENTS} if not may_appoint else set()
    if not is_person or who.guardianship is not None:
        shut.add(_CLAIMS)  # one claims as oneself
    tabs = [one for one in CASES if may(who, one.action)]
    return {
        "own_places": [
            {
                "href": one.href, "is_here": one.is_at(path), "is_inbox": one.href == NOTICES,
                "is_consents": one.href == CONSENTS,
                "title": _("我的信息") if is_person and one.href == _RECORDS else one.title,
            }
            for one in PLACES if may(who, one.action) and one.href not in shut
        ],
        "own_tabs": [
            {"href": one.href, "title": one.title, "is_here": one.is_at(path)} for one in tabs
        ] if len(tabs) > 1 and path in {one.href for one in CASES} else [],
    }  # fmt: skip
