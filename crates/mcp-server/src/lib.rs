//! The server: actix-web wiring around the core's registry and dispatcher.

pub mod http;
