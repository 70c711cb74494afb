"""Ordinary words that a new one may start from, to choose among by the photos."""

from __future__ import annotations

CLASS_WORDS: tuple[str, ...] = (
    *("dog", "puppy", "cat", "kitten", "rabbit", "hamster", "guinea pig", "mouse", "rat", "ferret"),
    *("horse", "pony", "donkey", "cow", "goat", "sheep", "pig", "fox", "bear", "hedgehog"),
    *("parrot", "canary", "bird", "chicken", "duck", "owl", "turtle", "lizard", "snake", "frog"),
    *("fish", "poodle", "labrador", "terrier", "bulldog", "dachshund", "beagle", "husky"),
    *("corgi", "chihuahua", "spaniel", "collie", "tabby cat", "siamese cat", "persian cat"),
    *("toy", "doll", "teddy bear"),
)
"""English, because the models read English; the most usual first."""
