"""A comparison as HTML: columns of pictures, facts under each, the slider between two pictures."""

from __future__ import annotations

from collections.abc import Mapping

from textinv_app.domain.views import ArtifactView, DrawingView, PictureView
from textinv_app.ui import icons, present
from textinv_app.ui.markup import Child, Html, button, tag
from textinv_app.ui.words import Words


def results(
    words: Words, drawing: DrawingView | None, artifacts: Mapping[str, ArtifactView]
) -> Html:
    """Show a comparison, being drawn or drawn; nothing where there is none."""
    if drawing is None:
        return Html("")
    num_rows = _num_rows(drawing)
    columns = [
        _column(words, drawing, name, num_rows, _worn(drawing, name, artifacts))
        for name in drawing.columns
    ]
    return tag(
        "section",
        tag(
            "div",
            tag("h3", words("drawing.title")),
            tag("p", drawing.prompt, class_="pn-drawing-prompt"),
            class_="pn-heading",
        ),
        _progress(words, drawing),
        tag("div", *columns, class_=f"pn-columns pn-columns-{len(drawing.columns)}"),
        _downloads(words, drawing),
        _before_after(words, drawing),
        class_="pn-drawing",
        data_drawing=drawing.drawing_id,
        data_status=drawing.status,
    )


def _num_rows(drawing: DrawingView) -> int:
    drawn = max((picture.index + 1 for picture in drawing.pictures), default=1)
    return max(drawn, drawing.num_images)


def _worn(
    drawing: DrawingView, column: str, artifacts: Mapping[str, ArtifactView]
) -> list[ArtifactView]:
    wanted = []
    if column in {"embedding", "both"}:
        wanted.append(drawing.embedding_id)
    if column in {"lora", "both"}:
        wanted.append(drawing.lora_id)
    return [artifacts[one] for one in wanted if one in artifacts]


def _progress(words: Words, drawing: DrawingView) -> Html | None:
    if drawing.status == "failed":
        return tag(
            "p",
            icons.WARN,
            words.error(drawing.error_code, drawing.error_sentence, drawing.error_details),
            class_="pn-run-error",
            role="alert",
        )
    if drawing.error_code == "drawing.cancelled":
        return tag("p", words.error(drawing.error_code, "", {}), class_="pn-help")
    if drawing.status not in {"waiting", "drawing"}:
        return None
    key = "after_training" if drawing.waits_for_training else drawing.status
    label = words(f"drawing.{key}")
    return tag(
        "div",
        tag(
            "div",
            tag("b", label),
            button(
                words("drawing.cancel"), "compare.cancel", kind="quiet", data_id=drawing.drawing_id
            ),
            class_="pn-run-line",
        ),
        present.progress_bar(drawing.fraction, label),
        class_="pn-run-progress",
    )


def _column(
    words: Words, drawing: DrawingView, name: str, num_rows: int, worn: list[ArtifactView]
) -> Html:
    by_row = {picture.index: picture for picture in drawing.pictures if picture.column == name}
    waiting = drawing.status in {"waiting", "drawing"}
    tiles = [_tile(words, drawing, name, row, by_row.get(row), waiting) for row in range(num_rows)]
    return tag(
        "div",
        tag("h4", words(f"column.{name}")),
        *tiles,
        _facts(words, drawing, name, worn),
        class_=f"pn-column pn-column-{name}",
        data_column=name,
    )


def _tile(
    words: Words,
    drawing: DrawingView,
    name: str,
    row: int,
    picture: PictureView | None,
    waiting: bool,
) -> Html:
    if picture is None:
        return tag("div", icons.PAW, class_="pn-tile" + (" pn-tile-waiting" if waiting else ""))
    label = picture_label(words, drawing, picture)
    return tag(
        "figure",
        tag(
            "img",
            src=picture.url,
            alt=label,
            data_local="enlarge",
            tabindex=0,
            role="button",
            data_picture=f"{name}-{row}",
            data_label=label,
        ),
        tag(
            "a",
            icons.DOWNLOAD,
            href=picture.url,
            download=f"petname-{name}-{drawing.seed + row}.webp",
            class_="pn-tile-download",
            aria_label=words("drawing.download_one", name=label),
            title=words("drawing.download_short"),
        ),
        class_="pn-tile",
    )


