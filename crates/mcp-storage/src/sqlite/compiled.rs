//! The check of SQLite's compile options. `.cargo/config.toml` sets them for this workspace only:
//! Cargo does not pass them on to a program that depends on this crate, and with
//! `LIBSQLITE3_SYS_USE_PKG_CONFIG`, a build links the system's SQLite instead of the bundled one.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;

/// The first version that does not corrupt a database when the write-ahead log restarts
/// (<https://sqlite.org/releaselog/3_51_3.html>).
const OLDEST: [u32; 3] = [3, 51, 3];

/// The options that make calls faster, as `PRAGMA compile_options` shows them. They change no
/// result.
const FAST: [&str; 4] =
    ["THREADSAFE=2", "DEFAULT_MEMSTATUS=0", "ENABLE_QPSG", "STMTJRNL_SPILL=61440"];
/// The options of `libsqlite3-sys` that make calls slower.
const SLOW: [&str; 2] = ["ENABLE_MEMORY_MANAGEMENT", "ENABLE_API_ARMOR"];

#[derive(QueryableByName)]
struct CompileOption {
    #[diesel(sql_type = Text)]
    compile_options: String,
}

/// Checks the SQLite of a connection. Logs options that only affect speed.
///
/// # Errors
/// Returns the problem and its solution if this SQLite can lose data or lacks a required feature.
pub(super) fn check(connection: &mut SqliteConnection) -> Result<(), String> {
    let failed = |error: diesel::result::Error| error.to_string();
    let version: String =
        diesel::select(sql::<Text>("sqlite_version()")).first(connection).map_err(failed)?;
    let options: Vec<CompileOption> =
        diesel::sql_query("PRAGMA compile_options").load(connection).map_err(failed)?;
    let options: Vec<String> = options.into_iter().map(|option| option.compile_options).collect();
    judge(&version, &options)?;
    if let Some(hint) = speed_hint(&options) {
        log::info!("{hint}");
    }
    Ok(())
}

fn judge(version: &str, options: &[String]) -> Result<(), String> {
    const FIX: &str = "build with libsqlite3-sys's feature \"bundled\", and without \
                       LIBSQLITE3_SYS_USE_PKG_CONFIG and LIBSQLITE3_FLAGS that change this";
    let numbers: Vec<u32> = version.split('.').map_while(|part| part.parse().ok()).collect();
    let has = |wanted: &str| options.iter().any(|option| option == wanted);
    if numbers.as_slice() < OLDEST.as_slice() {
        return Err(format!("SQLite {version} can corrupt databases, 3.51.3 is required: {FIX}"));
    }
    if has("THREADSAFE=0") {
        return Err(format!("SQLite was compiled without thread support: {FIX}"));
    }
    if !has("ENABLE_FTS5") {
        return Err(format!("SQLite was compiled without FTS5, which searches require: {FIX}"));
    }
    Ok(())
}

/// Returns a message about options that cost speed, if there are any.
fn speed_hint(options: &[String]) -> Option<String> {
    let has = |wanted: &&str| options.iter().any(|option| option == wanted);
    let missing =
        FAST.iter().filter(|option| !has(option)).map(|option| format!("without {option}"));
    let harmful = SLOW.iter().filter(|option| has(option)).map(|option| format!("with {option}"));
    let found: Vec<String> = missing.chain(harmful).collect();
    (!found.is_empty()).then(|| {
        format!(
            "SQLite was compiled {}, which makes calls slower: copy LIBSQLITE3_FLAGS from this project's \
             .cargo/config.toml into your program's",
            found.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_sqlite_of_this_workspace_has_every_option() {
        let mut connection = SqliteConnection::establish(":memory:").expect("a database");
        let found: Vec<CompileOption> =
            diesel::sql_query("PRAGMA compile_options").load(&mut connection).expect("options");
        let found: Vec<String> = found.into_iter().map(|option| option.compile_options).collect();
        assert_eq!(speed_hint(&found), None, "{found:?}");
        assert_eq!(check(&mut connection), Ok(()));
    }

    #[test]
    fn a_sqlite_that_can_lose_data_or_lacks_the_index_is_refused() {
        let fine = options(&["ENABLE_FTS5", "THREADSAFE=1"]);
        for version in ["3.51.3", "3.53.2", "3.100.0", "4.0.0"] {
            assert_eq!(judge(version, &fine), Ok(()), "{version}");
        }
        for version in ["3.40.1", "3.51.2", "3.9.9", "", "unknown"] {
            let error = judge(version, &fine).expect_err(version);
            assert!(error.contains("3.51.3") && error.contains("bundled"), "{error}");
        }
        for wrong in [&["THREADSAFE=1"][..], &["ENABLE_FTS5", "THREADSAFE=0"]] {
            judge("3.53.2", &options(wrong)).expect_err("refused");
        }
    }

    #[test]
    fn what_costs_speed_is_named_with_the_remedy() {
        let hint = speed_hint(&options(&["THREADSAFE=1", "ENABLE_API_ARMOR"])).expect("a hint");
        for part in ["without THREADSAFE=2", "with ENABLE_API_ARMOR", "LIBSQLITE3_FLAGS"] {
            assert!(hint.contains(part), "{hint}");
        }
    }
}
