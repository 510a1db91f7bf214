"""YAML files of ours, read by libyaml where the wheel has it: a tenth of the time, at the start of every process."""

from typing import Any

import yaml

#: Makes plain values only; base of the loaders that are stricter.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(text: str) -> Any:
    """The one document in ``text``. Raises yaml.YAMLError."""
    return yaml.load(text, LOADER)  # noqa: S506  # nosec B506  a safe loader
