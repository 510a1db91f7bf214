"""What a report gives out holds no person's number, in its content and in its PDF (security.md T21)."""

import random
from datetime import date

from tests.reports import factories as make
from tests.security import planted
from xinyong.catalogue.schema import Section
from xinyong.reports import chapters, render
from xinyong.reports.compose import without_persons_numbers
from xinyong.reports.content import ReportContent, canonical
from xinyong.security.scanned_files import scan_file
from xinyong.security.scanner import Kind

TODAY = date(2026, 11, 21)


def report(facts: str) -> ReportContent:
    found = make.file_of(make.registration(), make.licence(1), make.penalty(1, facts=facts))
    content = chapters.content_of(
        found, collected=frozenset({Section.LICENCE, Section.PENALTY}), issuer="信用中国(云溪)"
    )
    return without_persons_numbers(content, today=TODAY)


def test_a_report_holds_no_persons_number_and_every_code_of_an_organisation() -> None:
    chance = random.Random(5)
    numbers = [planted.number_of(kind, chance) for kind in Kind]
    content = report("；".join(f"号码 {number} 所涉" for number in numbers))
    text = canonical(content).decode()
    assert not any(number in text for number in numbers)
    assert text.count("*" * 8) >= len(numbers)
    assert content.code in text
    pdf = render.pdf(content, make.stamp())
    assert scan_file(pdf, today=TODAY).hits == ()


def test_the_scanner_reads_the_words_of_our_own_pdf() -> None:
    """The negative control: without the step before, the scan of the PDF finds what was printed."""
    number = planted.number_of(Kind.CITIZEN_ID, random.Random(6))
    found = make.file_of(make.registration(), make.penalty(1, facts=f"当事人身份证 {number} 未按规定公示"))
    content = chapters.content_of(found, collected=frozenset({Section.PENALTY}), issuer="信用中国(云溪)")
    hits = scan_file(render.pdf(content, make.stamp()), today=TODAY).hits
    assert [hit.kind for hit in hits] == [Kind.CITIZEN_ID]


def test_an_ordinary_report_loses_nothing() -> None:
    found = make.file_of(make.registration(), make.licence(1), make.penalty(1), make.honour(1))
    content = chapters.content_of(found, collected=frozenset({Section.LICENCE}), issuer="信用中国(云溪)")
    assert without_persons_numbers(content, today=TODAY) == content
