"""A file becomes a report: official order, facts only, "none" apart from "not collected"."""

from dataclasses import asdict, replace
from datetime import date

import pytest

from tests.reports import factories as make
from xinyong.catalogue.schema import Section
from xinyong.records.view import Dossier, FieldView, Mark
from xinyong.reports import chapters
from xinyong.reports.content import Availability, ReportContent, canonical, facts_digest


def report(found: Dossier, collected: frozenset[Section] = make.ALL) -> ReportContent:
    return chapters.content_of(found, collected=collected, issuer="信用中国（云溪）")


def test_sections_stand_in_the_official_order() -> None:
    titles = [(one.number, one.title.zh) for one in report(make.file_of()).chapters]
    assert titles == [
        (1, "行政管理信息"),
        (2, "诚实守信信息"),
        (3, "严重失信主体名单信息"),
        (4, "经营异常信息"),
        (5, "信用承诺信息"),
        (6, "信用评价信息"),
        (7, "司法判决信息"),
        (8, "其他信息"),
        (9, "信用状况提升建议"),
        (10, "公共信用信息地方补充内容"),
    ]


def test_none_found_is_told_apart_from_not_collected() -> None:
    content = report(make.file_of(), collected=frozenset({Section.LICENCE}))
    licences, penalties, others = content.chapters[0].parts
    assert others.availability is Availability.NOT_COLLECTED
    assert licences.availability is Availability.NONE
    assert penalties.availability is Availability.NOT_COLLECTED
    assert [one.total for one in content.counts[:2]] == [0, None]


def test_commitments_evaluations_and_judgments_have_chapters_of_their_own() -> None:
    later = {5: Section.COMMITMENT, 6: Section.EVALUATION, 7: Section.JUDICIAL}
    nothing = {
        one.number: one.parts[0].availability for one in report(make.file_of(), collected=frozenset()).chapters[:8]
    }
    assert set(nothing.values()) == {Availability.NOT_COLLECTED}
    for number, section in later.items():
        found = report(make.file_of(), collected=frozenset({section})).chapters
        assert [one.number for one in found[:8] if one.parts[0].availability is Availability.NONE] == [number]


def test_records_are_numbered_from_one_in_each_part_and_counted_on_the_cover() -> None:
    content = report(make.file_of(make.licence(4), make.licence(9), make.penalty(2)))
    licences, penalties, _ = content.chapters[0].parts
    assert [one.number for one in licences.entries] == [1, 2]
    assert [one.number for one in penalties.entries] == [1]
    assert [(one.chapter, one.place, one.total) for one in content.counts[:4]] == [
        (1, 1, 2), (1, 2, 1), (1, 3, 0), (2, 0, 0),
    ]  # fmt: skip


def test_a_cut_list_still_says_how_many_there_are() -> None:
    part = report(make.file_of(make.licence(1), total=812)).chapters[0].parts[0]
    assert (part.total, len(part.entries)) == (812, 1)


def test_a_record_does_not_repeat_the_name_and_code_of_its_subject() -> None:
    entry = report(make.file_of(make.licence(1))).chapters[0].parts[0].entries[0]
    assert make.NAME not in [line.text for line in entry.lines]


def test_a_record_under_a_former_name_shows_that_name() -> None:
    record = make.licence(1)
    old = replace(record, fields=(replace(record.fields[0], text="云溪市老禾食品厂"), *record.fields[1:]))
    entry = report(make.file_of(old)).chapters[0].parts[0].entries[0]
    assert entry.lines[0].text == "云溪市老禾食品厂"


def test_registration_says_each_fact_once() -> None:
    content = report(make.file_of(make.registration(), former=("云溪市老禾食品厂",)))
    texts = [line.text for line in content.registration]
    assert texts[:2] == [make.NAME, make.CODE]
    assert len(texts) == len(set(texts))
    assert [line.text for line in content.former_names] == ["云溪市老禾食品厂（2018-06-01 至 2020-03-05）"]


def test_hints_name_each_repairable_penalty_and_its_first_day() -> None:
    closed = replace(make.penalty(2), repair_from=None)
    content = report(make.file_of(make.penalty(1, document_no="云市监罚决〔2025〕1号"), closed, make.honour(1)))
    hints = content.chapters[8].hints
    assert len(hints) == 1
    assert "第 1 条（云市监罚决〔2025〕1号）：自 2025年7月1日 起" in hints[0].zh
    assert "2025-07-01" in hints[0].en


def test_labels_are_facts_of_the_day() -> None:
    ended = replace(make.honour(1), marks=(Mark.ENDED,))
    assert [one.zh for one in report(make.file_of(make.honour(1))).labels] == ["存续", "守信激励对象"]
    assert [one.zh for one in report(make.file_of(ended)).labels] == ["存续"]


def test_the_last_day_of_publicity_is_printed_not_the_day_after() -> None:
    entry = report(make.file_of(make.penalty(1))).chapters[0].parts[1].entries[0]
    assert [note.text for note in entry.notes if note.zh == "公示截止"] == ["2027-03-31"]


def test_the_statement_says_factual_without_score_and_names_the_remedies() -> None:
    said = "".join(one.zh for one in report(make.file_of()).statements)
    assert "不含评分、评级" in said
    assert "异议" in said
    assert "信用修复" in said


def test_a_report_has_no_place_for_a_score() -> None:
    keys = str(asdict(report(make.file_of(make.penalty(1))))).lower()
    assert "score" not in keys.replace("no score and no grade", "")
    assert "'grade'" not in keys


def test_the_digest_is_of_the_facts_not_of_the_day() -> None:
    found = make.file_of(make.licence(1))
    today, tomorrow = report(found), report(replace(found, as_of=date(2026, 11, 22)))
    assert facts_digest(today) == facts_digest(tomorrow)
    assert canonical(today) != canonical(tomorrow)
    assert facts_digest(today) != facts_digest(report(make.file_of(make.licence(2))))


def test_a_file_seen_by_rights_of_office_never_becomes_an_ordinary_report() -> None:
    with pytest.raises(ValueError, match="public view"):
        report(replace(make.file_of(), is_public_view=False))


def test_invisible_characters_are_shown_in_every_text_of_the_report() -> None:
    record = make.penalty(1)
    odd = replace(record, title="甲\u202e乙", fields=(FieldView("X", "事\x00实", "f", "丙\u200b丁"),))
    content = report(make.file_of(odd, name="云溪\u202e公司"))
    text = canonical(content).decode()
    assert not any(character in text for character in "\u202e\x00\u200b")
    assert content.name == "云溪〔U+202E〕公司"
