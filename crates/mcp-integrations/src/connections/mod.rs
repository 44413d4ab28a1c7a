//! Connections: the tools of other MCP servers and the operations of HTTP APIs become actions.
//!
//! - [`settings`] are the entries of the connections file, which [`file`] reads.
//! - [`import`] makes a connections file of the files that MCP clients have.
//! - [`definition`] is a tool as its system defines it.
//! - `mcp` speaks with MCP servers, and `openapi` reads OpenAPI documents and calls their operations.

// The parts are put together in the next step.
#![allow(dead_code, reason = "the supervisor of connections uses it")]

pub(crate) mod definition;
pub mod file;
pub mod import;
mod mcp;
mod name;
pub mod pattern;
mod secret_names;
pub mod settings;
mod text;
