"""Pictures of pages of a running server, for the README and for judging pages by eye.

    python tools/screenshots.py http://127.0.0.1:8000 -o shots / /statistics/ /subject/91…/ --width 360 --width 1280

Needs the extra ``dev`` (playwright) and Debian's chromium, or a browser named by --browser.
"""

import re
from pathlib import Path

import click
from playwright.sync_api import sync_playwright

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"]


@click.command(help="Takes pictures of pages of a running server.")
@click.argument("origin")
@click.argument("paths", nargs=-1, required=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("shots"), help="Folder for the pictures.")
@click.option("--width", "widths", type=int, multiple=True, default=(360, 1280), help="Window width; may be repeated.")
@click.option("--height", default=900, help="Window height; the picture is as long as the page unless --fold.")
@click.option("--language", "languages", multiple=True, default=("zh-hans",), help="zh-hans, en; may be repeated.")
@click.option("--dark", is_flag=True, help="As a reader who prefers dark pages sees it.")
@click.option("--large", is_flag=True, help="With large type.")
@click.option("--fold", is_flag=True, help="Only what is seen without scrolling.")
@click.option("--browser", default="/usr/bin/chromium", help="Path of a Chromium.")
def screenshots(
    origin: str, paths: tuple[str, ...], output: Path, widths: tuple[int, ...], height: int, languages: tuple[str, ...],
    dark: bool, large: bool, fold: bool, browser: str,
) -> None:  # fmt: skip
    """One picture a page, width and language: ``<page>-<width>-<language>.png``."""
    output.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=ARGUMENTS)
        for language in languages:
            for width in widths:
                context = chromium.new_context(
                    viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
                )
                cookies = {"django_language": language} | ({"xinyong_text": "large"} if large else {})
                context.add_cookies([{"name": k, "value": v, "url": origin} for k, v in cookies.items()])
                page = context.new_page()
                for path in paths:
                    page.goto(origin + path)
                    name = re.sub(r"\W+", "-", path).strip("-") or "home"
                    modes = ("-dark" if dark else "") + ("-large" if large else "")
                    file = output / f"{name}-{width}-{language[:2]}{modes}.png"
                    page.screenshot(path=file, full_page=not fold)
                    click.echo(file)
                context.close()
        chromium.close()


if __name__ == "__main__":
    screenshots()
