"""The special report (信用代证): what it lists, what it says was not searched, who may have it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa
import pytest

from tests.reports.conftest import ENDED_PENALTY, PUBLIC_PENALTY, OnFile
from xinyong.kernel import clock, codes
from xinyong.records.models import Tally
from xinyong.records.purpose import PurposeNeeded
from xinyong.reports import chapters, domains, given, issue, offline, signing, special, verify
from xinyong.reports.content import Availability, SpecialContent, canonical
from xinyong.reports.models import IssuedReport
from xinyong.reports.special import Wanted
from xinyong.reports.verify import Verdict
from xinyong.security.access import PUBLIC, Actor, NotAllowed, Role, system
from xinyong.security.models import AuditEntry, Department
from xinyong.subjects import registry

BY = system("test")
OPERATOR = Actor(role=Role.OPERATOR, name="operator")


def own(on_file: OnFile) -> Actor:
    return Actor(role=Role.SUBJECT, name="clerk", account_id=1, subject=on_file.subject_id, subject_code=on_file.code)


def wanted(on_file: OnFile, **other: object) -> Wanted:
    asked = {"first_day": on_file.today - timedelta(days=1000), "last_day": on_file.today} | other
    return Wanted(**asked)  # type: ignore[arg-type]


def give(on_file: OnFile, **other: object) -> issue.Issued:
    return special.issue_special(on_file.code, wanted(on_file, **other), by=own(on_file), issued_at=clock.now())


def made(on_file: OnFile, **other: object) -> SpecialContent:
    content = give(on_file, **other).content
    assert isinstance(content, SpecialContent)
    return content


def cells(content: SpecialContent, domain: str) -> dict[str, tuple[Availability, int | None]]:
    found = next(one for one in content.domains if one.id == domain)
    return {cell.kind: (cell.availability, cell.total) for cell in found.cells}


@dataclass(frozen=True)
class More:
    """Further records: of which item, decided how many days ago, by whom."""

    put: Callable[..., None]


@pytest.fixture
def more(on_file: OnFile) -> More:
    def put(item_id: str, payload: dict[str, str], *, number: str, days: int = 100, **changes: object) -> None:
        import hashlib
        import json

        from xinyong.security import separation

        decided = on_file.today - timedelta(days=days)
        values = {
            "subject_id": on_file.subject_id, "key_digest": hashlib.sha256(number.encode()).digest()[:16], "version": 1,
            "content_digest": hashlib.sha256(str(payload).encode()).digest()[:16], "state": 1, "item_id": item_id,
            "item_version": 1, "source_id": Department.objects.get(short_name="市监局").pk, "submission_id": 1, "row_no": 1,
            "disclosure": "public", "severity": "general", "decided_on": decided, "is_late": False, "publish_from": decided,
            "publish_until": None, "repair_from": None, "payload": json.dumps(payload),
            "known_from": clock.now() - timedelta(hours=1),
        } | changes  # fmt: skip
        marks = ", ".join(f"%({name})s" for name in values)
        with separation.as_loader() as loader:
            loader.execute(f"INSERT INTO record ({', '.join(values)}) VALUES ({marks})", values)

    return More(put)


def penalty(number: str, authority: str = "云溪市市场监督管理局") -> dict[str, str]:
    return {"CF_WSH": number, "CF_WFXW": "未按规定明码标价", "CF_NR": "警告", "CF_CFJG": authority}


def test_a_penalty_by_the_simplified_procedure_is_in_the_special_report_and_in_no_other(
    on_file: OnFile, more: More
) -> None:
    number = "云市监简罚〔2026〕7号"
    more.put("admin-penalty-org", penalty(number), number="s", severity="minor", publish_from=None)
    ordinary = issue.issue(on_file.code, as_of=on_file.today, seen_by=PUBLIC, issued_at=clock.now())
    assert number not in canonical(ordinary.content).decode()
    content = made(on_file)
    assert number in canonical(content).decode()
    (entry,) = [one for group in content.groups for one in group.entries if number in str(one.lines)]
    assert any("不公示" in mark.zh for mark in entry.marks)


def test_acts_whose_publicity_has_ended_are_listed_and_those_past_retention_never(on_file: OnFile, more: More) -> None:
    more.put("admin-penalty-org", penalty("云罚〔2020〕1号"), number="r", days=900, retain_until=on_file.today)
    more.put("admin-penalty-org", penalty("云罚〔2020〕2号"), number="w", days=90, state=2)
    text = canonical(made(on_file)).decode()
    assert PUBLIC_PENALTY in text
    assert ENDED_PENALTY in text
    assert "云罚〔2020〕1号" not in text
    assert "云罚〔2020〕2号" not in text


def test_only_acts_decided_in_the_period_are_listed(on_file: OnFile) -> None:
    late = made(on_file, first_day=on_file.today - timedelta(days=199))
    assert late.found == 0
    assert made(on_file, first_day=on_file.today - timedelta(days=200)).found == 2
    assert made(on_file, last_day=on_file.today - timedelta(days=201)).found == 0


def test_who_stands_on_a_list_today_is_listed_whenever_that_began(on_file: OnFile, more: More) -> None:
    entry = {"MDLB": "严重违法失信名单", "LRWSH": "云列〔2023〕1号", "RDJG": "云溪市市场监督管理局"}
    over = entry | {"LRWSH": "云列〔2022〕8号"}
    more.put("serious-dishonesty", entry, number="l", days=1300, valid_to=on_file.today + timedelta(days=9))
    more.put("serious-dishonesty", over, number="o", days=1300, valid_to=on_file.today)
    text = canonical(made(on_file, first_day=on_file.today - timedelta(days=30))).decode()
    assert "云列〔2023〕1号" in text
    assert "云列〔2022〕8号" not in text


def test_not_searched_is_not_none(on_file: OnFile) -> None:
    content = made(on_file)
    market, tax = cells(content, "market"), cells(content, "tax")
    assert market["penalty"] == (Availability.PRESENT, 2)
    assert market["compulsion"] == (Availability.NOT_COLLECTED, None)
    assert set(tax.values()) == {(Availability.NOT_COLLECTED, None)}
    revenue = Department.objects.create(
        code=_code("11990100MB0RPT777"), name="国家税务总局云溪市税务局", short_name="税务局"
    )
    Tally.objects.create(
        item_id="admin-penalty-org", source_id=revenue.pk, month=on_file.today.replace(day=1), records=1, submission_id=2,
        deposited_at=clock.now(),
    )  # fmt: skip
    again = made(on_file)
    assert cells(again, "tax")["penalty"] == (Availability.NONE, 0)
    (cell,) = [c for d in again.domains if d.id == "tax" for c in d.cells if c.kind == "penalty"]
    assert cell.since == on_file.today


def test_an_act_falls_into_the_domain_of_who_decided_it_and_none_is_lost(on_file: OnFile, more: More) -> None:
    more.put("admin-penalty-org", penalty("云环罚〔2026〕1号", "云溪市生态环境局"), number="e")
    more.put("admin-penalty-org", penalty("云某罚〔2026〕1号", "云溪市示例办公室"), number="x", source_id=_nobody())
    content = made(on_file)
    assert cells(content, "ecology")["penalty"] == (Availability.PRESENT, 1)
    assert cells(content, "other")["penalty"] == (Availability.PRESENT, 1)
    assert content.found == 4
    chosen = made(on_file, domains=("ecology",))
    assert [one.id for one in chosen.domains] == ["ecology"]
    assert chosen.found == 1
    assert "市场监管" in [one.zh for one in chosen.unasked]


def test_only_what_a_document_confirms_counts_and_only_criminal_judgments_do(on_file: OnFile, more: More) -> None:
    more.put("admin-penalty-org", {"CF_NR": "警告", "CF_CFJG": "云溪市市场监督管理局"}, number="n")
    court = {"SLFY": "云溪市人民法院", "WSLX": "判决"}
    more.put(
        "judicial-enforcement",
        court | {"AH": "（2026）示0102刑初12号"},
        number="c",
        disclosure="shared",
        publish_from=None,
    )
    more.put(
        "judicial-enforcement",
        court | {"AH": "（2026）示0102民初34号"},
        number="v",
        disclosure="shared",
        publish_from=None,
    )
    content = made(on_file)
    assert cells(content, "court")["judgment"] == (Availability.PRESENT, 1)
    text = canonical(content).decode()
    assert "刑初12号" in text
    assert "民初34号" not in text
    assert content.found == 3


def test_the_organisation_has_its_own_and_the_credit_centre_says_what_for(on_file: OnFile) -> None:
    stranger = Actor(role=Role.SUBJECT, name="stranger", account_id=2, subject=on_file.subject_id + 1, subject_code="x")
    for somebody in (
        stranger,
        PUBLIC,
        Actor(role=Role.READER, name="reader"),
        Actor(role=Role.AUDITOR, name="auditor"),
    ):
        with pytest.raises(NotAllowed):
            special.issue_special(on_file.code, wanted(on_file), by=somebody, issued_at=clock.now())
    with pytest.raises(PurposeNeeded):
        special.issue_special(on_file.code, wanted(on_file), by=OPERATOR, issued_at=clock.now())
    issued = special.issue_special(
        on_file.code, wanted(on_file), by=OPERATOR, issued_at=clock.now(), purpose="funds: 云财〔2026〕8号"
    )
    entry = AuditEntry.objects.get(event="report-issued")
    assert (entry.object_ref, entry.purpose, entry.facts["kind"]) == (
        issued.number,
        "funds: 云财〔2026〕8号",
        "special",
    )
    assert issued.content.purpose == "财政资金、项目审批 · 云财〔2026〕8号"


@pytest.mark.parametrize(("first", "last"), [(5, 10), (10, -1)])
def test_a_period_that_is_none_is_refused(on_file: OnFile, first: int, last: int) -> None:
    day = on_file.today
    with pytest.raises(special.BadPeriod):
        give(on_file, first_day=day - timedelta(days=first), last_day=day - timedelta(days=last))


def test_a_domain_that_does_not_exist_is_refused(on_file: OnFile) -> None:
    with pytest.raises(domains.UnknownDomain):
        give(on_file, domains=("astrology",))


def test_branches_are_named_and_searched_only_when_asked(on_file: OnFile) -> None:
    branch = registry.register(
        pa.table({"code": [_code("91990102MA0RPT2B2")], "name": [f"{on_file.name}溪东分公司"], "status": ["active"]}),
        known_at=clock.now(),
    )
    registry.register(
        pa.table({"code": [_code("91990102MA0RPT3B3")], "name": [f"{on_file.name}工会委员会"], "status": ["active"]}),
        known_at=clock.now(),
    )
    on_file.add("admin-penalty-org", penalty("云市监罚决〔2026〕88号"), until=None, number="b")
    _move("b", branch.column("subject_id")[0].as_py())
    without = made(on_file)
    assert [one.zh for one in without.branches] == [f"{on_file.name}溪东分公司"]
    assert "没有检索" in without.branch_note.zh
    assert "云市监罚决〔2026〕88号" not in canonical(without).decode()
    among = made(on_file, with_branches=True)
    assert "云市监罚决〔2026〕88号" in canonical(among).decode()
    assert "其他分支机构没有检索" in among.branch_note.zh
    (entry,) = [one for group in among.groups for one in group.entries if "88号" in str(one.lines)]
    assert entry.lines[0].text == f"{on_file.name}溪东分公司"


def test_it_is_signed_and_verified_and_a_newer_one_of_the_same_domains_supersedes(on_file: OnFile) -> None:
    first = give(on_file, domains=("market",))
    assert (
        offline.look(first.pdf, trust=offline.roots(signing.trust_pem().encode()), at=clock.now()).answer == "genuine"
    )
    give(on_file, domains=("tax",))
    assert verify.file(first.pdf).verdict is Verdict.GENUINE
    give(on_file, domains=("market",))
    assert verify.file(first.pdf).verdict is Verdict.SUPERSEDED
    assert IssuedReport.objects.get(number=first.number).counts == {"market": 2}


def test_a_revoked_report_is_said_to_be_since_when_and_why(on_file: OnFile) -> None:
    issued = give(on_file)
    with pytest.raises(given.ReasonNeeded):
        given.revoke(issued.number, reason="误", by=OPERATOR, at=clock.now())
    with pytest.raises(NotAllowed):
        given.revoke(issued.number, reason="数据有误", by=own(on_file), at=clock.now())
    at = clock.now()
    given.revoke(issued.number.lower(), reason="信源单位更正了处罚决定", by=OPERATOR, at=at)
    answer = verify.code(issued.check_code)
    assert (answer.verdict, answer.is_genuine, answer.revoked_at) == (Verdict.REVOKED, False, at)
    assert "信源单位更正了处罚决定" in answer.zh
    assert verify.file(issued.pdf).verdict is Verdict.REVOKED
    with pytest.raises(given.AlreadyRevoked):
        given.revoke(issued.number, reason="再来一次吧", by=OPERATOR, at=clock.now())
    with pytest.raises(given.UnknownReport):
        given.revoke("20260101000000ABCDEFGH", reason="没有这一份", by=OPERATOR, at=clock.now())
    assert AuditEntry.objects.filter(event="report-revoked").count() == 1
    # What supersedes is never a revoked one.
    kept = give(on_file)
    newer = give(on_file)
    given.revoke(newer.number, reason="出具时所选领域有误", by=OPERATOR, at=clock.now())
    assert verify.file(kept.pdf).verdict is Verdict.GENUINE


def test_a_revocation_is_never_taken_back_or_changed(on_file: OnFile) -> None:
    from django.db import DatabaseError, connection, transaction

    given.revoke(give(on_file).number, reason="数据有误，已更正", by=OPERATOR, at=clock.now())
    for change in ("UPDATE reports_revocation SET reason = 'x'", "DELETE FROM reports_revocation"):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            connection.cursor().execute(change)


def test_an_organisation_sees_what_was_given_out_about_it_and_to_whom(on_file: OnFile) -> None:
    mine = give(on_file)
    public = issue.issue(on_file.code, as_of=on_file.today, seen_by=PUBLIC, issued_at=clock.now())
    found, after = given.about_own(by=own(on_file))
    assert [(one.number, one.to_role) for one in found] == [(public.number, "public"), (mine.number, "subject")]
    assert after is None
    page, after = given.about_own(by=own(on_file), limit=1)
    assert [one.number for one in page] == [public.number]
    assert [one.number for one in given.about_own(by=own(on_file), after=after, limit=1)[0]] == [mine.number]
    nobody = Actor(role=Role.SUBJECT, name="x", account_id=2, subject=on_file.subject_id + 1, subject_code="x")
    assert given.about_own(by=nobody) == ([], None)


def test_the_library_of_domains_is_whole() -> None:
    edition = domains.on(date(2026, 1, 1))
    ids = [one.id for one in edition.domains]
    kinds = {one.id for one in edition.kinds}
    assert len(ids) == len(set(ids)) > 30
    assert ids[-1] == domains.OTHER
    assert {"penalty", "compulsion", "serious-list", "judgment"} <= kinds  # 565号: at least these four
    assert all(set(one.kinds) <= kinds for one in edition.domains)
    from xinyong.catalogue import load

    assert {item for kind in edition.kinds for item in kind.items} <= set(load.library())
    assert not edition.is_verified
    assert chapters.TITLE.zh not in special.TITLE.zh


def _nobody() -> int:
    return Department.objects.create(code=_code("11990100MB0RPT888"), name="云溪市示例办公室", short_name="示例办").pk


def _move(number: str, subject_id: int) -> None:
    import hashlib

    from django.db import connection

    from xinyong.security import separation

    with separation.as_owner(), connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "UPDATE record SET subject_id = %s WHERE key_digest = %s",
            [subject_id, hashlib.sha256(number.encode()).digest()[:16]],
        )
        cursor.execute("SET session_replication_role = DEFAULT")


def _code(first17: str) -> str:
    return first17 + codes.check_character(first17)
