//! Users in PostgreSQL.

use diesel::prelude::*;
use mcp_core::Timestamp;
use mcp_core::domain::{NewUser, Page, Part, Position, User};
use mcp_core::memory::{StoreResult, Users};

use super::{PostgresMemory, Sees, behind, count, json, part};
use crate::postgres::error::store_error;
use crate::postgres::schema::users;
use crate::postgres::text::{hash, original, stored};

impl Users for PostgresMemory<'_> {
    fn list_usernames(&mut self, page: Page) -> StoreResult<Part<String>> {
        part(self.database(Sees::NoRows)?, page, |connection, rows| {
            let names = users::table
                .filter(users::id.gt(behind(rows.after)))
                .select((users::id, users::username))
                .order(users::id)
                .limit(rows.limit)
                .offset(rows.offset)
                .load::<(i64, String)>(connection)?;
            Ok(names
                .into_iter()
                .map(|(id, name)| {
                    let name = original(name);
                    let size = name.len();
                    (Position(id), name, size)
                })
                .collect())
        })
    }

    fn count_users(&mut self) -> StoreResult<u64> {
        Ok(count(self.counters()?.users))
    }

    fn find_user(&mut self, username: &str) -> StoreResult<Option<User>> {
        for spelling in self.spellings(username)? {
            let row: Option<(String, String, String, i64)> = users::table
                .select((users::username, users::role, users::metadata, users::created_at))
                .filter(users::name_hash.eq(hash(&spelling)))
                .first(self.database(Sees::NoRows)?)
                .optional()
                .map_err(store_error)?;
            if let Some((username, role, metadata, created_at)) = row {
                return Ok(Some(User {
                    username: original(username),
                    role: original(role),
                    metadata: json(metadata)?,
                    created_at: Timestamp::from_micros(created_at),
                }));
            }
        }
        Ok(None)
    }

    fn add_user(&mut self, user: &NewUser) -> StoreResult<bool> {
        if self.find_user(&user.username)?.is_some() {
            return Ok(false);
        }
        self.note_spelling(&user.username)?;
        let now = self.now.as_micros();
        let id = self.written()?.counters.last_user + 1;
        diesel::insert_into(users::table)
            .values((
                users::id.eq(id),
                users::name_hash.eq(hash(&user.username)),
                users::username.eq(stored(&user.username)),
                users::role.eq(stored(&user.role)),
                users::metadata.eq(user.metadata.get()),
                users::created_at.eq(now),
                users::updated_at.eq(now),
            ))
            .execute(self.database(Sees::NoRows)?)
            .map_err(store_error)?;
        let counters = &mut self.written()?.counters;
        counters.last_user = id;
        counters.users += 1;
        Ok(true)
    }

    fn remove_user(&mut self, username: &str) -> StoreResult<bool> {
        self.written()?;
        for spelling in self.spellings(username)? {
            let named = users::table.filter(users::name_hash.eq(hash(&spelling)));
            let removed =
                diesel::delete(named).execute(self.database(Sees::NoRows)?).map_err(store_error)?;
            if removed > 0 {
                self.written()?.counters.users -= 1;
                return Ok(true);
            }
        }
        Ok(false)
    }
}
