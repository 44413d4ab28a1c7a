"""PostgreSQL: `add_task` against pgbench with the same inserts in a transaction of the same shape."""

import re
import subprocess

from ..bench import Bench
from ..cluster import Cluster, cluster
from ..machine import CORES
from ..result import NotMeasured, Row, Target, in_turn, ratio
from .calls import seed
from .writes import ADD_TASK

CONNECTIONS = 32

# `add_task` of .writes, and its log entry: what the server stores for one call.
INSERT_TASK = """
INSERT INTO tasks (title, description, priority, status, assigned_to, created_at, updated_at)
VALUES ('Write the release notes', 'Needed before the next release. See the design document.',
        'medium', 'pending', 'alice', {now}, {now})
RETURNING id, title, description, priority, status, assigned_to, created_at, updated_at;
"""
INSERT_LOG = """
INSERT INTO logs (timestamp, action, payload, status)
VALUES ({now}, 'add_task', '{{"params":{{"title":"Write the release notes","description":"Needed before \
the next release. See the design document.","priority":"medium","status":"pending",\
"assigned_to":"alice"}},"result":"{result}"}}', 'success');
"""


def add_task(bench: Bench) -> list[Row]:
    binary = bench.programs.postgres
    if binary is None:
        raise NotMeasured("this build has no cargo feature `postgres`")
    with cluster() as database:
        # The server makes its tables; pgbench writes into a copy of them.
        ours_url = database.create("ours")
        with bench.folder() as folder:
            with bench.programs.ours(ours_url, folder, binary) as server:
                seed(server)
            database.create("plain", template="ours")
            script = transaction(database)

            def ours() -> float:
                with bench.programs.ours(ours_url, folder, binary) as server:
                    return bench.load(server, ADD_TASK, CONNECTIONS, folder).rate

            samples = in_turn(
                bench.rounds,
                {"ours": ours, "pgbench": lambda: pgbench(database, script, bench)},
            )
    work = f"PostgreSQL `add_task`, {CONNECTIONS} connections"
    return [ratio("postgres", work, "writes/s", samples, Target("at least", 0.6, "of pgbench"))]


def transaction(database: Cluster) -> str:
    """The script of pgbench, with times in the type that the columns have."""
    kind = database.ask(
        "plain",
        "SELECT data_type FROM information_schema.columns"
        " WHERE table_name = 'tasks' AND column_name = 'created_at'",
    )
    now = "1767225600000000" if kind == "bigint" else "now()"
    inserts = INSERT_TASK.format(now=now) + INSERT_LOG.format(now=now, result="x" * 200)
    return f"BEGIN;{inserts}COMMIT;\n"


def pgbench(database: Cluster, script: str, bench: Bench) -> float:
    """Transactions a second, from so many connections, with statements prepared once."""
    said = subprocess.run(
        [database.program("pgbench"), "--no-vacuum", "--protocol", "prepared"]
        + ["--client", str(CONNECTIONS), "--jobs", str(min(CORES, CONNECTIONS))]
        + ["--time", str(max(1, round(bench.seconds))), "--file", "/dev/stdin"]
        + ["--host", "127.0.0.1", "--port", str(database.port), "--username", "postgres", "plain"],
        input=script,
        check=False,
        capture_output=True,
        text=True,
    )
    rate = re.search(r"^tps = ([\d.]+)", said.stdout, re.M)
    failed = re.search(r"^number of failed transactions: (\d+)", said.stdout, re.M)
    if said.returncode or not rate or (failed and int(failed[1])):
        raise RuntimeError(f"pgbench failed: {said.stdout}{said.stderr}")
    return float(rate[1])
