"""Repeatable chance."""

import random
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


class Dice:
    """One stream of choices; the same text gives the same stream on every machine."""

    def __init__(self, text: str) -> None:
        self._random = random.Random(text)

    def chance(self, percent: float) -> bool:
        return self._random.random() * 100 < percent

    def pick(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def weighed(self, options: Mapping[Any, float]) -> Any:
        """One of the keys, each as often as its weight says."""
        left = self._random.random() * sum(options.values())
        for option, weight in options.items():
            left -= weight
            if left < 0:
                return option
        return next(reversed(options))

    def below(self, limit: int) -> int:
        return int(self._random.random() * limit)

    def between(self, least: int, most: int) -> int:
        return least + self.below(most - least + 1)

    def some(self, options: Sequence[T], least: int, most: int) -> list[T]:
        """Different options, ``least`` to ``most`` of them, in any order."""
        left = list(options)
        count = min(self.between(least, most), len(left))
        return [left.pop(self.below(len(left))) for _ in range(count)]
