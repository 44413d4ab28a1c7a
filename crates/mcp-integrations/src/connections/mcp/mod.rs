//! Other MCP servers: as child processes, or over streamable HTTP. rmcp implements the protocol.

pub(crate) mod child;
mod handler;
mod lines;
mod results;
pub(crate) mod session;
mod stderr;
