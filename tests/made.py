"""What tests share by name, each made when a test first asks for it: the workers that only collect a file make none."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import stages


class Made(Mapping):
    """A value by name, from a function that is called once at most."""

    def __init__(self, makers: Mapping[str, Callable[[], Any]]):
        self._makers = {name: cache(maker) for name, maker in makers.items()}

    def __getitem__(self, name: str) -> Any:
        return self._makers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    def __or__(self, other: "Made") -> "Made":
        return Made(self._makers | other._makers)


def reports_of(materials: Made) -> Made:
    """The report of each material, under its name."""
    return Made({name: lambda name=name: stages.report_of(materials[name]) for name in materials})
