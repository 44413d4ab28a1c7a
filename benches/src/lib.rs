//! What the programs of the benches share: how a server of theirs listens.
//!
//! The programs, in `src/bin/`: `floor` (what actix-web alone costs), `one_by_one` (what a
//! transaction for each request costs) and `fill` (a database with many tasks).

use std::net::TcpListener;

/// A free port of loopback. Says so on stderr, in the words of the measured server.
///
/// # Errors
/// When there is none.
pub fn listen() -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    Ok(listener)
}
