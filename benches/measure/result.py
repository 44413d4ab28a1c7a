"""A row of the table: the measurement, its target and the verdict."""

import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal


class NotMeasured(Exception):
    """A row cannot be measured on this machine or with this build; the message has the reason."""


@dataclass(frozen=True)
class Target:
    """The target of a value."""

    bound: Literal["at least", "at most"]
    value: float
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.bound} {figure(self.value)}{self.unit and ' ' + self.unit}"

    def margin(self, value: float) -> float:
        """Returns the value relative to the target: 1 just meets it, less misses it."""
        return value / self.value if self.bound == "at least" else self.value / value


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    work: str
    unit: str  # of the samples
    samples: dict[str, list[float]]  # the rounds of each side; the first side is the server
    value: float  # compared with the target
    target: Target

    @property
    def margin(self) -> float:
        return self.target.margin(self.value)

    @property
    def passed(self) -> bool:
        return self.margin >= 1

    @property
    def medians(self) -> dict[str, float]:
        return {side: statistics.median(samples) for side, samples in self.samples.items()}

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(row: dict[str, Any]) -> "Row":
        return Row(**{**row, "target": Target(**row["target"])})


def in_turn(rounds: int, sides: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Measures each side once in every round, so that a disturbance affects all sides."""
    samples: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side, measure in sides.items():
            samples[side].append(measure())
    return samples


def ratio(name: str, work: str, unit: str, samples: dict[str, list[float]], target: Target) -> Row:
    """Returns a row whose value is the median of the first side divided by that of the second."""
    ours, other = (statistics.median(rounds) for rounds in samples.values())
    return Row(name, work, unit, samples, ours / other, target)


def figure(value: float) -> str:
    """Formats a number with three significant digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
