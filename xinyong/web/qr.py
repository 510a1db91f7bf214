"""QR codes for pages, as images that need no other address."""

import segno


def drawn(text: str) -> str:
    """A data address of an SVG image of the QR code, black on white in every theme, with its quiet zone."""
    return str(segno.make(text, error="m").svg_data_uri(scale=5, border=4, dark="#000", light="#fff"))
