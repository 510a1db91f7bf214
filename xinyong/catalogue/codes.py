"""Code lists in dated editions (代码表): the library's, and those drafted, agreed to by a second person and published here.

An edition rules from its day on until the next of the same list; what was read under an earlier one stays as it was read. A
published edition never changes (a trigger). What a new edition would do to the records on file is worked out before anybody
is asked to agree (intake/impact.py). Basis: GB/T 39440-2020; domain/data.md §1.3 (lists change with the law).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from django.db import transaction

from xinyong.catalogue import body, load, publish
from xinyong.catalogue.models import CodeEdition
from xinyong.catalogue.recheck import Effect, effect_of
from xinyong.catalogue.schema import CodeList, Item
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid
from xinyong.security import approvals, audit
from xinyong.security.access import Action, Actor, Role, require

Status, State = CodeEdition.Status, CodeEdition.State


class UnknownEdition(load.UnknownCodeList):
    """No edition of this list begins on the day."""

    code = "catalogue.unknown-code-edition"


class EditionFrozen(Conflict):
    """An edition is published for the day, or a later one is."""

    code = "catalogue.code-edition-frozen"


class EditionPast(Invalid):
    """An edition begins today or later, so that nothing was read under another than ruled."""

    code = "catalogue.code-edition-past"


class EditionNotChecked(Conflict):
    """What the edition would do to the records on file is not known for this text of it."""

    code = "catalogue.code-edition-not-checked"


@dataclass(frozen=True, slots=True)
class EditionView:
    """An edition as pages show it. ``status``: library, published, draft. ``state`` of the check of the records on file;
    ``effects`` by item, once that is done."""

    list: CodeList
    status: str
    digest: str
    drafted_by: str = ""
    drafted_at: datetime | None = None
    published_by: str = ""
    published_at: datetime | None = None
    state: str = ""
    effects: Mapping[str, Effect] | None = None


@dataclass(frozen=True, slots=True)
class CodeChange:
    """One difference between two editions, in words."""

    value: str
    kind: str  # added, removed, changed
    zh: str
    en: str


def editions() -> tuple[CodeList, ...]:
    """Every edition that rules or will: the library's, then those published here."""
    return (
        *load.editions(),
        *(_list(row) for row in CodeEdition.objects.filter(status=Status.PUBLISHED).order_by("valid_from")),
    )


def newest(*, on: date) -> dict[str, CodeList]:
    """Each list in the edition of the day, by id."""
    known = editions()
    return {id: load.code_list(id, on, among=known) for id in dict.fromkeys(one.id for one in known)}


def of(list_id: str, on: date) -> CodeList:
    """The edition in force on a day. Raises UnknownCodeList."""
    return load.code_list(list_id, on, among=editions())


def history(list_id: str, *, seen_by: Actor) -> list[EditionView]:
    """Every edition of a list and its drafts, the newest first. Raises UnknownCodeList, NotAllowed."""
    require(seen_by, Action.VIEW_CATALOGUE)
    _must_know(list_id)
    shipped = [EditionView(one, "library", digest(one)) for one in load.editions() if one.id == list_id]
    own = [_view(row) for row in CodeEdition.objects.filter(list_id=list_id)]
    return sorted([*shipped, *own], key=lambda one: (one.list.valid_from, one.status != "library"), reverse=True)


def users(list_id: str) -> list[Item]:
    """The items in force of which a field takes this list."""
    return [item for item in publish.items() if any(one.code_list == list_id for one in item.fields)]


def changes(old: CodeList, new: CodeList) -> list[CodeChange]:
    """Every difference between two editions, the order of the codes aside."""
    before, after = {one.value: one for one in old.codes}, {one.value: one for one in new.codes}
    found: list[CodeChange] = []
    for value in dict.fromkeys([*before, *after]):
        if value not in after:
            name = before[value]
            found.append(
                CodeChange(value, "removed", f"删除“{value} {name.name_zh}”。", f"Removed “{value}” {name.name_en}.")
            )
        elif value not in before:
            name = after[value]
            found.append(
                CodeChange(value, "added", f"增加“{value} {name.name_zh}”。", f"Added “{value}” {name.name_en}.")
            )
        else:
            found += _parts(value, body.code_data(before[value]), body.code_data(after[value]))
    return found


