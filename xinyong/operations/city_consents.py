"""Whom the demo city's organisation authorises: a bank asked and was told yes, a department no, another request waits; the bank and a
department have looked, so that there is something to read under 谁查过我."""

from typing import TYPE_CHECKING

from xinyong.kernel import clock, codes

if TYPE_CHECKING:
    from xinyong.security.access import Actor

BANK = "云溪示例银行"
_ITEMS = ("admin-penalty-org", "honour", "organisation-register")


def say(*, account_id: int, authority: str, by: "Actor") -> None:
    """Asks, answers and looks by the verbs; said already, nothing is said twice. ``authority``: the code of a department."""
    from xinyong.rights import consent
    from xinyong.security import mandates, scope
    from xinyong.security.access import Actor, Role

    now = clock.now()
    speaker = mandates.actor(Actor(role=Role.PUBLIC, name="company", account_id=account_id), at=now)
    if speaker.role is not Role.SUBJECT or not speaker.subject_code:
        return
    with scope.acting(speaker):
        if consent.of_subject(by=speaker, at=now).requests:
            return
    bank = Actor(role=Role.CLIENT, name="city-bank", department=_bank(by))
    clerk = Actor(role=Role.SOURCE_UNIT, name="city-clerk", department=authority)
    asked = _ask(bank, speaker.subject_code, "loan", _ITEMS, 365, "将改为线下提交纸质材料核验")
    again = _ask(clerk, speaker.subject_code, "award", ("honour",), 90, "将只看公示信息")
    _ask(clerk, speaker.subject_code, "tender", ("admin-penalty-org", "honour"), 180, "请自行提交信用报告")
    with scope.acting(speaker):
        consent.give(asked, by=speaker, at=clock.now())
        consent.refuse(again, by=speaker, at=clock.now())
    _look(bank, speaker.subject_code, "loan", "示例授信〔2026〕18号")
    _look(clerk, speaker.subject_code, "inspection", "示例检查〔2026〕6号")


def _ask(by: "Actor", code: str, purpose: str, items: tuple[str, ...], days: int, without: str) -> int:
    from xinyong.rights import consent, whose
    from xinyong.security import scope

    with scope.acting(by):
        about = whose.find(code=code, by=by)
        return consent.ask(
            about, purpose=purpose, items=items, days=days, without=without, by=by, at=clock.now()
        ).id  # fmt: skip


def _look(by: "Actor", code: str, purpose: str, note: str) -> None:
    from xinyong.rights import queries, whose
    from xinyong.security import scope

    with scope.acting(by):
        about = whose.find(code=code, by=by)
        queries.query(about, purpose=purpose, note=note, seen_by=by, at=clock.now())


def _bank(by: "Actor") -> str:
    """The code of the bank, which is registered as a unit so that it can be given a program."""
    from xinyong.security import identity

    first = "MA99B001"
    body = f"91990100{first}{codes.org_check(first)}"
    code = body + codes.check_character(body)
    if code not in {one.code for one in identity.source_units()}:
        identity.register_department(code=code, name=BANK, region_code="990100", by=by)
    return code
