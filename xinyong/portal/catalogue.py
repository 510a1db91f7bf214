"""What the rules are today, for programs that check files with a bundle of them."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET

from xinyong.catalogue import bundle
from xinyong.portal import answer
from xinyong.security.access import Action, access
from xinyong.web.limits import limited


@access(Action.VIEW_PUBLIC)
@require_GET
@limited("verify")
def rules(request: HttpRequest, item_id: str) -> JsonResponse:
    """Version and digests of an item's rules, by which an older bundle sees that it is old."""
    response = JsonResponse(bundle.present(item_id))
    response["Cache-Control"] = f"public, max-age={answer.KEPT}"
    return response
