//! mcp-integrations
