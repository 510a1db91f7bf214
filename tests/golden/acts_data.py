"""What departments hand in, what is looked at, what leaves."""

from dataclasses import replace
from datetime import date, timedelta

from tests.golden.acts import Deed, act, answered
from tests.golden.acts_people import void
from tests.golden.world import HOME, World
from tests.intake import made
from xinyong.intake import by_interface, desk, doubts, lineage, returned, revert, rows, settle, submit, views
from xinyong.intake.views import SubmissionView
from xinyong.kernel import clock
from xinyong.records import dossier, expiry, exporting, special
from xinyong.records.exporting import Wanted
from xinyong.reports import issue
from xinyong.security import approvals
from xinyong.security.access import PUBLIC, Actor, Role
from xinyong.security.audit import Event
from xinyong.subjects import registry

_ITEM = "admin-penalty-org"
#: A mobile number that is nobody's in a text that would be published.
_DOUBT = {"CF_SY": "未按规定公示价格，联系 13800138000"}
_UNTIL = made.TODAY + timedelta(days=30)
_ROWS_OF_ITS_OWN = "rows go in by connections of their own"


@act(Event.FILE_RECEIVED)
def _(world: World) -> Deed:
    def deed() -> dict[str, object]:
        view, size = _receive(world, "received.csv")
        return {"new submission": view.id, "size": size, "file's digest": _digest(view)}

    return deed


@act(Event.FILE_RECEIVED, "again, with other columns")
def _(world: World) -> Deed:
    view, size = _receive(world, "again.csv", lacks="CF_JDRQ")
    by = world.actor("clerk")
    submit.run(view.id, by=by)

    def deed() -> dict[str, object]:
        submit.receive(
            world.folder / "again.csv", item_id=_ITEM, source_code=world.unit.code, file_name="again.csv", by=by,
            received_at=made.NOW, mapping={"处罚文号": "CF_WSH"},
        )  # fmt: skip
        return {"new submission": view.id, "size": size, "file's digest": _digest(view)}

    return deed


@act(Event.FILE_REFUSED)
def _(world: World) -> Deed:
    view, _ = _receive(world, "refused.csv", lacks="CF_JDRQ")
    by = world.actor("clerk")

    def deed() -> dict[str, object]:
        submit.run(view.id, by=by)
        return {"new submission": view.id}

    return deed


@act(Event.COLUMNS_CHOSEN)
def _(world: World) -> Deed:
    view, _ = _receive(world, "chosen.csv", lacks="CF_JDRQ")
    by = world.actor("clerk")
    submit.run(view.id, by=by)

    def deed() -> dict[str, object]:
        submit.choose(view.id, chosen={"处罚文号": "CF_WSH"}, by=by)
        return {"new submission": view.id}

    return deed


@act(Event.SUBMISSION_DEPOSITED, lasting=_ROWS_OF_ITS_OWN, effect=lambda world: _states())
def _(world: World) -> Deed:
    view, _ = _receive(world, "deposited.csv")
    by = world.actor("clerk")

    def deed() -> dict[str, object]:
        submit.run(view.id, by=by)
        return {"new submission": view.id}

    return deed


@act(Event.FILE_TRIED)
def _(world: World) -> Deed:
    view, size = _receive(world, "tried.csv")
    by = Actor(role=Role.CLIENT, name=world.program.client_id, department=world.unit.code, address=HOME)

    def deed() -> dict[str, object]:
        by_interface.attempt(
            world.folder / "tried.csv", item_id=_ITEM, source_code=world.unit.code, file_name="tried.csv", mapping={}, by=by,
            received_at=made.NOW,
        )  # fmt: skip
        return {"new submission": view.id, "size": size}

    return deed


@act(Event.SUBMISSION_CANCELLED)
def _(world: World) -> Deed:
    view, _ = _receive(world, "cancelled.csv")
    by = world.actor("clerk")

    def deed() -> dict[str, object]:
        submit.cancel(view.id, by=by)
        return {"new submission": view.id}

    return deed


