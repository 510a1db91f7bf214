"""What is done about tasks."""

from tests.golden.acts import Deed, act
from tests.golden.acts_people import void
from tests.golden.world import World
from tests.intake import made
from xinyong.analytics import task_acts, task_export, task_import, task_table, tasks
from xinyong.analytics.task_acts import Proved
from xinyong.analytics.tasks import Asked
from xinyong.kernel import clock
from xinyong.security.audit import Event

_ROWS = [(1, ["目标任务", "责任单位", "完成时间"]), (2, ["清零重错码", "某单位", "2026年8月前"])]
_TITLE = "云溪市2026年计划"


def _task(world: World) -> int:
    return task_import.add(
        ledger=_TITLE, text="编制清单", leads=[world.unit.code], by=world.actor("operator"), at=clock.now()
    )


@act(Event.TASKS_IMPORTED)
def _(world: World) -> Deed:
    by, table = world.actor("operator"), task_table.of_rows(_ROWS, title=_TITLE)
    return lambda: void(task_import.keep(table, by=by, at=clock.now()))


@act(Event.TASK_ENTERED)
def _(world: World) -> Deed:
    return lambda: {"task": _task(world)}


@act(Event.TASK_REPORTED)
def _(world: World) -> Deed:
    task, by = _task(world), world.actor("clerk")

    def deed() -> dict[str, object]:
        proved = Proved(made.TODAY, link="https://example.org/notice")
        note = f"{world.persons[0].name} {world.persons[0].number} 办理"
        task_acts.report(task, note=note, proved=proved, is_done=True, by=by, at=clock.now())
        return {"task": task}

    return deed


@act(Event.TASK_DECIDED)
def _(world: World) -> Deed:
    task, by = _task(world), world.actor("operator")

    def deed() -> dict[str, object]:
        task_acts.cancel(task, after=1, reason="上级已取消", by=by, at=clock.now())
        return {"task": task}

    return deed


@act(Event.TASK_CHANGED)
def _(world: World) -> Deed:
    task, by = _task(world), world.actor("operator")

    def deed() -> dict[str, object]:
        reason = "职能调整"
        task_acts.reassign(task, leads=[world.other.code], helpers=[], after=1, reason=reason, by=by, at=clock.now())
        return {"task": task}

    return deed


@act(Event.TASKS_VIEWED)
def _(world: World) -> Deed:
    by = world.actor("clerk")
    return lambda: void(tasks.listing(Asked(), today=made.TODAY, seen_by=by))


@act(Event.TASKS_VIEWED, "one of them")
def _(world: World) -> Deed:
    task, by = _task(world), world.actor("clerk")

    def deed() -> dict[str, object]:
        tasks.find(task, today=made.TODAY, seen_by=by)
        return {"task": task}

    return deed


@act(Event.TASKS_EXPORTED)
def _(world: World) -> Deed:
    by, to = world.actor("auditor"), world.folder / "tasks.xlsx"
    return lambda: void(task_export.write(Asked(), to=to, today=made.TODAY, seen_by=by))
