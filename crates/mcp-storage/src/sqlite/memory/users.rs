//! Users in SQLite.

use diesel::prelude::*;
use mcp_core::Timestamp;
use mcp_core::domain::{NewUser, Page, Part, Position, User};
use mcp_core::memory::{StoreResult, Users};

use super::counts::Counted;
use super::spellings::note;
use super::{SqliteMemory, json, with_deadline};
use crate::sqlite::error::store_error;
use crate::sqlite::schema::users;

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
        username,
        role,
        metadata: json(metadata)?,
        created_at: Timestamp::from_micros(created_at),
        updated_at: Timestamp::from_micros(updated_at),
    })
}

impl Users for SqliteMemory<'_> {
    fn list_usernames(&mut self, page: Page) -> StoreResult<Part<String>> {
        let page = self.skip_blocks(page, Counted::Users).map_err(store_error)?;
        let rows = users::table
            .filter(users::id.gt(page.after.map_or(0, |Position(id)| id)))
            .select((users::id, users::username))
            .order(users::id)
            .load_iter::<(i64, String), _>(self.connection)
            .map_err(store_error)?;
        let rows = with_deadline(self.until, rows).map(|row| {
            row.map(|(id, username)| {
                let size = username.len();
                (Position(id), username, size)
            })
        });
        page.take(rows).map_err(store_error)
    }

    fn list_users(&mut self, page: Page) -> StoreResult<Part<User>> {
        let page = self.skip_blocks(page, Counted::Users).map_err(store_error)?;
        let rows = users::table
            .filter(users::id.gt(page.after.map_or(0, |Position(id)| id)))
            .select((users::id, COLUMNS))
            .order(users::id)
            .load_iter::<(i64, UserRow), _>(self.connection)
            .map_err(store_error)?
            .map(|row| {
                let (id, row) = row.map_err(store_error)?;
                let user = user(row)?;
                let size = user.size();
                Ok((Position(id), user, size))
            });
        page.take(rows)
    }

    fn count_users(&mut self) -> StoreResult<u64> {
        self.total(Counted::Users).map_err(store_error)
    }

    fn find_user(&mut self, username: &str) -> StoreResult<Option<User>> {
        for spelling in self.spellings(username)? {
            let row: Option<UserRow> = users::table
                .select(COLUMNS)
                .filter(users::username.eq(spelling))
                .first(self.connection)
                .optional()
                .map_err(store_error)?;
            if let Some(row) = row {
                return user(row).map(Some);
            }
        }
        Ok(None)
    }

    fn add_user(&mut self, user: &NewUser) -> StoreResult<bool> {
        // Looked up first, because a rejected insert would use up an id.
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
