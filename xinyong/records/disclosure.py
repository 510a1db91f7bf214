"""Who may see which record and which field, decided here and nowhere else.

The publicity end is part of every query's predicate (security.md T14): a page never shows what ended at midnight,
whether or not the nightly job has run.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from xinyong.catalogue.schema import Field, Grade, Item, Masking
from xinyong.kernel import clock
from xinyong.kernel.masking import Personal, mask
from xinyong.kernel.periods import Period
from xinyong.records import opt_outs
from xinyong.security import scope
from xinyong.security.access import BOUNDED, GRADES, Action, Actor, may, require
from xinyong.security.identity import source_unit

#: What was repaired nobody is shown any more, from the instant the decision is entered (令36号 3: publication, sharing and use stop).
NOT_REPAIRED = """
    NOT EXISTS (
        SELECT 1 FROM records_repair p
        WHERE p.subject_id = r.subject_id AND p.key_digest = r.key_digest
          AND NOT EXISTS (SELECT 1 FROM records_repairend e WHERE e.repair_id = p.id)
    )
"""
#: What everybody sees: public items of organisations, inside publicity and retention, not withdrawn, not left out by their
#: subject (INV-29). Asking for a past day opens nothing that has ended since: what left publicity stays out, whatever date is
#: asked for. Nor does a clock set back: a day that was closed stays closed (security.md T14).
_END = "greatest(%(as_of)s, %(today)s, (SELECT max(day) FROM records_clockrun))"
_PUBLIC = f"""
    NOT {opt_outs.IS_KEPT_OUT} AND r.disclosure = 'public' AND r.state = 1 AND r.publish_from <= %(as_of)s
    AND (r.publish_until IS NULL OR {_END} < r.publish_until)
    AND (r.retain_until IS NULL OR {_END} < r.retain_until)
    AND {NOT_REPAIRED}
"""

#: What departments and the credit centre share in their work: also past publicity, never past retention; of their division
#: (security/scope.py) and of the items their grant names.
_WITHIN = """
    (r.source_id = %(own_source)s
     OR (r.disclosure IN ('public', 'shared')
         AND (%(reach)s::bigint[] IS NULL OR r.source_id = ANY(%(reach)s::bigint[]))))
    AND (%(items)s::text[] IS NULL OR r.item_id = ANY(%(items)s::text[]))
"""
_REACHED = f"{_WITHIN} AND (r.retain_until IS NULL OR {_END} < r.retain_until)"
_SHARED = f"{_REACHED} AND r.state = 1 AND r.decided_on <= %(as_of)s AND {NOT_REPAIRED} AND NOT {opt_outs.IS_KEPT_OUT}"

#: Where a datum came from is looked at by who answers for it: versions that were withdrawn too, a department's own only.
_OWN = f"{_REACHED} AND (NOT %(only_own)s OR r.source_id = %(own_source)s)"

_ORDER = (Grade.PUBLIC, Grade.SHARED, Grade.AUTHORISED, Grade.INTERNAL)


@dataclass(frozen=True, slots=True)
class Sight:
    """What one actor can see: the predicate over ``record r``, its parameters, the closest field grade shown."""

    predicate: str
    parameters: dict[str, object]
    grade: Grade
    is_public: bool


def sight(actor: Actor) -> Sight:
    """The sight of an actor. Everybody who has no right to shared data has the public's."""
    if not may(actor, Action.VIEW_SHARED):
        return public_sight()
    return Sight(_SHARED, _reach(actor) | opt_outs.parameters(), Grade(GRADES[actor.role]), is_public=False)


def over_sight(actor: Actor) -> Sight | None:
    """What is past its retention and no more than that: for who would see it otherwise, and for whose it is, to be told so when they
    ask for it by its reference (INV-60). None for everybody else, to whom it looks like no record at all."""
    is_over = f"r.state = 1 AND r.retain_until <= {_END}"
    if may(actor, Action.VIEW_SHARED):
        return Sight(f"{_WITHIN} AND {is_over}", _reach(actor), Grade.PUBLIC, is_public=False)
    if actor.subject is not None and may(actor, Action.VIEW_ABOUT_ME, subject=actor.subject):
        own = {"own": actor.subject, "today": clock.today()}
        return Sight(f"r.subject_id = %(own)s AND {is_over}", own, Grade.PUBLIC, is_public=False)
    return None


