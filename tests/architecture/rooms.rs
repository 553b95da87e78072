//! The table: which room may import which, and what no pure room touches.

/// One row. A module belongs to the row with the longest matching path.
pub struct Room {
    /// Path below the crate, `tui::view`.
    pub path: &'static str,
    /// What it may import of this crate, besides itself. `*` is everything.
    pub may: &'static [&'static str],
    /// No clock, no file system, no socket, no thread, no environment.
    pub pure: bool,
}

const fn row(path: &'static str, may: &'static [&'static str]) -> Room {
    Room { path, may, pure: false }
}

const fn pure(path: &'static str, may: &'static [&'static str]) -> Room {
    Room { path, may, pure: true }
}

/// Ground floor first.
pub const ROOMS: &[Room] = &[
    pure("domain", &[]),
    row("host", &["domain"]),
    row("config", &["domain", "host"]),
    row("wire", &["domain", "host"]),
    row("event", &["domain", "host"]),
    pure("state", &["domain", "event"]),
    // A whole State lies in a recording, so that any place of it is near.
    row("journal", &["domain", "host", "wire", "event", "state"]),
    row("audit", &["domain", "host"]),
    row("breaker", &["domain", "audit", "host"]),
    row("link", &["domain", "wire", "host"]),
    row("control", &["domain", "wire", "event", "audit", "breaker", "link", "host"]),
    pure("control::guard", &["domain", "event", "control"]),
    pure("control::ticket", &["domain", "control"]),
    pure("control::kill::machine", &["domain", "wire", "control"]),
    row(
        "feeds",
        &["domain", "wire", "event", "state", "journal", "breaker", "link", "control", "host"],
    ),
    row(
        "sentinel",
        &[
            "domain", "config", "wire", "event", "state", "audit", "breaker", "link", "control",
            "feeds", "host",
        ],
    ),
    // From bars to numbers: the same bars give the same numbers, whenever.
    pure("sentinel::bars", &["domain", "sentinel"]),
    pure("sentinel::features", &["domain", "sentinel"]),
    row(
        "engine",
        &[
            "domain", "host", "config", "wire", "event", "state", "journal", "audit", "breaker",
            "link", "control", "feeds",
        ],
    ),
    row(
        "mission",
        &[
            "domain", "host", "config", "wire", "event", "state", "journal", "audit", "breaker",
            "link", "control", "feeds", "mesh",
        ],
    ),
    pure("mission::supervise::machine", &["domain", "mission"]),
    // No client code: with one decoder at both ends, both would share a bug.
    row("gateway", &["domain", "config", "wire", "host"]),
    row(
        "mesh",
        &[
            "domain", "config", "wire", "event", "state", "journal", "audit", "breaker", "link",
            "control", "feeds", "host",
        ],
    ),
    pure("mesh::remote::watchdog", &["mesh"]),
    pure("mesh::remote::judge", &["domain", "config", "mesh"]),
    row("tui", &["domain", "config", "event", "state", "journal", "control", "host"]),
    row(
        "tui::run",
        &["domain", "config", "event", "state", "journal", "control", "feeds", "host", "tui"],
    ),
    pure("tui::view", &["domain", "config", "event", "state", "control", "tui"]),
    row("cli", &["*"]),
];

/// A path that no pure room may name, and why.
pub const IMPURE: &[(&str, &str)] = &[
    ("std::time::Instant", "a clock"),
    ("std::time::SystemTime", "a clock"),
    ("chrono::Utc::now", "a clock"),
    ("chrono::Local", "a clock"),
    ("std::fs", "the file system"),
    ("std::io::stdin", "the terminal"),
    ("std::io::stdout", "the terminal"),
    ("std::io::stderr", "the terminal"),
    ("std::net::TcpStream", "a socket"),
    ("std::net::TcpListener", "a socket"),
    ("std::net::UdpSocket", "a socket"),
    ("std::os::unix::net", "a socket"),
    ("zmq", "a socket"),
    ("tokio", "a socket"),
    ("reqwest", "a socket"),
    ("crossbeam_channel", "a channel"),
    ("tui_logger", "a global that changes by itself"),
    ("rustix", "the operating system"),
    ("std::env", "the environment"),
    ("std::process", "a process"),
    ("std::thread", "a thread"),
    ("std::collections::HashMap", "an order that changes between runs"),
    ("std::collections::HashSet", "an order that changes between runs"),
    ("crate::host", "the host"),
];

/// The row of a module, `["tui", "view", "ticks"]`.
pub fn of(module: &[String]) -> Option<&'static Room> {
    let fits = |room: &&Room| {
        let path: Vec<&str> = room.path.split("::").collect();
        module.len() >= path.len() && path.iter().zip(module).all(|(a, b)| a == b)
    };
    ROOMS.iter().filter(fits).max_by_key(|room| room.path.len())
}

/// Whether `room` may name `target`, a path below the crate.
pub fn may(room: &Room, target: &str) -> bool {
    let within = |base: &str| {
        target == base || target.strip_prefix(base).is_some_and(|rest| rest.starts_with("::"))
    };
    let own = || within(room.path);
    room.may.contains(&"*") || own() || room.may.iter().any(|base| within(base))
}
