//! Loading of documents.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use bytes::BytesMut;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::connections::settings::{Additions, DocumentLocation};
use crate::upstream::SharedClient;

use super::credentials::Credentials;

/// The maximum size of a document, in bytes.
const MAX_DOCUMENT: usize = 32 << 20;

/// The timeout for loading a document.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Loads the text of a document. A document at an address is requested with the connection's additions if
/// it is of the same origin as the API, whose address is `base_url`, or if no such address is set.
///
/// # Errors
/// Says in one line, without secrets, why the document cannot be read.
pub(crate) async fn load(
    location: &DocumentLocation,
    base_url: Option<&reqwest::Url>,
    additions: &Additions,
    client: &SharedClient,
) -> Result<String, String> {
    let bytes = match location {
        DocumentLocation::File(path) => {
            let path = path.clone();
            spawn_blocking(move || file(&path)).await.map_err(|error| error.to_string())??
        }
        DocumentLocation::Url(url) => {
            let is_own = base_url.is_none_or(|base| base.origin() == url.origin());
            let nothing = Additions::default();
            let credentials = Credentials::new(if is_own { additions } else { &nothing })?;
            let download = download(url.clone(), &credentials, client);
            let limit = format!("did not arrive within {} s", TIMEOUT.as_secs());
            let bytes = timeout(TIMEOUT, download).await.unwrap_or(Err(limit));
            bytes.map_err(|problem| format!("the document at {} {problem}", shown(url)))?
        }
    };
    String::from_utf8(bytes).map_err(|_| "the document is not UTF-8 text".into())
}

fn file(path: &Path) -> Result<Vec<u8>, String> {
    let problem = |error: std::io::Error| format!("cannot read {}: {error}", path.display());
    let file = std::fs::File::open(path).map_err(problem)?;
    if !file.metadata().map_err(problem)?.is_file() {
        return Err(format!("cannot read {}: it is not a file", path.display()));
    }
    let mut bytes = Vec::new();
    file.take(MAX_DOCUMENT as u64 + 1).read_to_end(&mut bytes).map_err(problem)?;
    if bytes.len() > MAX_DOCUMENT {
        return Err(format!("{} is larger than {MAX_DOCUMENT} bytes", path.display()));
    }
    Ok(bytes)
}

async fn download(
    url: reqwest::Url,
    credentials: &Credentials,
    client: &SharedClient,
) -> Result<Vec<u8>, String> {
    let client = client.get().map_err(|error| format!("cannot be loaded: {error}"))?;
    let request = http::Request::get(url.as_str()).body(bytes::Bytes::new());
    let request = request.map_err(|_| "has no usable address".to_owned())?;
    let request = credentials.complete(request).map_err(|error| error.message)?;
    let unreachable =
        |error: reqwest::Error| format!("cannot be loaded: {}", cause(&error.without_url()));
    let request = request.try_into().map_err(unreachable)?;
    let mut response = client.execute(request).await.map_err(unreachable)?;
    if !response.status().is_success() {
        return Err(format!("cannot be loaded: the status is {}", response.status().as_u16()));
    }
    let mut bytes = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if bytes.len() + chunk.len() > MAX_DOCUMENT {
            return Err(format!("is larger than {MAX_DOCUMENT} bytes"));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.into())
}

/// Returns the reason of a failed request in words of the last cause.
fn cause(error: &reqwest::Error) -> String {
    let mut link: &dyn std::error::Error = error;
    while let Some(source) = link.source() {
        link = source;
    }
    link.to_string()
}

/// Returns an address without its user, password, query and fragment, which may hold secrets.
fn shown(url: &reqwest::Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}
