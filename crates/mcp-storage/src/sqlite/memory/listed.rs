//! The query of a list of tasks. diesel's query with optional filters would build its SQL for each
//! call, which costs more than reading a task.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::Sqlite;
use mcp_core::domain::Position;

use super::tasks::TaskRow;
use crate::spellings::SpelledFilter;

/// The query of the tasks after a position that match a filter, in order.
pub(super) struct ListTasks<'a> {
    pub(super) wanted: &'a SpelledFilter,
    pub(super) after: Option<Position>,
}

impl QueryId for ListTasks<'_> {
    type QueryId = ();
    // The statement depends on the filter.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for ListTasks<'_> {
    type SqlType = diesel::dsl::SqlTypeOf<diesel::dsl::AsSelect<TaskRow, Sqlite>>;
}

impl QueryFragment<Sqlite> for ListTasks<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        // The columns of `TaskRow`.
        out.push_sql(
            "SELECT id, title, description, priority, status, assigned_to, created_at, updated_at \
             FROM tasks",
        );
        let mut link = " WHERE ";
        let filters = [("assigned_to", &self.wanted.assigned_to), ("status", &self.wanted.status)];
        for (column, spellings) in filters {
            let Some(spellings) = spellings else { continue };
            out.push_sql(link);
            out.push_sql(column);
            link = " IN (";
            for spelling in spellings {
                out.push_sql(link);
                out.push_bind_param::<Text, _>(spelling)?;
                link = ", ";
            }
            out.push_sql(")");
            link = " AND ";
        }
        if let Some(Position(id)) = &self.after {
            out.push_sql(link);
            out.push_sql("id > ");
            out.push_bind_param::<BigInt, _>(id)?;
        }
        out.push_sql(" ORDER BY id");
        Ok(())
    }
}

impl RunQueryDsl<SqliteConnection> for ListTasks<'_> {}
