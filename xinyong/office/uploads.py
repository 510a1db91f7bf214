"""断点续传 Uploads in parts, for the script of the hand-in page (static/office/upload.js): begin, ask how far, send, finish.

Answers are JSON; refusals are problems (web/problems.py). ``Upload-Offset`` says how far an upload is. Parts are the body
itself, never a form: nothing of them reaches the disk in clear.
"""

import base64
import binascii
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from xinyong.intake import jobs, uploads
from xinyong.intake.uploads import UploadView
from xinyong.kernel import clock
from xinyong.kernel.errors import Forbidden, XinyongError
from xinyong.office import answer
from xinyong.security.access import Action, access
from xinyong.web import problems

_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/=]{44}):")

View = Callable[..., HttpResponse]


def _spoken(view: View) -> View:
    """Says refusals as problems; where the sender should go on stands in the header. Who may not at all is the gate's to
    answer, and to note."""

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Forbidden:
            raise
        except XinyongError as error:
            response = problems.problem(error)
            if isinstance(error, uploads.NotHere):
                response["Upload-Offset"] = str(error.facts["expected"])
            return response

    return asked


@access(Action.SUBMIT)
@require_POST
@_spoken
def begin(request: HttpRequest) -> HttpResponse:
    """Begins an upload, or finds the one begun before of the same file."""
    sent = request.POST
    seen = uploads.begin(
        item_id=sent.get("item", ""), source_code=sent.get("source", ""), file_name=sent.get("name", "") or "file",
        size=answer.number(sent.get("size")) or 0, mark=sent.get("mark", ""), by=answer.actor(request), at=clock.now(),
    )  # fmt: skip
    return _state(seen)


@access(Action.SUBMIT)
@require_http_methods(["GET", "HEAD"])
@_spoken
def state(request: HttpRequest, upload_id: int) -> HttpResponse:
    """How far an upload is."""
    return _state(uploads.find(upload_id, by=answer.actor(request)))


@access(Action.SUBMIT)
@require_POST
@_spoken
def part(request: HttpRequest, upload_id: int) -> HttpResponse:
    """Takes the part that begins at ``Upload-Offset`` and has the ``Content-Digest``."""
    offset = answer.number(request.headers.get("Upload-Offset"))
    said = _DIGEST.fullmatch(request.headers.get("Content-Digest", ""))
    try:
        digest = base64.b64decode(said[1], validate=True).hex() if said else ""
    except binascii.Error:
        digest = ""
    if offset is None or not digest:
        raise uploads.BadUpload(
            "缺少 Upload-Offset 或 Content-Digest。", "Upload-Offset or Content-Digest is missing or not well formed."
        )
    content = request.read(uploads.PART + 1)  # one byte more: too much is seen, and not taken
    return _state(
        uploads.put(upload_id, offset=offset, digest=digest, content=content, by=answer.actor(request), at=clock.now())
    )


@access(Action.SUBMIT)
@require_POST
@_spoken
def finish(request: HttpRequest, upload_id: int) -> HttpResponse:
    """Hands the file in; the answer says where its submission stands."""
    entered, is_new = jobs.finish_upload(
        upload_id, digest=request.POST.get("digest", ""), by=answer.actor(request), at=clock.now()
    )
    if not is_new:
        messages.info(request, gettext("内容相同的文件以前报送过，就是下面这一次；没有重复入库。"))
    return JsonResponse({"address": f"/office/submissions/{entered.id}/"})


@access(Action.SUBMIT)
@require_POST
def cancel(request: HttpRequest, upload_id: int) -> HttpResponse:
    """Ends an upload, from the list of unfinished ones or from the script."""
    try:
        uploads.cancel(upload_id, by=answer.actor(request))
    except uploads.UnknownUpload:
        messages.info(request, gettext("这次上传已经结束。"))
    else:
        messages.success(request, gettext("已取消上传，传到的部分已删除。"))
    return HttpResponseRedirect("/office/submissions/new")


def _state(seen: UploadView) -> HttpResponse:
    response = JsonResponse(
        {
            "id": seen.id, "offset": seen.offset, "size": seen.size, "part": seen.part_size,
            "submission": seen.submission_id,
        }
    )  # fmt: skip
    response["Upload-Offset"] = str(seen.offset)
    return response
