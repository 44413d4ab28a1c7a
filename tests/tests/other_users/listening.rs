//! The listening sockets of a server and of the processes that it started (proc(5)).

use std::collections::HashSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Listening {
    /// TCP. All addresses count as loopback's.
    Tcp(SocketAddr),
    /// A Unix socket with an abstract name.
    Abstract(Vec<u8>),
    /// A Unix socket with a path.
    Path(PathBuf),
}

/// Returns the process, its descendants, and processes that left it but still use its folder.
pub(crate) fn process_tree(root: u32, folder: &Path) -> Vec<u32> {
    let folder = folder.to_str().expect("a path");
    let all: Vec<u32> = fs::read_dir("/proc")
        .expect("/proc")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    let mut tree = vec![root];
    loop {
        let found: Vec<u32> = all
            .iter()
            .filter(|process| !tree.contains(process))
            .filter(|process| {
                parent(**process).is_some_and(|parent| tree.contains(&parent))
                    || command(**process).contains(folder)
                    || text(**process, "environ").contains(folder)
            })
            .copied()
            .collect();
        if found.is_empty() {
            return tree;
        }
        tree.extend(found);
    }
}

/// Returns the process's command line.
pub(crate) fn command(process: u32) -> String {
    text(process, "cmdline").replace('\0', " ")
}

/// Returns the listening sockets of the process tree.
pub(crate) fn of_process_tree(root: u32, folder: &Path) -> Vec<Listening> {
    let inodes: HashSet<String> =
        process_tree(root, folder).into_iter().flat_map(sockets).collect();
    let rows = |table: &str| -> Vec<Vec<String>> {
        let table = fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect();
        table.lines().skip(1).map(words).collect()
    };
    let mut found = Vec::new();
    for row in ["tcp", "tcp6"].into_iter().flat_map(rows) {
        // 0A is LISTEN.
        if row[3] == "0A" && inodes.contains(&row[9]) {
            found.push(Listening::Tcp(address(&row[1])));
        }
    }
    for row in rows("unix") {
        // 10000 is what listen(2) sets.
        if row[3] == "00010000" && inodes.contains(&row[6]) {
            found.push(match row.get(7).map_or("@", String::as_str).strip_prefix('@') {
                Some(name) => Listening::Abstract(name.replace('@', "\0").into_bytes()),
                None => Listening::Path(row[7].clone().into()),
            });
        }
    }
    found
}

fn parent(process: u32) -> Option<u32> {
    let stat = text(process, "stat");
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// Returns the inodes of the process's sockets.
fn sockets(process: u32) -> Vec<String> {
    let Ok(files) = fs::read_dir(format!("/proc/{process}/fd")) else { return Vec::new() };
    let inode = |link: PathBuf| {
        let link = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned();
        Some(link)
    };
    files.filter_map(|file| inode(fs::read_link(file.ok()?.path()).ok()?)).collect()
}

fn address(text: &str) -> SocketAddr {
    let (address, port) = text.split_once(':').expect("a port");
    let port = u16::from_str_radix(port, 16).expect("a port");
    let is_zero = address.chars().all(|digit| digit == '0');
    let ip: IpAddr = match (address.len(), is_zero) {
        (8, false) => {
            let word = u32::from_str_radix(address, 16).expect("an address");
            Ipv4Addr::from(word.to_ne_bytes()).into()
        }
        (8, true) => Ipv4Addr::LOCALHOST.into(),
        _ => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, port)
}

/// Returns a file of the process; empty if the process has ended.
fn text(process: u32, file: &str) -> String {
    let bytes = fs::read(format!("/proc/{process}/{file}")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