def lineage_sight(actor: Actor) -> Sight:
    """What an actor sees of where data came from. Raises NotAllowed."""
    require(actor, Action.VIEW_LINEAGE)
    only_own = Action.VIEW_LINEAGE in BOUNDED.get(actor.role, frozenset())
    return Sight(_OWN, _reach(actor) | {"only_own": only_own}, Grade(GRADES[actor.role]), is_public=False)


def _reach(actor: Actor) -> dict[str, object]:
    return {
        "own_source": source_unit(actor.department, even_closed=True).id if actor.department else -1,
        "reach": scope.reach_of(actor.region) if actor.region else None,
        "items": sorted(actor.items) if actor.items is not None else None,
        "today": clock.today(),
    }


def public_sight() -> Sight:
    """What everybody sees, whoever asks: for ordinary reports and open lists."""
    return Sight(_PUBLIC, {"today": clock.today()} | opt_outs.parameters(), Grade.PUBLIC, is_public=True)


def case_sight() -> Sight:
    """What whoever deals with a case reads of a datum that the public does not see, which its subject brought before them: up to the
    authorised grade, nothing personal. (The statement says which datum.) Source: PIPL 46."""
    return Sight("true", {}, Grade.AUTHORISED, is_public=True)


#: What a paper in place of a no-violation certificate lists (信用代证, 发改财金〔2025〕565号): acts decided in its period, also those that
#: are not published (simplified procedure, INV-05) or no longer are; of lists, what stands today; never past retention
#: (INV-60), never withdrawn, never what was repaired. It is given to the organisation itself or by the credit centre for a purpose.
_CERTIFIED = f"""
    r.item_id = ANY(%(items)s) AND r.disclosure IN ('public', 'shared') AND r.state = 1 AND {NOT_REPAIRED}
    AND NOT {opt_outs.IS_KEPT_OUT}
    AND (r.retain_until IS NULL OR {_END} < r.retain_until)
    AND ((r.decided_on >= %(from)s AND r.decided_on < %(to)s)
         OR (r.item_id = ANY(%(standing)s) AND r.decided_on <= %(as_of)s AND (r.valid_to IS NULL OR {_END} < r.valid_to)))
"""


def certified_sight(items: Iterable[str], period: Period, *, standing: Iterable[str]) -> Sight:
    """What a special report is made of: fields of the public grade, of nobody's person."""
    assert period.end is not None
    return Sight(
        _CERTIFIED,
        {
            "today": clock.today(), "items": sorted(items), "standing": sorted(standing), "from": period.start,
            "to": period.end,
        } | opt_outs.parameters(),
        Grade.PUBLIC,
        is_public=True,
    )  # fmt: skip


def fields_of(item: Item, seen: Sight) -> frozenset[str]:
    """The codes of the item's fields that this sight can receive: one answer for pages, API, exports and search."""
    return _subset(item.id, item.version, item, seen.grade, seen.is_public)


_SUBSETS: dict[tuple[str, int, Grade, bool], frozenset[str]] = {}


def _subset(item_id: str, version: int, item: Item, grade: Grade, is_public: bool) -> frozenset[str]:
    place = (item_id, version, grade, is_public)
    if place not in _SUBSETS:
        _SUBSETS[place] = frozenset(field.code for field in item.fields if _is_shown(field, grade, is_public))
    return _SUBSETS[place]


def _is_shown(field: Field, grade: Grade, is_public: bool) -> bool:
    """Within the grade; personal fields are never shown to the public."""
    return not (is_public and field.is_personal) and _ORDER.index(field.grade) <= _ORDER.index(grade)


def is_shown_item(item: Item, seen: Sight) -> bool:
    """True when records of the item can be in sight at all."""
    if item.is_about_persons:
        return False  # a person's records need an authorised query (INV-70)
    return _ORDER.index(item.disclosure) <= _ORDER.index(seen.grade)


def masked(text: str, masking: Masking) -> tuple[str, bool]:
    """The text as it may be printed, and whether anything was hidden."""
    if masking is Masking.NONE or not text:
        return text, False
    return mask(text, Personal(masking.value)), True
