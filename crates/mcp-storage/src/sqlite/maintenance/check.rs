//! Whether a database is whole: SQLite's own check, and ours of what the tables say together.

use std::path::Path;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::{MaintenanceError, consistency, identity};
use crate::OpenError;
use crate::sqlite::derived::is_of_the_index;
use crate::sqlite::{connection, files, migrate};

/// Faults of a kind that are shown at most. SQLite's own check stops at 100 too.
const FAULTS: usize = 100;

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// What is wrong, a line each; none when the database is whole.
    pub faults: Vec<String>,
    /// How many of them, the last, are of derived data (the search index, the counts), which
    /// [`rebuild`](super::rebuild) repairs.
    pub derived: usize,
    /// The last step of migration that the database has.
    pub version: String,
    /// Whether that is this server's, so that what the tables say together was checked as well.
    pub is_newest: bool,
    /// Bytes in the database.
    pub bytes: u64,
    /// How many rows the tables have: users, tasks, configuration keys, log entries.
    pub rows: [u64; 4],
}

/// SQLite's check of each table but the search index, which cannot be opened.
const EACH_TABLE: &str = "SELECT integrity_check
     FROM sqlite_schema AS part, pragma_integrity_check(part.name)
     WHERE part.type = 'table' AND part.rootpage > 0";

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

#[derive(QueryableByName)]
struct Orphan {
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    rowid: Option<i64>,
    #[diesel(sql_type = Text)]
    parent: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// Checks a database in one snapshot of it. Changes nothing, and works while a server runs.
///
/// # Errors
/// When there is no database of ours to check. Damage is no error: it is what a check finds.
pub fn check(path: &Path) -> Result<Checked, MaintenanceError> {
    identity::must_exist(path)?;
    let path = &files::without_link(path).map_err(MaintenanceError::file("open", path))?;
    let mut connection = match connection::for_checking(path) {
        Err(OpenError::Failed(_, message)) if message.contains("malformed") => {
            return Ok(Checked { faults: vec![message], ..Checked::default() });
        }
        opened => opened?,
    };
    let mut checked = Checked::default();
    let mut refused = None;
    let whole = connection.transaction(|connection| {
        match identity::version(connection, path) {
            Ok(version) => checked.version = version,
            // Damage that hides whose it is: SQLite's check says more.
            Err(MaintenanceError::Failed(..)) => {}
            Err(error) => {
                refused = Some(error);
                return Ok(());
            }
        }
        checked.is_newest = checked.version == migrate::newest();
        checked.look(connection)
    });
    if let Some(error) = refused {
        return Err(error);
    }
    if let Err(error) = whole {
        let message = error.to_string();
        if message.contains("is locked") {
            return Err(MaintenanceError::Locked(path.to_owned()));
        }
        checked.faults.push(message);
    }
    Ok(checked)
}

impl Checked {
    fn look(&mut self, connection: &mut SqliteConnection) -> QueryResult<()> {
        let whole = sql_query("PRAGMA integrity_check").load(connection);
        let lines: Vec<Line> = match whole {
            Err(error) if is_of_the_index(&error) => sql_query(EACH_TABLE).load(connection)?,
            lines => lines?,
        };
        let said = lines.into_iter().map(|line| line.integrity_check.replace('\n', "; "));
        // What FTS5 says of the search index is looked at with the index.
        let is_newest = self.is_newest;
        let is_ours = |line: &String| !is_newest || !line.to_ascii_lowercase().contains("fts5");
        self.faults.extend(said.filter(|line| line != "ok").filter(is_ours));
        let orphans: Vec<Orphan> = sql_query("PRAGMA foreign_key_check").load(connection)?;
        self.faults.extend(orphans.into_iter().take(FAULTS).map(|orphan| {
            let row = orphan.rowid.map_or_else(String::new, |row| format!(" number {row}"));
            format!("{}{row} points to no row of {}", orphan.table, orphan.parent)
        }));
        if self.is_newest {
            self.faults.extend(consistency::faults(connection)?);
            let derived = consistency::derived_faults(connection);
            self.derived = derived.len();
            self.faults.extend(derived);
        }
        self.bytes = number(
            connection,
            "SELECT page_count * page_size AS number FROM pragma_page_count, pragma_page_size",
        )?;
        for (rows, table) in self.rows.iter_mut().zip(["users", "tasks", "config", "logs"]) {
            *rows = number(connection, &format!("SELECT count(*) AS number FROM {table}"))?;
        }
        Ok(())
    }
}

/// A query's one number, which is never negative.
pub(super) fn number(connection: &mut SqliteConnection, query: &str) -> QueryResult<u64> {
    let Number { number } = sql_query(query).get_result(connection)?;
    Ok(u64::try_from(number).unwrap_or_default())
}