def picture_label(words: Words, drawing: DrawingView, picture: PictureView) -> str:
    """Name a picture by its column and seed."""
    return words(
        "drawing.picture",
        column=words(f"column.{picture.column}"),
        seed=drawing.seed + picture.index,
    )


def _facts(words: Words, drawing: DrawingView, name: str, worn: list[ArtifactView]) -> Html:
    likeness = drawing.likeness.get(name)
    # Files from elsewhere may change other parts than those of ours.
    known = not any(one.imported for one in worn)
    rows: dict[str, Child] = {
        words("facts.trained"): words(f"facts.trained_{name}") if known else None,
        words("facts.size"): words.size(sum(one.size_bytes for one in worn)) if worn else None,
        words("facts.time"): _time(words, worn),
    }
    is_drawn = any(picture.column == name for picture in drawing.pictures)
    measured = likeness is not None or (drawing.status == "done" and is_drawn)
    return tag(
        "div",
        present.facts(rows),
        present.likeness_meter(words, likeness, "drawn") if measured else None,
        class_="pn-column-facts",
    )


def _time(words: Words, worn: list[ArtifactView]) -> str | None:
    if not worn:
        return None
    # Both files of a pair tell the seconds of the one run that made them.
    seconds = {
        one.run_id or one.artifact_id: one.training_seconds
        for one in worn
        if one.training_seconds is not None
    }
    return words.duration(sum(seconds.values())) if seconds else words("facts.imported")


def _downloads(words: Words, drawing: DrawingView) -> Html | None:
    if drawing.status != "done" or not drawing.grid_url:
        return None
    return tag(
        "div",
        tag(
            "a",
            icons.DOWNLOAD,
            tag("span", words("drawing.download_grid")),
            href=drawing.grid_url,
            download=f"petname-{drawing.seed}.webp",
            class_="pn-button",
        ),
        class_="pn-actions",
    )


def _before_after(words: Words, drawing: DrawingView) -> Html | None:
    pictures = sorted(
        drawing.pictures, key=lambda one: (one.index, list(drawing.columns).index(one.column))
    )
    if len(pictures) < 2 or drawing.status not in {"done", "failed"}:
        return None
    left, right = (
        pictures[0],
        next((one for one in reversed(pictures) if one.index == pictures[0].index), pictures[-1]),
    )
    return tag(
        "div",
        tag("h3", words("slider.title")),
        tag("p", words("slider.text"), class_="pn-help"),
        tag(
            "div",
            _side(words, drawing, pictures, left, "left"),
            _side(words, drawing, pictures, right, "right"),
            class_="pn-form-row",
        ),
        tag(
            "div",
            tag("img", src=right.url, alt="", class_="pn-slider-right", draggable="false"),
            tag("img", src=left.url, alt="", class_="pn-slider-left", draggable="false"),
            tag("span", class_="pn-slider-line", aria_hidden="true"),
            tag(
                "input",
                type="range",
                min="0",
                max="100",
                step="1",
                value="50",
                class_="pn-slider-input",
                aria_label=words("slider.label"),
            ),
            class_="pn-slider",
        ),
        class_="pn-sheet pn-before-after",
        data_drawn=drawing.drawing_id,
    )  # fmt: skip


def _side(
    words: Words,
    drawing: DrawingView,
    pictures: list[PictureView],
    chosen: PictureView,
    side: str,
) -> Html:
    options = [
        tag(
            "option",
            picture_label(words, drawing, one),
            value=f"{one.column}-{one.index}",
            selected=one is chosen,
        )
        for one in pictures
    ]
    field_id = f"pn-slider-{side}"
    control = tag("select", *options, id=field_id, data_local="slide", data_side=side)
    return present.field(words(f"slider.{side}"), control, field_id=field_id)
