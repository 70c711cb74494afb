"""Petname: teach an image model a new word from a few photos of your pet."""

__version__ = "0.1.0"
