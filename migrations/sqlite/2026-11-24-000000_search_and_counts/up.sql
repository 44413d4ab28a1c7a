-- Search, filters and pages that cost what they return, not what is stored.

-- The trigrams of title and description with their case folded (search_text, a function of ours).
-- It keeps no text and no places in it: what it finds are candidates that are looked at again.
CREATE VIRTUAL TABLE tasks_search USING fts5(
    text, tokenize = 'trigram case_sensitive 1', content = '', contentless_delete = 1, detail = none
);

-- Tasks that changed since they were last put into tasks_search. The writer puts many in at once: a
-- segment of the index for each task would be far more work than one for all.
CREATE TABLE tasks_unsearched (id INTEGER PRIMARY KEY) STRICT;

-- How many rows stand in each block of 4,096 numbers: totals, and the row at an offset, without
-- walking there. kind is 'users', 'tasks', or 'status' or 'priority' for tasks with that value.
CREATE TABLE row_counts (
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    block INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    PRIMARY KEY (kind, value, block)
) STRICT, WITHOUT ROWID;

-- The row's number is the last part of every index: each filter is answered in order.
DROP INDEX tasks_by_priority;
DROP INDEX tasks_by_assignee;
CREATE INDEX tasks_by_assignee ON tasks (assigned_to) WHERE assigned_to IS NOT NULL;
CREATE INDEX tasks_by_assignee_and_status ON tasks (assigned_to, status)
    WHERE assigned_to IS NOT NULL;

INSERT INTO tasks_unsearched SELECT id FROM tasks;
INSERT INTO row_counts SELECT 'users', '', id >> 12, count(*) FROM users GROUP BY 3;
INSERT INTO row_counts SELECT 'tasks', '', id >> 12, count(*) FROM tasks GROUP BY 3;
INSERT INTO row_counts SELECT 'status', status, id >> 12, count(*) FROM tasks
    WHERE status IS NOT NULL GROUP BY 2, 3;
INSERT INTO row_counts SELECT 'priority', priority, id >> 12, count(*) FROM tasks
    WHERE priority IS NOT NULL GROUP BY 2, 3;

CREATE TRIGGER users_added AFTER INSERT ON users BEGIN
    INSERT INTO row_counts VALUES ('users', '', new.id >> 12, 1)
        ON CONFLICT DO UPDATE SET rows = rows + 1;
END;

CREATE TRIGGER users_removed AFTER DELETE ON users BEGIN
    UPDATE row_counts SET rows = rows - 1
        WHERE kind = 'users' AND value = '' AND block = old.id >> 12;
END;

CREATE TRIGGER tasks_added AFTER INSERT ON tasks BEGIN
    INSERT INTO tasks_unsearched VALUES (new.id) ON CONFLICT DO NOTHING;
    INSERT INTO row_counts VALUES ('tasks', '', new.id >> 12, 1)
        ON CONFLICT DO UPDATE SET rows = rows + 1;
    INSERT INTO row_counts SELECT 'status', new.status, new.id >> 12, 1
        WHERE new.status IS NOT NULL ON CONFLICT DO UPDATE SET rows = rows + 1;
    INSERT INTO row_counts SELECT 'priority', new.priority, new.id >> 12, 1
        WHERE new.priority IS NOT NULL ON CONFLICT DO UPDATE SET rows = rows + 1;
END;

CREATE TRIGGER tasks_removed AFTER DELETE ON tasks BEGIN
    INSERT INTO tasks_unsearched VALUES (old.id) ON CONFLICT DO NOTHING;
    UPDATE row_counts SET rows = rows - 1
        WHERE kind = 'tasks' AND value = '' AND block = old.id >> 12;
    UPDATE row_counts SET rows = rows - 1
        WHERE kind = 'status' AND value = old.status AND block = old.id >> 12;
    UPDATE row_counts SET rows = rows - 1
        WHERE kind = 'priority' AND value = old.priority AND block = old.id >> 12;
END;

CREATE TRIGGER tasks_reworded AFTER UPDATE OF title, description ON tasks
WHEN old.title IS NOT new.title OR old.description IS NOT new.description BEGIN
    INSERT INTO tasks_unsearched VALUES (new.id) ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER tasks_of_another_status AFTER UPDATE OF status ON tasks
WHEN old.status IS NOT new.status BEGIN
    UPDATE row_counts SET rows = rows - 1
        WHERE kind = 'status' AND value = old.status AND block = old.id >> 12;
    INSERT INTO row_counts SELECT 'status', new.status, new.id >> 12, 1
        WHERE new.status IS NOT NULL ON CONFLICT DO UPDATE SET rows = rows + 1;
END;

CREATE TRIGGER tasks_of_another_priority AFTER UPDATE OF priority ON tasks
WHEN old.priority IS NOT new.priority BEGIN
    UPDATE row_counts SET rows = rows - 1
        WHERE kind = 'priority' AND value = old.priority AND block = old.id >> 12;
    INSERT INTO row_counts SELECT 'priority', new.priority, new.id >> 12, 1
        WHERE new.priority IS NOT NULL ON CONFLICT DO UPDATE SET rows = rows + 1;
END;

CREATE TRIGGER row_counts_of_nothing AFTER UPDATE OF rows ON row_counts WHEN new.rows = 0 BEGIN
    DELETE FROM row_counts
        WHERE kind = new.kind AND value = new.value AND block = new.block;
END;
