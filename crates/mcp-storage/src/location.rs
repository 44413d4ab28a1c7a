//! `DATABASE_URL`: the location of the database.

use std::fmt;
use std::path::{Path, PathBuf};

#[cfg(feature = "postgres")]
use crate::postgres::PostgresUrl;

/// The location of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A SQLite file.
    File(PathBuf),
    /// SQLite in the process's memory; it is lost when the process ends.
    Memory,
    /// A PostgreSQL database.
    #[cfg(feature = "postgres")]
    Postgres(PostgresUrl),
}

/// The error of a string that is not a [`Location`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// The string is empty.
    #[error("expected a SQLite file, as in sqlite:///mcp_server.db, or sqlite::memory:")]
    Empty,
    /// The string names another kind of database.
    #[error("unsupported database {0}://: use a SQLite file, as in sqlite:///mcp_server.db")]
    OtherKind(String),
    /// The string names a PostgreSQL database, which this build does not support.
    #[cfg(not(feature = "postgres"))]
    #[error(
        "this build does not support PostgreSQL: build with --features postgres, or use a SQLite file, \
         as in sqlite:///mcp_server.db"
    )]
    NoPostgres,
    /// The string is not a valid PostgreSQL URL.
    #[cfg(feature = "postgres")]
    #[error("{0}")]
    Postgres(&'static str),
    /// The string is a URI of SQLite itself, whose parameters this server cannot honor.
    #[error("unsupported file: address: use a path, as in sqlite:///mcp_server.db")]
    FileAddress,
    /// The string has parameters.
    #[error("unsupported parameters after ?: a SQLite address takes none")]
    Parameters,
}

impl Location {
    /// Returns the path of a SQLite file.
    pub(crate) fn file(&self) -> Option<&Path> {
        if let Self::File(path) = self { Some(path) } else { None }
    }

    /// Parses `sqlite:///path`, `sqlite://path`, `sqlite:path`, a plain path, `sqlite::memory:` and
    /// `:memory:`. With the feature `postgres`, also parses `postgres://…` as libpq does.
    ///
    /// A path after three slashes is relative, after four absolute, as in the first service
    /// (`SQLAlchemy`). Others treat three slashes as absolute: if the relative folder does not
    /// exist and the absolute one does, the path is absolute.
    ///
    /// # Errors
    /// Returns [`LocationError`] if the string names no database that this build supports.
    pub fn parse(text: &str) -> Result<Self, LocationError> {
        if text.trim().is_empty() {
            return Err(LocationError::Empty);
        }
        if text == ":memory:" {
            return Ok(Self::Memory);
        }
        if ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
            #[cfg(feature = "postgres")]
            return PostgresUrl::parse(text).map(Self::Postgres);
            #[cfg(not(feature = "postgres"))]
            return Err(LocationError::NoPostgres);
        }
        if text.starts_with("file:") {
            return Err(LocationError::FileAddress);
        }
        let Some(rest) = text.strip_prefix("sqlite:") else {
            return match text.split_once("://") {
                Some((kind, _)) => Err(LocationError::OtherKind(kind.to_owned())),
                None => Ok(Self::File(text.into())),
            };
        };
        if rest.contains('?') {
            return Err(LocationError::Parameters);
        }
        let path = match rest.strip_prefix("//") {
            Some(path) => path.strip_prefix('/').map_or_else(|| path.into(), three_slashes),
            None => rest.into(),
        };
        match path.to_str() {
            Some("" | ":memory:") => Ok(Self::Memory),
            _ => Ok(Self::File(path)),
        }
    }
}

/// Returns the path after `sqlite:///`.
fn three_slashes(path: &str) -> PathBuf {
    let relative = PathBuf::from(path);
    let absolute = Path::new("/").join(path);
    let is_there = |path: &Path| match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.is_dir(),
        _ => true,
    };
    if !is_there(&relative) && is_there(&absolute) { absolute } else { relative }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Memory => f.write_str(":memory:"),
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_sqlite_file_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let there = folder.path().join("x.db");
        let there_text = there.to_str().expect("UTF-8");
        for (text, path) in [
            ("sqlite:///mcp_server.db", "mcp_server.db"),
            ("sqlite:///./mcp_server.db", "./mcp_server.db"),
            ("sqlite:////no/such/folder/x.db", "/no/such/folder/x.db"),
            ("sqlite://mcp_server.db", "mcp_server.db"),
            ("sqlite:mcp_server.db", "mcp_server.db"),
            ("mcp_server.db", "mcp_server.db"),
            ("/var/lib/x y.db", "/var/lib/x y.db"),
            ("./file:x.db", "./file:x.db"),
            (&format!("sqlite:///{there_text}"), there_text),
            (&format!("sqlite://{there_text}"), there_text),
        ] {
            assert_eq!(Location::parse(text), Ok(Location::File(path.into())), "{text}");
        }
        for text in ["sqlite::memory:", ":memory:", "sqlite://", "sqlite:///:memory:"] {
            assert_eq!(Location::parse(text), Ok(Location::Memory), "{text}");
        }
    }

    #[test]
    fn what_names_no_sqlite_file_is_refused() {
        assert_eq!(Location::parse(" "), Err(LocationError::Empty));
        assert!(matches!(
            Location::parse("mysql://u:p@h/db"),
            Err(LocationError::OtherKind(kind)) if kind == "mysql"
        ));
        assert_eq!(Location::parse("sqlite://x.db?mode=ro"), Err(LocationError::Parameters));
        for text in ["file:x.db?mode=ro", "file:x.db", "file:///x.db"] {
            assert_eq!(Location::parse(text), Err(LocationError::FileAddress), "{text}");
        }
    }
}
