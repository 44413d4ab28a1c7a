"""The plot: each row's value relative to its target."""

from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.ticker import NullLocator  # noqa: E402

from .result import Row, figure  # noqa: E402

# The same rows give the same bytes.
matplotlib.rcParams["svg.hashsalt"] = "bench"
matplotlib.rcParams["svg.fonttype"] = "none"
matplotlib.rcParams["font.family"] = "sans-serif"

MET, MISSED = "#2a7f62", "#b3402e"


def draw(rows: list[Row], file: Path) -> None:
    """Draws one bar for each row, to the right of the line if the target is met."""
    figure_, axes = plt.subplots(figsize=(9, 0.48 * len(rows) + 1.2), layout="constrained")
    margins = [row.margin for row in rows]
    low, high = min([0.5, *margins]) / 1.2, max([2.0, *margins]) * 1.2
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    for place, row in enumerate(reversed(rows)):
        # A bar starts at the target and ends at the value.
        color = MET if row.passed else MISSED
        axes.barh(place, row.margin - 1, left=1, height=0.55, color=color)
    axes.axvline(1, color="black", linewidth=1)
    labels = [f"{row.name}: {figure(row.value)}\n{row.target}" for row in reversed(rows)]
    axes.set_yticks(range(len(rows)), labels, fontsize=9)
    ticks = [tick for tick in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if low < tick < high]
    axes.set_xticks(ticks, [f"{tick:g}×" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("value against target: right of 1× the target is met")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    # No date, so that equal rows give equal bytes.
    figure_.savefig(file, metadata={"Date": None})
    plt.close(figure_)
