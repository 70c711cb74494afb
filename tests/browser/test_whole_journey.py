"""The whole journey in a real Chromium: upload, train, leave and come back, compare, download."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from safetensors import safe_open

from tests.browser.page_driver import PageDriver
from tests.server import PetnameServer

TRAINING_TIMEOUT_SECONDS = 1500

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(3600)]


def prepare_pet(driver: PageDriver, photos: list[Path]) -> None:
    """Upload the photos and fill in the form."""
    driver.go("upload")
    driver.upload(photos)
    driver.fill("pn-name", "Waffle")
    driver.fill("pn-class-word", "dog")
    word = driver.page.locator("#pn-word")
    expect(word).not_to_have_value("")
    driver.fill("pn-word", "waffledog")


def start_training(driver: PageDriver) -> None:
    """Press the one button, with the choices as they are offered."""
    driver.go("train")
    driver.page.click("#pn-start")
    driver.run("embedding").wait_for(state="attached")
    driver.run("lora").wait_for(state="attached")


def test_teach_a_pet_and_take_its_files_home(
    chromium: Browser, server: PetnameServer, photos: list[Path], tmp_path: Path
) -> None:
    """Everything a person does, with the browser closed in the middle of the training."""
    first = chromium.new_context(base_url=server.url, locale="en-GB")
    driver = PageDriver(server, first.new_page()).open()
    prepare_pet(driver, photos)
    assert driver.page.locator("#pn-upload-photos [data-photo]").count() == len(photos)
    start_training(driver)
    step = driver.wait_for_step("embedding", 10, TRAINING_TIMEOUT_SECONDS)
    expect(driver.run("embedding").locator(".pn-strip img").first).to_be_visible()
    expect(driver.run("embedding").locator(".pn-charts svg").first).to_be_attached()
    kept = first.storage_state()
    problems = driver.problems
    first.close()

    second = chromium.new_context(base_url=server.url, locale="en-GB", storage_state=kept)
    driver = PageDriver(server, second.new_page(), problems).open()
    driver.go("train")
    assert driver.wait_for_step("embedding", step + 1, TRAINING_TIMEOUT_SECONDS) > step
    driver.wait_for_run("embedding", "done", TRAINING_TIMEOUT_SECONDS)
    stop_when_previews_are_there(driver, "lora")
    driver.wait_for_run("lora", "done", TRAINING_TIMEOUT_SECONDS)
    for method in ("embedding", "lora"):
        run = driver.run(method)
        assert run.locator("[data-preview-step]").count() >= 2
        expect(run.locator("[data-preview-step='0']")).to_be_attached()
        expect(run.locator(".pn-charts svg").first).to_be_attached()
    compare(driver)
    files = download_both(driver, tmp_path)
    second.close()
    assert problems == []
    check_with_diffusers(server, files)


def stop_when_previews_are_there(driver: PageDriver, method: str) -> None:
    """Press "Stop and keep the best" once the word has been drawn during the training."""
    run = driver.run(method)
    run.locator("[data-preview-step]").nth(1).wait_for(
        state="attached", timeout=1000 * TRAINING_TIMEOUT_SECONDS
    )
    run.locator("[data-do='run.stop']").click()


def compare(driver: PageDriver) -> None:
    """Draw base, embedding, LoRA and both from one seed."""
    driver.go("compare")
    driver.page.fill("#pn-prompt", "a photo of a waffledog in the snow")
    driver.page.fill("#pn-seed", "5")
    driver.page.click("#pn-draw")
    drawing = driver.page.locator("#pn-compare-results [data-drawing]")
    drawing.wait_for(state="attached")
    driver.page.wait_for_selector(
        "#pn-compare-results [data-drawing][data-status=done]", timeout=600_000
    )
    for column in ("base", "embedding", "lora", "both"):
        picture = drawing.locator(f"[data-column={column}] img[data-picture]").first
        expect(picture).to_be_visible()
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") >= 64


def download_both(driver: PageDriver, folder: Path) -> dict[str, Path]:
    """Download embedding and LoRA from the manage tab."""
    driver.go("manage")
    files = {}
    for method in ("embedding", "lora"):
        card = driver.page.locator(f"#pn-manage-list [data-artifact][data-method={method}]")
        with driver.page.expect_download() as started:
            card.locator("[data-download]").click()
        name = started.value.suggested_filename
        assert name.endswith(".safetensors")
        assert "waffledog" in name
        files[method] = folder / f"{method}-{name}"
        started.value.save_as(files[method])
    return files


def check_with_diffusers(server: PetnameServer, files: dict[str, Path]) -> None:
    """Open both files the way diffusers' own documentation says."""
    import torch
    from diffusers import StableDiffusionPipeline

    assets = Path(server.settings.get("assets_dir", Path(__file__).resolve().parents[2] / "assets"))
    pipeline = StableDiffusionPipeline.from_pretrained(
        assets / "crayon", safety_checker=None, torch_dtype=torch.float32
    )
    with safe_open(str(files["embedding"]), "pt") as opened:
        vectors = opened.get_tensor(next(iter(opened.keys())))
    pipeline.load_textual_inversion(vectors, token="waffledog")
    pipeline.load_lora_weights(str(files["lora"].parent), weight_name=files["lora"].name)
    images = pipeline(
        "a photo of a waffledog",
        num_inference_steps=2,
        height=64,
        width=64,
        generator=torch.Generator().manual_seed(0),
    ).images
    assert images[0].size == (64, 64)


