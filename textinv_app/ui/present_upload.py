"""The upload tab as HTML: drop zone, sample pets, photo cards, refusals, the next step."""

from __future__ import annotations

import json
from collections.abc import Sequence

from textinv_app.domain.views import ConceptView, PhotoView
from textinv_app.library.api import Refusal, SampleView
from textinv_app.ui import icons, ids
from textinv_app.ui.markup import Child, Html, button, named, tag
from textinv_app.ui.words import Words

_GOOD_NUMBER = 5
_PHOTO_TYPES = (
    "image/jpeg,image/png,image/webp,image/heic,image/heif,image/avif,image/gif,.heic,.heif,.avif,"
    ".zip"
)

_ARTIFACT_TYPES = ".safetensors,.pt,.bin,.ckpt,.pth,.png,.webp"


def drop_zone(words: Words, max_bytes: int, keep_days: int = 0) -> Html:
    """Build the place to drop, paste or pick photos; says how long this server keeps them."""
    zone = _drop(words, "upload.drop", ids.UPLOAD_INPUT, "photos", _PHOTO_TYPES, max_bytes)
    if not keep_days:
        return zone
    note = tag("p", words.count("upload.keep_days", keep_days), class_="pn-help pn-keep-days")
    return tag("div", zone, note)


def import_zone(words: Words, max_bytes: int) -> Html:
    """Build the place to drop an embedding or LoRA made elsewhere."""
    return _drop(words, "import.drop", ids.IMPORT_INPUT, "artifact", _ARTIFACT_TYPES, max_bytes)


def _drop(words: Words, key: str, input_id: str, purpose: str, accept: str, max_bytes: int) -> Html:
    picker = tag(
        "input",
        type="file",
        id=input_id,
        multiple=True,
        accept=accept,
        class_="pn-file-input",
        data_purpose=purpose,
        aria_describedby=f"{input_id}-help",
    )
    label = tag(
        "label",
        picker,
        tag("span", icons.CAMERA if purpose == "photos" else icons.DOWNLOAD, class_="pn-drop-icon"),
        tag("b", words(f"{key}.title")),
        tag("span", words(f"{key}.text"), id=f"{input_id}-help"),
        class_="pn-drop",
        data_purpose=purpose,
        data_max_bytes=max_bytes,
        for_=input_id,
    )
    return tag(
        "div", label, tag("div", class_="pn-batches", data_batches=purpose), class_="pn-drop-area"
    )


def samples(words: Words, pets: Sequence[SampleView]) -> Html:
    """Show the sample pets, each one click away."""
    if not pets:
        return Html("")
    cards = [_sample(words, pet) for pet in pets]
    return tag(
        "section",
        tag("h3", words("samples.title")),
        tag("p", words("samples.text"), class_="pn-help"),
        tag("div", *cards, class_="pn-samples"),
        class_="pn-sample-area",
    )


def _sample(words: Words, pet: SampleView) -> Html:
    pictures = [tag("img", src=url, alt="", loading="lazy") for url in pet.picture_urls[:4]]
    return tag(
        "button",
        tag("span", *pictures, class_="pn-sample-pictures"),
        tag("b", named(pet.name)),
        tag("small", _sample_word(words, pet.class_word)),
        type="button",
        class_="pn-sample",
        data_do="sample.use",
        data_id=pet.sample_id,
        aria_label=words("samples.use", name=pet.name),
    )


def _sample_word(words: Words, class_word: str) -> str:
    key = f"class.{class_word}"
    return words(key) if words.has(key) else class_word


def photos(words: Words, view: ConceptView | None) -> Html:
    """Show the photos as the squares the model will see, or what makes good photos."""
    if view is None or not view.photos:
        return _advice(words)
    cards = [_photo(words, photo) for photo in view.photos]
    return tag(
        "section",
        tag(
            "div",
            tag("h3", words.count("photos.count", len(view.photos))),
            tag("p", _photo_summary(words, view.photos), class_="pn-help"),
            class_="pn-photos-head",
        ),
        tag("ul", *cards, class_="pn-photos"),
    )


def _advice(words: Words) -> Html:
    tips = [
        tag("li", icons.CHECK, tag("span", words(f"photos.tip{number}"))) for number in (1, 2, 3)
    ]
    return tag("section", tag("h3", words("photos.tips")), tag("ul", *tips, class_="pn-tips"))


