-- Times are microseconds since the Unix epoch, UTC. JSON is kept as the text that was given. Other
-- texts may hold a NUL, which PostgreSQL does not: `postgres/text.rs` says how it is written.

-- One row. Whoever writes locks it first, so that writes of all servers are one behind another, and
-- numbers have no gaps, as SQLite's have none. What a sequence gives out is gone when it is rolled back.
CREATE TABLE counters (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    -- The last number that was given out, of each kind.
    last_user BIGINT NOT NULL,
    last_task BIGINT NOT NULL,
    last_config BIGINT NOT NULL,
    last_log BIGINT NOT NULL,
    -- Log entries up to this number are removed.
    forgotten_log BIGINT NOT NULL,
    -- How many there are.
    users BIGINT NOT NULL,
    tasks BIGINT NOT NULL
) WITH (fillfactor = 10);

-- How many tasks there are of each status and of each priority. kind is 'status' or 'priority'.
CREATE TABLE task_counts (
    kind TEXT NOT NULL,
    value_hash BYTEA NOT NULL,
    value TEXT NOT NULL,
    tasks BIGINT NOT NULL,
    PRIMARY KEY (kind, value_hash)
);

-- An index takes no text of any length: a name is looked up by its SHA-256.
CREATE TABLE users (
    id BIGINT PRIMARY KEY,
    name_hash BYTEA NOT NULL UNIQUE,
    username TEXT NOT NULL,
    role TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE tasks (
    id BIGINT PRIMARY KEY,
    title TEXT NOT NULL,
    description TEXT,
    priority TEXT,
    status TEXT,
    assigned_to TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- Title and description with their case folded: what is searched.
    folded TEXT NOT NULL
);

-- The beginning alone, for the same reason. The row's number is the last part of every index: each
-- filter is answered in order.
CREATE INDEX tasks_by_status ON tasks (left(status, 100), id);
CREATE INDEX tasks_by_assignee ON tasks (left(assigned_to, 100), left(status, 100), id);

CREATE TABLE config (
    id BIGINT PRIMARY KEY,
    name_hash BYTEA NOT NULL UNIQUE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Numbers have no gaps: the newest N entries are those above the last number less N.
CREATE TABLE logs (
    id BIGINT PRIMARY KEY,
    timestamp BIGINT NOT NULL,
    action TEXT NOT NULL,
    payload TEXT NOT NULL,
    status TEXT NOT NULL
);
