"""kill -9 in the commands of `mcp-server db`: the old or the new state, nothing in between."""

import random
import shutil
import sqlite3
import subprocess
import time

from .interrupted import LOGS, TASKS, USERS, counts, first_services, initial, look_at_first_services
from .server import Folder, Server, check, command, require
from .stored import Stored

ALL = (USERS, TASKS, LOGS)


def ours(program, path):
    """Creates a database of this version with many rows. Its last change is only in the write-ahead log."""
    first = path.with_name("first.db")
    initial(first)
    with Server(program, first) as server:
        server.listen().stop()
    writer = sqlite3.connect(first)
    writer.execute("PRAGMA wal_autocheckpoint = 0")
    writer.execute("UPDATE config SET value = '2' WHERE key = 'kept'")
    writer.commit()
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{first}{suffix}", f"{path}{suffix}")
    writer.close()


def require_all(stored):
    """Requires the complete database of `ours`."""
    stored.require_whole()
    require(counts(stored) == ALL, f"all rows are stored: {counts(stored)}")
    kept = stored.one("SELECT value FROM config WHERE key = 'kept'")
    require(kept == "2", f"the change in the write-ahead log is stored: {kept}")


class Backup:
    """After a kill: no backup, or a complete one."""

    name = "backup"

    def make(self, program, folder):
        ours(program, folder / "memory.db")

    def arguments(self, folder):
        return ["backup", folder / "backup.db"]

    def look(self, folder):
        with Stored(folder / "memory.db") as stored:
            require_all(stored)
        if not (folder / "backup.db").exists():
            return "old"
        with Stored(folder / "backup.db") as stored:
            require_all(stored)
        return "new"


class Restore:
    """After a kill: the old database, or the backup with the old database kept."""

    name = "restore"

    def make(self, program, folder):
        ours(program, folder / "memory.db")
        first = folder / "empty.db"
        with Server(program, first) as server:
            server.listen().stop()
        done = command(program, first, "backup", str(folder / "backup.db"))
        require(done.returncode == 0, f"a backup is made: {done.stderr}")

    def arguments(self, folder):
        return ["restore", "--yes", folder / "backup.db"]

    def look(self, folder):
        with Stored(folder / "memory.db") as stored:
            stored.require_whole()
            if counts(stored)[1] > 0:
                require_all(stored)
                return "old"
        kept = folder / "memory.db.before-restore"
        require(kept.exists(), "the replaced database is kept")
        with Stored(kept) as stored:
            require_all(stored)
        return "new"


class Migrate:
    """After a kill: the first service's tables or ours, with all rows."""

    name = "migrate"

    def make(self, program, folder):
        first_services(folder / "memory.db")

    def arguments(self, folder):
        return ["migrate"]

    def look(self, folder):
        with Stored(folder / "memory.db") as stored:
            return look_at_first_services(stored)


class Vacuum:
    """After a kill: all rows, with or without the space of removed rows."""

    name = "vacuum"

    def make(self, program, folder):
        ours(program, folder / "memory.db")
        with sqlite3.connect(folder / "memory.db") as database:
            database.execute("CREATE TABLE spare AS SELECT randomblob(4000) FROM tasks")
            database.execute("DROP TABLE spare")
        database.close()

    def arguments(self, folder):
        return ["vacuum"]

    def look(self, folder):
        with Stored(folder / "memory.db") as stored:
            require_all(stored)
            return "old" if stored.one("PRAGMA freelist_count") > 0 else "new"


class Rebuild:
    """After a kill: all rows; the search index and the counts are damaged or new."""

    name = "rebuild"

    def make(self, program, folder):
        ours(program, folder / "memory.db")
        with sqlite3.connect(folder / "memory.db") as database:
            database.execute("UPDATE tasks_search_data SET block = zeroblob(length(block)) WHERE id = 10")
            database.execute("DELETE FROM row_counts")
        database.close()

    def arguments(self, folder):
        return ["rebuild"]

    def look(self, folder):
        with Stored(folder / "memory.db") as stored:
            require_all(stored)
            return "new" if stored.one("SELECT count(*) FROM row_counts") > 0 else "old"


def killed(options, folder, subject):
    """Kills the command at a random moment, `rounds` times, and then lets it finish."""
    base, chance, seen = folder / "base", random.Random(options.seed), {"old": 0, "new": 0}
    base.mkdir()
    subject.make(options.program, base)
    duration = None
    for number in range(options.rounds + 1):
        place = shutil.copytree(base, folder / f"round-{number}")
        database, arguments = place / "memory.db", [str(text) for text in subject.arguments(place)]
        started = time.monotonic()
        with subprocess.Popen(
            [options.program, "db", *arguments], env={"DATABASE_URL": str(database)},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        ) as process:
            if duration is None:
                # The first run is not killed: its duration bounds the moments of the kills.
                require(process.wait(300) == 0, f"it works: {process.stderr.read()}")
                duration = time.monotonic() - started
                require(subject.look(place) == "new", f"db {subject.name} works without a kill")
            else:
                time.sleep(chance.uniform(0, duration * 1.05))
                process.kill()
        if number > 0:
            state = subject.look(place)
            seen[state] += 1
            if state == "old":
                done = command(options.program, database, *arguments)
                require(done.returncode == 0, f"it works again: {done.stdout}{done.stderr}")
                require(subject.look(place) == "new", "the next run finishes the work")
        check(options.program, database)
        shutil.rmtree(place)
    return f"{seen['old']} old, {seen['new']} new, 0 between"


def run(options):
    """Kills each writing command at random moments."""
    results = []
    for subject in (Backup(), Restore(), Migrate(), Rebuild(), Vacuum()):
        with Folder() as folder:
            figure = killed(options, folder, subject)
        results.append((f"kill -9 in `db {subject.name}`", f"{options.rounds} kills", figure))
    return results
