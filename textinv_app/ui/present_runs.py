"""Runs of the train tab as HTML: progress, buttons, curves, previews, verdict, nearest words."""

from __future__ import annotations

from collections.abc import Sequence

from textinv_app.domain.concept import ConceptKind
from textinv_app.domain.events import Judged, VerdictCode
from textinv_app.domain.status import RunStatus
from textinv_app.domain.views import PreviewView, RunView
from textinv_app.ui import icons, present
from textinv_app.ui.charts import Chart, line_chart, smooth
from textinv_app.ui.markup import Child, Html, button, named, tag
from textinv_app.ui.words import Words

_MAX_PREVIEWS = 24


def runs(words: Words, views: Sequence[RunView]) -> Html:
    """Show every run of the open pet, newest first."""
    if not views:
        return Html("")
    return tag(
        "section",
        tag("h2", words("runs.title"), class_="pn-runs-title"),
        *[run(words, view) for view in sorted(views, key=_rank)],
        class_="pn-runs",
    )


def _rank(view: RunView) -> tuple[int, int]:
    order = (RunStatus.RUNNING, RunStatus.QUEUED, RunStatus.PAUSED)
    place = order.index(view.status) if view.status in order else len(order)
    return place, view.queue_position


def run(words: Words, view: RunView) -> Html:
    """Show one run."""
    return tag(
        "article",
        tag("header", _title(words, view), _buttons(words, view), class_="pn-run-head"),
        _progress(words, view),
        *[_notice(words.error(one.code, one.code, one.details)) for one in view.notices[-3:]],
        _redrawn(words, view),
        _verdict(words, view),
        _previews(words, view),
        _after(words, view),
        _details(words, view),
        class_=f"pn-run pn-sheet pn-run-{view.status.value}",
        data_run=view.run_id,
        data_method=view.method,
        data_status=view.status.value,
        data_step=view.step.step if view.step else 0,
    )


def _title(words: Words, view: RunView) -> Html:
    model_key = f"model.{view.model_id}.title"
    model = words(model_key) if words.has(model_key) else view.model_id
    line = " · ".join([model, words(f"preset.{view.preset}")])
    return tag(
        "div",
        tag("h3", words(f"method.{view.method}"), " ", tag("code", named(view.placeholder_token))),
        tag("p", line, class_="pn-help"),
        class_="pn-run-title",
    )


def _buttons(words: Words, view: RunView) -> Html | None:
    about = {"data_id": view.run_id}
    buttons: list[Html] = []
    if view.status.is_active and view.wanted == "run":
        buttons.append(button(words("run.pause"), "run.pause", icon=icons.PAUSE, **about))
    elif view.status.is_active and view.wanted == "pause":
        buttons.append(_pausing(words))
    if view.status is RunStatus.PAUSED:
        buttons.append(
            button(words("run.resume"), "run.resume", kind="primary", icon=icons.PLAY, **about)
        )
    if view.status is RunStatus.FAILED:
        buttons.append(
            button(words("run.again"), "run.resume", kind="primary", icon=icons.RETRY, **about)
        )
    if not view.status.is_final and view.wanted != "stop":
        buttons.append(button(words("run.stop"), "run.stop", icon=icons.STOP, **about))
    if view.status in {RunStatus.CANCELLED, RunStatus.FAILED}:
        buttons.append(_remove(words, view))
    return tag("div", *buttons, class_="pn-actions") if buttons else None


def _remove(words: Words, view: RunView) -> Html:
    """Offer to put away a run that came to nothing; one that could be tried again asks first."""
    asks = view.status is RunStatus.FAILED
    return button(
        words("run.remove"),
        "run.remove",
        kind="danger",
        icon=icons.TRASH,
        data_id=view.run_id,
        data_confirm=words("run.remove_sure") if asks else None,
        data_confirm_button=words("run.remove") if asks else None,
    )


def _pausing(words: Words) -> Html:
    """Keep the place of the button that was pressed: another one must not come under the finger."""
    return tag(
        "button",
        icons.PAUSE,
        tag("span", words("run.pause")),
        type="button",
        class_="pn-button",
        aria_disabled="true",
    )


def status_text(words: Words, view: RunView) -> str:
    """Say in a few words what the run is doing."""
    if view.status is RunStatus.QUEUED and view.wanted == "run":
        position = view.queue_position
        return words("run.next") if position <= 1 else words("run.queued", position=position)
    if view.status.is_active and view.wanted == "pause":
        return words("run.pausing")
    if view.status.is_active and view.wanted == "stop":
        # Before the first step there is nothing to keep.
        return words("run.cancelling") if view.step is None else words("run.stopping")
    if view.status is RunStatus.RUNNING:
        key = f"phase.{view.phase}"
        return words(key) if words.has(key) else words("phase.starting")
    return words(f"status.{view.status.value}")


