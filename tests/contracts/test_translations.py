"""Every Chinese message on a page has its English; the catalogue compiles."""

import re
from gettext import GNUTranslations

from xinyong.web import messages

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def test_every_message_has_an_english_translation() -> None:
    assert messages.missing() == {}


def test_no_translation_is_left_over() -> None:
    assert messages.unused() == []


def test_translations_use_only_placeholders_that_their_message_has() -> None:
    for message in messages.translations():
        wanted = set(_PLACEHOLDER.findall(str(message.id)))
        assert set(_PLACEHOLDER.findall(str(message.string))) <= wanted, message.id


def test_english_is_not_chinese() -> None:
    left = [str(m.string) for m in messages.translations() if m.id and re.search("[一-鿿]", str(m.string))]
    assert left == []


def test_the_compiled_catalogue_reads_back() -> None:
    with messages.compile_messages().open("rb") as file:
        assert GNUTranslations(file).gettext("跳到正文") == "Skip to content"
