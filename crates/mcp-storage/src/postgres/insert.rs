//! Inserts of many rows at once: one list per column.

/// Declares such a statement: the columns' names, types and Rust types, between its beginning and
/// its end. It is prepared once per connection. `sql_query` is prepared each time, which costs a
/// round trip and a plan.
macro_rules! insert_of_columns {
    ($name:ident, $begin:literal, [$($column:ident: $sql:ty = $rust:ty),+ $(,)?], $end:literal) => {
        #[derive(diesel::query_builder::QueryId)]
        struct $name {
            $($column: Vec<$rust>,)+
        }

        impl diesel::query_builder::QueryFragment<diesel::pg::Pg> for $name {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                out.push_sql($begin);
                let mut columns = 0;
                $(
                    out.push_sql(if columns == 0 { " SELECT * FROM unnest(" } else { ", " });
                    out.push_bind_param::<diesel::sql_types::Array<$sql>, _>(&self.$column)?;
                    columns += 1;
                )+
                debug_assert!(columns > 0, "there are columns");
                out.push_sql(") ");
                out.push_sql($end);
                Ok(())
            }
        }

        impl diesel::RunQueryDsl<diesel::PgConnection> for $name {}
    };
}

pub(super) use insert_of_columns;
