-- A new task costs no more than its row. The writer puts many at once into the search index and the
-- counts; until then whoever reads looks at them.

-- Tasks up to this number are in tasks_search (but for the changes in tasks_unsearched) and in
-- row_counts; none above is.
CREATE TABLE tasks_indexed (through INTEGER NOT NULL) STRICT;
INSERT INTO tasks_indexed
    SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'tasks'), 0);

-- A trigger on insert would have SQLite copy every page that the insert changes, in case that it
-- has to be undone halfway.
DROP TRIGGER tasks_added;

-- The others are as they were, but for tasks that are not indexed yet.
DROP TRIGGER tasks_removed;
DROP TRIGGER tasks_reworded;
DROP TRIGGER tasks_of_another_status;
DROP TRIGGER tasks_of_another_priority;

CREATE TRIGGER tasks_removed AFTER DELETE ON tasks
WHEN old.id <= (SELECT through FROM tasks_indexed) BEGIN
    INSERT INTO tasks_unsearched VALUES (old.id) ON CONFLICT DO NOTHING;
    UPDATE row_counts SET rows = rows - 1
        WHERE kind = 'tasks' AND value = '' AND block = old.id >> 12;
    UPDATE row_counts SET rows = rows - 1
        WHERE kind = 'status' AND value = old.status AND block = old.id >> 12;
    UPDATE row_counts SET rows = rows - 1
        WHERE kind = 'priority' AND value = old.priority AND block = old.id >> 12;
END;

CREATE TRIGGER tasks_reworded AFTER UPDATE OF title, description ON tasks
WHEN (old.title IS NOT new.title OR old.description IS NOT new.description)
    AND old.id <= (SELECT through FROM tasks_indexed) BEGIN
    INSERT INTO tasks_unsearched VALUES (new.id) ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER tasks_of_another_status AFTER UPDATE OF status ON tasks
WHEN old.status IS NOT new.status AND old.id <= (SELECT through FROM tasks_indexed) BEGIN
    UPDATE row_counts SET rows = rows - 1
        WHERE kind = 'status' AND value = old.status AND block = old.id >> 12;
    INSERT INTO row_counts SELECT 'status', new.status, new.id >> 12, 1
        WHERE new.status IS NOT NULL ON CONFLICT DO UPDATE SET rows = rows + 1;
END;

CREATE TRIGGER tasks_of_another_priority AFTER UPDATE OF priority ON tasks
WHEN old.priority IS NOT new.priority AND old.id <= (SELECT through FROM tasks_indexed) BEGIN
    UPDATE row_counts SET rows = rows - 1
        WHERE kind = 'priority' AND value = old.priority AND block = old.id >> 12;
    INSERT INTO row_counts SELECT 'priority', new.priority, new.id >> 12, 1
        WHERE new.priority IS NOT NULL ON CONFLICT DO UPDATE SET rows = rows + 1;
END;

-- Segments of the index are merged eight at a time, not four: each word is written anew less often,
-- and a search looks into some more segments.
INSERT INTO tasks_search (tasks_search, rank) VALUES ('automerge', 8);
