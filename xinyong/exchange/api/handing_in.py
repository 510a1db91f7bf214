"""Handing in over the interface: rows or a file, once for each key; a trial that keeps nothing; taking back what waits."""

from typing import Annotated, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Header, Query, Schema
from ninja.responses import Status

from xinyong.exchange import bodies, sandbox
from xinyong.exchange.api.intake import CountsOut, Number, RowOut, SubmissionOut, counts, row, told
from xinyong.exchange.bodies import FORM, JSON, SubmissionIn
from xinyong.exchange.door import Entrance, actor, call, operation, spooled
from xinyong.exchange.interface import BadRequest
from xinyong.exchange.refusals import TooLarge
from xinyong.intake import by_interface, rows, submit, views
from xinyong.intake.views import Trial
from xinyong.kernel import clock
from xinyong.kernel.strict_json import MEGABYTE
from xinyong.security import quotas, tokens
from xinyong.security.access import Action

#: A trial is answered at once, so what is tried is small.
MOST_TRIED = 4 * MEGABYTE
MOST_TOLD = 1_000
#: Seconds after which it is worth asking what became of a submission.
_ASK_AGAIN = 2

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=8, max_length=200, pattern=r"^[\x21-\x7e]*$",
        description="每份报送自定的唯一键，如 UUID；必填，试校验除外 a key of your own for each submission, such as a UUID; "
        "needed except for a trial",
        examples=["2026-06-15-penalties-0001"],
    ),
]  # fmt: skip
Test = Annotated[
    bool, Query(description="只校验，不保留任何内容 only validated, nothing kept (at most 4 MB)")
]  # fmt: skip
ItemOfFile = Annotated[
    bodies.Item | None, Query(description="原始文件的目录事项 item of a raw file", examples=["admin-penalty-org"])
]
NameOfFile = Annotated[
    bodies.FileName | None, Query(description="原始文件的文件名 name of a raw file", examples=["penalties.csv"])
]
MapOfFile = Annotated[
    list[str], Query(alias="map", max_length=200, description="表头=数据项代码 HEADER=FIELD, one for each column")
]


class TrialOut(Schema):
    """What would become of the rows now. ``rows`` tells the first thousand of which something is said; ``rows_told`` how many
    there are. ``columns``: each header and the field it was taken for, empty for none."""

    is_test: bool
    item_id: str
    counts: CountsOut
    late: int
    columns: list[tuple[str, str]]
    rows: list[RowOut]
    rows_told: int


_EXAMPLE = {
    "item": "admin-penalty-org",
    "rows": [
        {
            "CF_XDR_MC": "云溪市示例科技有限公司", "CF_XDR_LB": "法人及非法人组织", "CF_XDR_SHXYM": "91990100MA00000015",
            "CF_WSH": "云示罚〔2026〕1号", "CF_WFXW": "违反示例管理规定", "CF_SY": "未按规定公示价格", "CF_YJ": "《示例条例》第八条",
            "CF_CFLB": "罚款", "CF_NR": "罚款0.2万元", "CF_NR_FK": 0.2, "CF_JDRQ": "2026-06-08", "CF_FRDB": "示例人",
            "CF_YXQ": "2099-12-31", "CF_CFJG": "云溪市示例局", "CF_CFJGDM": "11990100MA00000231", "CF_SJLY": "云溪市示例局",
            "CF_SJLYDM": "11990100MA00000231",
        }
    ],
}  # fmt: skip
_BINARY: dict[str, Any] = {"schema": {"type": "string", "minLength": 1}}
_MORE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": SubmissionIn.model_json_schema(), "example": _EXAMPLE},
            FORM: {
                "schema": {
                    "type": "object", "required": ["item", "file"], "additionalProperties": False,
                    "properties": {
                        "item": {"type": "string", "pattern": r"^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 40},
                        "file": {"type": "string", "format": "binary"},
                        "file_name": {"type": "string", "maxLength": 200},
                        "map": {"type": "array", "items": {"type": "string"}},
                    },
                },
                "example": {"item": "admin-penalty-org", "file": "处罚文号,…"},
            },
            **dict.fromkeys(bodies.FILES, _BINARY),
        },
    },
    "responses": {
        202: {
            "headers": {
                "Location": {"description": "进度的地址 where the state is told", "schema": {"type": "string"}},
                "Retry-After": {"description": "几秒后再问 when to ask", "schema": {"type": "integer"}},
            }
        },
        411: {"$ref": "#/components/responses/LengthNeeded"},
        422: {"$ref": "#/components/responses/KeyReused"},
    },
}  # fmt: skip
_TAKES = (JSON, FORM, *bodies.FILES)


def _played_submit(
    request: HttpRequest,
    response: HttpResponse,
    key: Key = None,
    test: Test = False,
    item: ItemOfFile = None,
    file_name: NameOfFile = None,
    mapping: MapOfFile = [],  # noqa: B006 (ninja copies it)
) -> Any:
    sent = _sent(request, item, file_name, mapping, most=MOST_TRIED)
    found = submit.check(
        sent.path, item_id=sent.item, file_name=sent.file_name, mapping=sent.mapping, source_code=actor(request).department,
        by=actor(request), received_at=clock.now(), is_apart=True,
    )  # fmt: skip
    return Status(200, _trial(sent.item, found))


