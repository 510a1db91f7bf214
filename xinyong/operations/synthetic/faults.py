"""What clerks and old systems do to good rows, at the rates seen in three million real registry rows and in practice.

Rates of code faults: 0.25 % old 15-digit registration numbers, 0.017 % 13-digit numbers, 0.009 % lower case, 0.006 % a
wrong check character. A quarter of the differences in names are bracket width only. The other rates are chosen so that
one to two rows in a hundred end doubtful or rejected.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xinyong.operations.synthetic import draw, identifiers
from xinyong.operations.synthetic.decisions import Batch, Columns

#: What happens to a row, and to how many of a million rows.
RATES: dict[str, int] = {
    "old-number": 2_500, "short-number": 170, "lower-case": 90, "wrong-check": 60,  # in the code
    "half-brackets": 60_000, "blank-in-name": 2_500, "former-name": 300_000, "wrong-name": 2_500,  # former: of the renamed
    "missing": 3_000, "impossible-date": 800, "future-date": 200, "other-date-form": 15_000,
    "unknown-kind": 700, "no-amount": 500, "amount-in-yuan": 600, "blanks-around": 8_000,
}  # fmt: skip
#: Ways of writing a day that all are right; an agency has one of its own.
DATE_FORMS = ("iso", "slashes", "dots", "plain", "words", "numerals")
_RENAMED_WITHIN = 400
#: Says which rows a fault strikes.
Struck = Callable[[str], draw.Flags]


@dataclass(frozen=True, slots=True)
class Plan:
    """Where faults may go: the item's columns by the part they play."""

    name: str
    code: str
    dates: tuple[str, ...]
    decided: str
    needed: tuple[str, ...]
    kind: str | None = None
    wrong_kind: str = ""
    amount: str | None = None
    content: str | None = None


PENALTY = Plan(
    name="CF_XDR_MC", code="CF_XDR_SHXYM", dates=("CF_JDRQ", "CF_YXQ", "CF_GSJZQ"), decided="CF_JDRQ",
    needed=("CF_FRDB", "CF_SY", "CF_YJ", "CF_NR", "CF_WFXW"), kind="CF_CFLB", wrong_kind="罚金", amount="CF_NR_FK", content="CF_NR",
)  # fmt: skip
LICENCE = Plan(
    name="XK_XDR_MC", code="XK_XDR_SHXYM", dates=("XK_JDRQ", "XK_YXQZ", "XK_YXQZI"), decided="XK_JDRQ",
    needed=("XK_FRDB", "XK_NR", "XK_XKWS", "XK_YXQZI"), kind="XK_XKLB", wrong_kind="一般许可", amount=None, content="XK_NR",
)  # fmt: skip

_LISTED: Mapping[str, Plan] = {
    "abnormal-operation": Plan("ZTMC", "TYSHXYDM", ("LRRQ", "YCRQ"), "LRRQ", ("LRYY",)),
    "serious-dishonesty": Plan("ZTMC", "TYSHXYDM", ("LRRQ", "LRJZRQ", "GZRQ"), "LRRQ", ("LRYJ", "GZRQ")),
    "honour": Plan("ZTMC", "TYSHXYDM", ("RDRQ", "YXQZ", "YXQZI"), "RDRQ", ("RYMC",)),
}
#: Item → where its faults go.
PLANS: Mapping[str, Plan] = {"admin-penalty-org": PENALTY, "admin-licence-org": LICENCE, **_LISTED}


def spoil(batch: Batch, plan: Plan, *, seed: int, salt: str, date_form: str, factor: float = 1.0) -> Columns:
    """The batch's columns as the department sends them. ``date_form`` is its own way to write days; ``factor``
    multiplies every rate."""
    made = dict(batch.columns)

    def struck(fault: str) -> draw.Flags:
        return draw.unit(seed, f"{salt}/fault/{fault}", batch.index) * 1_000_000 < RATES[fault] * factor

    made[plan.code] = _codes(batch, made[plan.code], struck, seed)
    made[plan.name] = _names(batch, made[plan.name], struck)
    for place, column in enumerate(plan.needed):
        chosen = draw.below(seed, salt + "/missing/which", batch.index, len(plan.needed)) == place
        made[column] = draw.choose(struck("missing") & chosen, None, made[column])
    if plan.kind:
        made[plan.kind] = draw.choose(struck("unknown-kind"), plan.wrong_kind, made[plan.kind])
    if plan.content:
        text = made[plan.content]
        made[plan.content] = draw.choose(struck("blanks-around"), draw.join("　", text, " "), text)
    if plan.amount:
        given = made[plan.amount]
        in_yuan = pc.cast(pc.multiply(pc.cast(given, pa.float64()), 10_000.0), pa.int64(), safe=False).cast(pa.string())
        made[plan.amount] = draw.choose(
            struck("amount-in-yuan"), in_yuan, draw.choose(struck("no-amount"), None, given)
        )
    _dates(made, plan, batch, struck, seed, salt, date_form)
    return made


