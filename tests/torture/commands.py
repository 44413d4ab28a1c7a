"""kill -9 in the commands of `mcp-server db`: the old or the new state, nothing between."""

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
    """A database of this version with many rows, the last change only in its write-ahead log."""
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
    """It is the database of `ours`, whole."""
    stored.require_whole()
    require(counts(stored) == ALL, f"everything is there: {counts(stored)}")
    kept = stored.one("SELECT value FROM config WHERE key = 'kept'")
    require(kept == "2", f"what only the write-ahead log has is there: {kept}")


class Backup:
    """No file of that name, or a whole copy."""

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
    """The database that was there, or the backup; and once it is the backup, the other is kept."""

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
        require(kept.exists(), "what was replaced is kept")
        with Stored(kept) as stored:
            require_all(stored)
        return "new"


class Migrate:
    """The first service's tables with everything, or ours with everything."""

    name = "migrate"

    def make(self, program, folder):
        first_services(folder / "memory.db")

    def arguments(self, folder):
        return ["migrate"]

    def look(self, folder):
        with Stored(folder / "memory.db") as stored:
            return look_at_first_services(stored)


class Vacuum:
    """Everything, with the room of what was removed or without."""

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
    """Everything, with a damaged search index and no counts or with new ones."""

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
    """Kills the command at a random moment, `rounds` times, and has it run again to its end."""
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
                # The first is left alone, and says how long there is to kill it.
                require(process.wait(300) == 0, f"it works: {process.stderr.read()}")
                duration = time.monotonic() - started
                require(subject.look(place) == "new", f"db {subject.name} does what it is for")
            else:
                time.sleep(chance.uniform(0, duration * 1.05))
                process.kill()
        if number > 0:
            state = subject.look(place)
            seen[state] += 1
            if state == "old":
                done = command(options.program, database, *arguments)
                require(done.returncode == 0, f"it works again: {done.stdout}{done.stderr}")
                require(subject.look(place) == "new", "the next one ends what was interrupted")
        check(options.program, database)
        shutil.rmtree(place)
    return f"{seen['old']} old, {seen['new']} new, 0 between"


def run(options):
    """Each command that writes, killed at random moments."""
    results = []
    for subject in (Backup(), Restore(), Migrate(), Rebuild(), Vacuum()):
        with Folder() as folder:
            figure = killed(options, folder, subject)
        results.append((f"kill -9 in `db {subject.name}`", f"{options.rounds} kills", figure))
    return results
