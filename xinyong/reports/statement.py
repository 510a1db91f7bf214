"""单项事实证明 Minimal disclosure: one fact about an organisation on one signed page and in one signed JSON, and nothing else.

The facts are a closed, dated list (reports/library/facts.yaml). A statement is given only where the fact holds and where it was
searched; a refusal says which, and to nobody but the asker. All of it rests on what is public anyway.
Source: 个人信息保护法第六条 (no more than the purpose needs), as a measure for organisations too.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from xinyong.kernel import clock, codes, plain_yaml
from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.records import certified, dossier
from xinyong.records.purpose import required
from xinyong.records.view import Dossier, Mark, RecordView
from xinyong.reports import issue, printable, render_papers, signing
from xinyong.reports.content import Bilingual, Stamp, StatementContent, facts_digest, facts_of
from xinyong.reports.domains import said
from xinyong.reports.issue import Asked, Issued
from xinyong.security.access import PUBLIC, Action, Actor, Role, require
from xinyong.subjects import registry

_FILE = Path(__file__).with_name("library") / "facts.yaml"
_MOST = 1000


class UnknownFact(NotFound):
    """The closed list holds no such fact."""

    code = "reports.unknown-fact"


class FactDoesNotHold(Conflict):
    """What was to be stated is not so."""

    code = "reports.fact-does-not-hold"


class NotSearchable(Conflict):
    """The platform holds no data to state this from: not searched is not none."""

    code = "reports.not-searchable"


class DaysNeeded(Invalid):
    """The fact is about a period, which must be said and lie in the past."""

    code = "reports.days-needed"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact that can be stated. ``check`` names how it is looked up, ``has_period`` that it asks for two days."""

    id: str
    title: Bilingual
    check: str
    items: tuple[str, ...]
    has_period: bool
    said: Bilingual
    searched: Bilingual
    basis: Bilingual


def facts(on: date) -> tuple[Fact, ...]:
    """The facts that can be stated on a day."""
    found = _editions()
    return next((list_ for valid_from, list_ in reversed(found) if valid_from <= on), found[0][1])


def fact(fact_id: str, *, on: date) -> Fact:
    """One of them. Raises UnknownFact."""
    for one in facts(on):
        if one.id == fact_id:
            return one
    raise UnknownFact(f"没有“{fact_id}”这项证明。", f"There is no statement {fact_id}.")


def issue_statement(
    code: str, fact_id: str, *, by: Actor, issued_at: datetime, first_day: date | None = None, last_day: date | None = None,
    purpose: str = "",
) -> Issued:  # fmt: skip
    """Composes, sets, signs and registers a statement: ``pdf``, and ``beside`` the JSON as a compact JWS.

    Raises subjects' UnknownSubject, UnknownFact, FactDoesNotHold, NotSearchable, DaysNeeded, records' PurposeNeeded, NotAllowed,
    what ``issue.give`` raises.
    """
    subject = registry.subject(code, seen_by=by)
    require(by, Action.ISSUE_SPECIAL, subject=subject.id, region=subject.region_code or None)
    if by.role is Role.OPERATOR:
        required(purpose)
    as_of = clock.day(issued_at)
    one = fact(fact_id, on=as_of)
    content = _compose(subject.code or "", one, as_of, first_day, last_day)
    days = {"first_day": first_day.isoformat(), "last_day": last_day.isoformat()} if first_day and last_day else {}
    return issue.give(
        content,
        make=render_papers.statement,
        by=by,
        issued_at=issued_at,
        asked=Asked(one.id, days, purpose),
        beside=jws,
    )


def jws(content: StatementContent, stamp: Stamp) -> str:
    """The statement as a compact JWS: the same facts as the page's."""
    return signing.sign_json(
        {
            "iss": settings.SITE_ORIGIN, "jti": stamp.number, "iat": int(stamp.issued_at.timestamp()), "sub": content.code,
            "check_code": stamp.check_code, "facts": facts_of(content), "facts_sha256": facts_digest(content),
        }
    )  # fmt: skip