def _progress(words: Words, view: RunView) -> Html:
    status = status_text(words, view)
    right = ""
    # What was left at the last step says nothing of stopping, writing, or loading once more.
    is_learning = view.phase == "training" and view.wanted == "run"
    if view.status is RunStatus.RUNNING and is_learning and view.step is not None:
        remaining = view.step.remaining_seconds
        if remaining > 0:
            right = words("run.left", time=words.duration(remaining))
    elif view.status is RunStatus.DONE and view.step is not None:
        right = words("run.took", time=words.duration(view.step.elapsed_seconds))
    count = ""
    if view.step is not None:
        count = words("run.steps", step=view.step.step, max_steps=view.step.max_steps)
    fraction = 1.0 if view.status is RunStatus.DONE else view.fraction
    failed = None
    if view.status is RunStatus.FAILED:
        failed = tag(
            "p",
            icons.WARN,
            words.error(view.error_code, view.error_sentence, view.error_details),
            class_="pn-run-error",
            role="alert",
        )
    return tag(
        "div",
        tag(
            "div",
            tag("b", status, class_="pn-run-status"),
            tag("span", " · ".join(part for part in (count, right) if part), class_="pn-run-count"),
            class_="pn-run-line",
        ),
        present.progress_bar(fraction, status),
        failed,
        class_="pn-run-progress",
    )


def _notice(text: str) -> Html:
    return tag("p", icons.WARN, tag("span", text), class_="pn-notice")


def _redrawn(words: Words, view: RunView) -> Html | None:
    """Show the photos as the base model draws them; of a run that is over they are folded away."""
    if not view.redrawn:
        return None
    pictures = [
        _picture(url, words("redrawn.alt", number=number))
        for number, url in enumerate(view.redrawn, start=1)
    ]
    title, text = words("redrawn.title"), tag("p", words("redrawn.text"), class_="pn-help")
    strip = _strip(title, pictures, "pn-strip pn-redrawn-strip")
    if not view.status.is_final:
        return tag("div", tag("h4", title), text, strip, class_="pn-redrawn")
    return tag(
        "details",
        tag("summary", title),
        text,
        strip,
        class_="pn-guide pn-redrawn",
        data_fold=f"{view.run_id}-redrawn",
    )


def _verdict(words: Words, view: RunView) -> Html | None:
    if not view.verdicts or view.status in {RunStatus.CANCELLED, RunStatus.FAILED}:
        return None
    best, is_negative = _best(view.verdicts), view.kind == "negative"
    told, when, kept = view.verdicts[-1], "", "judged.best"
    if best and view.status is RunStatus.DONE:
        # What is kept is the best, whatever became of the steps behind it.
        told, when, kept = best, "done_", "judged.kept"
    key = f"judged.{_judged_as(view.kind, told.verdict)}{when}{told.verdict}"
    text = tag(
        "p", words(key, name=view.concept_name or view.placeholder_token), class_="pn-verdict-text"
    )
    # One that rests is not told to stop, nor hailed as if it were done.
    rests = view.status in {RunStatus.PAUSED, RunStatus.QUEUED}
    # What is not to be seen is judged by what was learnt, not by what pictures look like.
    parts = (
        None if rests else text,
        None if is_negative else present.likeness_meter(words, told.likeness, "previews"),
        tag("p", words(kept, step=best.step), class_="pn-help") if best else None,
    )
    if all(part is None for part in parts):
        return None
    style = "pn-verdict" if rests else f"pn-verdict pn-verdict-{told.verdict}"
    return tag("div", *parts, class_=style)


def _judged_as(kind: ConceptKind, verdict: VerdictCode) -> str:
    """Return which words a verdict has: a style's last step is kept, so its best is not named."""
    if kind == "negative":
        return "negative_"
    return "style_" if kind == "style" and verdict == "not_improving" else ""


def _best(verdicts: Sequence[Judged]) -> Judged | None:
    best = [one for one in verdicts if one.is_best]
    return best[-1] if best else None


def _previews(words: Words, view: RunView) -> Html | None:
    if not view.previews:
        return None
    ordered = sorted(view.previews, key=lambda one: (one.step, one.prompt_index))
    steps = sorted({one.step for one in ordered})
    shown = set([*steps[:1], *steps[1:][-(_MAX_PREVIEWS - 1) :]])
    columns = [
        _preview_column(words, [one for one in ordered if one.step == step])
        for step in steps
        if step in shown
    ]
    return tag(
        "div",
        tag("h4", words("previews.title")),
        _strip(words("previews.title"), columns),
        class_="pn-previews",
    )


def _preview_column(words: Words, column: Sequence[PreviewView]) -> Html:
    step = column[0].step
    label = words("previews.before") if step == 0 else words("previews.step", step=step)
    pictures = [
        _picture(one.url, words("previews.alt", step=step, prompt=one.prompt), one.prompt)
        for one in column
    ]
    return tag(
        "figure", *pictures, tag("figcaption", label), class_="pn-preview", data_preview_step=step
    )


def _strip(title: str, pictures: Sequence[Html], class_: str = "pn-strip") -> Html:
    """Put pictures side by side, in a row that is moved with a finger or the arrow keys."""
    return tag("div", *pictures, class_=class_, tabindex=0, role="group", aria_label=title)


