//! `DATABASE_URL`: where the database is.

use std::fmt;
use std::path::{Path, PathBuf};

#[cfg(feature = "postgres")]
use crate::postgres::PostgresUrl;

/// Where the database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A SQLite file.
    File(PathBuf),
    /// SQLite in the process's own memory, gone when it ends.
    Memory,
    /// A PostgreSQL database.
    #[cfg(feature = "postgres")]
    Postgres(PostgresUrl),
}

/// Why a text names no database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// It is empty.
    #[error("expected a SQLite file, as sqlite:///mcp_server.db, or sqlite::memory:")]
    Empty,
    /// It names another kind of database.
    #[error("expected a SQLite file, as sqlite:///mcp_server.db, and no {0}:// database")]
    OtherKind(String),
    /// It names a PostgreSQL database.
    #[cfg(not(feature = "postgres"))]
    #[error(
        "PostgreSQL is not in this build: build with --features postgres, or name a SQLite file, as \
         sqlite:///mcp_server.db"
    )]
    NoPostgres,
    /// It is no address of a PostgreSQL database.
    #[cfg(feature = "postgres")]
    #[error("{0}")]
    Postgres(&'static str),
    /// It is SQLite's own kind of address, whose parameters could not hold here.
    #[error("expected a SQLite file, as sqlite:///mcp_server.db, and no file: address")]
    FileAddress,
    /// It has parameters.
    #[error("a SQLite address takes no parameters after ?")]
    Parameters,
}

impl Location {
    /// The file, where it is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        if let Self::File(path) = self { Some(path) } else { None }
    }

    /// Reads `sqlite:///path`, `sqlite://path`, `sqlite:path`, a plain path, `sqlite::memory:` and
    /// `:memory:`; and with the feature `postgres`, `postgres://…` as libpq does.
    ///
    /// After three slashes a path is relative and after four it is absolute, as in the first
    /// service (`SQLAlchemy`). Others read three slashes as absolute: where the relative folder is
    /// not there and the absolute one is, that one is meant.
    ///
    /// # Errors
    /// When the text names no database of this build's.
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

/// What follows `sqlite:///`.
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
