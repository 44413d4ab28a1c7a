"""PostgreSQL: `add_task` against pgbench with the same inserts in an equal transaction."""

import json
import re
import subprocess

from ..bench import Bench
from ..cluster import Cluster, cluster
from ..machine import CORES
from ..result import NotMeasured, Row, Target, in_turn, ratio
from .calls import seed
from .writes import ADD_TASK

CONNECTIONS = 32

# The rows that the server stores for one call: the task of `.writes`, and its log entry.
TEXTS = json.loads(ADD_TASK.body)["params"]
FOLDED = f"{TEXTS['title']}\n{TEXTS['description']}".lower()
LOG_TEXTS = {
    "action": "add_task",
    "payload": json.dumps({"params": TEXTS, "result": "x" * 200}, separators=(",", ":")),
    "status": "success",
}
# Microseconds since the Unix epoch.
NOW = 1767225600000000
COLUMNS = """
SELECT column_name, data_type,
       CASE WHEN is_nullable = 'YES' OR column_default IS NOT NULL THEN 'yes' ELSE 'no' END
FROM information_schema.columns WHERE table_name = '{table}' AND table_schema = current_schema()
ORDER BY ordinal_position
"""
INSERTED = {"tasks": TEXTS | {"folded": FOLDED}, "logs": LOG_TEXTS}


def add_task(bench: Bench) -> list[Row]:
    binary = bench.programs.postgres
    if binary is None:
        raise NotMeasured("this build has no cargo feature `postgres`")
    with cluster() as database:
        # The server creates its tables; pgbench writes into a copy of them.
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
    """Returns the script of pgbench. Ids come from a sequence, so that transactions do not wait for each other."""
    inserts = []
    for table, texts in INSERTED.items():
        database.ask("plain", f"CREATE SEQUENCE plain_{table} START 1000000 CACHE 100")
        values = {}
        for line in database.ask("plain", COLUMNS.format(table=table)).splitlines():
            column, kind, optional = line.split("|")
            if column in texts:
                values[column] = f"'{texts[column]}'"
            elif column == "id":
                values[column] = f"nextval('plain_{table}')"
            elif column in ("created_at", "updated_at", "timestamp"):
                values[column] = str(NOW) if kind == "bigint" else "now()"
            elif optional == "no":
                raise NotMeasured(f"this benchmark has no value for {table}.{column}")
        names, given = ", ".join(values), ", ".join(values.values())
        inserts.append(f"INSERT INTO {table} ({names}) VALUES ({given});")
    return "\n".join(["BEGIN;", *inserts, "COMMIT;"])


def pgbench(database: Cluster, script: str, bench: Bench) -> float:
    """Measures transactions per second, with prepared statements."""
    run = subprocess.run(
        [database.program("pgbench"), "--no-vacuum", "--protocol", "prepared"]
        + ["--client", str(CONNECTIONS), "--jobs", str(min(CORES, CONNECTIONS))]
        + ["--time", str(max(1, round(bench.seconds))), "--file", "/dev/stdin"]
        + ["--host", "127.0.0.1", "--port", str(database.port), "--username", "postgres", "plain"],
        input=script,
        check=False,
        capture_output=True,
        text=True,
    )
    rate = re.search(r"^tps = ([\d.]+)", run.stdout, re.M)
    failed = re.search(r"^number of failed transactions: (\d+)", run.stdout, re.M)
    if run.returncode or not rate or (failed and int(failed[1])):
        raise RuntimeError(f"pgbench failed: {run.stdout}{run.stderr}")
    return float(rate[1])
