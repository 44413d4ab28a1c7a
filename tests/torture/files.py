"""Files that are no whole database of ours: a clear line and an exit status, and the file as it was."""

import hashlib
import os
import random
import shutil
import sqlite3
from pathlib import Path

from .client import Connection, Gone
from .server import Folder, Server, require

NOBODY = 65534
REQUESTS = (
    ("list_users", {}), ("get_user", {"username": "user-7"}), ("list_tasks", {}),
    ("list_tasks", {"status": "pending"}), ("search_tasks", {"query": "task 7"}), ("summarize_data", {}),
    ("get_config", {}), ("add_task", {"title": "another"}), ("update_task", {"task_id": 9, "status": "done"}),
    ("delete_task", {"task_id": 11}), ("add_user", {"username": "another"}),
)


def digest(path):
    """What is in a file, shortly."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def require_refused(options, path, wanted, prefix=()):
    """The start ends with status 1 and one line that says what is wrong; the file is as it was."""
    before = digest(path)
    with Server(options.program, path, prefix=prefix) as server:
        require(not server.starts(), f"{path.name} is refused")
        status = server.wait()
        said = [line for line in server.lines if line.startswith("mcp-server: ")]
        require(status == 1 and len(said) == 1, f"{path.name}: status 1 and a line, not {status}: {server.log}")
        require(wanted in said[0], f"{path.name}: {wanted!r} is said, not {said[0]!r}")
    require(digest(path) == before, f"{path.name} is as it was")


def make(options, path):
    """A database with something of everything."""
    with Server(options.program, path) as server:
        connection = Connection(server.listen().port)
        for number in range(300):
            connection.call("add_task", title=f"task {number}", description="x" * (number % 50) * 10)
        for number in range(60):
            connection.call("add_user", username=f"user-{number}", metadata={"n": number})
        for number in range(1, 300, 7):
            connection.call("delete_task", task_id=number)
        server.stop()


def wrong_files(options, folder, whole):
    """What is no database that the server could open."""
    cases = 0
    for name, content, wanted in (
        ("a text", b"This is a text and no database. " * 400, "not a SQLite database"),
        ("zeros", bytes(40_960), "not a SQLite database"),
        ("random", random.Random(options.seed).randbytes(40_960), "not a SQLite database"),
        ("half a header", b"SQLite format 3\0" + bytes(20), "not a SQLite database"),
    ):
        path = folder / name
        path.write_bytes(content)
        require_refused(options, path, wanted)
        cases += 1
    foreign = folder / "another program's"
    database = sqlite3.connect(foreign)
    database.executescript("CREATE TABLE places (url TEXT); INSERT INTO places VALUES ('x');")
    database.close()
    require_refused(options, foreign, "another program")
    newer = folder / "a newer server's"
    shutil.copyfile(whole, newer)
    database = sqlite3.connect(newer)
    database.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')")
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    require_refused(options, newer, "newer server")
    (folder / "a folder").mkdir()
    require_refused(options, folder / "a folder", "it is a folder")
    with Server(options.program, folder / "missing" / "memory.db") as server:
        require(not server.starts() and server.wait() == 1, "a missing folder is refused")
        require("there is no folder" in server.log, f"the missing folder is named: {server.log}")
    require(not (folder / "missing").exists(), "no folder is made")
    return cases + 4


def read_only(options, folder, whole):
    """A file and a folder that may not be written, for a user who is not root."""
    program = folder / "mcp-server"
    shutil.copyfile(options.program, program)
    program.chmod(0o755)
    prefix = ()
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            print("torture: READ-ONLY FILES NOT TRIED: root writes them, and there is no setpriv", flush=True)
            return 0
        prefix = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--")
    options = type(options)(**{**vars(options), "program": program})
    for name, file_mode, folder_mode in (("file", 0o444, 0o777), ("folder", 0o444, 0o555)):
        place = folder / f"read-only {name}"
        place.mkdir()
        path = place / "memory.db"
        shutil.copyfile(whole, path)
        path.chmod(file_mode)
        place.chmod(folder_mode)
        try:
            require_refused(options, path, "cannot open the database", prefix)
        finally:
            place.chmod(0o755)
    return 2


def flip(options, folder, whole):
    """Flips bits of one place, and has the server meet them: at its start, or in a call."""
    chance, seen = random.Random(options.seed), {"refused": 0, "answered": 0, "errors": 0}
    content = whole.read_bytes()
    pages = len(content) // 4096
    for number in range(options.flips):
        damaged = bytearray(content)
        if number % 4 == 0:
            at = chance.randrange(100)  # The file's header.
        elif number % 4 == 1:
            at = chance.randrange(pages) * 4096 + chance.randrange(12)  # A page's head.
        elif number % 4 == 2:
            at = chance.randrange(pages) * 4096 + chance.randrange(12, 200)  # Where its cells are.
        else:
            at = chance.randrange(len(content))
        damaged[at] ^= 1 << chance.randrange(8)
        path = folder / f"flip-{number}.db"
        path.write_bytes(damaged)
        with Server(options.program, path) as server:
            if server.starts():
                errors = meet(server, at)
                seen["errors" if errors else "answered"] += 1
                server.terminate()
                status = server.wait()
                require(status in (0, 1), f"byte {at}: it stops by itself: {status}\n{server.log}")
                if errors:
                    require("malformed" in server.log or "storage is damaged" in server.log,
                            f"byte {at}: the log says why: {server.log}")
            else:
                status = server.wait()
                said = [line for line in server.lines if line.startswith("mcp-server: ")]
                require(status == 1 and len(said) == 1, f"byte {at}: status 1 and a line: {status} {server.log}")
                require(path.read_bytes() == bytes(damaged), f"byte {at}: a refused file is as it was")
                seen["refused"] += 1
        for suffix in ("", "-wal", "-shm", ".before-migration"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
    return seen


def meet(server, at):
    """Calls of every kind on a damaged file. How many were answered with 500."""
    connection, errors = Connection(server.port), 0
    for action, params in REQUESTS:
        try:
            status, body = connection.call(action, **params)
        except Gone:
            # A list that was under way is cut off: its status was sent already.
            require(action.startswith(("list", "search")), f"byte {at}: {action} is answered")
            connection, errors = Connection(server.port), errors + 1
            continue
        require(status in (200, 400, 500), f"byte {at}: {action}: {status} {body}")
        errors += status == 500
    require(connection.get("/live")[0] == 200, f"byte {at}: the server lives")
    return errors


def run(options):
    """All of it."""
    with Folder() as folder:
        whole = folder / "whole.db"
        make(options, whole)
        wrong, unwritable = wrong_files(options, folder, whole), read_only(options, folder, whole)
        empty = folder / "empty.db"
        empty.touch()
        with Server(options.program, empty) as server:
            server.listen().stop()
        seen = flip(options, folder, whole)
    readonly = f"{unwritable} cases" if unwritable else "NOT TRIED"
    return [
        ("no database, another program's, a newer server's, no folder", f"{wrong} cases", "a line, status 1, untouched"),
        ("read-only file and folder", readonly, "a line, status 1, untouched" if unwritable else "-"),
        (
            "bit flips", f"{options.flips} files",
            f"{seen['refused']} refused at the start and untouched, {seen['errors']} met later (500 and a"
            f" line in the log), {seen['answered']} not met; 0 panics",
        ),
    ]
