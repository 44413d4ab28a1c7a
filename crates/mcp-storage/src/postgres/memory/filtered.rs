//! The filters of tasks. Written as SQL of our own: diesel prepares a statement with pieces of SQL anew
//! each time, which costs a round trip.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Text};
use mcp_core::domain::TaskFilter;

use super::tasks::Row;
use super::{Rows, behind};
use crate::postgres::text::stored;

/// A filter whose texts are as they are stored.
struct Filter {
    status: Option<String>,
    assigned_to: Option<String>,
}

impl From<&TaskFilter> for Filter {
    fn from(filter: &TaskFilter) -> Self {
        let of = |text: &Option<String>| text.as_deref().map(|text| stored(text).into_owned());
        Self { status: of(&filter.status), assigned_to: of(&filter.assigned_to) }
    }
}

impl Filter {
    /// Writes the conditions. An index holds the first 100 letters of a text, as the migration has it.
    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let conditions = [
            (&self.status, "left(status, 100) = left(", ", 100) AND status = "),
            (&self.assigned_to, "left(assigned_to, 100) = left(", ", 100) AND assigned_to = "),
        ];
        let mut link = " WHERE ";
        for (text, begins, is) in conditions {
            let Some(text) = text else { continue };
            for part in [link, begins] {
                out.push_sql(part);
            }
            out.push_bind_param::<Text, _>(text)?;
            out.push_sql(is);
            out.push_bind_param::<Text, _>(text)?;
            link = " AND ";
        }
        Ok(())
    }
}

/// The query of a list.
pub(super) struct Listed {
    filter: Filter,
    after: i64,
    limit: i64,
    offset: i64,
}

impl Listed {
    pub(super) fn new(filter: &TaskFilter, rows: Rows) -> Self {
        let Rows { after, limit, offset } = rows;
        Self { filter: filter.into(), after: behind(after), limit, offset }
    }
}

impl QueryFragment<Pg> for Listed {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // As `Row` has them.
        out.push_sql(
            "SELECT id, title, description, priority, status, assigned_to, created_at, updated_at \
             FROM tasks",
        );
        self.filter.push(&mut out)?;
        // `id + 0` keeps the planner from walking the primary key and filtering, which is slow if the
        // wanted tasks are all at the end. The filters' indexes have the same expression.
        let is_filtered = self.filter.status.is_some() || self.filter.assigned_to.is_some();
        let (behind, order) = if is_filtered {
            (" AND id + 0 > ", " ORDER BY id + 0 LIMIT ")
        } else {
            (" WHERE id > ", " ORDER BY id LIMIT ")
        };
        out.push_sql(behind);
        out.push_bind_param::<BigInt, _>(&self.after)?;
        out.push_sql(order);
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql(" OFFSET ");
        out.push_bind_param::<BigInt, _>(&self.offset)
    }
}

impl QueryId for Listed {
    type QueryId = ();
    // The statement depends on the filter.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Listed {
    type SqlType = diesel::dsl::SqlTypeOf<diesel::dsl::AsSelect<Row, Pg>>;
}

impl RunQueryDsl<PgConnection> for Listed {}

/// The query of the number of tasks.
pub(super) struct Counted(Filter);

impl Counted {
    pub(super) fn new(filter: &TaskFilter) -> Self {
        Self(filter.into())
    }
}

impl QueryFragment<Pg> for Counted {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT count(*) FROM tasks");
        self.0.push(&mut out)
    }
}

impl QueryId for Counted {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Counted {
    type SqlType = BigInt;
}

impl RunQueryDsl<PgConnection> for Counted {}