def _photo_summary(words: Words, all_photos: Sequence[PhotoView]) -> str:
    missing = _GOOD_NUMBER - len(all_photos)
    if missing > 0:
        return words.count("photos.add_more", missing)
    flawed = sum(photo.verdict != "fine" for photo in all_photos)
    return words.count("photos.flawed", flawed) if flawed else words("photos.all_fine")


def _photo(words: Words, photo: PhotoView) -> Html:
    square = {
        "id": photo.photo_id,
        "url": photo.photo_url,
        "width": photo.width_pixels,
        "height": photo.height_pixels,
        "left": photo.left,
        "top": photo.top,
        "side": photo.side,
        "name": photo.display_name,
    }
    notes = [tag("p", words.error(code, code, {}), class_="pn-photo-note") for code in photo.notes]
    return tag(
        "li",
        tag(
            "div",
            tag(
                "img",
                src=photo.square_url,
                alt=words("photos.alt", name=photo.display_name),
                loading="lazy",
            ),
            button(
                None,
                "photo.remove",
                icon=icons.CROSS,
                class_="pn-photo-remove",
                data_id=photo.photo_id,
                aria_label=words("photos.remove", name=photo.display_name),
                title=words("photos.remove_short"),
            ),
            class_="pn-photo-frame",
        ),
        tag(
            "div",
            _verdict(words, photo),
            *notes,
            tag("p", named(photo.display_name), class_="pn-photo-name"),
            tag(
                "button",
                icons.CROP,
                tag("span", words("photos.move")),
                type="button",
                class_="pn-button pn-button-quiet pn-photo-move",
                data_local="square",
                data_square=json.dumps(square),
            ),
            class_="pn-photo-about",
        ),
        class_=f"pn-photo pn-photo-{'fine' if photo.verdict == 'fine' else 'flawed'}",
        data_photo=photo.photo_id,
        data_verdict=photo.verdict,
    )


def _verdict(words: Words, photo: PhotoView) -> Html:
    fine = photo.verdict == "fine"
    key = f"verdict.{photo.verdict}"
    text = words(key, other=photo.verdict_other) if words.has(key) else words("verdict.fine")
    return tag(
        "p",
        icons.CHECK if fine else icons.WARN,
        tag("span", text),
        class_=f"pn-badge pn-badge-{'good' if fine else 'warn'}",
    )


def refusals(
    words: Words, refused: Sequence[Refusal], num_refused: int = 0, num_added: int = 0
) -> Html:
    """Say kindly which files were not taken, and why; ``num_refused`` counts those not listed."""
    if not refused:
        return Html("")
    title = words.count("refused.title", max(num_refused, len(refused)))
    if num_added:
        title = f"{title} {words('refused.others')}"
    items = [tag("li", *_refusal(words, one)) for one in refused]
    return tag(
        "div",
        tag(
            "div",
            icons.WARN,
            tag("b", title),
            button(
                None,
                "refused.close",
                icon=icons.CROSS,
                class_="pn-refused-close",
                aria_label=words("page.close"),
            ),
            class_="pn-refused-head",
        ),
        tag("ul", *items),
        class_="pn-refused",
        role="alert",
    )


def _refusal(words: Words, one: Refusal) -> tuple[Child, ...]:
    sentence = words.error(one.code, one.sentence, {"name": one.display_name, **one.details})
    if one.display_name in sentence:
        return (sentence,)
    return tag("b", named(one.display_name)), " ", sentence


def next_step(words: Words, view: ConceptView | None) -> Html:
    """Open the way to the training, or say what is still missing."""
    if view is None:
        return Html("")
    if view.ready:
        return tag(
            "div",
            tag(
                "p",
                words(
                    "next.ready",
                    name=view.concept.name or words("switcher.unnamed"),
                    word=view.concept.placeholder_token,
                ),
            ),
            tag(
                "button",
                tag("span", words("next.go")),
                icons.ARROW,
                type="button",
                id=ids.CONTINUE_BUTTON,
                class_="pn-button pn-button-primary pn-button-large",
                data_go="train",
            ),
            class_="pn-next pn-next-ready",
        )
    missing: list[Child] = [
        tag("li", words.error(code, code, {"n": _GOOD_NUMBER - len(view.photos)}))
        for code in view.missing
    ]
    return tag("div", tag("p", words("next.missing")), tag("ul", *missing), class_="pn-next")
