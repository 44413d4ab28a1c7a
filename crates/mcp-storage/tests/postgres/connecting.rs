//! Addresses, TLS and passwords.

use std::path::Path;
use std::process::Command;

use mcp_storage::Options;
use test_postgres::{Database, Setup};

use crate::support::{add, open, try_open};

/// Creates a self-signed certificate for 127.0.0.1, and its key.
fn certificate(folder: &Path, name: &str) -> (std::path::PathBuf, std::path::PathBuf) {
    let (certificate, key) =
        (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
    let output = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ])
        .args(["-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"])
        .arg("-out")
        .arg(&certificate)
        .arg("-keyout")
        .arg(&key)
        .output()
        .expect("openssl can be run");
    assert!(output.status.success(), "{output:?}");
    (certificate, key)
}

#[tokio::test]
async fn tls_is_what_the_address_says_it_is() {
    let folder = tempfile::Builder::new().prefix("tls-").tempdir().expect("a folder");
    // PostgreSQL runs as another user, and reads its certificate in this folder.
    let open_to_all = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open_to_all).expect("it is ours");
    let own = certificate(folder.path(), "own");
    let (other, _) = certificate(folder.path(), "other");
    let setup = Setup { certificate: Some(own.clone()), ..Setup::default() };
    let database = Database::in_own_server(setup);
    let with = |mode: &str, root: &Path| {
        format!("{}?sslmode={mode}&sslrootcert={}", database.url(), root.display())
    };

    let store = open(&with("verify-full", &own.0));
    add(&store, "t").await.expect("added");
    let encrypted = database.sql(
        "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
         WHERE application_name = 'mcp-server'",
    );
    assert_eq!(encrypted.trim(), "t");
    store.close().await.expect("closed");

    let error = try_open(&with("verify-full", &other), &Options::default()).map(|_| ());
    let line = error.expect_err("another's certificate").to_string();
    assert!(line.contains("certificate verify failed"), "{line}");
}

#[test]
fn no_refusal_holds_a_password() {
    let database = Database::in_own_server(Setup::default());
    let folder = database.url().split_once("host=").expect("a socket").1.to_owned();
    for url in [
        format!("postgres://mcp:s3cr3t@/no_such_database?host={folder}"),
        format!("postgres://nobody:s3cr3t@/postgres?host={folder}"),
        format!("postgres://mcp@/postgres?host={folder}&password=s3cr3t&sslmode=s3cr3t"),
        format!("postgres://mcp@/postgres?host={folder}&no_such=parameter&password=s3cr3t"),
        "postgres://mcp:s3cr3t@127.0.0.1:1/mcp".into(),
        "postgres://mcp:s3cr3t@/mcp?host=/no/such/folder".into(),
        "postgres://mcp:s3cr3t@127.0.0.1:1/mcp?sslmode=verify-full&sslrootcert=/no/such/file"
            .into(),
    ] {
        let error = try_open(&url, &Options::default()).map(|_| ()).expect_err(&url);
        let line = error.to_string();
        assert!(!line.contains("s3cr3t") && !line.contains('\n'), "{line}");
        assert!(line.starts_with("cannot open the database postgres://"), "{line}");
        assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
    }
}

#[test]
fn a_database_in_another_encoding_is_refused_with_what_would_be_right() {
    let database = Database::in_own_server(Setup::default());
    database.sql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    let url = database.url().replace(database.name(), "latin");
    let line = try_open(&url, &Options::default()).map(|_| ()).expect_err("refused").to_string();
    assert!(line.contains("LATIN1") && line.contains("ENCODING 'UTF8'"), "{line}");
}
