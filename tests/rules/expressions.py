"""Random rules: one production for each node kind and each function, as text, with random rows to run them on."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from xinyong.rules._patterns import BLANKS
from xinyong.rules.language import ColumnType

#: Two columns of each type; some with names that need care, two that differ only in case.
COLUMNS = {
    "XK_WSH": ColumnType.TEXT,
    'a"b': ColumnType.TEXT,
    "CF_JDRQ": ColumnType.DATE,
    "select": ColumnType.DATE,
    "CF_NR_FK": ColumnType.DECIMAL,
    "cf_nr_fk": ColumnType.DECIMAL,
    "数量": ColumnType.INTEGER,
    "_connector": ColumnType.INTEGER,
    "IS_OK": ColumnType.BOOLEAN,
    "end": ColumnType.BOOLEAN,
}

#: Characters on which engines are known to differ, and the ones that SQL and patterns treat specially.
ALPHABET = "abzAZ09_%\\'\".-^$()[]*+?|{},;（）市龥𠮷éßİıſΣς\u0301\U0001f468\uffff\uff21" + BLANKS
_SIMPLE = "abAZ09_龥𠮷. -"

texts = st.text(ALPHABET, max_size=6)
#: What may stand in a literal: no control characters but line breaks and tabs.
literal_texts = st.text([one for one in ALPHABET if one not in "\x0b\x0c\x85\u2028\u2029\uffff"], max_size=4)
dates = st.sampled_from(
    [date(1, 1, 1), date(9999, 12, 31), date(2024, 2, 29), date(2023, 1, 31), date(2000, 3, 1), date(1900, 2, 28)]
) | st.dates(date(1949, 10, 1), date(2099, 12, 31))
decimals = st.sampled_from(
    [
        Decimal(one)
        for one in ("0", "0.5", "-0.5", "2.5", "-2.5", "0.000001", "999999999999.999999", "-999999999999.999999")
    ]
) | st.decimals(-9999, 9999, places=6)
integers = st.sampled_from([0, 1, -1, 2, 3, 7, 10**18 - 1, -(10**18) + 1]) | st.integers(-1000, 1000)
_VALUES: dict[ColumnType, st.SearchStrategy[object]] = {
    ColumnType.TEXT: texts, ColumnType.DATE: dates, ColumnType.DECIMAL: decimals, ColumnType.INTEGER: integers,
    ColumnType.BOOLEAN: st.booleans(),
}  # fmt: skip
rows = st.lists(
    st.fixed_dictionaries({name: st.none() | _VALUES[of] for name, of in COLUMNS.items()}), min_size=1, max_size=6
)

Texts = st.SearchStrategy[str]


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _named(*of: ColumnType) -> Texts:
    return st.sampled_from(['"' + name.replace('"', '""') + '"' for name, one in COLUMNS.items() if one in of])


def _f(shape: str, *parts: Texts) -> Texts:
    """``parts`` put into ``shape``."""
    return st.tuples(*parts).map(lambda found: shape.format(*found))


def _lists(of: Texts, shape: str, joint: str, least: int = 2) -> Texts:
    return st.lists(of, min_size=least, max_size=3).map(lambda found: shape.format(joint.join(found)))


_COLUMN = {of: _named(of) for of in ColumnType}
_LITERAL: dict[ColumnType, Texts] = {
    ColumnType.TEXT: literal_texts.map(quoted),
    ColumnType.DATE: dates.map(lambda one: f"DATE '{one.isoformat()}'"),
    ColumnType.DECIMAL: decimals.map(lambda one: f"{one:f}"),
    ColumnType.INTEGER: integers.map(str),
    ColumnType.BOOLEAN: st.sampled_from(["TRUE", "FALSE"]),
}
_COUNT = st.integers(0, 7).map(str)
_SIGN = st.sampled_from(["=", "<>", "!=", "<", "<=", ">", ">="])


def _brackets() -> Texts:
    plain = st.sampled_from(
        ["a-z", "0-9", "A-Z", "一-龥", "\\d", "\\w", "\\s", "\\-", "\\]", "\\[", "^", "_", "𠮷", ".", "$"]
    )
    return st.tuples(st.sampled_from(["", "^"]), st.lists(plain, min_size=1, max_size=3)).map(
        lambda found: f"[{found[0]}{'.' if found[1][0] == '^' else ''}{''.join(found[1])}]"
    )


def _patterns() -> Texts:
    atom = st.sampled_from([*"ab09龥𠮷_-", ".", "\\.", "\\d", "\\w", "\\s", "\\(", "\\\\", "\\$"]) | _brackets()
    repeated = st.tuples(atom, st.sampled_from(["", "", "*", "+", "?", "{2}", "{0,3}", "{1,}"])).map("".join)
    sequence = st.lists(repeated, min_size=1, max_size=4).map("".join)
    group = st.tuples(sequence, sequence, st.sampled_from(["", "*", "+", "?", "{2}"])).map(
        lambda found: f"({found[0]}|{found[1]}){found[2]}"
    )
    whole = st.lists(sequence | group, min_size=1, max_size=2).map("".join)
    ends = st.sampled_from([("", ""), ("^", ""), ("", "$"), ("^", "$")])
    return st.tuples(ends, whole).map(lambda found: found[0][0] + found[1] + found[0][1])


class Productions:
    """Expressions up to a depth; ``roots`` has one strategy for each node kind and function."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        below = Productions(depth - 1) if depth else None

        def of(one: ColumnType) -> Texts:
            return below.of(one) if below else _COLUMN[one] | _LITERAL[one]

        text, day, flag = of(ColumnType.TEXT), of(ColumnType.DATE), of(ColumnType.BOOLEAN)
        whole = of(ColumnType.INTEGER)
        number = whole | of(ColumnType.DECIMAL)
        alike = (text, day, number)
        both = [st.tuples(one, one) for one in alike]

        def pairs(shape: str) -> Texts:
            return st.one_of(*(one.map(lambda found: shape.format(*found)) for one in both))

        literals = [(_COLUMN[one] | of(one), _LITERAL[one]) for one in ColumnType if one is not ColumnType.BOOLEAN]
        self.roots: dict[str, tuple[ColumnType, Texts]] = {}

        def add(name: str, gives: ColumnType, how: Texts) -> None:
            self.roots[name] = (gives, how)

        boolean, numeric, words, days = ColumnType.BOOLEAN, ColumnType.DECIMAL, ColumnType.TEXT, ColumnType.DATE
        for name, how in self.logic(flag, text, day, number, pairs, literals).items():
            add(name, boolean, how)
        add("column", boolean, _COLUMN[boolean])
        add("literal", words, _LITERAL[words])
        add("null", numeric, _f("CASE WHEN {} THEN NULL ELSE {} END", flag, number))
        add("arithmetic", numeric, _f("({} {} {})", number, st.sampled_from("+-*/"), number))
        add("negate", numeric, _f("(- {})", _COLUMN[numeric] | _f("({})", number)))
        add("days", ColumnType.INTEGER, _f("({} - {})", day, day))
        interval = st.tuples(st.integers(0, 99), st.sampled_from(["DAY", "MONTHS", "YEAR"])).map(
            lambda found: f"INTERVAL '{found[0]}' {found[1]}"
        )
        add("shift", days, _f("({} {} {})", day, st.sampled_from("+-"), interval))
        add("concat", words, _lists(text, "({})", " || "))
        add("case", words, _f("CASE WHEN {} THEN {} WHEN {} THEN {} END", flag, text, flag, text))
        for name, how in self.calls(text, day, number, pairs).items():
            add(*name, how)

    @staticmethod
    def logic(
        flag: Texts,
        text: Texts,
        day: Texts,
        number: Texts,
        pairs: Callable[[str], Texts],
        literals: list[tuple[Texts, Texts]],
    ) -> dict[str, Texts]:
        anything = flag | text | day | number
        inside = [
            st.tuples(one, st.sampled_from(["", "NOT "]), st.lists(literal, min_size=1, max_size=3)).map(
                lambda found: f"({found[0]} {found[1]}IN ({', '.join(found[2])}))"
            )
            for one, literal in literals
        ]
        return {
            "and": _lists(flag, "({})", " AND "),
            "or": _lists(flag, "({})", " OR "),
            "not": _f("(NOT {})", flag),
            "compare": _SIGN.flatmap(lambda sign: pairs(f"({{}} {sign} {{}})")),
            "in": st.one_of(*inside),
            "between": st.one_of(
                *(
                    _f("({} {}BETWEEN {} AND {})", one, st.sampled_from(["", "NOT "]), one, one)
                    for one in (text, day, number)
                )
            ),
            "like": _f("({} {}LIKE {})", text, st.sampled_from(["", "NOT "]), literal_texts.map(quoted)),
            "is null": _f("({} IS {}NULL)", anything, st.sampled_from(["", "NOT "])),
            "is true": _f("({} IS {}TRUE)", flag, st.sampled_from(["", "NOT "])),
            "is false": _f("({} IS {}FALSE)", flag, st.sampled_from(["", "NOT "])),
        }

    @staticmethod
    def calls(
        text: Texts, day: Texts, number: Texts, pairs: Callable[[str], Texts]
    ) -> dict[tuple[str, ColumnType], Texts]:
        boolean, whole, words, days = ColumnType.BOOLEAN, ColumnType.INTEGER, ColumnType.TEXT, ColumnType.DATE
        ordered = [(days, day), (ColumnType.DECIMAL, number)]
        found: dict[tuple[str, ColumnType], Texts] = {
            ("length", whole): _f("length({})", text),
            ("left", words): _f("left({}, {})", text, _COUNT),
            ("right", words): _f("RIGHT({}, {})", text, _COUNT),
            ("substring", words): _f("substring({}, {}, {})", text, st.integers(1, 7).map(str), _COUNT),
            ("regexp_matches", boolean): _f("regexp_matches({}, {})", text, _patterns().map(quoted)),
            ("coalesce", words): _lists(text, "coalesce({})", ", "),
            ("nullif", days): _f("nullif({}, {})", day, day),
            ("round", ColumnType.DECIMAL): _f("round({}, {})", number, st.integers(0, 6).map(str))
            | _f("round({})", number),
            ("abs", ColumnType.DECIMAL): _f("abs({})", number),
        }
        found |= {(name, words): _f(f"{name}({{}})", text) for name in ("trim", "upper", "lower")}
        found |= {
            (name, boolean): _f(f"{name}({{}}, {{}})", text, text | st.sampled_from(["''", "'龥'", "'a'"]))
            for name in ("starts_with", "ends_with", "contains")
        }
        found |= {(name, whole): _f(f"{name}({{}})", number) for name in ("floor", "ceil")}
        found |= {(name, whole): _f(f"{name}({{}})", day) for name in ("year", "month", "day")}
        for name, (of, how) in zip(("least", "greatest"), ordered, strict=True):
            found[name, of] = _lists(how, f"{name}({{}})", ", ")
        return found

    def of(self, one: ColumnType) -> Texts:
        """Expressions of a type: a leaf, or one of the productions that give it."""
        roots = [how for gives, how in self.roots.values() if gives is one]
        return st.one_of(_COLUMN[one], _LITERAL[one], *roots)
