r"""The part of regular expressions that RE2 (DuckDB) and PostgreSQL read the same way.

A pattern is parsed here and written again, so that an engine only ever sees spellings that mean one thing:
``.`` is any character, ``\d`` is ``[0-9]``, ``\w`` is ``[0-9A-Za-z_]``, ``\s`` is the blank characters of ``trim``,
groups do not capture, ``^`` and ``$`` are the start and end of the whole text. Look-around, back references, lazy and
possessive repetition, flags, ``\b``, ``\p{…}`` and POSIX classes are left out: one engine lacks them or differs.
"""

import re2

#: Unicode's White_Space property (PropList.txt): what ``trim`` removes and ``\s`` matches.
BLANKS = "\t\n\x0b\x0c\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
#: PostgreSQL's largest repetition is 255; nested repetitions multiply, and RE2 stops at 1,000.
LARGEST_REPETITION = 255
#: The longest pattern over a cell of 100,000 characters took 93 ms at 600, 33 ms at 256; the bound is 50 (security.md §3-24).
LARGEST_SIZE = 256

_SPECIAL = frozenset(r"\.^$*+?()[]{}|")
_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": BLANKS}


class PatternError(Exception):
    """What is wrong with a pattern, in Chinese and English, and where."""

    def __init__(self, at: int, zh: str, en: str) -> None:
        super().__init__(en)
        self.at, self.zh, self.en = at, zh, en


def canonical(pattern: str) -> str:
    """The pattern in the spelling both engines read alike. Raises PatternError."""
    reader = _Reader(pattern)
    text, size = reader.alternatives(0)
    if not reader.is_done:
        raise reader.error("多了一个“)”", "there is one ) too many")
    if size > LARGEST_SIZE:
        raise PatternError(0, f"重复次数合计超过 {LARGEST_SIZE}", f"repetitions add up to more than {LARGEST_SIZE}")
    try:
        re2.compile(text)
    except re2.error as refused:  # our reader is stricter; this is the second lock
        raise PatternError(0, f"不是有效的正则表达式：{refused}", f"not a valid pattern: {refused}") from refused
    return text


