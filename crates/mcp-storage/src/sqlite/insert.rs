//! Inserts of one row.

/// Declares such a statement: the table's columns with their SQL and Rust types. diesel's own
/// insert is also prepared once, but builds its SQL again for each row.
macro_rules! insert {
    ($name:ident, $table:literal, [$($column:ident: $sql:ty = $rust:ty),+ $(,)?]) => {
        struct $name<'a> {
            $($column: $rust,)+
        }

        impl diesel::query_builder::QueryId for $name<'_> {
            type QueryId = $name<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl diesel::query_builder::QueryFragment<diesel::sqlite::Sqlite> for $name<'_> {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::sqlite::Sqlite>,
            ) -> diesel::QueryResult<()> {
                out.push_sql(concat!("INSERT INTO ", $table));
                let mut columns = 0;
                $(
                    out.push_sql(if columns == 0 { " (" } else { ", " });
                    out.push_sql(stringify!($column));
                    columns += 1;
                )+
                let mut values = 0;
                $(
                    out.push_sql(if values == 0 { ") VALUES (" } else { ", " });
                    out.push_bind_param::<$sql, _>(&self.$column)?;
                    values += 1;
                )+
                debug_assert_eq!(columns, values);
                out.push_sql(")");
                Ok(())
            }
        }

        impl diesel::RunQueryDsl<diesel::SqliteConnection> for $name<'_> {}
    };
}

pub(super) use insert;
