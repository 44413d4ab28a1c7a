//! PostgreSQL's programs, and the user that may run them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The user that runs the server: PostgreSQL refuses to run as root.
#[derive(Clone, Copy, Debug)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// Returns the user for a server if this process runs as root.
pub(crate) fn user() -> Option<User> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let number = |name: &str, which: &str| {
        let output = Command::new("id").args([which, name]).stderr(Stdio::null()).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    let found = ["postgres", "nobody"]
        .into_iter()
        .find_map(|name| Some(User { uid: number(name, "-u")?, gid: number(name, "-g")? }));
    Some(found.expect("there is a user named postgres or nobody"))
}

/// Returns a program of the newest installed PostgreSQL, or of `PATH`.
pub(crate) fn program(name: &str) -> PathBuf {
    let config = Command::new("pg_config").arg("--bindir").output().ok();
    let config = config.and_then(|output| String::from_utf8(output.stdout).ok());
    installed()
        .into_iter()
        .chain(config.map(|folder| PathBuf::from(folder.trim())))
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| PathBuf::from(name))
}

/// Returns Debian's folders, newest version first.
fn installed() -> Vec<PathBuf> {
    let folders = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = folders
        .filter_map(|folder| {
            let version = folder.file_name().to_str()?.parse().ok()?;
            Some((version, folder.path().join("bin")))
        })
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, folder)| folder).collect()
}

/// Returns a command that runs a program as this user. Where possible, the kernel ends it with this
/// process: `setpriv` exists on Linux only.
pub(crate) fn command(program: &Path, user: Option<User>) -> Command {
    let setpriv = Path::new("/usr/bin/setpriv");
    if !setpriv.is_file() {
        assert!(user.is_none(), "a server for tests does not run as root without setpriv");
        return Command::new(program);
    }
    let mut command = Command::new(setpriv);
    // SIGQUIT stops the server at once, and frees the memory that its processes share.
    command.arg("--pdeathsig=QUIT");
    if let Some(User { uid, gid }) = user {
        command.args([format!("--reuid={uid}"), format!("--regid={gid}"), "--clear-groups".into()]);
    }
    command.arg(program);
    command
}
