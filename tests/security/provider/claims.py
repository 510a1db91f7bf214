"""What the provider says of its people in the ID token."""

import json
import os
from pathlib import Path
from typing import Any

from oauth2_provider.oauth2_validators import OAuth2Validator


class Claims(OAuth2Validator):
    """Adds how somebody proved themself."""

    oidc_claim_scope = None

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        """The methods, and what the provider knows of its people, as the test wants them."""
        said = os.environ.get("PROVIDER_AMR", "")
        people = Path(os.environ["PROVIDER_HOME"]) / "people.json"
        known = json.loads(people.read_text(encoding="utf-8")) if people.exists() else {}
        return ({"amr": said.split(",")} if said else {}) | known.get(request.user.username, {})
