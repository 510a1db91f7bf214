"""What a request hands in, taken to disk: rows as JSON, a file as it is, a file in a form. Never whole in memory but JSON,
which is small; a body that ends early is none, or a department would believe half a file handed in.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, TypeVar

from django.core.exceptions import BadRequest as Malformed
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from ninja.errors import ValidationError
from pydantic import Field, WithJsonSchema
from pydantic import ValidationError as Unfit

from xinyong.exchange.interface import BadRequest, Strict
from xinyong.exchange.refusals import TooLarge
from xinyong.kernel.errors import Invalid
from xinyong.kernel.strict_json import MEGABYTE, StrictJson

JSON, FORM = "application/json", "multipart/form-data"
#: Content type of a raw file → the ending its name gets when none is given. What it is, is seen from its content.
FILES = {
    "text/csv": "csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.apache.parquet": "parquet",
    "application/x-ndjson": "jsonl",
}
MOST_ROWS = 1_000
MOST_JSON = 2 * MEGABYTE
_STEP = MEGABYTE
_JSON = StrictJson(most_bytes=MOST_JSON)
_WORDS = r"^[^\x00-\x1f\x7f]*$"

Item = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40, description="目录事项 catalogue item")]
FileName = Annotated[str, Field(min_length=1, max_length=200, pattern=_WORDS, description="文件名 name of the file")]
Header = Annotated[str, Field(min_length=1, max_length=200, pattern=_WORDS)]
FieldCode = Annotated[str, Field(max_length=40, pattern=r"^[A-Za-z0-9_]*$")]
Cell = Annotated[
    str | bool | int | Decimal | None, WithJsonSchema({"type": ["string", "number", "boolean", "null"]})
]  # fmt: skip
Shape = TypeVar("Shape", bound=Strict)


class BodyCut(Invalid):
    """The body ended before its Content-Length: the connection broke, and nothing was taken."""

    code = "exchange.body-cut"


class LengthNeeded(Invalid):
    """A body without Content-Length: how large it will be must be known before it is taken."""

    code = "exchange.length-needed"
    status = 411


class SubmissionIn(Strict):
    """Rows of one catalogue item. Keys are field codes or the item's Chinese names; further keys come back in the feedback."""

    item: Item
    rows: Annotated[list[dict[Header, Cell]], Field(min_length=1, max_length=MOST_ROWS)]
    file_name: FileName = "rows.json"
    mapping: Annotated[
        dict[Header, FieldCode], Field(max_length=1000, description="表头 → 数据项代码 header → field code")
    ] = {}


class Named(Strict):
    """What a file comes with, in the address or in the form."""

    item: Item
    file_name: FileName
    mapping: Annotated[dict[Header, FieldCode], Field(max_length=1000)] = {}


@dataclass(slots=True)
class Sent:
    """What was handed in. ``held`` keeps a form's file on disk for as long as this is held."""

    path: Path
    item: str
    file_name: str
    mapping: Mapping[str, str]
    held: object = None


def spool(request: HttpRequest, to: Path) -> bytes:
    """Writes the raw body to ``to``; returns its SHA-256. Raises LengthNeeded, BodyCut."""
    if request.headers.get("Transfer-Encoding"):
        raise LengthNeeded(
            "请在请求头中写明 Content-Length，不接受分块传输。", "Send a Content-Length; chunked bodies are not taken."
        )
    digest, size = hashlib.sha256(), 0
    try:
        with to.open("wb") as file:
            while piece := request.read(_STEP):
                digest.update(piece)
                size += file.write(piece)
    except UnreadablePostError as error:
        raise _cut() from error
    if size != int(request.META.get("CONTENT_LENGTH") or 0):
        raise _cut()
    return digest.digest()


def receive(request: HttpRequest) -> None:
    """Takes a small body into memory, where ``request.body`` finds it. Raises BodyCut."""
    try:
        request.body  # noqa: B018 (read for what it keeps)
    except UnreadablePostError as error:
        raise _cut() from error


