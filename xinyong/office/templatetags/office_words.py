"""The office's words in its templates."""

from django import template

from xinyong.office import words

register = template.Library()


@register.filter
def role(value: str) -> str:
    """A role as people call it."""
    return str(words.ROLES.get(value, value))
