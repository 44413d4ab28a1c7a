//! Users in PostgreSQL.

use diesel::prelude::*;
use mcp_core::Timestamp;
use mcp_core::domain::{NewUser, Page, Part, Position, User};
use mcp_core::memory::{StoreResult, Users};

use super::{Flush, PostgresMemory, after_id, count, json, part};
use crate::postgres::error::store_error;
use crate::postgres::schema::users;
use crate::postgres::text::{hash, original, stored};

type UserRow = (String, String, String, i64, i64);

const COLUMNS: (
    users::username,
    users::role,
    users::metadata,
    users::created_at,
    users::updated_at,
) = (users::username, users::role, users::metadata, users::created_at, users::updated_at);

fn user((username, role, metadata, created_at, updated_at): UserRow) -> StoreResult<User> {
    Ok(User {
        username: original(username),
        role: original(role),
        metadata: json(metadata)?,
        created_at: Timestamp::from_micros(created_at),
        updated_at: Timestamp::from_micros(updated_at),
    })
}

impl Users for PostgresMemory<'_> {
    fn list_usernames(&mut self, page: Page) -> StoreResult<Part<String>> {
        part(self.database(Flush::Nothing)?, page, |connection, rows| {
            let names = users::table
                .filter(users::id.gt(after_id(rows.after)))
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

    fn list_users(&mut self, page: Page) -> StoreResult<Part<User>> {
        let Part { rows, next } =
            part(self.database(Flush::Nothing)?, page, |connection, rows| {
                let found = users::table
                    .filter(users::id.gt(after_id(rows.after)))
                    .select((users::id, COLUMNS))
                    .order(users::id)
                    .limit(rows.limit)
                    .offset(rows.offset)
                    .load::<(i64, UserRow)>(connection)?;
                let size = |row: &UserRow| row.0.len() + row.1.len() + row.2.len();
                Ok(found
                    .into_iter()
                    .map(|(id, row)| {
                        let size = size(&row);
                        (Position(id), row, size)
                    })
                    .collect())
            })?;
        let rows = rows.into_iter().map(|(position, row)| Ok((position, user(row)?)));
        Ok(Part { rows: rows.collect::<StoreResult<_>>()?, next })
    }

    fn count_users(&mut self) -> StoreResult<u64> {
        Ok(count(self.counters()?.users))
    }

    fn find_user(&mut self, username: &str) -> StoreResult<Option<User>> {
        for spelling in self.spellings(username)? {
            let row: Option<UserRow> = users::table
                .select(COLUMNS)
                .filter(users::name_hash.eq(hash(&spelling)))
                .first(self.database(Flush::Nothing)?)
                .optional()
                .map_err(store_error)?;
            if let Some(row) = row {
                return user(row).map(Some);
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
            .execute(self.database(Flush::Nothing)?)
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
            let removed = diesel::delete(named)
                .execute(self.database(Flush::Nothing)?)
                .map_err(store_error)?;
            if removed > 0 {
                self.written()?.counters.users -= 1;
                return Ok(true);
            }
        }
        Ok(false)
    }
}
