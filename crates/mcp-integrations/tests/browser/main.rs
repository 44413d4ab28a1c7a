//! Web pages in a real Chromium, against pages that the tests serve. The tests need Chromium and
//! ChromeDriver (Debian: chromium, chromium-driver), and report if they are missing.

mod bench;
mod contents;
mod faults;
mod forbidden;
mod loading;
mod missing;
mod pages;
mod pool;
mod redirects;
mod screenshots;
mod site;
mod support;
