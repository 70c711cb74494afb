"""Stable ``elem_id``s and element ids of the page, for tests, styles and scripts."""

from __future__ import annotations

OWNER = "pn-owner"
CONCEPT = "pn-concept"
SEEN = "pn-seen"
WAKE = "pn-wake"
COMMAND = "pn-command"
BUS = "pn-bus"
TOAST = "pn-toast"
SPOKEN = "pn-spoken"
HEADER = "pn-header"
SWITCHER = "pn-switcher"

TABS = ("upload", "train", "compare", "manage")


def tab(name: str) -> str:
    """Return the id of a tab's button in the navigation."""
    return f"pn-tab-{name}"


def panel(name: str) -> str:
    """Return the id of a tab's panel."""
    return f"pn-panel-{name}"


UPLOAD_DROP = "pn-upload-drop"
UPLOAD_INPUT = "pn-upload-input"
UPLOAD_BATCHES = "pn-upload-batches"
UPLOAD_PHOTOS = "pn-upload-photos"
UPLOAD_SAMPLES = "pn-upload-samples"
UPLOAD_FORM = "pn-upload-form"
UPLOAD_WORD_HINT = "pn-upload-word-hint"
UPLOAD_NEXT = "pn-upload-next"
NAME_FIELD = "pn-name"
CLASS_WORD_FIELD = "pn-class-word"
WORD_FIELD = "pn-word"
CONTINUE_BUTTON = "pn-continue"

TRAIN_SETUP = "pn-train-setup"
TRAIN_PRESETS = "pn-train-presets"
TRAIN_RUNS = "pn-train-runs"
START_BUTTON = "pn-start"
CUSTOM_MODEL_FIELD = "pn-custom-model"
LIKE_FIELD = "pn-like-file"

COMPARE_SETUP = "pn-compare-setup"
COMPARE_RESULTS = "pn-compare-results"
PROMPT_FIELD = "pn-prompt"
NEGATIVE_PROMPT_FIELD = "pn-negative-prompt"
SEED_FIELD = "pn-seed"
NUM_IMAGES_FIELD = "pn-num-images"
EMBEDDING_CHOICE = "pn-embedding-choice"
LORA_CHOICE = "pn-lora-choice"
EMBEDDING_STRENGTH = "pn-embedding-strength"
LORA_STRENGTH = "pn-lora-strength"
STEPS_FIELD = "pn-steps"
DRAW_BUTTON = "pn-draw"

MANAGE_LIST = "pn-manage-list"
MANAGE_PETS = "pn-manage-pets"
MANAGE_STORAGE = "pn-manage-storage"
PUBLICATIONS = "pn-publications"
PUBLISH_DIALOG = "pn-publish-dialog"
PUBLISH_REPOSITORY = "pn-publish-repository"
PUBLISH_PHOTOS = "pn-publish-photos"
PUBLISH_TOKEN = "pn-publish-token"
PUBLISH_BUTTON = "pn-publish-go"
IMPORT_DROP = "pn-import-drop"
IMPORT_INPUT = "pn-import-input"
