//! mcp-storage