@act(Event.SUBMISSION_REVERTED)
def _(world: World) -> Deed:
    by = world.actor("clerk")
    return lambda: void(revert.begin(world.submission.id, reason="报错了所属月份", by=by))


@act(Event.SUBMISSION_VIEWED)
def _(world: World) -> Deed:
    by = world.actor("clerk")
    return lambda: void(views.submission(world.submission.id, seen_by=by))


@act(Event.SUBMISSION_VIEWED, "its rows")
def _(world: World) -> Deed:
    by = world.actor("clerk")
    return lambda: void(rows.of(world.submission.id, seen_by=by))


@act(Event.SUBMISSIONS_LISTED)
def _(world: World) -> Deed:
    by = world.actor("clerk")
    return lambda: void(views.submissions(seen_by=by))


@act(Event.FEEDBACK_TAKEN)
def _(world: World) -> Deed:
    by = world.actor("clerk")
    return lambda: void(returned.write(world.submission.id, to=world.folder / "feedback.csv", seen_by=by))


@act(Event.RECEIPT_TAKEN)
def _(world: World) -> Deed:
    browser = world.browser("clerk")
    return lambda: void(answered(browser.get(f"/office/submissions/{world.submission.id}/receipt.json")))


@act(Event.LINKS_VIEWED)
def _(world: World) -> Deed:
    by = world.actor("operator")
    return lambda: void(desk.rows(seen_by=by))


@act(Event.LINK_JUDGED)
def _(world: World) -> Deed:
    by, row = world.actor("operator"), _waiting(world)

    def deed() -> dict[str, object]:
        desk.judge(row.id, subject_code=world.organisation.code, is_same=False, by=by)
        return _judged(world)

    return deed


@act(Event.LINK_JUDGED, "the same", lasting=_ROWS_OF_ITS_OWN)
def _(world: World) -> Deed:
    by, row = world.actor("operator"), _waiting(world)

    def deed() -> dict[str, object]:
        desk.judge(row.id, subject_code=world.organisation.code, is_same=True, by=by)
        return _judged(world)

    return deed


@act(Event.LINK_UNDONE, lasting=_ROWS_OF_ITS_OWN)
def _(world: World) -> Deed:
    by = world.actor("operator")
    if not desk.judged(seen_by=by):
        desk.judge(_waiting(world).id, subject_code=world.organisation.code, is_same=True, by=by)
    judgement = desk.judged(seen_by=by)[0].judgement_id

    def deed() -> dict[str, object]:
        desk.undo(judgement, by=by)
        return _judged(world)

    return deed


@act(Event.DOSSIER_VIEWED)
def _(world: World) -> Deed:
    by = world.actor("reader")
    purpose = f"licensing: 云市监许申〔2026〕12号 {world.person.number}"
    return lambda: void(dossier.of(world.organisation.code, as_of=made.TODAY, seen_by=by, purpose=purpose))


@act(Event.DOSSIER_VIEWED, "one record")
def _(world: World) -> Deed:
    by, code = world.actor("reader"), world.organisation.code
    file = dossier.of(code, as_of=made.TODAY, seen_by=made.SYSTEM)
    ref = next(record.ref for section in file.sections for record in section.records)

    def deed() -> dict[str, object]:
        dossier.record(code, ref, as_of=made.TODAY, seen_by=by, purpose="court: 云中法〔2026〕3号")
        return {"record": ref}

    return deed


@act(Event.DOSSIER_VIEWED, "by a program")
def _(world: World) -> Deed:
    world.program.token()
    asked = {"code": world.organisation.code, "purpose": "tender", "note": f"办理示例采购 {world.person.number}"}
    return lambda: void(answered(world.program.call("POST", "/look-ups", asked)))


