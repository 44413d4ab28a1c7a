"""The machine, in general terms, and the repository's path."""

import os
import platform
import re
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CORES = len(os.sched_getaffinity(0))


def described() -> dict[str, str]:
    """Describes the machine without its name or the date."""
    cpu = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    memory = re.search(r"^MemTotal:\s*(\d+) kB", Path("/proc/meminfo").read_text(), re.M)
    return {
        "processor": f"{CORES} cores of {cpu[1].strip() if cpu else platform.machine()}",
        "memory": f"{round(int(memory[1]) / 1024 / 1024)} GiB" if memory else "unknown",
        "kernel": f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
        "compiler": first_line("rustc", "--version").split(" (")[0],
        "load generator": "wrk " + re.findall(r"[\d.]+", first_line("wrk", "--version"))[0],
    }


def first_line(*command: str) -> str:
    """Returns the first line of a command's output. wrk prints its version and exits with an error."""
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    return (result.stdout or result.stderr).splitlines()[0]
