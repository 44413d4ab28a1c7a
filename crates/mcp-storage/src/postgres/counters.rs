//! The row that every writer locks first: the last ids, and the numbers of rows.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::BigInt;

use super::schema::counters;

/// The row's id.
const ROW: i64 = 1;

/// The last ids that were assigned, and the numbers of rows.
#[derive(Clone, Copy, Debug, Default, Queryable, Selectable, Insertable, PartialEq)]
#[diesel(table_name = counters, check_for_backend(diesel::pg::Pg))]
pub(super) struct Counters {
    pub(super) last_user: i64,
    pub(super) last_task: i64,
    pub(super) last_config: i64,
    pub(super) last_log: i64,
    /// The last removed log entry.
    pub(super) forgotten_log: i64,
    pub(super) users: i64,
    pub(super) tasks: i64,
}

impl Counters {
    /// Reads the counters in the open transaction.
    pub(super) fn read(connection: &mut PgConnection) -> QueryResult<Self> {
        counters::table.find(ROW).select(Self::as_select()).first(connection)
    }

    /// Reads the counters and locks them: no one else writes until the transaction ends.
    pub(super) fn lock(connection: &mut PgConnection) -> QueryResult<Self> {
        counters::table.find(ROW).select(Self::as_select()).for_update().first(connection)
    }

    pub(super) fn write(self, connection: &mut PgConnection) -> QueryResult<()> {
        Write(self).execute(connection).map(|_| ())
    }

    /// Inserts the row into a new database.
    pub(super) fn insert(&self, connection: &mut PgConnection) -> QueryResult<()> {
        diesel::insert_into(counters::table)
            .values((counters::id.eq(ROW), self))
            .execute(connection)
            .map(|_| ())
    }
}

/// The update, which is prepared once per connection: diesel prepares its own updates each time.
#[derive(QueryId)]
struct Write(Counters);

impl QueryFragment<Pg> for Write {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let counters = &self.0;
        for (before, value) in [
            ("UPDATE counters SET last_user = ", &counters.last_user),
            (", last_task = ", &counters.last_task),
            (", last_config = ", &counters.last_config),
            (", last_log = ", &counters.last_log),
            (", forgotten_log = ", &counters.forgotten_log),
            (", users = ", &counters.users),
            (", tasks = ", &counters.tasks),
            (" WHERE id = ", &ROW),
        ] {
            out.push_sql(before);
            out.push_bind_param::<BigInt, _>(value)?;
        }
        Ok(())
    }
}

impl RunQueryDsl<PgConnection> for Write {}
