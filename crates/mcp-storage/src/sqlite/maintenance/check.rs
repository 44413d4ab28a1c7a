//! The integrity check of a database: SQLite's own, and consistency rules across tables.

use std::path::Path;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::{MaintenanceError, consistency, identity};
use crate::OpenError;
use crate::sqlite::derived::is_of_the_index;
use crate::sqlite::{connection, files, migrate};

/// The maximum number of faults per kind, as in SQLite's own check.
const MAX_FAULTS: usize = 100;

/// The result of a check.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// One line per fault; empty if the database is intact.
    pub faults: Vec<String>,
    /// The number of faults at the end of `faults` that are in derived data (the search index, the
    /// counts). [`rebuild`](super::rebuild) repairs these.
    pub derived: usize,
    /// The database's last migration.
    pub version: String,
    /// Whether `version` is this server's. Only then the consistency rules are checked.
    pub is_newest: bool,
    /// The size of the database in bytes.
    pub bytes: u64,
    /// The numbers of rows: users, tasks, configuration keys, log entries.
    pub rows: [u64; 4],
}

/// SQLite's check of each table except the search index, which cannot be opened.
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

/// Checks a database in one snapshot. Changes nothing, and works while a server runs.
///
/// # Errors
/// Returns `Missing`, `Empty`, `FirstService` or an [`OpenError`] if the file is not a database of this
/// server, and `Locked` if another process holds a lock for too long. Damage is not an error but a
/// fault.
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
            // Damage that hides the owner of the database: SQLite's check says more.
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
        // FTS5's faults of the search index are reported with derived data.
        let is_newest = self.is_newest;
        let is_ours = |line: &String| !is_newest || !line.to_ascii_lowercase().contains("fts5");
        self.faults.extend(said.filter(|line| line != "ok").filter(is_ours));
        let orphans: Vec<Orphan> = sql_query("PRAGMA foreign_key_check").load(connection)?;
        self.faults.extend(orphans.into_iter().take(MAX_FAULTS).map(|orphan| {
            let row = orphan.rowid.map_or_else(String::new, |row| format!(" number {row}"));
            format!("{}{row} refers to a missing row of {}", orphan.table, orphan.parent)
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

/// Returns the result of a query of one number, which is never negative.
pub(super) fn number(connection: &mut SqliteConnection, query: &str) -> QueryResult<u64> {
    let Number { number } = sql_query(query).get_result(connection)?;
    Ok(u64::try_from(number).unwrap_or_default())
}
