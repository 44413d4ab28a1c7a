//! HTTP: what a request passes before an action sees it, and how every refusal looks.

pub mod body;
pub mod error;
mod held;
pub mod json_text;
pub mod unread;
