"""Pinyin of a name, syllable by syllable, without tones: fast enough to run over a million names.

pypinyin segments every text by its phrase list (100 µs a name, measured). We take the usual reading of each character and
look only at the phrases whose reading differs from it (重庆 chong qing, 银行 yin hang): 3 µs a name, same answers on names.
"""

import unicodedata
from functools import cache

#: The longest phrase that is looked for; longer ones are idioms and do not stand in names.
_LONGEST = 4
#: A typed query is cut into syllables in at most this many ways (xian: xian, xi an).
_CUTS = 4
_VOWELS = frozenset("aeiouv")
#: Readings that are usual in names where the dictionary lists another first.
_IN_NAMES = {"长": "chang", "乐": "le"}
#: In a name 县长 is the end of a place and the beginning of a trade name, no official.
_NO_PHRASES = frozenset(place + "长" for place in "省市县区镇乡村州旗")


def syllables(key: str) -> list[str]:
    """One lower-case syllable a character: ``重庆ABC`` → chong, qing, a, b, c. A character without a reading stands
    for itself. ü is written v (吕 lv), as keyboards do."""
    usual, irregular, starts = _readings()
    spelled = [usual.get(char) or char.lower() for char in key]
    taken = 0
    for at, char in enumerate(key):
        if char in starts and at >= taken:
            for length in range(min(_LONGEST, len(key) - at), 1, -1):
                special = irregular.get(key[at : at + length])
                if special:
                    spelled[at : at + length] = special
                    taken = at + length
                    break
    return spelled


def initials(spelled: list[str]) -> str:
    """The first letter of each syllable: 星河科技 → xhkj."""
    return "".join([syllable[0] for syllable in spelled])


def cuts(letters: str) -> list[tuple[list[str], str]]:
    """The ways to read typed letters as syllables: ``(whole syllables, begun last syllable)``, at most four, those with
    fewest syllables first. ``xian`` → xian, xi an; only where no reading ends with a syllable may the last one be begun:
    ``xinghek`` → ``([xing, he], k)``. Letters that are no pinyin → empty list."""
    known, begun = _known()
    ways: list[list[tuple[list[str], str]]] = [[] for _ in range(len(letters) + 1)]
    ways[0] = [([], "")]
    for at in range(len(letters)):
        for end in range(at + 1, min(at + 6, len(letters)) + 1):
            part = letters[at:end]
            for done, _ in ways[at]:
                if part in known:
                    ways[end].append(([*done, part], ""))
                elif end == len(letters) and part in begun:
                    ways[end].append((done, part))
        ways[at + 1] = sorted(ways[at + 1], key=lambda way: len(way[0]) + bool(way[1]))[:_CUTS]
    return [way for way in ways[-1] if not way[1]] or ways[-1]


def _plain(reading: str) -> str:
    bare = unicodedata.normalize("NFD", reading).replace("u\u0308", "v")
    return "".join([char for char in bare if char.isascii() and char.isalpha()])


@cache
def _readings() -> tuple[dict[str, str], dict[str, tuple[str, ...]], frozenset[str]]:
    from pypinyin.constants import PHRASES_DICT, PINYIN_DICT

    usual = {chr(point): _plain(readings.split(",")[0]) for point, readings in PINYIN_DICT.items()}
    usual = {char: reading for char, reading in usual.items() if reading} | _IN_NAMES
    irregular = {}
    for phrase, readings in PHRASES_DICT.items():
        if len(phrase) <= _LONGEST and phrase not in _NO_PHRASES:
            spelled = tuple([_plain(options[0]) for options in readings])
            if all(spelled) and list(spelled) != [usual.get(char) for char in phrase]:
                irregular[phrase] = spelled
    return usual, irregular, frozenset(phrase[0] for phrase in irregular)


@cache
def _known() -> tuple[frozenset[str], frozenset[str]]:
    """All syllables of common characters, and every beginning of one."""
    usual, _, _ = _readings()
    known = {reading for char, reading in usual.items() if "\u4e00" <= char <= "\u9fff"}
    known = {syllable for syllable in known if not _VOWELS.isdisjoint(syllable)}  # 嗯 n is no way to read a letter
    return frozenset(known), frozenset(syllable[:length] for syllable in known for length in range(1, len(syllable)))
