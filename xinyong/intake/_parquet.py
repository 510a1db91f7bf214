"""Parquet: batches of columns, each value as text; dates in ISO form, decimals exact, nested columns refused."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from xinyong.intake._cells import number_text
from xinyong.intake._limits import DamagedFile, FileTooLarge, Limits
from xinyong.intake._table import Head, Writer, check_width, find_header, header_missing

_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Opened:
    """A Parquet file whose columns are known. Row numbers count rows from 1."""

    head: Head
    file: Any
    file_bytes: int
    limits: Limits


def open_parquet(path: Path, *, known: Collection[str], limits: Limits) -> Opened:
    """Checks the columns, before any data is read."""
    try:
        file = pq.ParquetFile(path)
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged() from error
    names = [str(name) for name in file.schema_arrow.names]
    if not find_header([names], known):
        raise header_missing([names], known)
    check_width(names, limits)
    nested = [each.name for each in file.schema_arrow if pa.types.is_nested(each.type)]
    if nested:
        raise DamagedFile(
            f"Parquet 列 {'、'.join(nested[:5])} 是嵌套类型，请展开为普通列。",
            f"Parquet columns {', '.join(nested[:5])} are nested; please flatten them.",
        )
    groups = [file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups)]
    if max(groups, default=0) > limits.memory_bytes // 4:
        raise FileTooLarge(
            "Parquet 行组过大，请用较小的行组（如 10 万行）重新写出。",
            "A row group of the Parquet file is too large; write it with smaller ones, 100,000 rows say.",
        )
    return Opened(Head("parquet", None, None, None, 0, names), file, path.stat().st_size, limits)


def read_parquet(opened: Opened, writer: Writer) -> None:
    """Streams the batches into the writer."""
    done = unfolded = 0
    try:
        for batch in opened.file.iter_batches(batch_size=_BATCH):
            row_nos = np.arange(done + 1, done + 1 + batch.num_rows, dtype=np.int64)
            columns = [_texts(column) for column in batch.columns]
            # What is left after a few bytes said "and so on" ten million times is counted as it comes, not as declared.
            unfolded += sum(column.nbytes for column in columns)
            if unfolded > max(opened.limits.unfolded_bytes, opened.file_bytes * opened.limits.unfolding_ratio):
                raise _bomb(opened.limits)
            for column in columns:
                column.validate(full=True)  # bytes that are no text stop here, not in whoever reads the rows
            writer.refuse_zero(row_nos, columns)
            writer.add_columns(row_nos, columns)
            done += batch.num_rows
    except MemoryError:  # Arrow's is an error of both kinds
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise _damaged() from error


def _texts(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _texts(column.dictionary_decode())
    if pa.types.is_timestamp(kind):
        local = pc.local_timestamp(column) if kind.tz else column
        whole = pc.floor_temporal(local, unit="second").cast(pa.timestamp("s"))
        return pc.replace_substring(pc.strftime(whole, "%Y-%m-%d %H:%M:%S"), " 00:00:00", "")
    if pa.types.is_boolean(kind):
        return pc.if_else(column, pa.scalar("TRUE"), pa.scalar("FALSE"))
    if pa.types.is_floating(kind):
        return pa.array([None if v is None else number_text(repr(v))[0] for v in column.to_pylist()], pa.string())
    if pa.types.is_decimal(kind):
        return pa.array([None if v is None else f"{v:f}" for v in column.to_pylist()], pa.string())
    return column.cast(pa.string())


def _damaged() -> DamagedFile:
    return DamagedFile(
        "Parquet 文件不完整或已损坏，请重新写出。", "The Parquet file is incomplete or damaged; please write it again."
    )


def _bomb(limits: Limits) -> FileTooLarge:
    return FileTooLarge(
        f"Parquet 文件展开后超过其大小的 {limits.unfolding_ratio} 倍，已停止。请用普通方式重新写出。",
        f"The Parquet file unfolds to more than {limits.unfolding_ratio} times its size; please write it in the usual way.",
    )
