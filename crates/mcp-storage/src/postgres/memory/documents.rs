//! The server's own documents in PostgreSQL.

use diesel::prelude::*;
use diesel::upsert::excluded;
use mcp_core::memory::{Documents, StoreResult, check_document};

use super::{Flush, PostgresMemory};
use crate::postgres::error::store_error;
use crate::postgres::schema::documents;
use crate::postgres::text::{original, stored};

impl Documents for PostgresMemory<'_> {
    fn find_document(&mut self, kind: &str, key: &str) -> StoreResult<Option<String>> {
        let text: Option<String> = documents::table
            .find((stored(kind), stored(key)))
            .select(documents::text)
            .first(self.database(Flush::Nothing)?)
            .optional()
            .map_err(store_error)?;
        Ok(text.map(original))
    }

    fn put_document(&mut self, kind: &str, key: &str, text: &str) -> StoreResult<()> {
        check_document(kind, key, text)?;
        self.written()?;
        let text = stored(text);
        diesel::insert_into(documents::table)
            .values((
                documents::kind.eq(stored(kind)),
                documents::key.eq(stored(key)),
                documents::text.eq(&text),
            ))
            .on_conflict((documents::kind, documents::key))
            .do_update()
            .set(documents::text.eq(excluded(documents::text)))
            .execute(self.database(Flush::Nothing)?)
            .map(|_| ())
            .map_err(store_error)
    }

    fn remove_document(&mut self, kind: &str, key: &str) -> StoreResult<bool> {
        self.written()?;
        diesel::delete(documents::table.find((stored(kind), stored(key))))
            .execute(self.database(Flush::Nothing)?)
            .map(|removed| removed > 0)
            .map_err(store_error)
    }

    fn keep_documents(&mut self, kind: &str, keep: &[&str]) -> StoreResult<()> {
        self.written()?;
        let keep: Vec<_> = keep.iter().map(|key| stored(key)).collect();
        let old = documents::table
            .filter(documents::kind.eq(stored(kind)))
            .filter(documents::key.ne_all(keep));
        diesel::delete(old).execute(self.database(Flush::Nothing)?).map(|_| ()).map_err(store_error)
    }
}
