//! The settings as the server loads them: sources in, settings or one line out.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod cases;
mod layers;
mod secrets;
mod unknown;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;

use tempfile::TempDir;

use super::effective::EffectiveSetting;
use super::{ConfigError, Settings, Sources, effective};

/// Sources under construction, with their file's directory.
#[derive(Default)]
struct Given {
    sources: Sources,
    directory: Option<TempDir>,
}

fn given() -> Given {
    Given::default()
}

impl Given {
    fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.sources.environment.insert(name.into(), value.into());
        self
    }

    fn file(mut self, text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mcp.toml");
        std::fs::write(&path, text).unwrap();
        self.sources.config_file = Some(path);
        self.directory = Some(directory);
        self
    }

    fn flags(mut self, host: Option<&str>, port: Option<&str>, log_level: Option<&str>) -> Self {
        let flags = [("host", host), ("port", port), ("log_level", log_level)];
        let flags = flags.into_iter().filter_map(|(key, value)| Some((key, value?.to_owned())));
        self.sources.flags = flags.collect();
        self
    }

    fn path(&self) -> PathBuf {
        self.sources.config_file.clone().unwrap()
    }

    fn load(&self) -> Result<Settings, ConfigError> {
        Settings::load(&self.sources)
    }

    /// The one line, with the file's directory cut out of it.
    fn refusal(&self) -> String {
        let line = self.load().unwrap_err().to_string();
        assert_eq!(line.lines().count(), 1, "{line}");
        assert_eq!(
            Err(&line),
            effective(&self.sources).map(|_| ()).map_err(|error| error.to_string()).as_ref()
        );
        match &self.directory {
            Some(directory) => line.replace(&format!("{}/", directory.path().display()), ""),
            None => line,
        }
    }

    fn row(&self, key: &str) -> EffectiveSetting {
        let rows = effective(&self.sources).unwrap();
        rows.into_iter().find(|row| row.key == key).unwrap()
    }
}
