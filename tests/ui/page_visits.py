"""What tests do again and again with the page in a real Chromium."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable

from playwright.sync_api import Browser, Page, Route, expect

PATIENCE_SECONDS = 90
DEMO_TOKEN = "d" * 64
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def open_page(chromium: Browser, address: str, **options: object) -> Page:
    """Open the page as somebody new, or with a token as somebody known; waits until it is ready."""
    token = options.pop("token", "")
    tab = options.pop("tab", "upload")
    path = options.pop("path", "/")
    context = chromium.new_context(**options)
    if token:
        context.add_init_script(f"localStorage.setItem('petname.owner', '{token}')")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_SECONDS * 1000)
    page.goto(f"{address}{path}#{tab}")
    page.wait_for_selector("html.pn-ready")
    return page


def calm(page: Page) -> None:
    """Wait until the page is not busy any more."""
    page.wait_for_function("!document.documentElement.classList.contains('pn-busy')")


def go_to_tab(page: Page, name: str) -> None:
    """Open a tab and wait until it is drawn."""
    page.click(f"#pn-tab-{name}")
    calm(page)


def begin_another_pet(page: Page) -> None:
    """Begin a new pet and wait for its empty form."""
    page.click("[data-do='concept.new']")
    expect(page.locator("#pn-name")).to_have_value("")
    calm(page)


def open_with_the_sample(chromium: Browser, address: str) -> Page:
    """Open the page with the first sample pet chosen."""
    page = open_page(chromium, address)
    page.locator("[data-do='sample.use']").first.click()
    expect(page.locator(".pn-photo")).to_have_count(8)
    calm(page)
    return page


def finish(page: Page, address: str) -> None:
    """Let the trainings of this visitor end, and wait until the page shows their files."""
    files = "document.querySelectorAll('#pn-compare-setup option[data-family]').length"
    before = page.evaluate(files)
    token = page.evaluate("window.petnameToken")
    urllib.request.urlopen(f"{address}/test/finish?token={token}", data=b"").close()
    page.wait_for_function(f"{files} > {before}")
    calm(page)


def taught(chromium: Browser, address: str) -> Page:
    """Open the page with a sample pet that has an embedding and a LoRA."""
    page = open_with_the_sample(chromium, address)
    train_again(page, address)
    return page


def train_again(page: Page, address: str) -> None:
    """Train both kinds of file from the first sight of the tab to the end."""
    go_to_tab(page, "train")
    runs = page.locator(".pn-run")
    before = runs.count()
    page.evaluate("petname.startKey = String(performance.now())")
    page.click("#pn-start")
    expect(runs).to_have_count(before + 2)
    finish(page, address)


def choose(page: Page, name: str, value: str) -> None:
    """Click a choice by its name and value."""
    page.click(f"label:has(input[name={name}][value={value}])")
    calm(page)


def open_biscuit(chromium: Browser, address: str, **options: object) -> Page:
    """Open the demo's pet that has trainings, one of them running."""
    page = open_page(chromium, address, token=DEMO_TOKEN, **options)
    page.locator("[data-do='concept.open']", has_text="Biscuit").press("Enter")
    page.wait_for_selector("#pn-train-runs [data-status=running]", state="attached")
    calm(page)
    return page


def hold_answers(page: Page) -> Callable[[], None]:
    """Keep the server's answers back; return what lets them come."""
    held: list[Route] = []
    is_held = True

    def hold(route: Route) -> None:
        if is_held:
            held.append(route)
        else:
            route.continue_()

    def let_go() -> None:
        nonlocal is_held
        is_held = False
        for route in held:
            route.continue_()

    page.route("**/gradio_api/**", hold)
    return let_go
