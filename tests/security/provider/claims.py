"""What the provider says of its people in the ID token."""

import os
from typing import Any

from oauth2_provider.oauth2_validators import OAuth2Validator


class Claims(OAuth2Validator):
    """Adds how somebody proved themself."""

    oidc_claim_scope = None

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        """The methods, as the test wants them."""
        said = os.environ.get("PROVIDER_AMR", "")
        return {"amr": said.split(",")} if said else {}
