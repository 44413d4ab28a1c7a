//! Writes the generated documents. `scripts/generate-docs` runs it.

use std::path::Path;

use mcp_server::config::{Settings, Sources};
use mcp_server::{documents, service};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let registry = service::registry(&Settings::load(&Sources::default())?)?;
    for document in documents::all(&registry, &root)? {
        std::fs::write(root.join(document.path), document.text)?;
        println!("{}", document.path);
    }
    Ok(())
}
