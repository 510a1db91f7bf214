"""主体匹配 Who a name without a usable code may be: candidates with reasons for a desk, and the desk's judgements.

A name never links by itself. A judgement is a row that stays; undoing it is a later row. The candidates' weights are
ours: each reason says what it adds or takes, and a score orders candidates of one name, nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, connection, transaction
from rapidfuzz.distance import OSA

from xinyong.kernel import clock, names, sql
from xinyong.kernel.errors import Conflict, NotFound
from xinyong.security import audit
from xinyong.security.access import Action, Actor, require
from xinyong.subjects import grams, lexemes, naming, pinyin
from xinyong.subjects.models import Judgement, Subject
from xinyong.subjects.ranking import Row

_SQL = sql.load(__file__, "search.sql")
_LOOKED_AT = 200  # candidates one look-up brings
Verdict = Judgement.Verdict


class UnknownJudgement(NotFound):
    """No such judgement."""

    code = "subjects.unknown-judgement"


class AlreadyJudged(Conflict):
    """The row already stands as another subject's; that judgement must be undone first."""

    code = "subjects.already-judged"


class AlreadyUndone(Conflict):
    """The judgement was undone before, or is itself an undoing."""

    code = "subjects.already-undone"


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks for (or against) a candidate, and what it adds to the score."""

    code: str
    zh: str
    en: str
    weight: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """An organisation that a name may mean. ``score`` is 0–1, the sum of the reasons' weights."""

    subject_id: int
    code: str
    name: str
    score: float
    reasons: list[Reason]


@dataclass(frozen=True, slots=True)
class JudgementView:
    """One judgement on a row. ``undoes`` is the id of the judgement this one takes back; ``is_undone``: taken back."""

    id: int
    submission_id: int
    row_no: int
    subject_id: int
    verdict: str
    score: Decimal | None
    reasons: list[dict[str, object]]
    judged_by: str
    undoes: int | None
    is_undone: bool
    at: datetime


_SAME = Reason("same-name", "名称相同", "Same name", 0.95)
_SAME_FORMER = Reason("same-former-name", "与曾用名相同", "Same as a former name", 0.85)
_TRADE = Reason("same-trade-name", "字号相同", "Same trade name", 0.35)
_SOUND = Reason("same-sound", "字号读音相同、用字不同", "Trade name sounds the same, other characters", 0.20)
_DIVISION = Reason("same-division", "名称中的行政区划相同", "Same division in the name", 0.10)
_INDUSTRY = Reason("same-industry", "行业表述相同", "Same industry words", 0.15)
_FORM = Reason("other-legal-form", "组织形式不同", "Other legal form", -0.05)
_ENDED = Reason("ended", "该主体已注销", "This organisation is deregistered", -0.10)
_ALIKE_WEIGHT = 0.35  # of the similarity of the whole names


def candidates(name: str, *, limit: int = 5) -> list[Candidate]:
    """Organisations that ``name`` may mean, the likeliest first, each with its reasons. Never a link."""
    key = names.key(name)
    if len(key) < 2:
        return []
    reader = naming.Reader()
    parts = reader.dissect(name)
    best: dict[int, Candidate] = {}
    for row in _rows_like(key, parts):
        candidate = _weigh(key, parts, row, reader.dissect(row.matched))
        held = best.get(row.subject_id)
        if held is None or candidate.score > held.score:
            best[row.subject_id] = candidate
    return sorted(best.values(), key=lambda found: (-found.score, found.code))[:limit]


def judge(
    submission_id: int,
    row_no: int,
    subject_id: int,
    verdict: str,
    by: Actor,
    *,
    score: float | None = None,
    reasons: Sequence[Reason] = (),
) -> int:
    """Adds a judgement on who row ``row_no`` of a submission is about; returns its id.

    Raises NotAllowed, AlreadyJudged when another subject stands as the same.
    """
    require(by, Action.REVIEW_LINKS)
    with transaction.atomic():
        _lock_row(submission_id, row_no)
        standing = linked(submission_id).get(row_no)
        if verdict == Verdict.SAME and standing not in (None, subject_id):
            raise AlreadyJudged(
                "这一行已被判定为另一主体。请先撤销原判定。",
                "This row is already judged to be another subject. Undo that judgement first.",
                subject_id=standing,
            )
        made = Judgement.objects.create(
            at=clock.now(), submission_id=submission_id, row_no=row_no, subject_id=subject_id, verdict=Verdict(verdict),
            score=None if score is None else Decimal(str(round(score, 4))), judged_by=by.name,
            reasons=[_kept(one) for one in reasons],
        )  # fmt: skip
        _enter(audit.Event.LINK_JUDGED, made, by)
    return made.pk


