//! Users in SQLite.

use diesel::prelude::*;
use mcp_core::Timestamp;
use mcp_core::domain::{NewUser, Page, Part, Position, User};
use mcp_core::memory::{StoreResult, Users};

use super::counts::Counted;
use super::spellings::note;
use super::{SqliteMemory, in_time, json};
use crate::sqlite::error::store_error;
use crate::sqlite::schema::users;

impl Users for SqliteMemory<'_> {
    fn list_usernames(&mut self, page: Page) -> StoreResult<Part<String>> {
        let page = self.nearer(page, Counted::Users).map_err(store_error)?;
        let rows = users::table
            .filter(users::id.gt(page.after.map_or(0, |Position(id)| id)))
            .select((users::id, users::username))
            .order(users::id)
            .load_iter::<(i64, String), _>(self.connection)
            .map_err(store_error)?;
        let rows = in_time(self.until, rows).map(|row| {
            row.map(|(id, username)| {
                let size = username.len();
                (Position(id), username, size)
            })
        });
        page.take(rows).map_err(store_error)
    }

    fn count_users(&mut self) -> StoreResult<u64> {
        self.total(Counted::Users).map_err(store_error)
    }

    fn find_user(&mut self, username: &str) -> StoreResult<Option<User>> {
        for spelling in self.spellings(username)? {
            let row: Option<(String, String, String, i64)> = users::table
                .select((users::username, users::role, users::metadata, users::created_at))
                .filter(users::username.eq(spelling))
                .first(self.connection)
                .optional()
                .map_err(store_error)?;
            if let Some((username, role, metadata, created_at)) = row {
                let created_at = Timestamp::from_micros(created_at);
                return Ok(Some(User { username, role, metadata: json(metadata)?, created_at }));
            }
        }
        Ok(None)
    }

    fn add_user(&mut self, user: &NewUser) -> StoreResult<bool> {
        // Looked up first: a refused insert would use up a number.
        if self.find_user(&user.username)?.is_some() {
            return Ok(false);
        }
        note(self.connection, &user.username).map_err(store_error)?;
        let now = self.now.as_micros();
        diesel::insert_into(users::table)
            .values((
                users::username.eq(&user.username),
                users::role.eq(&user.role),
                users::metadata.eq(user.metadata.get()),
                users::created_at.eq(now),
                users::updated_at.eq(now),
            ))
            .execute(self.connection)
            .map(|_| true)
            .map_err(store_error)
    }

    fn remove_user(&mut self, username: &str) -> StoreResult<bool> {
        for spelling in self.spellings(username)? {
            let removed = diesel::delete(users::table.filter(users::username.eq(spelling)))
                .execute(self.connection)
                .map_err(store_error)?;
            if removed > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