class _Reader:
    """Recursive descent over a pattern; each method returns the text written again and its expanded size."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    @property
    def is_done(self) -> bool:
        return self.at >= len(self.pattern)

    def next(self) -> str:
        return self.pattern[self.at] if not self.is_done else ""

    def take(self) -> str:
        if self.is_done:
            raise self.error("表达式没有写完", "the pattern ends too early")
        self.at += 1
        return self.pattern[self.at - 1]

    def error(self, zh: str, en: str) -> PatternError:
        return PatternError(self.at, zh, en)

    def alternatives(self, depth: int) -> tuple[str, int]:
        if depth > 8:
            raise self.error("括号套得太深（最多 8 层）", "brackets are nested more than 8 deep")
        branches = [self.branch(depth)]
        while self.next() == "|":
            self.take()
            branches.append(self.branch(depth))
        return "|".join(text for text, _ in branches), sum(size for _, size in branches)

    def branch(self, depth: int) -> tuple[str, int]:
        pieces: list[str] = []
        total = 0
        while not self.is_done and self.next() not in "|)":
            text, size, may_repeat = self.atom(depth)
            low_high = self.repetition()
            if low_high is not None:
                if not may_repeat:
                    raise self.error("“^”“$”不能重复", "^ and $ cannot be repeated")
                text, size = text + low_high[0], size * max(low_high[1], 1)
            pieces.append(text)
            total += size
        if not pieces:
            raise self.error("有一个分支是空的", "a branch is empty")
        return "".join(pieces), total

    def atom(self, depth: int) -> tuple[str, int, bool]:
        one = self.take()
        if one in "^$":
            return one, 1, False
        if one == ".":
            return ".", 1, True
        if one == "[":
            return self.bracket(), 1, True
        if one == "(":
            return (*self.group(depth), True)
        if one == "\\":
            return self.escape(), 1, True
        if one in "*+?{":
            self.at -= 1
            raise self.error(
                f"“{one}”前面没有可以重复的内容；要匹配它本身请写 \\{one}", f"nothing to repeat before {one}"
            )
        if one in "]}":
            self.at -= 1
            raise self.error(f"要匹配“{one}”请写 \\{one}", f"write \\{one} to match {one}")
        return one, 1, True

    def group(self, depth: int) -> tuple[str, int]:
        if self.next() == "?":
            self.take()
            if self.take() != ":":
                raise self.error(
                    "“(?”后面只能是“:”；不支持前后查看、标志和命名分组",
                    "only (?: is allowed: no look-around, flags, names",
                )
        text, size = self.alternatives(depth + 1)
        if self.is_done:
            raise self.error("少了一个“)”", "a ) is missing")
        self.take()
        return f"(?:{text})", size

    def escape(self) -> str:
        one = self.take()
        if one in _CLASSES:
            return f"[{_CLASSES[one]}]"
        return self.escaped(one)

    def escaped(self, one: str) -> str:
        if one in _SPECIAL or one in "-/":
            return f"\\{one}" if one in _SPECIAL else one
        self.at -= 1
        raise self.error(
            f"不支持“\\{one}”；可用的是 \\d \\w \\s 和标点前的反斜线",
            f"\\{one} is not supported; there are \\d \\w \\s and a backslash before punctuation",
        )

    def bracket(self) -> str:
        negation = ""
        if self.next() == "^":
            negation = self.take()
        members: list[str] = []
        while self.next() != "]" or not members:
            first = self.member()
            if len(first) > 1:
                members.append(first)
                continue
            is_range = self.next() == "-" and self.pattern[self.at + 1 : self.at + 2] not in ("]", "")
            if not is_range:
                members.append(_in_bracket(first))
                continue
            self.take()
            last = self.member()
            if len(last) > 1 or last < first:
                raise self.error("方括号内的范围写反了或不完整", "a range in brackets is reversed or incomplete")
            members.append(f"{_in_bracket(first)}-{_in_bracket(last)}")
        self.take()
        return f"[{negation}{''.join(members)}]"

    def member(self) -> str:
        """One character, or the several that ``\\d`` and its like stand for."""
        one = self.take()
        if one == "[" or one == "]":
            self.at -= 1
            raise self.error(f"方括号内的“{one}”请写 \\{one}", f"write \\{one} for {one} inside brackets")
        if one != "\\":
            return one
        escaped = self.take()
        if escaped in _CLASSES:
            return _CLASSES[escaped]
        return self.escaped(escaped)[-1]

    def repetition(self) -> tuple[str, int] | None:
        """The repetition written again and its largest count (unbounded counts as its least)."""
        one = self.next()
        if one not in ("*", "+", "?", "{"):
            return None
        self.take()
        text, largest = (one, 1) if one != "{" else self.counts()
        if self.next() in ("*", "+", "?", "{"):
            raise self.error("不支持重复符号连写", "repetition signs cannot follow each other")
        return text, largest

    def counts(self) -> tuple[str, int]:
        inside = ""
        while self.next() != "}":
            inside += self.take()
        self.take()
        low, comma, high = inside.partition(",")
        numbers = [one for one in (low, high) if one]
        if not low or any(not (one.isascii() and one.isdigit() and len(one) <= 3) for one in numbers):
            raise self.error("花括号内应为 {次数}、{最少,} 或 {最少,最多}", "write {count}, {least,} or {least,most}")
        least, most = int(low), int(high) if high else int(low)
        if most > LARGEST_REPETITION or most < least:
            raise self.error(
                f"重复次数最多 {LARGEST_REPETITION}，且不能写反",
                f"at most {LARGEST_REPETITION} repetitions, least first",
            )
        return f"{{{least}{comma}{most if high else ''}}}", most


def _in_bracket(one: str) -> str:
    return f"\\{one}" if one in "\\]^-[" else one
