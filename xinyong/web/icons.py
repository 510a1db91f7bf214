"""Our icons: paths on a 20 × 20 grid, drawn with the colour of the text around them."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

_LINE = SafeString(
    'fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"'
)


def _line(d: str) -> SafeString:
    return format_html('<path {} d="{}"/>', _LINE, d)


ICONS: dict[str, SafeString] = {
    "search": _line("M8.8 14.6a5.8 5.8 0 1 0 0-11.6 5.8 5.8 0 0 0 0 11.6zM17 17l-4-4"),
    "check": _line("M10 18a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM6.5 10.3l2.4 2.4 4.6-5"),
    "clock": _line("M10 18a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM10 5.8V10l2.8 2"),
    "end": _line("M10 18a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM6.5 10h7"),
    "dispute": _line("M3 4h14v9.5H9.5L6 17v-3.5H3zM10 6.5v3M10 11.4v.1"),
    "edit": _line("M4 16l.7-3.2 8.6-8.6 2.5 2.5-8.6 8.6zM11.6 5.9l2.5 2.5"),
    "back": _line("M7.5 5L3.5 9l4 4M4 9h8a4.2 4.2 0 0 1 0 8.4H9"),
    "lock": _line("M4.5 9h11v8h-11zM7 9V6.5a3 3 0 0 1 6 0V9"),
    "late": _line("M10 3l8 14H2zM10 8.2v4M10 14.6v.1"),
    "warning": _line("M10 3l8 14H2zM10 8.2v4M10 14.6v.1"),
    "info": _line("M10 18a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM10 9.2V14M10 6.2v.1"),
    "undo": _line("M7.5 4L4 7.5 7.5 11M4.5 7.5H12a4.3 4.3 0 0 1 0 8.6H8"),
    "cross": _line("M10 18a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM7.2 7.2l5.6 5.6M12.8 7.2l-5.6 5.6"),
    "question": _line(
        "M10 18a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM7.8 7.8a2.3 2.3 0 1 1 3.3 2.1c-.8.4-1.1.9-1.1 1.7M10 14.2v.1"
    ),
    "text": _line("M2.5 16L7 5l4.5 11M4 12.5h6M13 16l2.6-6.5L18.2 16M13.9 14h3.4"),
    "contrast": _line("M10 18a8 8 0 1 0 0-16 8 8 0 0 0 0 16z")
    + SafeString('<path fill="currentColor" d="M10 2a8 8 0 0 1 0 16z"/>'),
    "file": _line("M5 2.5h6.5L15.5 6.5v11H5zM11 2.8V7h4.2"),
    "download": _line("M10 3v9M6.3 8.6L10 12.3l3.7-3.7M3.5 16.5h13"),
    "upload": _line("M10 12.5v-9M6.3 7.2L10 3.5l3.7 3.7M3.5 16.5h13"),
    "next": _line("M7.5 4.5l5.5 5.5-5.5 5.5"),
    "licence": _line("M4 3h12v10.5H4zM7 6.5h6M7 9.5h3.5M12 13.5v4l2-1.2 2 1.2v-4"),
    "penalty": _line("M3 17h9M5.5 9.5l5-5 4 4-5 5zM9 5.5L6.8 3.3M15 11.5l2 2M11.5 10.5l5.5 5.5"),
    "list": _line("M7 5h10M7 10h10M7 15h10M3 5h.1M3 10h.1M3 15h.1"),
    "honour": _line("M10 12.5a5 5 0 1 0 0-10 5 5 0 0 0 0 10zM7 11.6L5.8 17.6l4.2-2 4.2 2L13 11.6"),
    "building": _line("M4 17.5V3.5h8v14M12 8.5h4.5v9M2.5 17.5h15M6.8 7h2.4M6.8 10.3h2.4M6.8 13.6h2.4"),
    "up": _line("M5.5 12l4.5-4.5 4.5 4.5"),
    "down": _line("M5.5 8l4.5 4.5L14.5 8"),
    "key": _line("M12.8 11.2a4 4 0 1 0-3.9-3l-6 6v3h3v-2h2v-2h1.6l.9-.9a4 4 0 0 0 2.4-1.1zM13.6 6.5v.1"),
    "bell": _line(
        "M10 3a4.5 4.5 0 0 0-4.5 4.5c0 4-2 5.5-2 5.5h13s-2-1.5-2-5.5A4.5 4.5 0 0 0 10 3zM8.5 16a1.6 1.6 0 0 0 3 0"
    ),
    "phone": _line("M6 2.5h8v15H6zM9 15h2"),
    "print": _line("M6 7V3h8v4M5 14H3V7h14v7h-2M6 12h8v5.5H6z"),
}
