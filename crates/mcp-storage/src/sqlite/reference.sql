-- Copies the first service's tables (renamed to reference_*) into this server's.
--
-- The first service stores times as texts in UTC, without a time zone. Its JSON columns have
-- numeric affinity, so a JSON number may be stored as INTEGER or REAL. It accepts `NaN` as JSON;
-- such a text becomes a JSON string.

INSERT INTO users (id, username, role, metadata, created_at, updated_at)
SELECT
    id,
    CAST(username AS TEXT),
    CAST(coalesce(role, 'user') AS TEXT),
    CASE
        WHEN user_metadata IS NULL OR user_metadata = 'null' THEN '{}'
        WHEN json_valid(CAST(user_metadata AS TEXT)) THEN CAST(user_metadata AS TEXT)
        ELSE json_quote(CAST(user_metadata AS TEXT))
    END,
    coalesce(CAST(strftime('%s', created_at) AS INTEGER) * 1000000
        + CAST(substr(created_at || '000000', 21, 6) AS INTEGER), 0),
    coalesce(CAST(strftime('%s', coalesce(updated_at, created_at)) AS INTEGER) * 1000000
        + CAST(substr(coalesce(updated_at, created_at) || '000000', 21, 6) AS INTEGER), 0)
FROM reference_users ORDER BY id;

INSERT INTO tasks (id, title, description, priority, status, assigned_to, created_at, updated_at)
SELECT
    id,
    CAST(title AS TEXT),
    CAST(description AS TEXT),
    CAST(priority AS TEXT),
    CAST(status AS TEXT),
    CAST(assigned_to AS TEXT),
    coalesce(CAST(strftime('%s', created_at) AS INTEGER) * 1000000
        + CAST(substr(created_at || '000000', 21, 6) AS INTEGER), 0),
    coalesce(CAST(strftime('%s', coalesce(updated_at, created_at)) AS INTEGER) * 1000000
        + CAST(substr(coalesce(updated_at, created_at) || '000000', 21, 6) AS INTEGER), 0)
FROM reference_tasks ORDER BY id;

-- Assigned ids are never assigned again, even those of removed tasks: the log knows them.
INSERT INTO sqlite_sequence (name, seq)
SELECT 'tasks', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'tasks');

UPDATE sqlite_sequence
SET seq = max(seq, coalesce((
    SELECT max(CASE action
        WHEN 'add_task' THEN CAST(substr(json_extract(payload, '$.result'), 8) AS INTEGER)
        ELSE CAST(json_extract(payload, '$.params.task_id') AS INTEGER)
    END)
    FROM reference_logs
    WHERE status = 'success' AND json_valid(payload)
        AND (action IN ('update_task', 'delete_task')
            OR (action = 'add_task' AND json_extract(payload, '$.result') LIKE '{''id'': %'))
), 0))
WHERE name = 'tasks';

DELETE FROM config;

INSERT INTO config (id, key, value, created_at, updated_at)
SELECT
    id,
    CAST(key AS TEXT),
    CASE
        WHEN value IS NULL THEN 'null'
        WHEN typeof(value) = 'integer' THEN CAST(value AS TEXT)
        WHEN typeof(value) = 'real' AND abs(value) > 1.7976931348623157e308 THEN 'null'
        WHEN typeof(value) = 'real' THEN format('%!.17g', value)
        WHEN json_valid(CAST(value AS TEXT)) THEN CAST(value AS TEXT)
        ELSE json_quote(CAST(value AS TEXT))
    END,
    coalesce(CAST(strftime('%s', created_at) AS INTEGER) * 1000000
        + CAST(substr(created_at || '000000', 21, 6) AS INTEGER), 0),
    coalesce(CAST(strftime('%s', coalesce(updated_at, created_at)) AS INTEGER) * 1000000
        + CAST(substr(coalesce(updated_at, created_at) || '000000', 21, 6) AS INTEGER), 0)
FROM reference_config ORDER BY id;

-- Renumbered, without gaps.
INSERT INTO logs (timestamp, action, payload, status)
SELECT
    coalesce(CAST(strftime('%s', timestamp) AS INTEGER) * 1000000
        + CAST(substr(timestamp || '000000', 21, 6) AS INTEGER), 0),
    CAST(action AS TEXT),
    CASE
        WHEN payload IS NULL THEN 'null'
        WHEN json_valid(CAST(payload AS TEXT)) THEN CAST(payload AS TEXT)
        ELSE json_quote(CAST(payload AS TEXT))
    END,
    CAST(coalesce(status, 'success') AS TEXT)
FROM reference_logs ORDER BY id;

DROP TABLE reference_users;
DROP TABLE reference_tasks;
DROP TABLE reference_config;
DROP TABLE reference_logs;
