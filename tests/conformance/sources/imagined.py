"""Modules that a program imports and this suite neither has nor needs, made up as they are asked.

Whatever is taken from such a module is a class that can be called, inherited from and looked into
without end. What the loaders really use is put in by hand (``put_in``); a result that came from a
made-up thing would be no array and fail the comparison.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, ClassVar


class _Anything(type):
    """The class of made-up classes."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _anything(name)

    def __or__(cls, _: Any) -> Any:
        return cls

    def __ror__(cls, _: Any) -> Any:
        return cls


def _anything(name: str) -> Any:
    def take_all(self: Any, *_: Any, **__: Any) -> None:
        del self

    def look_in(self: Any, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return _anything(attribute)

    def call(self: Any, *arguments: Any, **_: Any) -> Any:
        # A made-up decorator gives back what it decorates.
        return arguments[0] if len(arguments) == 1 and callable(arguments[0]) else self

    members = {"__init__": take_all, "__getattr__": look_in, "__call__": call}
    return _Anything(name, (), members)


class _ImaginedModule(ModuleType):
    __path__: ClassVar[list[str]] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _anything(name)


class _Imagination(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, names: Sequence[str], real: Mapping[str, Path]) -> None:
        self._names = tuple(names)
        self._real = dict(real)

    def find_spec(
        self, fullname: str, path: Any = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        for name, place in self._real.items():
            if fullname == name or fullname.startswith(f"{name}."):
                inner = fullname.removeprefix(name).strip(".")
                return _spec_of_file(fullname, place.joinpath(*filter(None, inner.split("."))))
        if any(fullname == name or fullname.startswith(f"{name}.") for name in self._names):
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _ImaginedModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Leave the module empty."""


def _spec_of_file(fullname: str, place: Path) -> importlib.machinery.ModuleSpec | None:
    """Return how to load a package folder, or a module given without its ending."""
    if place.is_dir():
        places = [str(place)]
        file = place / "__init__.py"
        if not file.is_file():
            spec = importlib.machinery.ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations = places
            return spec
        return importlib.util.spec_from_file_location(
            fullname, file, submodule_search_locations=places
        )
    return importlib.util.spec_from_file_location(fullname, place.with_name(f"{place.name}.py"))


def imagine(*names: str, real: Mapping[str, Path] = MappingProxyType({})) -> None:
    """Make up these modules and all below them, whether they exist or not.

    ``real`` names modules among them to be loaded after all: packages by their folder, modules by
    their file without its ending.
    """
    sys.meta_path.insert(0, _Imagination(names, real))


def put_in(name: str, **values: Any) -> Any:
    """Put a module with these values in place, the rest of it made up; return it."""
    module = sys.modules.get(name) or _ImaginedModule(name)
    for key, value in values.items():
        setattr(module, key, value)
    sys.modules[name] = module
    parent, _, last = name.rpartition(".")
    if parent:
        setattr(importlib.import_module(parent), last, module)
    return module
