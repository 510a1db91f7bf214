"""How a case is shown at both doors: its stepper, its statutory clock in one line, the words of what was said in a step."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Protocol, TypeVar

from django.utils.translation import get_language, gettext

from xinyong.catalogue import publish
from xinyong.workflow.case_view import CaseView, SeenCase, StepView
from xinyong.workflow.deadlines import TermView
from xinyong.workflow.definition import Party

Stage = tuple[str, str, str]
Title = TypeVar("Title", covariant=True)


class Offer(Protocol[Title]):
    """Something that a door can offer: its title, and the steps of which one has to be open (none: that of its own name)."""

    @property
    def title(self) -> Title:
        """What its button says."""
        ...

    @property
    def steps(self) -> frozenset[str]:
        """The steps."""
        ...


def titled(case: CaseView) -> CaseView:
    """A natural person's case bears the catalogue item's title: in the reader's language."""
    if not (case.is_private and case.item_id):
        return case
    item = publish.current(case.item_id)
    return replace(case, title=word(item.title_zh, item.title_en))


def stepper(case: CaseView) -> list[Stage]:
    """Title, state (done, now, ahead) and a word for each stage."""
    is_repair = case.procedure.kind == "repair"
    titles = {
        "repair": (
            gettext("提出申请"), gettext("受理"), gettext("审查决定"), gettext("停止公示、各方同步"), gettext("办结"),
        ),
        "complaint": (
            gettext("提出投诉"), gettext("信用中心受理"), gettext("查询单位说明"), gettext("作出结论"), gettext("办结"),
        ),
        "appeal": (gettext("提出申诉"), gettext("审查"), gettext("办结")),
    }.get(case.procedure.kind) or (
        gettext("提出异议"), gettext("信用中心核查"), gettext("信源单位核实"), gettext("作出结论"), gettext("办结"),
    )  # fmt: skip
    now = case.state.stage
    found = []
    for stage, title in enumerate(titles, 1):
        is_skipped = stage == 3 and not is_repair and not case.is_forwarded and now > 3 and not case.last("explain-own")
        # What was not repaired was never stopped, and what was refused was not examined.
        never = (
            is_repair
            and not case.is_open
            and ((stage == 4 and not case.last("grant")) or (stage == 3 and not case.last("accept")))
        )
        is_past = (stage < now or (stage == now and not case.is_open)) and not never
        state = "done" if is_past else "now" if stage == now else "ahead"
        said = gettext("不需要") if is_skipped or never else word(case.state.zh, case.state.en) if stage == now else ""
        found.append((title, state, said))
    return found


def clock(term: TermView | None) -> str:
    """The statutory clock in one line: what is left and until when, or by how many hours it is over; "" when none runs."""
    if term is None:
        return ""
    if term.due_on is None:
        return gettext("计时暂停")
    until = gettext("截止 %(on)s 24 时") % {"on": _day(term.due_on)}
    if term.is_over:
        over = gettext("逾期 %(n)s 小时") % {"n": f"{term.hours_over:,}"}
        return f"{over}{_comma()}{until}"
    if not term.days_left:
        return gettext("今天 24 时截止")
    kind = gettext("还剩 %(n)s 个工作日") if term.unit == "working" else gettext("还剩 %(n)s 日")
    return f"{kind % {'n': term.days_left}}{_comma()}{until}"


def named(term: TermView | None) -> str:
    """What the term is for."""
    return f"{word(term.zh, term.en)}{': ' if _is_english() else '：'}" if term else ""


def told(step: StepView, case: CaseView) -> dict[str, Any]:
    """What was said in a step, for its line in the course of the case."""
    facts = step.facts
    ground = next((one for one in case.procedure.grounds if one.id == facts.get("ground")), None)
    cause = next((one for one in case.procedure.pauses if one.id == facts.get("cause")), None)
    term = next((one for one in case.procedure.terms if one.id == facts.get("term")), None)
    outcome = {"accept": gettext("异议成立"), "partly": gettext("部分成立"), "refuse": gettext("异议不成立")}
    said = [
        word(ground.zh, ground.en) if ground else "",
        word(cause.zh, cause.en) if cause else "",
        outcome.get(str(facts.get("outcome", "")), ""),
        word(term.zh, term.en) if term else "",
        gettext("延长 %(n)s 日") % {"n": facts["days"]} if "days" in facts else "",
        gettext("同时终止这次查询所凭的授权") if facts.get("ends_authorisation") else "",
    ]
    return {
        "step": step, "title": word(step.zh, step.en),
        "unit": gettext("当事人") if case.is_private and step.party is Party.SUBJECT else step.unit, "said": [one for one in said if one],
        "changes": [one | {"label": word(one["label_zh"], one["label_en"])} for one in facts.get("changes", ())],
        "papers": [one for one in case.documents if one.step == step.number],
    }  # fmt: skip


def course(case: CaseView) -> list[dict[str, Any]]:
    """Every step, the newest first."""
    return [told(one, case) for one in reversed(case.steps)]


def offered(acts: Mapping[str, Offer[Title]], seen: SeenCase) -> list[tuple[str, Title]]:
    """The acts that who asks can take now, by name and title."""
    return [(name, one.title) for name, one in acts.items() if (one.steps or {name}) & seen.may]


def word(zh: str, en: str) -> str:
    """The one in the reader's language."""
    return en if en and _is_english() else zh


def _day(on: date) -> str:
    return f"{on.day} {on:%B}" if _is_english() else f"{on.month}月{on.day}日"


def _comma() -> str:
    return ", " if _is_english() else "，"


def _is_english() -> bool:
    return (get_language() or "").startswith("en")
