"""The ledger of tasks to look at: lists by owner, state and deadline, one task with its history, files to take home."""

import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET

from xinyong.analytics import task_export
from xinyong.analytics import tasks as room
from xinyong.analytics.tasks import Asked
from xinyong.kernel import clock
from xinyong.office import answer
from xinyong.office.catalogue import XLSX
from xinyong.security import identity
from xinyong.security.access import Action, Role, access, may

_PER_PAGE = 50
#: The most that a page to print holds.
_ALL = 2_000
STATES = {
    "open": (gettext_lazy("未开展"), "plain", ""), "under-way": (gettext_lazy("推进中"), "primary", "clock"),
    "reported": (gettext_lazy("待确认"), "caution", "question"), "done": (gettext_lazy("已完成"), "positive", "check"),
    "cancelled": (gettext_lazy("已取消"), "plain", "cross"),
}  # fmt: skip
DEADLINES = {
    "overdue": gettext_lazy("逾期"), "near": gettext_lazy("14 天内到期"), "dated": gettext_lazy("有具体日期"),
    "ongoing": gettext_lazy("持续推进"), "unfixed": gettext_lazy("未定"),
}  # fmt: skip
KINDS = {
    "entered": gettext_lazy("已列入台账"), "progress": gettext_lazy("报告进展"), "evidence": gettext_lazy("提交佐证"),
    "asked": gettext_lazy("提请确认完成"), "taken-back": gettext_lazy("撤回提请"), "confirmed": gettext_lazy("确认完成"),
    "sent-back": gettext_lazy("退回继续推进"), "cancelled": gettext_lazy("取消任务"), "reopened": gettext_lazy("恢复任务"),
    "rescheduled": gettext_lazy("调整时限"), "reassigned": gettext_lazy("调整责任单位"),
}  # fmt: skip


@access(Action.VIEW_TASKS)
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """Tasks, the newest ledger first, with the counts of what was asked for; ``show=all`` is the list to print."""
    who, asked = answer.actor(request), _asked(request)
    is_whole = request.GET.get("show") == "all"
    limit = _ALL if is_whole else _PER_PAGE
    found, tally = room.listing(
        asked, today=clock.today(), seen_by=who, after=answer.number(request.GET.get("after")), limit=limit + 1
    )
    here = {name: value for name, value in _said(asked).items() if value}
    context = {
        "tasks": [(one, STATES[one.state]) for one in found[:limit]],
        "next_after": found[limit - 1].id if len(found) > limit else None,
        "is_first": "after" not in request.GET,
        "is_whole": is_whole,
        "tally": tally,
        "counts": _counts(tally, here),
        "asked": asked,
        "ledgers": room.ledgers(seen_by=who),
        "owners": [] if who.department else identity.source_units(only_active=True),
        "states": [(name, words[0]) for name, words in STATES.items()],
        "deadlines": DEADLINES.items(),
        "query": urlencode(here),
        "query_whole": urlencode(here | {"show": "all"}),
    }
    return answer.page(request, "office/tasks.html", context)


@access(Action.VIEW_TASKS)
@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """The tasks that were asked for, as a workbook."""
    with tempfile.TemporaryDirectory(prefix="xinyong-tasks-") as folder:
        path = Path(folder) / "tasks.xlsx"
        task_export.write(_asked(request), to=path, today=clock.today(), seen_by=answer.actor(request))
        name = gettext("任务台账-%(day)s.xlsx") % {"day": clock.today().isoformat()}
        return answer.download(path, name=name, content_type=XLSX)


@access(Action.VIEW_TASKS)
@require_GET
def task(request: HttpRequest, task_id: int) -> HttpResponse:
    """One task: what is asked, how far it is, everything that was done, and what one may do now."""
    who = answer.actor(request)
    one, acts = room.find(min(task_id, 2**63 - 1), today=clock.today(), seen_by=who)
    context = {
        "task": one,
        "state": STATES[one.state],
        "acts": [(act, KINDS[act.kind]) for act in acts],
        "may_report_task": may(who, Action.REPORT_TASK) and one.state in ("open", "under-way"),
        "may_take_back": who.role is Role.SOURCE_UNIT and one.state == "reported",
    }
    return answer.page(request, "office/task.html", context)


@access(Action.VIEW_TASKS)
@require_GET
def evidence(request: HttpRequest, task_id: int, evidence_no: int) -> HttpResponseBase:
    """A file of evidence."""
    with tempfile.TemporaryDirectory(prefix="xinyong-evidence-") as folder:
        path = Path(folder) / "evidence"
        name, content_type = room.evidence(min(task_id, 2**63 - 1), evidence_no, to=path, seen_by=answer.actor(request))
        return answer.download(path, name=name, content_type=content_type)


def _asked(request: HttpRequest) -> Asked:
    said = request.GET
    state, deadline = said.get("state", ""), said.get("deadline", "")
    owner = said.get("owner", "")
    known = {one.code for one in identity.source_units()} if owner else set()
    return Asked(
        ledger=said.get("ledger", "")[:200], owner=owner if owner in known else "", state=state if state in STATES else "",
        deadline=deadline if deadline in DEADLINES else "", words=said.get("words", "")[:60],
    )  # fmt: skip


def _said(asked: Asked) -> dict[str, str]:
    return {name: getattr(asked, name) for name in ("ledger", "owner", "state", "deadline", "words")}


def _counts(tally: room.Tally, here: dict[str, str]) -> list[tuple[Any, int, str]]:
    def leads(**wanted: str) -> str:
        return "/office/tasks/?" + urlencode({**here, **wanted})

    return [
        (gettext("任务"), tally.total, ""),
        (gettext("逾期"), tally.overdue, leads(deadline="overdue", state="") if tally.overdue else ""),
        (gettext("14 天内到期"), tally.near, leads(deadline="near", state="") if tally.near else ""),
        (gettext("待确认"), tally.reported, leads(state="reported", deadline="") if tally.reported else ""),
        (gettext("已完成"), tally.done, leads(state="done", deadline="") if tally.done else ""),
    ]
