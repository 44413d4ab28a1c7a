"""Web pages: a browser that was started in advance, against one that is started for the call."""

import os
import re
import subprocess

from ..bench import Bench
from ..machine import REPOSITORY
from ..result import NotMeasured, Row, Target, in_turn, ratio

UNITS = {"µs": 0.001, "ms": 1, "s": 1000}
TIME = r"([\d.]+)(µs|ms|s)"


def page_title(bench: Bench) -> list[Row]:
    """Runs the benchmark test, which prints the medians of nine calls of each kind."""
    cold: list[float] = []

    def warm() -> float:
        test = subprocess.run(
            ["cargo", "nextest", "run", "--locked", "-p", "mcp-integrations"]
            + ["--run-ignored", "only", "--no-capture", "-E", "binary(browser) & test(bench)"],
            cwd=REPOSITORY,
            env={name: value for name, value in os.environ.items() if name != "RUST_LOG"},
            check=False,
            capture_output=True,
            text=True,
        )
        found = re.search(rf"^warm {TIME}, cold {TIME}", test.stdout, re.M)
        if not found:
            raise NotMeasured(f"the browser gave no times: {test.stderr.strip()[-300:]}")
        cold.append(float(found[3]) * UNITS[found[4]])
        return float(found[1]) * UNITS[found[2]]

    # One round: the test measures nine pairs.
    samples = in_turn(1, {"warm": warm})
    samples["cold"] = cold
    work = "`playwright_get_title` of a local page, warm browser against cold"
    return [ratio("page_title", work, "ms", samples, Target("at most", 1, "of the cold time"))]
