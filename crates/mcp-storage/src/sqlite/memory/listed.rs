//! The query of every list of tasks. diesel's own for a filter that may be there or not finds out
//! anew for each call how it is written, which costs more than reading a task.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::Sqlite;
use mcp_core::domain::Position;

use super::tasks::Row;
use crate::spellings::Wanted;

/// The tasks behind a place that are wanted, in their order.
pub(super) struct Listed<'a> {
    pub(super) wanted: &'a Wanted,
    pub(super) after: Option<Position>,
}

impl QueryId for Listed<'_> {
    type QueryId = ();
    // A filter that is not there is not in the statement either.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Listed<'_> {
    type SqlType = diesel::dsl::SqlTypeOf<diesel::dsl::AsSelect<Row, Sqlite>>;
}

impl QueryFragment<Sqlite> for Listed<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        // As `Row` has them.
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

impl RunQueryDsl<SqliteConnection> for Listed<'_> {}