@act(Event.SPECIAL_QUERIED)
def _(world: World) -> Deed:
    by, now = world.actor("reader"), clock.now()
    subject = special.subject_of(certificate=world.person.number, by=by)
    asked = special.ask(
        subject, item_id="admin-penalty-person", asked=["CF_WSH", "CF_XDR_MC"], purpose=f"办理许可 {world.person.number}",
        basis=f"授权书 {world.person.number}", by=by, at=now,
    )  # fmt: skip
    approvals.decide(asked.id, agrees=True, by=world.actor("operator"), at=now)

    def deed() -> dict[str, object]:
        special.answer(asked.id, by=by, at=clock.now())
        return {"request": asked.id, "digest": asked.digest[:16], "person's keyed digest": subject}

    return deed


@act(Event.SHARED_EXPORTED)
def _(world: World) -> Deed:
    by, wanted = world.actor("reader"), Wanted((_ITEM,), made.TODAY)

    def deed() -> dict[str, object]:
        to = world.folder / "shared.csv"
        done = exporting.export(wanted, purpose="inspection: 专项检查", to=to, by=by, at=clock.now())
        return {"handout": done.id}

    return deed


@act(Event.REPORT_ISSUED)
def _(world: World) -> Deed:
    def deed() -> dict[str, object]:
        code, now = world.organisation.code, clock.now()
        return {
            "report": issue.issue(code, as_of=made.TODAY, seen_by=replace(PUBLIC, address=HOME), issued_at=now).number
        }

    return deed


@act(Event.CLOCKS_RUN)
def _(world: World) -> Deed:
    return lambda: void(expiry.close(today=made.TODAY, by=made.SYSTEM))


def _receive(world: World, name: str, *, lacks: str = "") -> tuple[SubmissionView, int]:
    """A file of one row, received and not worked on; and its size."""
    row = made.penalty_row(world.organisation, world.unit, CF_FRDB=world.person.name)
    path = world.file(name, [{field: text for field, text in row.items() if field != lacks}])
    view = submit.receive(
        path, item_id=_ITEM, source_code=world.unit.code, file_name=path.name, by=world.actor("clerk"),
        received_at=made.NOW,
    )  # fmt: skip
    return view, path.stat().st_size


def _states() -> list[str]:
    """How far submissions are: rows go in piece by piece, and a submission that is not finished is worked on again."""
    from xinyong.intake.models import Submission

    finished = Submission.objects.filter(finished_at__isnull=False)
    return list(finished.order_by("id").values_list("status", flat=True))


def _digest(view: SubmissionView) -> str:
    from xinyong.intake.models import Submission

    return Submission.objects.get(pk=view.id).content_digest


def _waiting(world: World) -> desk.DeskRow:
    """A row whose subject nobody knows."""
    by = world.actor("operator")
    if not (found := desk.rows(seen_by=by)):
        row = made.penalty_row(world.organisation, world.unit, CF_XDR_SHXYM=made.registration_number())
        made.hand_in(world.file("waiting.csv", [row]), _ITEM, world.unit)
        found = desk.rows(seen_by=by)
    return found[0]


def _judged(world: World) -> dict[str, object]:
    from xinyong.subjects.models import Judgement

    made_ = Judgement.objects.latest("id")
    subject = registry.subject(world.organisation.code, seen_by=made.SYSTEM).id
    return {"judgement": made_.pk, "waiting submission": made_.submission_id, "subject": subject}


@act(Event.LINEAGE_VIEWED)
def _(world: World) -> Deed:
    by, code = world.actor("clerk"), world.organisation.code
    file = dossier.of(code, as_of=made.TODAY, seen_by=made.SYSTEM)
    ref = next(record.ref for section in file.sections for record in section.records)

    def deed() -> dict[str, object]:
        lineage.of_record(code, ref, as_of=made.TODAY, seen_by=by, purpose="objection: 云信异〔2026〕3号")
        return {"record": ref}

    return deed


@act(Event.LINEAGE_VIEWED, "one row")
def _(world: World) -> Deed:
    by = world.actor("operator")
    return lambda: _third(world, void(lineage.of_row(world.submission.id, 3, as_of=made.TODAY, seen_by=by)))


@act(Event.DOUBTS_VIEWED)
def _(world: World) -> Deed:
    by = world.actor("clerk")
    return lambda: void(doubts.rows(seen_by=by))


