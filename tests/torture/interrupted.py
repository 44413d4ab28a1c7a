"""kill -9 in a first start, in a migration and in a reset: the old or the new state, nothing in between."""

import random
import shutil
import sqlite3
import time
from pathlib import Path

from .client import Connection, Gone
from .server import Folder, Server, check, require
from .stored import Stored

REPOSITORY = Path(__file__).resolve().parents[2]
TASKS, USERS, LOGS = 20_000, 1_000, 5_000
STEPS = "__diesel_schema_migrations"


def first_services(path):
    """Creates a database of the first service with many rows."""
    database = sqlite3.connect(path)
    database.executescript((REPOSITORY / "crates/mcp-storage/tests/reference.sql").read_text())
    for table in ("users", "tasks", "logs"):
        database.execute(f"DELETE FROM {table}")
    time_text = "2026-01-02 03:04:05.678901"
    database.executemany(
        "INSERT INTO users (id, username, role, user_metadata, created_at, updated_at)"
        " VALUES (?, ?, 'user', '{}', ?, ?)",
        ((number, f"user-{number}", time_text, time_text) for number in range(1, USERS + 1)),
    )
    database.executemany(
        "INSERT INTO tasks (id, title, description, priority, status, created_at, updated_at)"
        " VALUES (?, ?, ?, 'high', 'pending', ?, ?)",
        ((number, f"task {number}", "x" * 100, time_text, time_text) for number in range(1, TASKS + 1)),
    )
    database.executemany(
        "INSERT INTO logs (id, timestamp, action, payload, status)"
        " VALUES (?, ?, 'list_users', '{\"params\": {}}', 'success')",
        ((number, time_text) for number in range(1, LOGS + 1)),
    )
    database.commit()
    database.close()


def initial(path):
    """Creates a database of this server's first version with many rows."""
    step = sorted((REPOSITORY / "migrations/sqlite").iterdir())[0]
    database = sqlite3.connect(path)
    database.executescript((step / "up.sql").read_text())
    database.execute(
        f"CREATE TABLE {STEPS} (version VARCHAR(50) PRIMARY KEY NOT NULL,"
        " run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)"
    )
    version = step.name.split("_")[0].replace("-", "")
    database.execute(f"INSERT INTO {STEPS} (version) VALUES (?)", (version,))
    database.executemany(
        "INSERT INTO users VALUES (?, ?, 'user', '{}', 0, 0)",
        ((number, f"user-{number}") for number in range(1, USERS + 1)),
    )
    database.executemany(
        "INSERT INTO tasks VALUES (?, ?, ?, 'high', 'pending', NULL, 0, 0)",
        ((number, f"task {number}", "x" * 100) for number in range(1, TASKS + 1)),
    )
    database.executemany(
        "INSERT INTO logs VALUES (?, 0, 'list_users', '{}', 'success')",
        ((number,) for number in range(1, LOGS + 1)),
    )
    database.execute("INSERT INTO config (key, value, created_at, updated_at) VALUES ('kept', '1', 0, 0)")
    database.commit()
    database.close()


def counts(stored):
    """Counts the rows of each table."""
    return tuple(stored.one(f"SELECT count(*) FROM {table}") for table in ("users", "tasks", "logs"))


def killed_at_start(options, folder, make, look):
    """Kills a start at a random moment, `rounds` times. `look` returns the state of the database: old or new."""
    base, chance, seen = folder / "base.db", random.Random(options.seed), {}
    make(base)
    duration = None
    for number in range(options.rounds + 1):
        place = folder / f"round-{number}"
        place.mkdir()
        database = place / "memory.db"
        if base.exists():
            shutil.copyfile(base, database)
        started = time.monotonic()
        with Server(options.program, database) as server:
            if duration is None:
                # The first run is not killed: its duration bounds the moments of the kills.
                server.listen()
                duration = time.monotonic() - started
            else:
                time.sleep(chance.uniform(0, duration * 1.1))
            server.kill()
        if database.exists():
            with Stored(database) as stored:
                state = look(stored)
        else:
            state = "old"
        if number > 0:
            seen[state] = seen.get(state, 0) + 1
        with Server(options.program, database) as server:
            server.listen().stop()
        check(options.program, database)
        with Stored(database) as stored:
            require(look(stored) == "new", "the next start finishes the work")
        shutil.rmtree(place)
    return f"{seen.get('old', 0)} old, {seen.get('new', 0)} new, 0 between"


