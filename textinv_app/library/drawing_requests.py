"""What a comparison may be asked for."""

from __future__ import annotations

from textinv_app.errors import BadInput
from textinv_app.library.api import DrawingOrder

MAX_PROMPT_CHARACTERS = 500
MAX_IMAGES = 8
MAX_INFERENCE_STEPS = 100
MAX_STRENGTH = 2.0


def refuse_bad_order(order: DrawingOrder) -> None:
    """Raise ``BadInput`` for a prompt that is empty or too long, or numbers out of range."""
    if not order.prompt.strip():
        raise BadInput("drawing.no_prompt", "Write what to draw first.")
    if max(len(order.prompt), len(order.negative_prompt)) > MAX_PROMPT_CHARACTERS:
        raise BadInput(
            "drawing.prompt_too_long",
            f"The text may have at most {MAX_PROMPT_CHARACTERS} characters.",
            limit=MAX_PROMPT_CHARACTERS,
        )
    ranges = (
        ("seed", order.seed, 0, 2**32 - 1),
        ("num_images", order.num_images, 1, MAX_IMAGES),
        ("num_inference_steps", order.num_inference_steps, 1, MAX_INFERENCE_STEPS),
        ("embedding_strength", order.embedding_strength, 0, MAX_STRENGTH),
        ("lora_strength", order.lora_strength, 0, MAX_STRENGTH),
    )
    for field, value, lowest, highest in ranges:
        if not lowest <= value <= highest:
            raise BadInput(
                "drawing.out_of_range",
                f"{field} must be a number from {lowest} to {highest}.",
                field=field,
                lowest=lowest,
                highest=highest,
            )
