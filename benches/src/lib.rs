//! Shared code of the benchmark programs in `src/bin/`: `floor` (the cost of actix-web alone),
//! `one_by_one` (the cost of a transaction for each request) and `fill` (a database with many tasks).

use std::net::TcpListener;

/// Listens on a free port of loopback, and prints the same line on stderr as the measured server.
///
/// # Errors
/// Returns the error of the system if it cannot listen.
pub fn listen() -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    Ok(listener)
}
