-- Each filter has its own index, in the order of ids. `id + 0` is the expression that the queries use:
-- see `postgres/memory/filtered.rs`.
DROP INDEX tasks_by_status;
DROP INDEX tasks_by_assignee;
CREATE INDEX tasks_by_status ON tasks (left(status, 100), (id + 0));
CREATE INDEX tasks_by_assignee ON tasks (left(assigned_to, 100), (id + 0));
CREATE INDEX tasks_by_assignee_and_status
    ON tasks (left(assigned_to, 100), left(status, 100), (id + 0));