def look_at_new(stored):
    """Requires no table, or all tables with the default configuration."""
    tables = stored.tables()
    if not tables:
        return "old"
    require({"users", "tasks", "config", "logs", STEPS} <= tables, f"all tables or none: {tables}")
    require(stored.one("SELECT count(*) FROM config") == 2, "the tables and the default configuration are created together")
    stored.require_whole()
    return "new"


def look_at_first_services(stored):
    """Requires the first service's tables or ours, with all rows."""
    stored.require_whole()
    tables = stored.tables()
    require(counts(stored) == (USERS, TASKS, LOGS), f"all rows are stored: {counts(stored)}")
    require(not any(table.startswith("reference_") for table in tables), "no table is half migrated")
    return "new" if STEPS in tables else "old"


def look_at_initial(stored):
    """Requires our tables with all rows, before or after all migrations."""
    stored.require_whole()
    require(counts(stored) == (USERS, TASKS, LOGS), f"all rows are stored: {counts(stored)}")
    known = len(list((REPOSITORY / "migrations/sqlite").iterdir()))
    steps = stored.one(f"SELECT count(*) FROM {STEPS}")
    require(steps in (1, known), f"one migration or all {known}, not {steps}")
    require(stored.one("SELECT value FROM config WHERE key = 'kept'") == "1", "configuration is kept")
    return "new" if steps == known else "old"


def reset(options, folder):
    """Kills a reset: all data, or only the default configuration."""
    base, chance, seen, answered = folder / "base.db", random.Random(options.seed), {}, 0
    initial(base)
    with Server(options.program, base) as server:
        server.listen().stop()
    duration = 0.05
    for number in range(options.rounds):
        database = folder / "memory.db"
        shutil.copyfile(base, database)
        with Server(options.program, database) as server:
            connection = Connection(server.listen().port)
            connection.send(b"POST /api/v1/reset HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
            is_answered, started = False, time.monotonic()
            connection.socket.settimeout(None if number == 0 else chance.uniform(0.001, duration * 1.2))
            try:
                is_answered = connection.answer()[0] == 200
            except Gone:
                pass
            duration = time.monotonic() - started if number == 0 else duration
            server.kill()
        answered += is_answered
        with Stored(database) as stored:
            stored.require_whole()
            rows = counts(stored)
            kept = stored.one("SELECT count(*) FROM config WHERE key = 'kept'")
            config = stored.one("SELECT count(*) FROM config")
            is_old, is_new = rows[:2] == (USERS, TASKS) and kept == 1, rows[:2] == (0, 0) and kept == 0
            require(is_old or (is_new and config == 2), f"all or nothing: {rows}, {config} keys")
            require(is_new or not is_answered, "an answered reset is stored")
            state = "new" if is_new else "old"
            seen[state] = seen.get(state, 0) + 1
        check(options.program, database)
        for suffix in ("", "-wal", "-shm"):
            Path(f"{database}{suffix}").unlink(missing_ok=True)
    return f"{seen.get('old', 0)} old, {seen.get('new', 0)} new ({answered} answered), 0 between"


def run(options):
    """Kills a first start, both migrations and a reset at random moments."""
    results = []
    for what, make, look in (
        ("a first start", lambda path: None, look_at_new),
        ("the migration of the first service's database", first_services, look_at_first_services),
        ("the migration of this server's first version", initial, look_at_initial),
    ):
        with Folder() as folder:
            figure = killed_at_start(options, folder, make, look)
        results.append((f"kill -9 in {what}", f"{options.rounds} kills", figure))
    with Folder() as folder:
        figure = reset(options, folder)
    return [*results, ("kill -9 in a reset", f"{options.rounds} kills, {TASKS} tasks", figure)]
