//! Configuration in SQLite.

use diesel::prelude::*;
use mcp_core::domain::ConfigEntry;
use mcp_core::memory::{Configs, StoreResult};
use serde_json::value::RawValue;

use super::spellings::note;
use super::{SqliteMemory, json};
use crate::sqlite::error::store_error;
use crate::sqlite::schema::config;

impl Configs for SqliteMemory<'_> {
    fn list_config(&mut self) -> StoreResult<Vec<ConfigEntry>> {
        let rows: Vec<(String, String)> = config::table
            .select((config::key, config::value))
            .order(config::id)
            .load(self.connection)
            .map_err(store_error)?;
        rows.into_iter().map(|(key, value)| Ok(ConfigEntry { key, value: json(value)? })).collect()
    }

    fn find_config(&mut self, key: &str) -> StoreResult<Option<Box<RawValue>>> {
        for spelling in self.spellings(key)? {
            let value: Option<String> = config::table
                .select(config::value)
                .filter(config::key.eq(spelling))
                .first(self.connection)
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
        for spelling in self.spellings(key)? {
            let changed = diesel::update(config::table.filter(config::key.eq(spelling)))
                .set((config::value.eq(value.get()), config::updated_at.eq(now)))
                .execute(self.connection)
                .map_err(store_error)?;
            if changed > 0 {
                return Ok(());
            }
        }
        note(self.connection, key).map_err(store_error)?;
        diesel::insert_into(config::table)
            .values((
                config::key.eq(key),
                config::value.eq(value.get()),
                config::created_at.eq(now),
                config::updated_at.eq(now),
            ))
            .execute(self.connection)
            .map(|_| ())
            .map_err(store_error)
    }
}