def _codes(batch: Batch, codes: draw.Texts, struck: Struck, seed: int) -> draw.Texts:
    each, parties = batch.parties.each, batch.parties
    old = parties.by_row(each.registration_numbers)
    had_old = np.asarray(pc.is_valid(old))
    short = draw.join(
        parties.by_row(draw.plain(each.divisions)), draw.digits(draw.below(seed, "short", batch.index, 10**7), 7)
    )
    codes = draw.choose(struck("old-number") & had_old, old, codes)
    codes = draw.choose(struck("short-number"), short, codes)
    codes = draw.choose(struck("lower-case"), pc.utf8_lower(codes), codes)
    wrong = struck("wrong-check")
    return draw.choose(wrong, identifiers.unsound(codes), codes) if wrong.any() else codes


def _names(batch: Batch, names: draw.Texts, struck: Struck) -> draw.Texts:
    parties = batch.parties
    was = struck("former-name") & parties.were_renamed(batch.days, _RENAMED_WITHIN)
    names = draw.choose(was, parties.by_row(parties.each.former_names), names)
    wrong = pc.utf8_replace_slice(names, start=4, stop=6, replacement="某某")
    names = draw.choose(struck("wrong-name"), wrong, names)
    names = draw.choose(struck("blank-in-name"), pc.utf8_replace_slice(names, start=3, stop=3, replacement=" "), names)
    return draw.choose(struck("half-brackets"), half_width(names), names)


def half_width(names: draw.Texts) -> draw.Texts:
    """Names with half-width brackets."""
    return pc.replace_substring(pc.replace_substring(names, "（", "("), "）", ")")


def _dates(made: Columns, plan: Plan, batch: Batch, struck: Struck, seed: int, salt: str, date_form: str) -> None:
    odd = struck("other-date-form")
    forms = np.where(odd, draw.below(seed, salt + "/form", batch.index, len(DATE_FORMS)), DATE_FORMS.index(date_form))
    for column in plan.dates:
        made[column] = write_days(made[column], forms)
    impossible = draw.join(draw.plain(draw.parts_of(batch.days)[0]), "-02-30")
    decided = draw.choose(struck("impossible-date"), impossible, made[plan.decided])
    made[plan.decided] = draw.choose(struck("future-date"), draw.iso(batch.days + 3_650), decided)


def write_days(texts: draw.Texts, forms: draw.Whole) -> draw.Texts:
    """ISO days written in each row's form (a place in DATE_FORMS)."""
    if not forms.any():
        return texts
    days = np.asarray(texts.fill_null("1970-01-01").cast(pa.date32()).cast(pa.int32())).astype(np.int64)
    years, months, inside = draw.parts_of(days)
    plain_month, plain_day = draw.plain(months), draw.plain(inside)
    written = [
        texts,
        draw.join(draw.plain(years), "/", plain_month, "/", plain_day),
        draw.join(draw.plain(years), ".", plain_month, ".", plain_day),
        draw.join(draw.plain(years), draw.digits(months, 2), draw.digits(inside, 2)),
        draw.join(draw.plain(years), "年", plain_month, "月", plain_day, "日"),
        draw.join(_year_numerals(years), "年", draw.take(_COUNTED, months), "月", draw.take(_COUNTED, inside), "日"),
    ]
    result = texts
    for place in range(1, len(DATE_FORMS)):
        rows = forms == place
        if rows.any():
            result = draw.choose(rows & np.asarray(pc.is_valid(texts)), written[place], result)
    return result


_NUMERALS = "〇一二三四五六七八九"
_TENS = ("", "十", "二十", "三十")
#: Numbers to 31 in Chinese numerals.
_COUNTED = tuple(_TENS[number // 10] + (_NUMERALS[number % 10] if number % 10 else "") for number in range(32))

_YEARS = pa.array(["".join(_NUMERALS[int(digit)] for digit in str(year)) for year in range(1949, 2101)])


def _year_numerals(years: draw.Whole) -> draw.Texts:
    return draw.take(_YEARS, np.clip(years - 1949, 0, len(_YEARS) - 1))