def test_a_reload_keeps_everything(
    context: BrowserContext, server: PetnameServer, photos: list[Path]
) -> None:
    """Photos, name, word, chosen tab and a half-written prompt are there after a reload."""
    driver = PageDriver(server, context.new_page()).open()
    prepare_pet(driver, photos[:3])
    driver.page.click("label:has(input[name=pn-mirror][value=true])")
    driver.settle()
    driver.go("train")
    driver.page.reload()
    driver.page.wait_for_selector("html.pn-ready")
    expect(driver.page.locator("#pn-panel-train")).to_be_visible()
    driver.go("upload")
    assert driver.page.locator("#pn-upload-photos [data-photo]").count() == 3
    expect(driver.page.locator("#pn-name")).to_have_value("Waffle")
    expect(driver.page.locator("#pn-class-word")).to_have_value("dog")
    expect(driver.page.locator("#pn-word")).to_have_value("waffledog")
    assert driver.page.is_checked("input[name=pn-mirror][value=true]")
    assert driver.problems == []


def test_a_stranger_in_the_same_server_sees_an_empty_page(
    chromium: Browser, server: PetnameServer, photos: list[Path]
) -> None:
    """Two visitors, two worlds."""
    one = chromium.new_context(base_url=server.url, locale="en-GB")
    driver = PageDriver(server, one.new_page()).open()
    prepare_pet(driver, photos[:1])
    other = chromium.new_context(base_url=server.url, locale="en-GB")
    stranger = PageDriver(server, other.new_page()).open()
    assert stranger.page.locator("[data-photo]").count() == 0
    assert "Waffle" not in stranger.page.content()
    one.close()
    other.close()


def test_the_page_speaks_french(chromium: Browser, server: PetnameServer) -> None:
    """A French browser is sent to the French page; the switch leads back and forth."""
    visitor = chromium.new_context(base_url=server.url, locale="fr-FR")
    driver = PageDriver(server, visitor.new_page()).open("/")
    assert driver.page.url.endswith("/fr/")
    assert driver.page.get_attribute("html", "lang") == "fr"
    driver.page.click("a[hreflang=en]")
    driver.page.wait_for_selector("html.pn-ready")
    assert driver.page.get_attribute("html", "lang") == "en"
    assert driver.problems == []
    visitor.close()
