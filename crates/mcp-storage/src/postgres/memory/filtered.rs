//! Queries of filtered tasks. They are written as SQL, because diesel prepares dynamic queries each
//! time, which costs a round trip.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Text};

use super::tasks::TaskRow;
use super::{RowRange, after_id};
use crate::postgres::text::stored;
use crate::spellings::SpelledFilter;

/// A filter with texts in their stored form.
struct Filter {
    status: Option<Vec<String>>,
    assigned_to: Option<Vec<String>>,
}

impl From<&SpelledFilter> for Filter {
    fn from(wanted: &SpelledFilter) -> Self {
        let of = |texts: &Option<Vec<String>>| {
            texts.as_deref().map(|all| all.iter().map(|text| stored(text).into_owned()).collect())
        };
        Self { status: of(&wanted.status), assigned_to: of(&wanted.assigned_to) }
    }
}

impl Filter {
    /// Writes the conditions. The indexes contain the first 100 letters of a text, as in the
    /// migration.
    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut link = " WHERE ";
        for (column, texts) in [("status", &self.status), ("assigned_to", &self.assigned_to)] {
            let Some(texts) = texts else { continue };
            for part in [link, "left(", column, ", 100) IN ("] {
                out.push_sql(part);
            }
            list(texts, "left(", ", 100)", out)?;
            for part in [") AND ", column, " IN ("] {
                out.push_sql(part);
            }
            list(texts, "", "", out)?;
            out.push_sql(")");
            link = " AND ";
        }
        Ok(())
    }
}

/// Writes texts, each with a prefix and a suffix.
fn list<'b>(
    texts: &'b [String],
    before: &str,
    after: &str,
    out: &mut AstPass<'_, 'b, Pg>,
) -> QueryResult<()> {
    for (index, text) in texts.iter().enumerate() {
        out.push_sql(if index == 0 { "" } else { ", " });
        out.push_sql(before);
        out.push_bind_param::<Text, _>(text)?;
        out.push_sql(after);
    }
    Ok(())
}

/// The query of a list of tasks.
pub(super) struct ListTasks {
    filter: Filter,
    after: i64,
    limit: i64,
    offset: i64,
}

impl ListTasks {
    pub(super) fn new(wanted: &SpelledFilter, rows: RowRange) -> Self {
        let RowRange { after, limit, offset } = rows;
        Self { filter: wanted.into(), after: after_id(after), limit, offset }
    }
}

impl QueryFragment<Pg> for ListTasks {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // The columns of `TaskRow`.
        out.push_sql(
            "SELECT id, title, description, priority, status, assigned_to, created_at, updated_at \
             FROM tasks",
        );
        self.filter.push(&mut out)?;
        // `id + 0` stops the planner from scanning the primary key, which is slow if the matching
        // tasks are at the end. The filters' indexes have the same expression.
        let is_filtered = self.filter.status.is_some() || self.filter.assigned_to.is_some();
        let (after, order) = if is_filtered {
            (" AND id + 0 > ", " ORDER BY id + 0 LIMIT ")
        } else {
            (" WHERE id > ", " ORDER BY id LIMIT ")
        };
        out.push_sql(after);
        out.push_bind_param::<BigInt, _>(&self.after)?;
        out.push_sql(order);
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql(" OFFSET ");
        out.push_bind_param::<BigInt, _>(&self.offset)
    }
}

impl QueryId for ListTasks {
    type QueryId = ();
    // The statement depends on the filter.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for ListTasks {
    type SqlType = diesel::dsl::SqlTypeOf<diesel::dsl::AsSelect<TaskRow, Pg>>;
}

impl RunQueryDsl<PgConnection> for ListTasks {}

/// The query of a number of tasks.
pub(super) struct CountTasks(Filter);

impl CountTasks {
    pub(super) fn new(wanted: &SpelledFilter) -> Self {
        Self(wanted.into())
    }
}

impl QueryFragment<Pg> for CountTasks {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT count(*) FROM tasks");
        self.0.push(&mut out)
    }
}

impl QueryId for CountTasks {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for CountTasks {
    type SqlType = BigInt;
}

impl RunQueryDsl<PgConnection> for CountTasks {}
