-- The tables of the first service, as SQLAlchemy makes them, and rows of every form they can hold.
CREATE TABLE users (
    id INTEGER NOT NULL,
    username VARCHAR(255) NOT NULL,
    role VARCHAR(50),
    user_metadata JSON,
    created_at DATETIME,
    updated_at DATETIME,
    PRIMARY KEY (id)
);
CREATE INDEX ix_users_id ON users (id);
CREATE UNIQUE INDEX ix_users_username ON users (username);
CREATE TABLE tasks (
    id INTEGER NOT NULL,
    title VARCHAR(500) NOT NULL,
    description TEXT,
    priority VARCHAR(50),
    status VARCHAR(50),
    assigned_to VARCHAR(255),
    created_at DATETIME,
    updated_at DATETIME,
    PRIMARY KEY (id)
);
CREATE INDEX ix_tasks_status ON tasks (status);
CREATE INDEX ix_tasks_assigned_to ON tasks (assigned_to);
CREATE INDEX ix_tasks_id ON tasks (id);
CREATE TABLE config (
    id INTEGER NOT NULL,
    "key" VARCHAR(255) NOT NULL,
    value JSON NOT NULL,
    created_at DATETIME,
    updated_at DATETIME,
    PRIMARY KEY (id)
);
CREATE INDEX ix_config_id ON config (id);
CREATE UNIQUE INDEX ix_config_key ON config ("key");
CREATE TABLE logs (
    id INTEGER NOT NULL,
    timestamp DATETIME,
    action VARCHAR(255) NOT NULL,
    payload JSON,
    status VARCHAR(50),
    PRIMARY KEY (id)
);
CREATE INDEX ix_logs_timestamp ON logs (timestamp);
CREATE INDEX ix_logs_status ON logs (status);
CREATE INDEX ix_logs_id ON logs (id);
CREATE INDEX ix_logs_action ON logs (action);

INSERT INTO users VALUES
    (1, 'alice', 'admin', '{"team": "eng"}', '2026-11-22 18:09:29.604850', '2026-11-22 18:09:29.604855'),
    (3, 'Zoë 漢字', NULL, '{"\ud83d\ude42": true}', '2026-11-22 18:09:30.034971', NULL);
INSERT INTO tasks VALUES
    (1, 'Task 0 ü "q" %_', char(10), 'medium', 'in_progress', NULL, '2026-11-22 18:09:30.335736', '2026-11-22 18:09:30.335741'),
    (4, 't', NULL, NULL, 'pending', 'nobody', '2026-11-22 18:09:31', '2026-11-22 18:09:31.5');
INSERT INTO config VALUES
    (1, 'max_tasks', '100', NULL, NULL),
    (2, 'default_priority', '"medium"', NULL, NULL),
    (3, 'half', '0.5', NULL, NULL),
    (4, 'sum', '0.30000000000000004', NULL, NULL),
    (5, 'flag', 'false', NULL, NULL),
    (6, 'nothing', 'null', NULL, NULL),
    (7, 'list', '[1, "a", null]', NULL, NULL),
    (8, 'not_json', 'NaN', NULL, NULL);
INSERT INTO logs VALUES
    (11, '2026-11-22 18:09:30.375365', 'add_task', '{"params": {"title": "t"}, "result": "{''id'': 7, ''title'': ''t''}"}', 'success'),
    (19, '2026-11-22 18:09:40.959935', 'no_such', '{"params": {}, "result": "Unknown action: no_such"}', 'error');
