-- The search index and the counts each have a mark of their own: either is rebuilt without the other.

-- Tasks up to this number are in row_counts; none above is.
CREATE TABLE tasks_counted (through INTEGER NOT NULL) STRICT;
INSERT INTO tasks_counted SELECT coalesce((SELECT through FROM tasks_indexed), 0);

-- The texts in the index are composed now (Unicode's NFC): with its mark at 0 it is rebuilt.
DELETE FROM tasks_unsearched;
UPDATE tasks_indexed SET through = 0;

DROP TRIGGER tasks_removed;
DROP TRIGGER tasks_of_another_status;
DROP TRIGGER tasks_of_another_priority;

CREATE TRIGGER tasks_removed AFTER DELETE ON tasks
WHEN old.id <= (SELECT through FROM tasks_indexed) BEGIN
    INSERT INTO tasks_unsearched VALUES (old.id) ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER tasks_fewer AFTER DELETE ON tasks
WHEN old.id <= (SELECT through FROM tasks_counted) BEGIN
    UPDATE row_counts SET rows = rows - 1
        WHERE kind = 'tasks' AND value = '' AND block = old.id >> 12;
    UPDATE row_counts SET rows = rows - 1
        WHERE kind = 'status' AND value = old.status AND block = old.id >> 12;
    UPDATE row_counts SET rows = rows - 1
        WHERE kind = 'priority' AND value = old.priority AND block = old.id >> 12;
END;

CREATE TRIGGER tasks_of_another_status AFTER UPDATE OF status ON tasks
WHEN old.status IS NOT new.status AND old.id <= (SELECT through FROM tasks_counted) BEGIN
    UPDATE row_counts SET rows = rows - 1
        WHERE kind = 'status' AND value = old.status AND block = old.id >> 12;
    INSERT INTO row_counts SELECT 'status', new.status, new.id >> 12, 1
        WHERE new.status IS NOT NULL ON CONFLICT DO UPDATE SET rows = rows + 1;
END;

CREATE TRIGGER tasks_of_another_priority AFTER UPDATE OF priority ON tasks
WHEN old.priority IS NOT new.priority AND old.id <= (SELECT through FROM tasks_counted) BEGIN
    UPDATE row_counts SET rows = rows - 1
        WHERE kind = 'priority' AND value = old.priority AND block = old.id >> 12;
    INSERT INTO row_counts SELECT 'priority', new.priority, new.id >> 12, 1
        WHERE new.priority IS NOT NULL ON CONFLICT DO UPDATE SET rows = rows + 1;
END;
