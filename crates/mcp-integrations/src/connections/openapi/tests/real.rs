//! Documents of real APIs. Those of npm are read if `OPENAPI_DOCUMENTS` names a folder with them:
//! `npm pack @octokit/openapi @figma/rest-api-spec`.

use std::path::Path;
use std::time::Instant;

use super::*;

/// Reads a document. Returns its operations, the bytes of their definitions, and the milliseconds.
fn measured(text: &str) -> (OpenApi, usize, u128) {
    let began = Instant::now();
    let api = read_at("http://127.0.0.1:1", text, &Additions::default()).expect("an API");
    let taken = began.elapsed().as_millis();
    let bytes =
        api.definitions().iter().map(|it| it.params.to_string().len() + it.description.len());
    let bytes = bytes.sum();
    (api, bytes, taken)
}

#[test]
fn our_own_document_is_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let text = std::fs::read_to_string(path).expect("the document");
    let (api, bytes, taken) = measured(&text);
    eprintln!("ours: {} operations, {bytes} bytes, {taken} ms", api.definitions().len());
    for name in ["query", "state"] {
        assert!(api.definitions().iter().any(|it| it.name == name), "{name}");
    }
}

#[test]
#[ignore = "needs documents of npm"]
#[expect(clippy::disallowed_methods, reason = "a test by hand")]
fn documents_of_npm_are_read() {
    let folder = std::env::var("OPENAPI_DOCUMENTS").expect("OPENAPI_DOCUMENTS names a folder");
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
        let lines =
            status.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"));
        lines.collect::<Vec<_>>().join(" ")
    };
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a document");
        let name = path.display();
        eprintln!("before {}", resident());
        let (api, bytes, taken) = measured(&text);
        drop(text);
        let largest = api.definitions().iter().max_by_key(|it| it.params.to_string().len());
        let largest = largest.map(|it| (&it.name, it.params.to_string().len()));
        let count = api.definitions().len();
        eprintln!("{name}: {count} operations, {bytes} bytes, {taken} ms, largest {largest:?}");
        eprintln!("after {}", resident());
    }
}
