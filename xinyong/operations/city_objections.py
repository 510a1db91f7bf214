"""What the demo city's organisation objects to: a handful of cases in different states, each brought there by the verbs of life.

The cases are told as they would have gone: lodged some days ago, forwarded the day after, answered, decided. Said already, nothing
is said twice.
"""

import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from xinyong.kernel import clock
from xinyong.operations import city_own

if TYPE_CHECKING:
    from xinyong.records.view import RecordView
    from xinyong.security.access import Actor
    from xinyong.workflow.case_view import CaseView


@dataclass(frozen=True, slots=True)
class Story:
    """One case: how many days ago it was lodged, how far it has come, what was said."""

    days_ago: int
    until: str  # lodged, forwarded, answered, refused, stated, withdrawn
    ground: str
    statement: str


#: The oldest first; as many as the organisation has records that can be objected to.
STORIES = (
    Story(12, "stated", "wrong", "记载的名称与证书不一致，证书上是全称。"),
    Story(8, "forwarded", "wrong", "日期与文书不一致，请核对文书原件。"),
    Story(3, "answered", "past-term", "有效期已过，不应再公示。"),
    Story(1, "received", "not-ours", "这不是本单位的信息，可能是名称相近的另一家单位。"),
)
_STATEMENT = "本单位认为应当使用证书上的全称，已请发证机关书面说明。"


def say(*, account_id: int, by: "Actor") -> int:
    """Lodges and works off the demo organisation's objections; returns how many were made now."""
    from xinyong.rights import objection
    from xinyong.security import mandates, scope
    from xinyong.security.access import Actor, Role

    now = clock.now()
    somebody = Actor(role=Role.PUBLIC, name=city_own.USERNAME, account_id=account_id)
    speaker = mandates.actor(somebody, at=now)
    if speaker.role is not Role.SUBJECT:  # no organisation of the city could be given to it
        return 0
    with scope.acting(speaker):
        if objection.listing(by=speaker, at=now, limit=1):
            return 0
    made = 0
    with tempfile.TemporaryDirectory(prefix="xinyong-city-objections-") as name:
        paper = Path(name) / "paper.png"
        paper.write_bytes(city_own.picture())
        for story, record in zip(STORIES, _records(speaker), strict=False):
            _tell(story, record, paper, speaker, now - timedelta(days=story.days_ago))
            made += 1
    return made


def _records(speaker: "Actor") -> "list[RecordView]":
    """Records of the organisation that it could have objected to when the first story begins, the register's last: what is in
    dispute shows on cards."""
    from xinyong.records import dossier

    assert speaker.subject_code is not None
    file = dossier.of(speaker.subject_code, as_of=clock.today(), seen_by=speaker)
    since = clock.now() - timedelta(days=max(one.days_ago for one in STORIES))
    found = [
        one
        for section in file.sections
        for one in section.records
        if one.declared is None and one.known_from < since and one.publish_from and one.publish_from <= since.date()
    ]
    return sorted(found, key=lambda one: one.section.value == "registration")


def _tell(story: Story, record: "RecordView", paper: Path, speaker: "Actor", at: datetime) -> None:
    from xinyong.rights import objection
    from xinyong.rights.objection import Said
    from xinyong.security import scope
    from xinyong.workflow.cases import Paper

    with scope.acting(speaker):
        said = Said(story.ground, story.statement, {})
        case, _ = objection.lodge(
            record.ref, said, papers=[Paper(paper, "文书照片.png")], token=_token(record, "lodge"), by=speaker, at=at
        )
    if story.until in ("forwarded", "answered"):
        case = _at_the_desk(case, record, "forward", at + timedelta(hours=20))
    if story.until == "answered":
        case = _at_the_unit(case, record, at + timedelta(days=2))
    if story.until == "stated":
        case = _at_the_desk(case, record, "refuse", at + timedelta(days=4))
        with scope.acting(speaker):
            objection.state_disagreement(
                case.id, text=_STATEMENT, after=case.after, token=_token(record, "state"), by=speaker,
                at=at + timedelta(days=5),
            )  # fmt: skip


def _at_the_desk(case: "CaseView", record: "RecordView", what: str, at: datetime) -> "CaseView":
    from xinyong.rights import objection_desk
    from xinyong.security import scope
    from xinyong.security.access import Actor, Role

    centre = Actor(role=Role.OPERATOR, name="operator")
    token = _token(record, what)
    with scope.acting(centre):
        if what == "forward":
            return objection_desk.forward(
                case.id, note="请核对文书原件", after=case.after, token=token, by=centre, at=at
            )
        return objection_desk.decide(
            case.id, outcome="refuse", changes={}, reason="与信源单位的证书登记一致，名称为登记名称。", after=case.after,
            token=token, by=centre, at=at,
        )  # fmt: skip


def _at_the_unit(case: "CaseView", record: "RecordView", at: datetime) -> "CaseView":
    from xinyong.rights import objection_desk
    from xinyong.security import identity, scope
    from xinyong.security.access import Actor, Role

    code = next(one.code for one in identity.source_units() if one.id == case.source_id)
    unit = Actor(role=Role.SOURCE_UNIT, name="clerk", department=code)
    with scope.acting(unit):
        return objection_desk.answer(
            case.id, outcome="refuse", changes={}, reason="公示期未满，有效期与公示期是两个期限。", after=case.after,
            token=_token(record, "answer"), by=unit, at=at,
        )  # fmt: skip


def _token(record: "RecordView", what: str) -> str:
    """The same in every run: told again, nothing is told twice."""
    return f"city-{what}-{record.ref}"