def judge_same(submission_id: int, rows: Mapping[int, int], by: Actor, *, reason: Reason) -> None:
    """Judges rows of a submission (row number → subject id) that nobody has judged the same as their subjects, for one and
    the same reason; an entry each. Raises NotAllowed, AlreadyJudged when one has been judged meanwhile."""
    require(by, Action.REVIEW_LINKS)
    with transaction.atomic():
        for row_no in sorted(rows):
            _lock_row(submission_id, row_no)
        if judged_rows(submission_id) & set(rows):
            raise AlreadyJudged(
                "这些行中有的已被判定。请先查看原判定。",
                "Some of these rows have been judged. Look at that judgement first.",
            )
        made = Judgement.objects.bulk_create(
            Judgement(
                at=clock.now(), submission_id=submission_id, row_no=row_no, subject_id=subject_id, verdict=Verdict.SAME,
                score=Decimal(str(round(reason.weight, 4))), judged_by=by.name, reasons=[_kept(reason)],
            )
            for row_no, subject_id in sorted(rows.items())
        )  # fmt: skip
        for one in made:
            _enter(audit.Event.LINK_JUDGED, one, by)


def judged_rows(submission_id: int) -> set[int]:
    """The numbers of the rows of a submission that were ever judged, whatever came of it."""
    return set(Judgement.objects.filter(submission_id=submission_id).values_list("row_no", flat=True))


def _kept(reason: Reason) -> dict[str, str | float]:
    return {"code": reason.code, "zh": reason.zh, "en": reason.en, "weight": reason.weight}


def undo(judgement_id: int, by: Actor) -> int:
    """Takes a judgement back by a later one; returns the later one's id. To judge anew, ``judge`` again.

    Raises NotAllowed, UnknownJudgement, AlreadyUndone.
    """
    require(by, Action.REVIEW_LINKS)
    try:
        with transaction.atomic():
            earlier = Judgement.objects.filter(pk=judgement_id).first()
            if earlier is None:
                raise UnknownJudgement("没有这条判定。", "There is no such judgement.", judgement_id=judgement_id)
            if earlier.undoes_id is not None:
                raise IntegrityError("an undoing is not undone")
            made = Judgement.objects.create(
                at=clock.now(), submission_id=earlier.submission_id, row_no=earlier.row_no,
                subject_id=earlier.subject_id, verdict=Verdict.CANDIDATE, judged_by=by.name, undoes=earlier,
            )  # fmt: skip
            _enter(audit.Event.LINK_UNDONE, made, by)
    except IntegrityError as error:
        raise AlreadyUndone(
            "这条判定已被撤销。如需改判，请重新判定。", "This judgement has been undone. To change it, judge again."
        ) from error
    return made.pk


def judgements(submission_id: int, row_no: int, *, seen_by: Actor) -> list[JudgementView]:
    """Everything ever judged about a row, oldest first. Raises NotAllowed."""
    require(seen_by, Action.REVIEW_LINKS)
    return of_row(submission_id, row_no)


def of_row(submission_id: int, row_no: int) -> list[JudgementView]:
    """The same for a room that has asked whether its reader may see the row."""
    found = list(Judgement.objects.filter(submission_id=submission_id, row_no=row_no).order_by("id"))
    undone = {judgement.undoes_id for judgement in found}
    return [
        JudgementView(
            id=j.pk, submission_id=j.submission_id, row_no=j.row_no, subject_id=j.subject_id, verdict=j.verdict,
            score=j.score, reasons=j.reasons, judged_by=j.judged_by, undoes=j.undoes_id, is_undone=j.pk in undone, at=j.at,
        )
        for j in found
    ]  # fmt: skip


def judgement(judgement_id: int, *, seen_by: Actor) -> JudgementView:
    """One judgement. Raises NotAllowed, UnknownJudgement."""
    require(seen_by, Action.REVIEW_LINKS)
    found = Judgement.objects.filter(pk=judgement_id).first()
    if found is None:
        raise UnknownJudgement("没有这条判定。", "There is no such judgement.", judgement_id=judgement_id)
    return next(j for j in judgements(found.submission_id, found.row_no, seen_by=seen_by) if j.id == judgement_id)