def read(request: HttpRequest, body: Path, *, item: str, file_name: str, mapping: list[str]) -> Sent:
    """What the spooled body hands in; ``item``, ``file_name`` and ``mapping`` are the address's, for raw files.

    Raises BadRequest and the like; nothing is judged yet that only the catalogue knows.
    """
    if not body.stat().st_size:
        raise BadRequest("请求没有正文。", "The request has no body.")
    if request.content_type == JSON:
        return _rows(body)
    if request.content_type == FORM:
        return _form(request, body)
    name = file_name or f"submission.{FILES[str(request.content_type)]}"
    named = _fit(Named, {"item": item, "file_name": name, "mapping": _pairs(mapping)}, "query")
    return Sent(body, named.item, named.file_name, named.mapping)


def _rows(body: Path) -> Sent:
    if body.stat().st_size > MOST_JSON:
        raise TooLarge(
            f"JSON 正文超过 {MOST_JSON // MEGABYTE} MB。请改为报送文件（CSV、XLSX、Parquet 或 JSON Lines）。",
            f"The JSON exceeds {MOST_JSON // MEGABYTE} MB. Send a file (CSV, XLSX, Parquet or JSON Lines) instead.",
        )
    given = _fit(SubmissionIn, _JSON.parse(body.read_bytes()), "body")
    # The body as it came is what is kept: the reader finds the rows in it, and the digest is one the sender can compute.
    return Sent(body, given.item, given.file_name, given.mapping)


def _form(request: HttpRequest, body: Path) -> Sent:
    try:
        with body.open("rb") as stream:
            words, files = MultiPartParser(request.META, stream, [TemporaryFileUploadHandler()], "utf-8").parse()
    except (MultiPartParserError, RequestDataTooBig, SuspiciousOperation, Malformed) as error:
        raise BadRequest("表单正文读不懂。", "The form cannot be read.") from error
    found = files.getlist("file")
    if len(found) != 1 or set(files) != {"file"} or not set(words) <= {"item", "file_name", "map"}:
        raise BadRequest(
            "表单应有一个 file 和一个 item，可另有 file_name 和多个 map，不能有其他部分。",
            "The form has one part file and one item, may have file_name and several map, and nothing else.",
        )
    file = found[0]
    name = words.get("file_name") or file.name
    mapping = _pairs(words.getlist("map"))
    named = _fit(Named, {"item": words.get("item"), "file_name": name, "mapping": mapping}, "form")
    return Sent(Path(file.temporary_file_path()), named.item, named.file_name, named.mapping, held=file)


def _pairs(written: list[str]) -> dict[str, str]:
    pairs = [re.fullmatch(r"(.+)=([A-Za-z0-9_]*)", one, re.DOTALL) for one in written]
    if not all(pairs):
        raise BadRequest(
            "map 应写成 表头=数据项代码，每列一个。", "Write map as HEADER=FIELD, one for each column."
        )  # fmt: skip
    return {one[1]: one[2] for one in pairs if one}


def _fit(shape: type[Shape], given: Any, where: str) -> Shape:
    try:
        return shape.model_validate(given)
    except Unfit as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise ValidationError([{**one, "loc": (where, *_place(one["loc"]))} for one in found]) from error


def _place(parts: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Where in the body, without headers of the sender's: what is written where a header belongs may be anything."""
    return tuple(
        part if isinstance(part, int) or part in SubmissionIn.model_fields or part in Named.model_fields else "…"
        for part in parts[:3]
    )


def _cut() -> BodyCut:
    return BodyCut(
        "正文没有收完整（与 Content-Length 不符），没有保留任何内容。请用同一个 Idempotency-Key 重发。",
        "The body ended before its Content-Length; nothing was kept. Send it again with the same Idempotency-Key.",
    )
