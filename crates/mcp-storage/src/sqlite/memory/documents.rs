//! The server's own documents in SQLite.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::upsert::excluded;
use mcp_core::memory::{Documents, StoreResult, check_document};

use super::SqliteMemory;
use crate::sqlite::error::store_error;
use crate::sqlite::schema::documents;

impl Documents for SqliteMemory<'_> {
    fn find_document(&mut self, kind: &str, key: &str) -> StoreResult<Option<String>> {
        documents::table
            .find((kind, key))
            .select(documents::text)
            .first(self.connection)
            .optional()
            .map_err(store_error)
    }

    fn put_document(&mut self, kind: &str, key: &str, text: &str) -> StoreResult<()> {
        check_document(kind, key, text)?;
        diesel::insert_into(documents::table)
            .values((documents::kind.eq(kind), documents::key.eq(key), documents::text.eq(text)))
            .on_conflict((documents::kind, documents::key))
            .do_update()
            .set(documents::text.eq(excluded(documents::text)))
            .execute(self.connection)
            .map(|_| ())
            .map_err(store_error)
    }

    fn remove_document(&mut self, kind: &str, key: &str) -> StoreResult<bool> {
        diesel::delete(documents::table.find((kind, key)))
            .execute(self.connection)
            .map(|removed| removed > 0)
            .map_err(store_error)
    }

    fn keep_documents(&mut self, kind: &str, keep: &[&str]) -> StoreResult<()> {
        // Compared here: a statement takes a limited number of values.
        let keep: HashSet<&str> = keep.iter().copied().collect();
        let keys: Vec<String> = documents::table
            .select(documents::key)
            .filter(documents::kind.eq(kind))
            .load(self.connection)
            .map_err(store_error)?;
        for key in keys.iter().filter(|key| !keep.contains(key.as_str())) {
            self.remove_document(kind, key)?;
        }
        Ok(())
    }
}