def _compose(code: str, one: Fact, as_of: date, first: date | None, last: date | None) -> StatementContent:
    if one.has_period and not (first and last and first <= last <= as_of):
        raise DaysNeeded(
            "请填写起止日期：起始日期不晚于截止日期，截止日期不晚于今天。", "Say the period: it begins before it ends, and ends today at the latest."
        )  # fmt: skip
    since = min((day for _, day in certified.supplied(one.items).items()), default=None)
    if since is None:
        raise NotSearchable(
            "本平台没有归集这项证明所需的信息，不能出具：没有检索，不等于没有。",
            "The platform holds no data to state this from. Not searched is not none.",
        )
    found = dossier.of(code, as_of=as_of, seen_by=PUBLIC, per_section=_MOST)
    if not _CHECKS[one.check](found, one, first, last):
        raise FactDoesNotHold(
            f"“{one.title.zh}”与本平台公示的信息不符，不能出具证明。", f'"{one.title.en}" is not what this platform publishes; nothing is stated.'
        )  # fmt: skip
    days = {"day": as_of, "since": since, "first": first, "last": last, "registered": found.registered_on}
    words = {"name": found.name, "code": code}
    zh = words | {name: _day(day) if day else "" for name, day in days.items()}
    en = words | {name: day.isoformat() if day else "" for name, day in days.items()}
    content = StatementContent(
        kind="statement", title=Bilingual("单项信用证明", "Statement of One Fact"), issuer=settings.SITE_NAME,
        subject_id=found.subject_id, name=found.name, code=code, code_grouped=codes.group(code), as_of=as_of, fact=one.id,
        said=_filled(one.said, zh, en), searched=_filled(one.searched, zh, en), statements=_statements(one),
    )  # fmt: skip
    return printable.everywhere(content, printable.visible)


def _nothing_standing(found: Dossier, one: Fact, first: date | None, last: date | None) -> bool:
    return not any(Mark.ENDED not in record.marks for record in _records(found, one))


def _nothing_decided(found: Dossier, one: Fact, first: date | None, last: date | None) -> bool:
    assert first is not None
    assert last is not None
    return not any(first <= record.decided_on <= last for record in _records(found, one))


def _exists(found: Dossier, one: Fact, first: date | None, last: date | None) -> bool:
    return found.status == "active" and found.registered_on is not None


_CHECKS = {
    "nothing-standing": _nothing_standing,
    "nothing-decided": _nothing_decided,
    "registered-and-existing": _exists,
}


def _records(found: Dossier, one: Fact) -> list[RecordView]:
    return [record for section in found.sections for record in section.records if record.item_id in one.items]


def _statements(one: Fact) -> tuple[Bilingual, ...]:
    return (
        Bilingual(
            f"本证明只说明以上一项事实，不含也不暗示其他信息。依据：{one.basis.zh}。",
            f"It states this one fact, and neither holds nor suggests anything else. Basis: {one.basis.en}.",
        ),
        Bilingual(
            "同一事实另有电子签名的 JSON（JWS），与本页内容摘要相同，可由程序核验。",
            "The same fact is given as signed JSON (JWS) with the same digest, for programs to verify.",
        ),
        Bilingual(
            "出具后情况可能变化，请扫码查看是否已撤销、是否有更新。", "Things may change after issue: scan the code to see whether it stands."
        ),
    )  # fmt: skip


def _filled(text: Bilingual, zh: Mapping[str, str], en: Mapping[str, str]) -> Bilingual:
    """The text with its places filled in. What is filled in is never looked through again."""

    def put_in(pattern: str, words: Mapping[str, str]) -> str:
        return re.sub(r"\{(\w+)\}", lambda place: words[place.group(1)], pattern)

    return Bilingual(put_in(text.zh, zh), put_in(text.en, en))


@cache
def _editions() -> tuple[tuple[date, tuple[Fact, ...]], ...]:
    data = plain_yaml.load(_FILE.read_text(encoding="utf-8"))
    made = [(one["valid_from"], tuple(_fact(fact) for fact in one["facts"])) for one in data["editions"]]
    return tuple(sorted(made, key=lambda pair: pair[0]))


def _fact(data: Mapping[str, Any]) -> Fact:
    assert data["check"] in _CHECKS
    return Fact(
        data["id"], said(data["title"]), data["check"], tuple(data["items"]), data.get("period", False), said(data["said"]),
        said(data["searched"]), said(data["basis"]),
    )  # fmt: skip


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
