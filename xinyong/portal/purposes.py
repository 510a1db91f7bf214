"""查询目的 For what files may be looked into, by whom, on which law: the register of purposes, for anybody to read."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from xinyong.kernel import clock
from xinyong.kernel.errors import NotFound
from xinyong.portal import answer
from xinyong.records import dossier
from xinyong.rights import purposes
from xinyong.rights.purposes import Purpose
from xinyong.security.access import Action, Role, access
from xinyong.web.limits import limited

#: Who uses a purpose, in the words of somebody who is looked at.
_USERS = {
    Role.SOURCE_UNIT: gettext_lazy("单位的工作人员"), Role.READER: gettext_lazy("单位的工作人员"),
    Role.OPERATOR: gettext_lazy("信用中心"), Role.CLIENT: gettext_lazy("单位的信息系统"),
}  # fmt: skip
#: What a unit's code begins with says who registered it (GB 32100-2015).
_UNITS = {"1": gettext_lazy("机关、事业单位"), "5": gettext_lazy("社会组织"), "9": gettext_lazy("企业（如银行）")}


class UnknownPurpose(NotFound):
    """The register has no such purpose."""

    code = "portal.unknown-purpose"


@dataclass(frozen=True, slots=True)
class _Shown:
    """An edition with what is said of it."""

    purpose: Purpose
    is_in_force: bool
    authorisation: str
    users: str
    units: str
    sections: str


@access(Action.VIEW_PUBLIC)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Every purpose, those in force first."""
    shown = [_shown(newest) for newest, _ in purposes.published(on=clock.today())]
    context = {"now": [one for one in shown if one.is_in_force], "rest": [one for one in shown if not one.is_in_force]}
    return answer.page(request, "portal/purposes.html", context)


@access(Action.VIEW_PUBLIC)
@require_GET
def one(request: HttpRequest, which: str) -> HttpResponse:
    """One purpose: its law, its users, its items by name, its earlier editions. Raises UnknownPurpose."""
    today = clock.today()
    found = next((each for each in purposes.published(on=today) if each[0].id == which), None)
    if found is None:
        raise UnknownPurpose(
            "目的登记簿里没有这个目的。请从登记簿中选择。", "The register has no such purpose. Choose one of it."
        )
    newest, earlier = found
    reached = purposes.reached(newest, on=today)
    context = {
        "shown": _shown(newest), "earlier": [_shown(each) for each in earlier],
        "persons": [answer.word(each.title_zh, each.title_en) for each in reached if each.is_about_persons],
        "organisations": [answer.word(each.title_zh, each.title_en) for each in reached if not each.is_about_persons],
    }  # fmt: skip
    return answer.page(request, "portal/purpose.html", context)


@access(Action.VIEW_PUBLIC)
@require_GET
@limited("verify")
def file(request: HttpRequest) -> JsonResponse:
    """The whole register for programs, with every edition."""
    today = clock.today()
    said = [
        purposes.plain(newest, on=today) | {"earlier": [purposes.plain(each, on=today) for each in earlier]}
        for newest, earlier in purposes.published(on=today)
    ]
    response = JsonResponse({"as_of": today.isoformat(), "purposes": said}, json_dumps_params={"ensure_ascii": False})
    response["Cache-Control"] = f"public, max-age={answer.KEPT}"
    return response


def _shown(one: Purpose) -> _Shown:
    users = dict.fromkeys(str(words) for role, words in _USERS.items() if role in one.roles)
    units = [str(_UNITS.get(each, each)) for each in one.units]
    sections = (
        []
        if one.sections is None
        else [answer.word(*words) for each, words in dossier.SECTIONS.items() if each in one.sections]
    )
    mark = answer.word("、", ", ")
    return _Shown(
        one,
        one.holds(clock.today()),
        purposes.authorisation(one),
        mark.join(users),
        mark.join(units),
        mark.join(sections),
    )
