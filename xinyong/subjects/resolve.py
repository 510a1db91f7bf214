"""主体识别 Whose is it: from codes to subjects, with precedence. A name alone never links.

The unified code decides before the organisation code, that before registration, tax, institution and social organisation
numbers. Identifiers that point to different subjects, one that fits several, and a name the subject never had are told
as problems: the row is doubtful and waits for the desk (data.md V05).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection

from xinyong.kernel import sql
from xinyong.subjects._columns import fetch, listed

_SQL = sql.load(__file__, "subjects.sql")

#: Identifier schemes in order of precedence.
PRECEDENCE = ("uscc", "org_code", "registration_no", "tax_no", "institution_no", "social_no")
PROBLEMS = ("name-mismatch", "codes-disagree", "ambiguous-identifier", "not-found")

_NOBODY, _SEVERAL = 0, -1  # subject ids start at 1


@dataclass(frozen=True, slots=True)
class Decision:
    """Who a row is about. ``how`` is the scheme that decided; ``problem`` one of ``PROBLEMS``; the sentence says why."""

    subject_id: int | None
    how: str | None
    problem: str | None
    zh: str
    en: str


def decide(
    found: Mapping[str, Sequence[int]],
    *,
    name_key: str | None = None,
    known_keys: Mapping[int, Sequence[str]] | None = None,
) -> Decision:
    """Decides for one row. ``found``: scheme → ids of the subjects that have the given value (empty: nobody has; a
    scheme that was not given is absent). ``known_keys``: subject id → keys of its names, current and former.

    A unified code nobody has, beside another code of a known subject, disagrees: the known one has another unified code.
    """
    given = [scheme for scheme in PRECEDENCE if scheme in found]
    hits = [scheme for scheme in given if found[scheme]]
    if not hits:
        return Decision(
            None, None, "not-found", "所给代码都没有对应的主体。", "No given code belongs to a known subject."
        )
    how = hits[0]
    if len(found[how]) > 1:
        return Decision(
            None, how, "ambiguous-identifier", "此代码对应多个主体。", "This identifier fits several subjects.",
        )  # fmt: skip
    subject_id = found[how][0]
    against = [scheme for scheme in hits[1:] if subject_id not in found[scheme]]
    if against or ("uscc" in found and how != "uscc"):
        return Decision(
            None, how, "codes-disagree",
            f"{'、'.join([how, *against])} 指向不同的主体。", f"These point to different subjects: {', '.join([how, *against])}.",
        )  # fmt: skip
    if name_key and known_keys is not None and name_key not in known_keys.get(subject_id, ()):
        return Decision(
            subject_id, how, "name-mismatch",
            "名称既不是该主体的现用名，也不是曾用名。", "The name is neither the current nor a former name of this subject.",
        )  # fmt: skip
    return Decision(subject_id, how, None, f"按 {how} 确定。", f"Decided by {how}.")


def link(rows: pa.Table) -> pa.Table:
    """``decide`` over columns. ``rows`` has any of the ``PRECEDENCE`` columns and ``name_key`` (text; null is not given).

    Returns ``subject_id`` (int64), ``how`` and ``problem`` (text), row for row; null where there is none. A subject whose
    name does not fit is still named, with its problem.
    """
    schemes = [scheme for scheme in PRECEDENCE if scheme in rows.column_names]
    count = rows.num_rows
    chosen, how = np.full(count, _NOBODY, np.int64), np.full(count, -1, np.int8)
    disagree, is_named = np.zeros(count, bool), np.zeros(count, bool)
    sets: dict[str, list[int]] = {}
    for order, scheme in enumerate(schemes):
        values = _present(rows.column(scheme))
        if values.null_count == count:
            continue
        if scheme == "uscc":
            found, is_named = _find_codes(values, rows)
        else:
            # The unified code of a known subject holds its organisation code: the same one says nothing new.
            implied = (chosen > 0) & _is_part_of_code(values, rows) if scheme == "org_code" else None
            if implied is not None:
                values = pc.if_else(pa.array(implied), pa.scalar(None, pa.string()), values)
            found, sets = _find(scheme, values)
            if implied is not None:
                found[implied] = chosen[implied]
        first = (how < 0) & (found != _NOBODY)
        if order and schemes[0] == "uscc":
            disagree |= first & pc.is_valid(_present(rows.column("uscc"))).to_numpy(zero_copy_only=False)
        later = (how >= 0) & (found != _NOBODY) & (chosen > 0) & (chosen != found)
        disagree |= later & ~_among(later & (found == _SEVERAL), chosen, values, sets)
        chosen[first], how[first] = found[first], order
    several = chosen == _SEVERAL
    disagree &= ~several
    problem = np.full(count, None, object)
    problem[how < 0] = "not-found"
    problem[several] = "ambiguous-identifier"
    problem[disagree] = "codes-disagree"
    chosen[several | disagree] = _NOBODY
    if "name_key" in rows.column_names:
        problem[_is_strange(chosen, ~is_named, _present(rows.column("name_key")))] = "name-mismatch"
    names = np.array([*schemes, None], object)
    return pa.table(
        {
            "subject_id": pa.array(chosen, mask=chosen == _NOBODY),
            "how": pa.array(names[how], pa.string()),
            "problem": pa.array(problem, pa.string()),
        }
    )


def by_codes(codes: Iterable[str]) -> pa.Table:
    """Subjects of canonical unified codes: ``code, subject_id, name_keys`` (list, the current one first), ``status``.
    Only codes that are known, in no order."""
    schema = pa.schema(
        [("code", pa.string()), ("subject_id", pa.int64()), ("status", pa.string()), ("keys", pa.string())]
    )
    with connection.cursor() as cursor:
        found = fetch(cursor, _SQL["by_codes"], {"codes": listed(dict.fromkeys(codes))}, schema)
    keys = pc.split_pattern(pc.fill_null(found.column("keys"), ""), "\x1f")
    return found.drop_columns("keys").add_column(2, "name_keys", keys)


def by_identifiers(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[int]]:
    """Ids of the subjects that have an identifier, by ``(scheme, value)``; pairs that nobody has are absent. Several ids
    are a finding for the desk, not a choice."""
    asked = [*dict.fromkeys(pairs)]
    found: dict[tuple[str, str], list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_SQL["by_identifiers"], {"pairs": listed(asked)})
        for scheme, value, subject_id in cursor.fetchall():
            found.setdefault((scheme, value), []).append(subject_id)
    return {pair: sorted(ids) for pair, ids in found.items()}


def by_people(digests: Iterable[bytes]) -> dict[bytes, int]:
    """Subject ids of natural persons by keyed digest; unknown ones are absent."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL["persons"], {"digests": [*dict.fromkeys(digests)]})
        return {bytes(digest): subject_id for digest, subject_id in cursor.fetchall()}


