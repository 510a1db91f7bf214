"""Files made to hurt a reader, generated at run time; nothing is copied from anywhere."""

from tests.intake.hostile import more_workbooks, others, texts, workbooks
from tests.intake.hostile.texts import Maker


def _named(**groups: dict[str, Maker]) -> dict[str, Maker]:
    found: dict[str, Maker] = {}
    for group, makers in groups.items():
        for name, make in makers.items():
            found[f"{group}: {name}"] = make
    return found


#: name → maker; refused with a sentence
REFUSED = _named(xlsx=workbooks.REFUSED | more_workbooks.REFUSED, text=texts.REFUSED, other=others.REFUSED)
#: name → maker; read, the first row intact
READ = _named(xlsx=workbooks.READ | more_workbooks.READ, text=texts.READ, other=others.READ)
#: made or refused in more than a fifth of a second: the suite takes a few of them, ``make evidence`` all
HEAVY = frozenset(
    {
        "xlsx: bomb of 300 MB",
        "xlsx: shared texts too many",
        "xlsx: endless row",
        "xlsx: sparse",
        "xlsx: giant cell",
        "xlsx: 300,000 merged cells",
        "xlsx: part of 30 MB nobody reads",
        "xlsx: blank rows, a hundred thousand",
        "xlsx: 16,384 named columns",
        "text: open quotation mark far above the end",
        "text: half a million blank rows",
        "text: a million columns",
        "text: one zero byte far below",
        "text: JSON of objects",
        "other: Parquet that says one text 60 million times",
        "other: Parquet that says a long text a million times",
        "other: Parquet, a text many times",
        "other: CSV of 1,000 columns and a million short rows",
        "other: JSON of a million empty arrays",
        "other: JSON of a million empty objects",
        "other: XLS of 250 sheets",
        "other: Parquet of 2,000 columns",
    }
)