def digest(one: CodeList) -> str:
    """SHA-256 of the edition's canonical form, in hex."""
    text = json.dumps(body.code_list_data(one), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


@transaction.atomic
def draft(one: CodeList, *, by: Actor) -> EditionView:
    """Keeps an edition of a known list as a draft; a draft of the same day is replaced, and what its former text would do to
    the records is forgotten. Raises UnknownCodeList, EditionPast, EditionFrozen, NotAllowed."""
    require(by, Action.MANAGE_CATALOGUE)
    _must_know(one.id)
    _must_follow(one)
    row = CodeEdition.objects.select_for_update().filter(list_id=one.id, valid_from=one.valid_from).first()
    row = row or CodeEdition(list_id=one.id, valid_from=one.valid_from)
    row.body, row.digest = body.code_list_data(one), digest(one)
    row.drafted_at, row.drafted_by = clock.now(), by.name
    row.state, row.effects = State.WAITING, None
    row.save()
    _note(audit.Event.CATALOGUE_DRAFTED, row, by)
    return _view(row)


@transaction.atomic
def discard(list_id: str, valid_from: date, *, by: Actor) -> None:
    """Throws a draft away. Raises UnknownEdition, EditionFrozen, NotAllowed."""
    require(by, Action.MANAGE_CATALOGUE)
    row = _draft(list_id, valid_from)
    _note(audit.Event.CATALOGUE_DISCARDED, row, by)
    row.delete()


@transaction.atomic
def ask_to_publish(list_id: str, valid_from: date, *, reason: str, by: Actor) -> approvals.Request:
    """Asks a second person to agree to publishing a draft as it stands now. Raises UnknownEdition, EditionFrozen, EditionPast,
    EditionNotChecked, NotAllowed."""
    row = _draft(list_id, valid_from)
    _must_follow(_list(row))
    if row.state != State.DONE:
        raise EditionNotChecked(
            "存量数据还没有按这份代码表核对过。请等核对完成，看清影响后再申请发布。",
            "The records on file have not been checked against this edition. Wait for the check, then ask.",
        )
    return approvals.ask(
        approvals.Kind.PUBLISH_CATALOGUE, _payload(row), object_ref=_ref(row), reason=reason, by=by, at=clock.now()
    )


@transaction.atomic
def publish_edition(list_id: str, valid_from: date, *, by: Actor) -> CodeList:
    """Publishes a draft: from its day on it rules. It takes a second person's consent to this very text; the owner at the
    command line (SYSTEM) may do it alone, and the log says so. Raises UnknownEdition, EditionFrozen, EditionPast,
    approvals.ConsentNeeded, NotAllowed."""
    require(by, Action.PUBLISH_CATALOGUE)
    row = _draft(list_id, valid_from)
    one = load.code_list_from_data(row.body, file=_ref(row))
    _must_follow(one)
    consent = None
    if by.role is not Role.SYSTEM:
        consent = approvals.use(approvals.Kind.PUBLISH_CATALOGUE, _payload(row), by=by, at=clock.now())
    row.status, row.published_at, row.published_by = Status.PUBLISHED, clock.now(), by.name
    row.save(update_fields=["status", "published_at", "published_by"])
    _note(audit.Event.CATALOGUE_PUBLISHED, row, by, effective_from=row.valid_from.isoformat(),
          consent=consent.id if consent else "owner alone")  # fmt: skip
    return one


def waiting() -> list[tuple[str, date]]:
    """Drafts whose effect on the records is not known yet."""
    found = CodeEdition.objects.filter(status=Status.DRAFT, state=State.WAITING).order_by("id")
    return list(found.values_list("list_id", "valid_from"))


def drafted(list_id: str, valid_from: date) -> CodeList:
    """A draft's text. Raises UnknownEdition, EditionFrozen."""
    return _list(_draft(list_id, valid_from, lock=False))


def keep_effects(one: CodeList, effects: Mapping[str, Effect] | None, *, by: Actor) -> None:
    """Keeps what this text of a draft would do, by item; None: the work failed. Dropped when the text is another by now."""
    require(by, Action.OPERATE)
    found = None if effects is None else {item: asdict(effect) for item, effect in effects.items()}
    CodeEdition.objects.filter(
        list_id=one.id, valid_from=one.valid_from, digest=digest(one), status=Status.DRAFT
    ).update(state=State.FAILED if found is None else State.DONE, effects=found)


def _parts(value: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[CodeChange]:
    words = {
        "name": ("名称", "name"),
        "aliases": ("可接受的写法", "accepted spellings"),
        "needs_detail": ("须写明具体内容", "needs detail"),
    }
    found = []
    for key, (zh, en) in words.items():
        if before[key] != after[key]:
            (old_zh, old_en), (new_zh, new_en) = _shown(before[key]), _shown(after[key])
            found.append(CodeChange(
                value, "changed", f"“{value}”的{zh}由{old_zh}改为{new_zh}。", f"“{value}”, {en}: {old_en} → {new_en}."
            ))  # fmt: skip
    return found


def _shown(value: Any) -> tuple[str, str]:
    match value:
        case bool():
            return ("“是”", "yes") if value else ("“否”", "no")
        case dict():
            return f"“{value['zh']}”", f"“{value['en']}”"
        case []:
            return "（无）", "none"
    return f"“{'、'.join(value)}”", f"“{', '.join(value)}”"


def _must_know(list_id: str) -> None:
    if list_id not in load.code_lists():
        raise load.UnknownCodeList(
            f"没有代码表“{list_id}”。请核对代码表标识。", f"There is no code list “{list_id}”. Check its id."
        )


def _must_follow(one: CodeList) -> None:
    if one.valid_from < clock.today():
        raise EditionPast(
            f"生效日期 {one.valid_from} 已经过去。请填今天或以后的日期。",
            f"{one.valid_from} is over; give today or a later day.",
        )
    later = [known.valid_from for known in editions() if known.id == one.id and known.valid_from >= one.valid_from]
    if later:
        raise EditionFrozen(
            f"代码表“{one.id}”已有 {max(later)} 生效的版本。新版本须在其后生效，请改生效日期。",
            f"An edition of “{one.id}” in force from {max(later)} stands already. A new one must begin after it.",
        )


def _draft(list_id: str, valid_from: date, *, lock: bool = True) -> CodeEdition:
    rows = CodeEdition.objects.select_for_update() if lock else CodeEdition.objects.all()
    row = rows.filter(list_id=list_id, valid_from=valid_from).first()
    if row is None:
        raise UnknownEdition(
            f"代码表“{list_id}”没有自 {valid_from} 起生效的版本。", f"No edition of “{list_id}” begins on {valid_from}."
        )
    if row.status != Status.DRAFT:
        raise EditionFrozen(
            f"代码表“{list_id}”自 {valid_from} 起的版本已经发布，不能改动。",
            f"The edition of “{list_id}” from {valid_from} is published and frozen.",
        )
    return row


def _ref(row: CodeEdition) -> str:
    return f"{row.list_id}@{row.valid_from}"


def _payload(row: CodeEdition) -> dict[str, object]:
    return {"list": row.list_id, "text": row.digest, "effective_from": row.valid_from.isoformat()}


def _note(event: audit.Event, row: CodeEdition, by: Actor, **facts: Any) -> None:
    audit.enter(event, by=by, object_kind="code-list", object_ref=_ref(row), digest=row.digest, **facts)


def _list(row: CodeEdition) -> CodeList:
    return load.code_list_from_data(row.body, file=_ref(row))


def _view(row: CodeEdition) -> EditionView:
    effects = None if row.effects is None else {item: effect_of(data) for item, data in row.effects.items()}
    return EditionView(
        _list(row), row.status, row.digest, row.drafted_by, row.drafted_at, row.published_by, row.published_at,
        row.state if row.status == Status.DRAFT else "", effects,
    )  # fmt: skip
