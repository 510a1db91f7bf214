"""What a penalised organisation of the demo city asks to be repaired: an account with its mandate, and cases in different states; that
organisations on a list were trained; that the items about persons were assessed.

The cases are told as they would have gone, by the verbs of life. Said already, nothing is said twice.
"""

import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from xinyong.kernel import clock

if TYPE_CHECKING:
    from xinyong.records.view import RecordView
    from xinyong.security.access import Actor
    from xinyong.workflow.case_view import CaseView

USERNAME, DISPLAY_NAME = "builder", "某受罚企业经办人（信用修复）"
_PENALTIES = "admin-penalty-org"
_LOOKED_AT = 2_000
_ASSESSED = ("admin-licence-person", "admin-penalty-person")


@dataclass(frozen=True, slots=True)
class Story:
    """One case: how many days ago it was applied for, how far it has come."""

    days_ago: int
    until: str  # granted, denied, accepted, received


#: The oldest first; as many as the organisation has penalties that could be repaired then.
STORIES = (Story(25, "granted"), Story(16, "denied"), Story(6, "accepted"), Story(1, "received"))


def say(*, account_id: int, by: "Actor") -> int:
    """Gives the mandate, applies and decides; returns how many applications were made now."""
    from xinyong.rights import repair
    from xinyong.security import mandates, scope
    from xinyong.security.access import Actor, Role

    now, made = clock.now(), 0
    with tempfile.TemporaryDirectory(prefix="xinyong-city-repairs-") as name:
        paper = Path(name) / "receipt.png"
        paper.write_bytes(_picture())
        if not mandates.of_account(account_id, at=now):
            _give(paper, by=by)
        somebody = Actor(role=Role.PUBLIC, name=USERNAME, account_id=account_id)
        speaker = mandates.actor(somebody, at=clock.now())  # the mandate begins after ``now``
        if speaker.role is not Role.SUBJECT:  # no organisation of the city has such penalties
            return 0
        with scope.acting(speaker):
            if repair.listing(by=speaker, at=now, limit=1):
                return 0
        assert speaker.subject_code is not None
        for story, record in zip(STORIES, _repairable(by)[speaker.subject_code], strict=False):
            _tell(story, record, paper, speaker, now - timedelta(days=story.days_ago))
            made += 1
    return made


def train(*, today: date, by: "Actor") -> None:
    """Enters trainings and interviews of most of those on a list of the seriously dishonest; the same in every run."""
    from xinyong.catalogue import publish
    from xinyong.catalogue.schema import Section
    from xinyong.records import listing
    from xinyong.rights import guidance

    lists = tuple(one.id for one in publish.items() if one.section is Section.SERIOUS_LIST)
    found = listing.latest(item_ids=lists, as_of=today, seen_by=by, limit=_LOOKED_AT).records
    codes = sorted({one.subject_code for one in found if one.subject_code})
    for n, code in enumerate(codes[: len(codes) * 2 // 3]):
        guidance.enter(
            subject_code=code, kind=guidance.INTERVIEW if n % 4 == 3 else guidance.TRAINING,
            held_on=today - timedelta(days=20 + 17 * n % 300), unit="云溪市信用中心", note="", token=f"city-guidance-{code}",
            by=by, at=clock.now(),
        )  # fmt: skip


def assess(*, today: date, by: "Actor") -> None:
    """Puts one impact assessment in force, of the licences and penalties of persons; the others wait at the desk, as in life."""
    from xinyong.catalogue import assessment, publish

    if assessment.listing(seen_by=by, on=today):
        return
    items = [publish.current(one) for one in _ASSESSED]
    reasons = sorted({reason for one in items for reason in assessment.reasons_of(one)})
    made = assessment.write(
        title="自然人行政许可、行政处罚信息的归集和授权查询", items=items, reasons=reasons,
        answers=assessment.Answers(
            "依法定职责归集，目录列明依据；只用于目录列明的目的，不公开，查询须经本人授权或者依法定职责。",
            "被处罚的事实被无关的人知道，会影响就业和名誉；证件号码泄露会被冒用。发生的可能低，影响较大。",
            "证件号码加密保存，页面和日志不出现；每次查询留痕并告知本人；期满删除并留凭证；异议即时标注。",
        ),
        valid_until=today + timedelta(days=365), by=by, at=clock.now(),
    )  # fmt: skip
    assessment.put_in_force(made.id, by=by, at=clock.now())


def _give(proof: Path, *, by: "Actor") -> None:
    """The mandate of the organisation with the most penalties that could have been repaired since the first story."""
    from xinyong.security import mandates
    from xinyong.subjects import mandates as counter

    found = sorted(_repairable(by).items(), key=lambda pair: (-len(pair[1]), pair[0]))
    if found:
        counter.give(
            found[0][0], kind=mandates.AGENT, username=USERNAME, display_name=DISPLAY_NAME, starts_on=clock.today(),
            last_on=clock.today() + timedelta(days=730), proof=proof, proof_name="授权委托书.png", by=by, at=clock.now(),
        )  # fmt: skip


def _repairable(by: "Actor") -> "dict[str, list[RecordView]]":
    """By code: penalties that are still shown and whose least time of publicity was over when the first story begins."""
    from xinyong.records import listing

    today = clock.today()
    since = today - timedelta(days=max(one.days_ago for one in STORIES) + 1)
    found = listing.latest(item_ids=(_PENALTIES,), as_of=today, seen_by=by, limit=_LOOKED_AT).records
    by_code: dict[str, list[RecordView]] = defaultdict(list)
    for one in found:
        if not one.subject_code or one.repair_from is None or one.publish_from is None:
            continue
        if one.repair_from <= since and one.known_from.date() < since and (one.publish_until or today) > today:
            by_code[one.subject_code].append(one)
    return by_code


def _tell(story: Story, record: "RecordView", paper: Path, speaker: "Actor", at: datetime) -> None:
    from xinyong.rights import repair
    from xinyong.security import scope
    from xinyong.workflow.cases import Paper

    with scope.acting(speaker):
        case, _ = repair.apply(
            record.ref, repair.Application("corrected", "罚款已缴清，已按要求整改。", "示例人"),
            papers=[Paper(paper, "缴款凭证.png")], token=_token(record, "apply"), by=speaker, at=at,
        )  # fmt: skip
    if story.until == "received":
        return
    case = _at_the_unit("accept", case, record, at + timedelta(days=1))
    if story.until == "granted":
        _at_the_unit("grant", case, record, at + timedelta(days=6))
    elif story.until == "denied":
        _at_the_unit("deny", case, record, at + timedelta(days=5), reason="整改尚未完成：现场核查时仍有一项没有改正。")


def _at_the_unit(what: str, case: "CaseView", record: "RecordView", at: datetime, **said: str) -> "CaseView":
    from xinyong.rights import repair_desk
    from xinyong.security import identity, scope
    from xinyong.security.access import Actor, Role

    code = next(one.code for one in identity.source_units() if one.id == case.source_id)
    unit = Actor(role=Role.SOURCE_UNIT, name="clerk", department=code)
    verb: Callable[..., CaseView] = getattr(repair_desk, what)
    with scope.acting(unit):
        return verb(case.id, after=case.after, token=_token(record, what), by=unit, at=at, **said)


def _token(record: "RecordView", what: str) -> str:
    """The same in every run: told again, nothing is told twice."""
    return f"city-{what}-{record.ref}"


def _picture() -> bytes:
    from xinyong.operations.city_own import picture

    return picture()