def _picture(url: str, alt: str, title: str | None = None) -> Html:
    """Show a picture that a touch makes large."""
    return tag(
        "img", src=url, alt=alt, title=title, data_local="enlarge", tabindex=0, role="button"
    )


def _details(words: Words, view: RunView) -> Html | None:
    """Show curves and words; of a run that is over they are folded away."""
    charts, nearest = _charts(words, view), _nearest(words, view)
    if charts is None and nearest is None:
        return None
    plan = _plan(words, view)
    if not view.status.is_final:
        return tag("div", charts, nearest, plan, class_="pn-run-details")
    return tag(
        "details",
        tag("summary", words("run.details")),
        tag("div", charts, nearest, plan, class_="pn-run-details"),
        class_="pn-guide",
        data_fold=view.run_id,
    )


def _plan(words: Words, view: RunView) -> Html | None:
    """Say how the machine is used."""
    plan = view.plan
    if plan is None:
        return None
    device = words(f"device.{plan.device}")
    text = words.count("run.plan", plan.pictures_at_a_time, device=device, type=plan.weights)
    if plan.gradient_checkpointing:
        text = f"{text} {words('run.plan_recompute')}"
    return tag("p", text, class_="pn-help pn-run-plan")


def _charts(words: Words, view: RunView) -> Html | None:
    if view.step is None and not view.validations:
        return None
    last_step = float(view.step.max_steps) if view.step and not view.status.is_final else None
    # What is learnt from, and measured against.
    of = "_redrawn" if view.redrawn else ""
    loss = _figure(
        words("chart.loss"), words(f"chart.loss_help{of}"), _loss_chart(words, view, last_step)
    )
    if view.kind == "negative":
        return tag("div", loss, class_="pn-charts")
    if _is_unmeasured(view):
        none = present.likeness_meter(words, None, "previews")
        return tag("div", loss, none, class_="pn-charts")
    likeness = _figure(
        words("chart.likeness"),
        words(f"chart.likeness_help{of}"),
        _likeness_chart(words, view, last_step),
    )
    return tag("div", loss, likeness, class_="pn-charts")


def _is_unmeasured(view: RunView) -> bool:
    """Tell whether no likeness is to be waited for: pictures were drawn and none was judged."""
    if any(one.likeness is not None for one in view.verdicts):
        return False
    return view.status.is_final or any(one.step > 0 for one in view.previews)


def _figure(title: str, help_text: str, chart: Html) -> Html:
    return tag("figure", tag("figcaption", tag("b", title), tag("small", help_text)), chart)


def _loss_chart(words: Words, view: RunView, last_step: float | None) -> Html:
    values = [one.validation_loss for one in view.validations]
    points = tuple(
        (float(one.step), value)
        for one, value in zip(view.validations, smooth(values), strict=True)
    )
    summary = words("chart.loss_waiting")
    if values:
        summary = words(
            "chart.loss_summary",
            first=words.number(values[0], 3),
            last=words.number(values[-1], 3),
            step=view.validations[-1].step,
        )
    chart = Chart(
        points=points,
        x_label=words("chart.steps"),
        y_label=words("chart.loss_axis"),
        summary=summary,
        x_max=last_step,
        language=words.language,
    )
    return line_chart(chart)


def _likeness_chart(words: Words, view: RunView, last_step: float | None) -> Html:
    points = tuple(
        (float(one.step), one.likeness) for one in view.verdicts if one.likeness is not None
    )
    best = _best(view.verdicts)
    summary = words("chart.likeness_waiting")
    if points:
        summary = words(
            "chart.likeness_summary",
            first=round(points[0][1]),
            last=round(points[-1][1]),
            step=view.verdicts[-1].step,
        )
    chart = Chart(
        points=points,
        x_label=words("chart.steps"),
        y_label=words("chart.likeness_axis"),
        summary=summary,
        y_range=(0.0, 100.0),
        x_max=last_step,
        kind="likeness",
        marked_x=float(best.step) if best else None,
        language=words.language,
    )
    return line_chart(chart)


def _nearest(words: Words, view: RunView) -> Html | None:
    nearest = view.nearest_words
    if nearest is None or not nearest.words:
        return None
    chips: list[Child] = [
        tag("li", named(word), tag("small", words.percent(similarity)))
        for word, similarity in zip(nearest.words[:8], nearest.similarities[:8], strict=False)
    ]
    return tag(
        "div",
        tag("h4", words("nearest.title_done" if view.status.is_final else "nearest.title")),
        tag("p", words("nearest.text", word=view.placeholder_token), class_="pn-help"),
        tag("ul", *chips, class_="pn-chips"),
        class_="pn-nearest",
    )


def _after(words: Words, view: RunView) -> Html | None:
    if view.status is not RunStatus.DONE or not view.artifact_id:
        return None
    return tag(
        "div",
        present.go_to(words, "compare", "run.compare"),
        present.go_to(words, "manage", "run.download", "quiet"),
        class_="pn-actions pn-run-after",
    )
