"""Pictures of pages of a running server, for the README and for judging pages by eye.

    python tools/screenshots.py http://127.0.0.1:8000 -o shots / /statistics/ /subject/91…/ --width 360 --width 1280
    python tools/screenshots.py http://127.0.0.1:8000 --accounts var/demo-accounts.txt --sign-in market /office/
    python tools/screenshots.py http://127.0.0.1:8000 --accounts var/demo-accounts.txt --docs

The last one makes the pictures of docs/images anew, from a running city. Needs the extra ``dev`` (playwright) and
Debian's chromium, or a browser named by --browser.
"""

import base64
import re
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import click
import numpy as np
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from playwright.sync_api import sync_playwright

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"]
IMAGES = Path(__file__).parent.parent / "docs" / "images"
_DESK = {"width": 1280, "height": 800}
_PENALTIES = "/publicity/admin-penalty-org/"
_PIXELS = """async picture => {
  const image = new Image(); image.src = 'data:image/png;base64,' + picture; await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height), pen = canvas.getContext('2d');
  pen.drawImage(image, 0, 0);
  const blob = new Blob([pen.getImageData(0, 0, image.width, image.height).data]);
  const reader = new FileReader();
  const read = new Promise(done => reader.onload = done); reader.readAsDataURL(blob); await read;
  return [image.width, image.height, reader.result.split(',')[1]];
}"""


@click.command(help="Takes pictures of pages of a running server.")
@click.argument("origin")
@click.argument("paths", nargs=-1)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("shots"), help="Folder for the pictures.")
@click.option("--width", "widths", type=int, multiple=True, default=(360, 1280), help="Window width; may be repeated.")
@click.option("--height", default=900, help="Window height; the picture is as long as the page unless --fold.")
@click.option("--language", "languages", multiple=True, default=("zh-hans",), help="zh-hans, en; may be repeated.")
@click.option("--dark", is_flag=True, help="As a reader who prefers dark pages sees it.")
@click.option("--large", is_flag=True, help="With large type.")
@click.option("--fold", is_flag=True, help="Only what is seen without scrolling.")
@click.option("--sign-in", "user", default="", help="User name of a demo account: pages of the office.")
@click.option(
    "--accounts", type=click.Path(path_type=Path, exists=True), help="demo-accounts.txt of the data directory."
)
@click.option("--docs", is_flag=True, help="Makes the pictures of docs/images; takes no paths.")
@click.option("--browser", default="/usr/bin/chromium", help="Path of a Chromium.")
def screenshots(
    origin: str, paths: tuple[str, ...], output: Path, widths: tuple[int, ...], height: int, languages: tuple[str, ...],
    dark: bool, large: bool, fold: bool, user: str, accounts: Path | None, docs: bool, browser: str,
) -> None:  # fmt: skip
    """One picture a page, width and language: ``<page>-<width>-<language>.png``."""
    if docs is bool(paths) or ((docs or user) and accounts is None):
        raise click.UsageError("give paths or --docs; --docs and --sign-in need --accounts")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=ARGUMENTS)
        if docs:
            _docs(chromium, origin, accounts)
        else:
            state = _signed_in(chromium, origin, accounts, user) if user else None
            output.mkdir(parents=True, exist_ok=True)
            modes = ("-dark" if dark else "") + ("-large" if large else "")
            for language in languages:
                for width in widths:
                    context = chromium.new_context(
                        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light",
                        storage_state=state,
                    )  # fmt: skip
                    cookies = {"django_language": language} | ({"xinyong_text": "large"} if large else {})
                    context.add_cookies([{"name": k, "value": v, "url": origin} for k, v in cookies.items()])
                    page = context.new_page()
                    for path in paths:
                        page.goto(origin + path)
                        name = re.sub(r"\W+", "-", path).strip("-") or "home"
                        file = output / f"{name}-{width}-{language[:2]}{modes}.png"
                        page.screenshot(path=file, full_page=not fold)
                        click.echo(file)
                    context.close()
        chromium.close()


def _docs(chromium: Any, origin: str, accounts: Path | None) -> None:
    """The home page, an organisation with a penalty, a submission with something to correct."""
    state = _signed_in(chromium, origin, accounts, "market")
    context = chromium.new_context(viewport=_DESK, base_url=origin, locale="zh-CN", storage_state=state)
    page = context.new_page()
    page.goto("/")
    _keep(page, "home-1280-zh")
    page.goto(_PENALTIES)
    page.locator("td.key a").first.click()
    _keep(page, "subject-1280-zh")
    page.goto("/office/submissions/")
    page.locator("tr", has_text="有待更正").first.locator("a").first.click()
    _keep(page, "office-1280-zh")
    context.close()


def _signed_in(chromium: Any, origin: str, accounts: Path | None, user: str) -> Any:
    assert accounts is not None
    known = {line.split()[0]: line.split()[1:3] for line in accounts.read_text(encoding="utf-8").splitlines() if line}
    context = chromium.new_context(base_url=origin, locale="zh-CN")
    page = context.new_page()
    page.goto("/office/sign-in")
    page.get_by_label("用户名").fill(user)
    page.get_by_label("密码").fill(known[user][0])
    page.get_by_role("button", name="登录", exact=True).click()
    secret = base64.b32decode(known[user][1])
    page.get_by_label("验证码").fill(TOTP(secret, 6, SHA1(), 30).generate(time.time()).decode())
    page.get_by_role("button", name="继续").click()
    page.get_by_role("button", name="退出登录").wait_for()
    state = context.storage_state()
    context.close()
    return state


def _keep(page: Any, name: str) -> None:
    page.wait_for_load_state("networkidle")
    blank = page.context.new_page()
    width, height, data = blank.evaluate(_PIXELS, base64.b64encode(page.screenshot()).decode())
    blank.close()
    pixels = np.frombuffer(base64.b64decode(data), dtype=np.uint8).reshape(height, width, 4)[:, :, :3]
    file = IMAGES / f"{name}.png"
    file.write_bytes(indexed(pixels))
    click.echo(f"{file} {file.stat().st_size // 1024} KB")


def indexed(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    """The picture as PNG with 256 colours: a quarter of the size, and nobody sees the difference on a page."""
    height, width, _ = pixels.shape
    coarse = np.minimum((pixels.astype(np.int32) + 2) // 4 * 4, 255).reshape(-1, 3)
    colours, place, counts = np.unique(coarse, axis=0, return_inverse=True, return_counts=True)
    palette = colours[np.argsort(-counts)[:256]]
    nearest = np.array([np.argmin(((palette - colour) ** 2).sum(axis=1)) for colour in colours], dtype=np.uint8)
    lines = np.zeros((height, width + 1), dtype=np.uint8)  # each line begins with its filter: none
    lines[:, 1:] = nearest[place.reshape(-1)].reshape(height, width)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (
        (b"IHDR", header),
        (b"PLTE", palette.astype(np.uint8).tobytes()),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
    )
    chunks = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in (*parts, (b"IEND", b""))
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


if __name__ == "__main__":
    screenshots()
