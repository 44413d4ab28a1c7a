//! Connections: the tools of other MCP servers and the operations of HTTP APIs become actions.
//!
//! - [`settings`] are the entries of the connections file, which [`file`] reads.
//! - [`definition`] is a tool as its system defines it.
//! - `mcp` speaks with MCP servers, and `openapi` reads OpenAPI documents and calls their operations.

// The parts are put together in the next step.
#![allow(dead_code, reason = "the supervisor of connections uses it")]

pub(crate) mod definition;
pub(crate) mod openapi;
pub mod pattern;
pub mod settings;