def _present(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    array = array.cast(pa.string())
    return pc.if_else(pc.equal(array, ""), pa.scalar(None, pa.string()), array)


def _find_codes(values: pa.Array, rows: pa.Table) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Row for row the subject id by unified code, and whether the row's name is the subject's current one."""
    coded = values.dictionary_encode()
    schema = pa.schema([("code", pa.string()), ("subject_id", pa.int64()), ("name_key", pa.string())])
    with connection.cursor() as cursor:
        found = fetch(cursor, _SQL["keys_of_codes"], {"codes": listed(coded.dictionary.to_pylist())}, schema)
    place = pc.index_in(values, found.column("code"))
    ids = pc.fill_null(found.column("subject_id").take(place), _NOBODY).to_numpy()
    if "name_key" not in rows.column_names:
        return ids, np.zeros(len(values), bool)
    is_named = pc.equal(found.column("name_key").take(place), rows.column("name_key"))
    return ids, pc.fill_null(is_named, fill_value=False).to_numpy()


def _is_part_of_code(org_codes: pa.Array, rows: pa.Table) -> npt.NDArray[np.bool_]:
    """Rows whose organisation code stands in their unified code (characters 9 to 17)."""
    if "uscc" not in rows.column_names:
        return np.zeros(len(org_codes), bool)
    part = pc.utf8_slice_codeunits(_present(rows.column("uscc")), 8, 17)
    is_part: npt.NDArray[np.bool_] = pc.fill_null(pc.equal(part, org_codes), False).to_numpy(zero_copy_only=False)
    return is_part


def _find(scheme: str, values: pa.Array) -> tuple[npt.NDArray[np.int64], dict[str, list[int]]]:
    """Row for row the subject id, ``_NOBODY`` or ``_SEVERAL``; and value → ids where there are several."""
    coded = values.dictionary_encode()
    unique = coded.dictionary.to_pylist()
    single = np.full(len(unique) + 1, _NOBODY, np.int64)  # the last place is for rows without a value
    several: dict[str, list[int]] = {}
    place = {value: at for at, value in enumerate(unique)}
    for (_, value), ids in by_identifiers((scheme, value) for value in unique).items():
        single[place[value]] = ids[0] if len(ids) == 1 else _SEVERAL
        if len(ids) > 1:
            several[value] = ids
    return single[pc.fill_null(coded.indices, len(unique)).to_numpy(zero_copy_only=False)], several


def _among(
    rows: npt.NDArray[np.bool_], chosen: npt.NDArray[np.int64], values: pa.Array, several: dict[str, list[int]]
) -> npt.NDArray[np.bool_]:
    """Of ``rows``, those whose chosen subject is one of the several that have the value. Few rows: no column form."""
    among = np.zeros(len(rows), bool)
    for at in np.flatnonzero(rows).tolist():
        among[at] = int(chosen[at]) in several[values[at].as_py()]
    return among


def _is_strange(
    chosen: npt.NDArray[np.int64], asked_of: npt.NDArray[np.bool_], name_keys: pa.Array
) -> npt.NDArray[np.bool_]:
    """Rows, of those asked of, whose name is none of the subject's names."""
    asked: npt.NDArray[np.bool_] = (
        asked_of & (chosen != _NOBODY) & pc.is_valid(name_keys).to_numpy(zero_copy_only=False)
    )
    if not asked.any():
        return asked
    rows = np.flatnonzero(asked)
    given = pa.table(
        {"subject_id": pa.array(chosen[rows]), "name_key": name_keys.take(pa.array(rows)), "row": pa.array(rows)}
    )
    schema = pa.schema([("subject_id", pa.int64()), ("name_key", pa.string())])
    with connection.cursor() as cursor:
        ids = listed(pc.unique(given.column("subject_id")).to_pylist())
        known = fetch(cursor, _SQL["names_of_subjects"], {"ids": ids}, schema)
    strangers = given.join(known, keys=["subject_id", "name_key"], join_type="left anti").column("row").to_numpy()
    is_strange = np.zeros(len(chosen), bool)
    is_strange[strangers] = True
    return is_strange
