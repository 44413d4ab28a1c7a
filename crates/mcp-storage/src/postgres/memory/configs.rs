//! Configuration in PostgreSQL.

use diesel::prelude::*;
use mcp_core::domain::ConfigEntry;
use mcp_core::memory::{Configs, StoreResult};
use serde_json::value::RawValue;

use super::{Flush, PostgresMemory, json};
use crate::postgres::error::store_error;
use crate::postgres::schema::config;
use crate::postgres::text::{hash, original, stored};

impl Configs for PostgresMemory<'_> {
    fn list_config(&mut self) -> StoreResult<Vec<ConfigEntry>> {
        let rows: Vec<(String, String)> = config::table
            .select((config::key, config::value))
            .order(config::id)
            .load(self.database(Flush::Nothing)?)
            .map_err(store_error)?;
        rows.into_iter()
            .map(|(key, value)| Ok(ConfigEntry { key: original(key), value: json(value)? }))
            .collect()
    }

    fn find_config(&mut self, key: &str) -> StoreResult<Option<Box<RawValue>>> {
        for spelling in self.spellings(key)? {
            let value: Option<String> = config::table
                .select(config::value)
                .filter(config::name_hash.eq(hash(&spelling)))
                .first(self.database(Flush::Nothing)?)
                .optional()
                .map_err(store_error)?;
            if let Some(value) = value {
                return json(value).map(Some);
            }
        }
        Ok(None)
    }

    fn set_config(&mut self, key: &str, value: &RawValue) -> StoreResult<()> {
        let now = self.now.as_micros();
        let id = self.written()?.counters.last_config + 1;
        for spelling in self.spellings(key)? {
            let named = config::table.filter(config::name_hash.eq(hash(&spelling)));
            let changed = diesel::update(named)
                .set((config::value.eq(value.get()), config::updated_at.eq(now)))
                .execute(self.database(Flush::Nothing)?)
                .map_err(store_error)?;
            if changed > 0 {
                return Ok(());
            }
        }
        self.note_spelling(key)?;
        diesel::insert_into(config::table)
            .values((
                config::id.eq(id),
                config::name_hash.eq(hash(key)),
                config::key.eq(stored(key)),
                config::value.eq(value.get()),
                config::created_at.eq(now),
                config::updated_at.eq(now),
            ))
            .execute(self.database(Flush::Nothing)?)
            .map_err(store_error)?;
        self.written()?.counters.last_config = id;
        Ok(())
    }
}