@operation(
    "POST", "/submissions", action=Action.SUBMIT, by=Entrance.TOKEN,
    returns={200: SubmissionOut | TrialOut, 202: SubmissionOut},
    summary="报送 Hand in rows or a file", sandbox=_played_submit, takes=_TAKES, most=settings.UPLOAD_LIMIT, more=_MORE,
)  # fmt: skip
def submit_rows(
    request: HttpRequest,
    response: HttpResponse,
    key: Key = None,
    test: Test = False,
    item: ItemOfFile = None,
    file_name: NameOfFile = None,
    mapping: MapOfFile = [],  # noqa: B006 (ninja copies it)
) -> Any:
    """Hands in rows of one catalogue item for the client's own department; needs the scope ``submit:<item>``. The body is JSON
    (at most 1,000 rows, 2 MB), a form with a file, or the file itself (CSV, XLSX, Parquet, JSON Lines) with ``item`` in the
    address. 202: the work goes on, its state is told at Location. 200: the work was done before, or nothing was kept because of
    ``test=true``. The same Idempotency-Key with the same content gives the same submission, marked ``Idempotency-Replayed``; with
    other content 422. Sandbox clients always get a trial, apart from all real data."""
    most = MOST_TRIED if test else settings.UPLOAD_LIMIT
    if not test and key is None:
        raise BadRequest(
            "缺少请求头 Idempotency-Key。请为每份报送自定一个唯一的键，重试时用同一个。",
            "The header Idempotency-Key is missing. Make a key for each submission and use the same to retry.",
        )
    sent = _sent(request, item, file_name, mapping, most=most)
    given: dict[str, Any] = {
        "item_id": sent.item, "source_code": actor(request).department or "", "file_name": sent.file_name,
        "mapping": sent.mapping, "by": actor(request), "received_at": clock.now(),
    }  # fmt: skip
    if test:
        return Status(200, _trial(sent.item, by_interface.attempt(sent.path, **given)))
    done = by_interface.hand_in(sent.path, key=str(key), **given)
    out = told(done.submission)
    response["Location"] = out.links.self
    if done.is_repeated:
        response["Idempotency-Replayed"] = "true"
    if out.is_over:
        return Status(200, out)
    response["Retry-After"] = str(_ASK_AGAIN)
    return Status(202, out)


def _played_cancel(request: HttpRequest, submission_id: Number) -> SubmissionOut:
    sandbox.submission(submission_id, source_code="")
    raise sandbox.begun()


@operation(
    "POST", "/submissions/{submission_id}/cancel", action=Action.SUBMIT, by=Entrance.TOKEN, returns=SubmissionOut,
    summary="取消 Cancel a submission that waits", sandbox=_played_cancel,
    more={"responses": {409: {"$ref": "#/components/responses/Conflict"}}},
)  # fmt: skip
def submission_cancel(request: HttpRequest, submission_id: Number) -> SubmissionOut:
    """Takes a submission back before any work on it has begun; nothing of it goes in. Needs ``submit:<item>`` of its item. Once
    work has begun: 409; let it finish, then correct the rows that are wrong and hand them in. Cancelled twice is once."""
    _require_submit(request, views.find(submission_id, seen_by=actor(request)).item_id)
    return told(submit.cancel(submission_id, by=actor(request)))


def _sent(
    request: HttpRequest, item: str | None, file_name: str | None, mapping: list[str], *, most: int
) -> bodies.Sent:
    """What the request hands in, for an item this token may write; its bytes are counted before they are taken."""
    size = int(request.META.get("CONTENT_LENGTH") or 0)
    if size > most:
        raise TooLarge(
            f"试校验的内容不能超过 {most // MEGABYTE} MB。更大的文件请在本地用 xinyong check 校验，或直接报送。",
            f"A trial takes at most {most // MEGABYTE} MB. Check a larger file with xinyong check, or hand it in.",
        )
    _require_submit(request, item)
    caller = call(request).caller
    assert caller is not None
    quotas.spend(
        f"sent:{caller.client_id}", megabytes=size / MEGABYTE, per_day=settings.API_DAILY_MEGABYTES, now=clock.now()
    )
    sent = bodies.read(request, spooled(request), item=item or "", file_name=file_name or "", mapping=mapping)
    if item and item != sent.item:
        raise BadRequest(
            "地址中的 item 与正文中的不同。", "The item in the address is another one than in the body."
        )  # fmt: skip
    _require_submit(request, sent.item)
    return sent


def _require_submit(request: HttpRequest, item: str | None) -> None:
    """The scope for this item; with no item known yet, for any."""
    caller = call(request).caller
    assert caller is not None
    if item or not any(one.startswith("submit:") for one in caller.scopes):
        tokens.require_scope(caller, f"submit:{item or '<item>'}")


def _trial(item: str, found: Trial) -> TrialOut:
    said = rows.together(found.findings)
    return TrialOut(
        is_test=True, item_id=item, counts=counts(found.counts), late=found.late,
        columns=[(header, code) for header, code in found.columns], rows=[row(one) for one in said[:MOST_TOLD]],
        rows_told=len(said),
    )  # fmt: skip
