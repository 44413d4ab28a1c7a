//! GitHub and Figma from outside: calls go through the dispatcher, and mock servers answer on loopback
//! with bodies of the shape that GitHub and Figma document. Nothing leaves 127.0.0.1.

mod abandoned;
mod bodies;
mod caching;
mod examples;
mod faults;
mod figma;
mod github;
mod lean;
mod logs;
mod patience;
mod proxy;
mod quotas;
mod raw;
mod redirects;
mod rig;