def standing(*, limit: int) -> list[JudgementView]:
    """The newest judgements that stand as "same", not undone."""
    found = Judgement.objects.filter(verdict=Verdict.SAME, judgement__isnull=True, undoes__isnull=True).order_by("-id")
    return [
        JudgementView(
            id=j.pk, submission_id=j.submission_id, row_no=j.row_no, subject_id=j.subject_id, verdict=j.verdict,
            score=j.score, reasons=j.reasons, judged_by=j.judged_by, undoes=None, is_undone=False, at=j.at,
        )
        for j in found[:limit]
    ]  # fmt: skip


def linked(submission_id: int) -> dict[int, int]:
    """Row number → subject id, for rows that stand judged as the same subject."""
    standing = Judgement.objects.filter(submission_id=submission_id, verdict=Verdict.SAME, judgement__isnull=True)
    return dict(standing.order_by("id").values_list("row_no", "subject_id"))


def _lock_row(submission_id: int, row_no: int) -> None:
    """Two desks may look at one row: the second waits and sees what the first judged."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s::int, %s)", [submission_id % 2**31, row_no])


def _enter(event: audit.Event, judgement: Judgement, by: Actor) -> None:
    audit.enter(
        event, by=by, object_kind="judgement", object_ref=str(judgement.pk), submission=judgement.submission_id,
        row=judgement.row_no, subject=judgement.subject_id, verdict=judgement.verdict,
    )  # fmt: skip


def _rows_like(key: str, parts: names.NameParts) -> list[Row]:
    """Same name, same trade name, one character of trade name and industry other, trade name that sounds the same."""
    trade = names.key(parts.trade_name)
    core = trade + names.key(parts.industry) or key
    rows = _ask("same_name", key=key)
    looks = [grams.of_trade_name(trade)] if trade else []
    if len(core) > 1:
        looks += _one_other(core)
        looks.append(grams.of_syllables(pinyin.syllables(core), "", rarest=lexemes.rarest()))
    for words in looks:
        rows += _ask("similar_name", words=words)
    return rows


def _one_other(core: str) -> list[str]:
    """A query that a name with one character of ``core`` changed still answers: the pairs that do not touch it."""
    ways = []
    for changed in range(len(core)):
        rest = [part for part in (core[:changed], core[changed + 1 :]) if len(part) > 1]
        if sum(len(part) - 1 for part in rest) > 1:  # one pair alone would bring every name of the trade
            ways.append(f"({grams.of_fragments(rest, rarest=lexemes.rarest())})")
    return [" | ".join(ways)] if ways else []


def _ask(statement: str, **parameters: str) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(_SQL[statement], {**parameters, "most": _LOOKED_AT})
        return [Row(*row) for row in cursor.fetchall()]


def _weigh(key: str, parts: names.NameParts, row: Row, other: names.NameParts) -> Candidate:
    reasons: list[Reason] = []
    if key == row.name_key:
        reasons.append(_SAME if row.is_current else _SAME_FORMER)
    else:
        reasons += _compare(parts, other)
        alike = OSA.normalized_similarity(key, row.name_key)
        percent = round(alike * 100)
        reasons.append(
            Reason("alike", f"名称文字相似 {percent}%", f"Names {percent}% alike", round(_ALIKE_WEIGHT * alike, 4))
        )
    if row.status == Subject.Status.CANCELLED:
        reasons.append(_ENDED)
    score = max(0.0, min(1.0, sum(reason.weight for reason in reasons)))
    return Candidate(row.subject_id, row.code, row.name, round(score, 4), reasons)


def _compare(one: names.NameParts, other: names.NameParts) -> list[Reason]:
    reasons = []
    trade, other_trade = names.key(one.trade_name), names.key(other.trade_name)
    if trade and trade == other_trade:
        reasons.append(_TRADE)
    elif trade and pinyin.syllables(trade) == pinyin.syllables(other_trade):
        reasons.append(_SOUND)
    if one.division and names.key(one.division) == names.key(other.division):
        reasons.append(_DIVISION)
    if one.industry and names.key(one.industry) == names.key(other.industry):
        reasons.append(_INDUSTRY)
    if one.legal_form != other.legal_form:
        reasons.append(_FORM)
    return reasons
