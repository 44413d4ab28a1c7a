//! The MCP Server.
fn main() {}
