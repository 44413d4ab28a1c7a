//! HTTP: what a request passes before an action sees it, and how every refusal looks.

pub mod auth;
pub mod authority;
pub mod body;
mod buckets;
pub mod client_address;
pub mod cors;
pub mod error;
pub mod guard;
mod held;
pub mod host;
pub mod json_text;
pub mod origin;
pub mod rate;
pub mod rate_limit;
pub mod unread;
