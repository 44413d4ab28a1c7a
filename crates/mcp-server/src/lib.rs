//! The server around the core: settings, HTTP, documents and the command line.
//!
//! Start reading at [`service`] (what is wired), then [`http`] (what a request passes).

pub mod authority;
pub mod cli;
pub mod config;
pub mod documents;
pub mod http;
pub mod mcp;
pub mod metrics;
pub mod openapi;
pub mod service;
