//! The filters of tasks. Written as SQL of our own: diesel prepares a statement with pieces of SQL anew
//! each time, which costs a round trip.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Text};

use super::tasks::Row;
use super::{Rows, behind};
use crate::postgres::text::stored;
use crate::spellings::Wanted;

/// A filter whose texts are as they are stored.
struct Filter {
    status: Option<Vec<String>>,
    assigned_to: Option<Vec<String>>,
}

impl From<&Wanted> for Filter {
    fn from(wanted: &Wanted) -> Self {
        let of = |texts: &Option<Vec<String>>| {
            texts.as_deref().map(|all| all.iter().map(|text| stored(text).into_owned()).collect())
        };
        Self { status: of(&wanted.status), assigned_to: of(&wanted.assigned_to) }
    }
}

impl Filter {
    /// Writes the conditions. An index holds the first 100 letters of a text, as the migration has it.
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

/// Writes texts with something before and after each.
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

/// The query of a list.
pub(super) struct Listed {
    filter: Filter,
    after: i64,
    limit: i64,
    offset: i64,
}

impl Listed {
    pub(super) fn new(wanted: &Wanted, rows: Rows) -> Self {
        let Rows { after, limit, offset } = rows;
        Self { filter: wanted.into(), after: behind(after), limit, offset }
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
    pub(super) fn new(wanted: &Wanted) -> Self {
        Self(wanted.into())
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