@act(Event.SUGGESTION_ACCEPTED, lasting=_ROWS_OF_ITS_OWN)
def _(world: World) -> Deed:
    by, code = world.actor("clerk"), world.organisation.code
    row = _doubted(world, "mistyped.csv", CF_XDR_SHXYM=made.mistyped(code))

    def deed() -> dict[str, object]:
        settle.accept([row.id], by=by)
        return _settled(row)

    return deed


@act(Event.DOUBT_WAIVED, lasting=_ROWS_OF_ITS_OWN)
def _(world: World) -> Deed:
    by, row = world.actor("operator"), _doubted(world, "waived.csv", **_DOUBT)
    return lambda: _waived(row, by, _UNTIL + timedelta(days=60))


@act(Event.WAIVER_ENDED, lasting=_ROWS_OF_ITS_OWN)
def _(world: World) -> Deed:
    row = _doubted(world, "ended.csv", **_DOUBT)
    earlier = _waived(row, world.actor("operator"), _UNTIL)

    def deed() -> dict[str, object]:
        settle.end_waivers(today=_UNTIL, by=made.SYSTEM)
        return _settled(row) | {"earlier act": earlier["act"]}

    return deed


@act(Event.ROW_SENT_BACK)
def _(world: World) -> Deed:
    by = world.actor("operator")
    return lambda: _sent_back(world, by)


@act(Event.ROW_PASSED_ON)
def _(world: World) -> Deed:
    by, submission = world.actor("clerk"), world.submission.id
    return lambda: _third(world, settle.pass_on(submission, 3, note=f"请信用中心定夺 {world.person.number}", by=by))


@act(Event.WARNING_CONFIRMED)
def _(world: World) -> Deed:
    by = world.actor("clerk")
    path = world.file("warned.csv", [made.penalty_row(made.organisation(), world.unit)])
    view = made.hand_in(path, _ITEM, world.unit)
    (warning,) = [one for one in views.findings(view.id, seen_by=by) if one.found.rule == "V05-new-subject"]

    def deed() -> dict[str, object]:
        act_ = settle.confirm(view.id, warning.id, reason="主体刚刚设立", by=by)
        return {"act": act_, "row": f"{view.id}/2"}

    return deed


@act(Event.ROW_ACT_UNDONE)
def _(world: World) -> Deed:
    by = world.actor("operator")
    earlier = _sent_back(world, by)["act"]

    def deed() -> dict[str, object]:
        settle.undo(int(str(earlier)), submission_id=world.submission.id, by=by)
        newest = lineage.acts_of(world.submission.id, [3])[3][-1]
        return _third(world, newest.id) | {"earlier act": earlier}

    return deed


def _doubted(world: World, name: str, **changes: str) -> doubts.DoubtRow:
    """A row at the desk of doubtful data."""
    view = made.hand_in(
        world.file(name, [made.penalty_row(world.organisation, world.unit, **changes)]), _ITEM, world.unit
    )
    found = doubts.rows(seen_by=made.SYSTEM, limit=1000)
    return next(one for one in found if one.submission_id == view.id)


def _waived(row: doubts.DoubtRow, by: Actor, until: date) -> dict[str, object]:
    settle.waive(row.submission_id, row.row_no, reason="号码是公开的办公电话", until=until, by=by)
    return _settled(row)


def _sent_back(world: World, by: Actor) -> dict[str, object]:
    due = made.TODAY + timedelta(days=10)
    return _third(world, settle.send_back(world.submission.id, 3, note="请更正处罚决定日期", due=due, by=by))


def _third(world: World, act_: int | None) -> dict[str, object]:
    """The third line of the first file, whose date is wrong, and what was done about it."""
    return {"row": f"{world.submission.id}/3"} | ({"act": act_} if act_ else {})


def _settled(row: doubts.DoubtRow) -> dict[str, object]:
    newest = lineage.acts_of(row.submission_id, [row.row_no])[row.row_no][-1]
    return {"act": newest.id, "row": f"{row.submission_id}/{row.row_no}"}
