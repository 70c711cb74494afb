"""Takes the screenshots of the README: ``python -m tests.tools.screenshots``.

Teaches a sample pet on Crayon, draws a comparison and photographs every tab in two widths, two
themes and two languages into ``docs/screenshots/<tab>-<width>-<theme>-<language>.webp``.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.assets_folder import has_real_crayon, tiny_assets
from tests.browser.chromium import CHROMIUM_OPTIONS, chromium_path
from tests.browser.page_driver import PageDriver
from tests.photo_makers import drawn_photo
from tests.server import REPOSITORY, PetnameServer

SCREENSHOTS = REPOSITORY / "docs" / "screenshots"
TABS = ("upload", "train", "compare", "manage")
WIDTHS = {1280: 900, 390: 844}
THEMES = ("light", "dark")
LANGUAGES = {"en": "/", "fr": "/fr/"}
MAX_HEIGHT_PIXELS = 2600
WEBP_QUALITY = 78
TRAINING_TIMEOUT_SECONDS = 2400
DRAWING_TIMEOUT_MILLISECONDS = 900_000


def teach_a_sample(browser: Browser, server: PetnameServer, folder: Path) -> Any:
    """Teach the first sample pet, compare, and return what the browser has stored."""
    visitor = browser.new_context(base_url=server.url, locale="en-GB")
    visitor.set_default_timeout(60_000)
    driver = PageDriver(server, visitor.new_page()).open()
    sample = driver.page.locator("#pn-upload-samples [data-do='sample.use']").first
    if sample.count():
        sample.click()
        driver.page.wait_for_selector("#pn-upload-photos [data-photo]")
    else:
        driver.upload([drawn_photo(folder / f"{seed}.jpg", seed) for seed in range(6)])
        driver.fill("pn-name", "Rex")
    driver.settle()
    word = driver.page.input_value("#pn-word")
    driver.go("train")
    driver.page.click("#pn-start")
    for method in ("embedding", "lora"):
        driver.wait_for_run(method, "done", TRAINING_TIMEOUT_SECONDS)
    driver.go("compare")
    driver.page.fill("#pn-prompt", f"a photo of a {word} in the snow")
    driver.page.fill("#pn-seed", "7")
    driver.page.click("#pn-draw")
    driver.page.wait_for_selector(
        "#pn-compare-results [data-drawing][data-status=done]",
        timeout=DRAWING_TIMEOUT_MILLISECONDS,
    )
    stored = visitor.storage_state()
    visitor.close()
    return stored


def photograph(browser: Browser, server: PetnameServer, stored: Any, output: Path) -> list[str]:
    """Photograph everything; return the problems the browser met on the way."""
    output.mkdir(parents=True, exist_ok=True)
    problems: list[str] = []
    for (width, height), theme, (language, path) in product(
        WIDTHS.items(), THEMES, LANGUAGES.items()
    ):
        visitor = browser.new_context(
            base_url=server.url,
            storage_state=stored,
            viewport={"width": width, "height": height},
            color_scheme=theme,  # type: ignore[arg-type]
            locale=f"{language}-{language.upper()}".replace("en-EN", "en-GB"),
            has_touch=width < 600,
            is_mobile=width < 600,
        )
        driver = PageDriver(server, visitor.new_page(), problems).open(path)
        for tab in TABS:
            driver.go(tab)
            driver.page.wait_for_timeout(6000 if tab == "train" else 1200)
            name = f"{tab}-{width}-{theme}-{language}.webp"
            save(whole_page(driver.page, width), output / name)
            driver.page.set_viewport_size({"width": width, "height": height})
        visitor.close()
    return problems


def whole_page(page: Page, width: int) -> bytes:
    """Photograph the page in a window as high as itself, so that what is fixed stays in place."""
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": min(height, MAX_HEIGHT_PIXELS)})
    page.wait_for_timeout(500)
    return page.screenshot()


def save(png: bytes, path: Path) -> None:
    """Save a screenshot small, as WebP."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.save(path, quality=WEBP_QUALITY, method=6)


def main() -> int:
    """Take all screenshots; 1 where the browser met a problem."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=SCREENSHOTS)
    output = parser.parse_args().output
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        settings = {} if has_real_crayon() else {"assets_dir": str(tiny_assets(folder / "assets"))}
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_OPTIONS)
        with PetnameServer(folder / "data", settings) as server:
            stored = teach_a_sample(browser, server, folder)
            problems = photograph(browser, server, stored, output)
        browser.close()
    for problem in problems:
        sys.stderr.write(problem + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
