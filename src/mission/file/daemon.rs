//! `[daemon]` and `[host.NAME]`.

use super::words;
use crate::config::Problem;
use crate::config::section::Section;
use crate::domain::Text;
use crate::mission::spec::{Daemon, Host, Name, Platform};
use std::collections::BTreeSet;

/// Bytes of a log file before it is rotated.
const LOG_BYTES: std::ops::RangeInclusive<u64> = 65_536..=1 << 40;

/// `[daemon]`.
pub fn daemon(mut section: Section<'_, '_>, out: &mut Vec<Problem>) -> Daemon {
    let usual = Daemon::default();
    let dir = section.path("dir", out).map(|path| path.value);
    let socket = section.path("socket", out).map(|path| path.value);
    let listen = section.text("listen", out);
    let token_file = section.path("token_file", out).map(|path| path.value);
    let origins = section.texts("origins", out);
    let log_bytes = words::size(&mut section, "log_size", out);
    let log_files = words::narrow(&mut section, "log_files", 0..=1_000, out);
    let ring = words::narrow(&mut section, "ring", 100..=10_000_000, out);
    let automatic = section.texts("automatic", out);
    let alert_command = words::argv(&mut section, "alert_command", out).unwrap_or_default();
    let ports = words::numbers(&mut section, "ports", &(1..=65_535), out);
    let at = section.place();
    section.finish(out);
    let listen = listen.and_then(|text| {
        let endpoint = words::endpoint(&text, "daemon.listen", out);
        if endpoint.is_some() && token_file.is_none() {
            let cause = "daemon.listen is given without daemon.token_file";
            let next = "name a file of mode 600 with a token of 32 bytes or more, or leave TCP out";
            out.push(Problem::new(text.origin, cause, next));
        }
        endpoint
    });
    let mut allowed = Vec::new();
    for origin in origins.map(|list| list.value).unwrap_or_default() {
        let rest = ["http://", "https://"].iter().find_map(|s| origin.value.strip_prefix(s));
        if rest.is_none_or(|rest| rest.is_empty() || rest.contains(['/', '*', ' '])) {
            let cause = format!("\"{}\" is no origin", Text::limited(origin.value, 60));
            let next = "write it as \"https://console.example\", without a path and without *";
            out.push(Problem::new(origin.origin, cause, next));
            continue;
        }
        allowed.push(origin.value.to_owned());
    }
    if dir.as_ref().is_some_and(|dir| dir.parent().is_none()) {
        let next = "name a directory of its own";
        out.push(Problem::new(at.clone(), "daemon.dir is the root of the file system", next));
    }
    if log_bytes.is_some_and(|bytes| !LOG_BYTES.contains(&bytes)) {
        let next = "give a size from 64KiB to 1024GiB";
        out.push(Problem::new(at, "daemon.log_size is out of range", next));
    }
    let automatic = automatic.map(|list| list.value).unwrap_or_default();
    Daemon {
        dir,
        socket,
        listen,
        token_file,
        origins: allowed,
        log_bytes: log_bytes.unwrap_or(usual.log_bytes),
        log_files: log_files.unwrap_or(usual.log_files),
        ring: ring.unwrap_or(usual.ring),
        automatic: automatic.into_iter().map(|action| action.value.to_owned()).collect(),
        alert_command,
        ports: ports.into_iter().map(|(port, _)| port).collect(),
    }
}

/// `[host.NAME]`, in the order of the file, and the names of all that are
/// written, those with a mistake too.
pub fn hosts(mut all: Section<'_, '_>, out: &mut Vec<Problem>) -> (Vec<Host>, BTreeSet<Name>) {
    let (mut found, mut names) = (Vec::new(), BTreeSet::new());
    for key in all.keys() {
        names.insert(key.value.to_owned());
        let Some(section) = all.section(key.value, out) else { continue };
        let name = words::name(&key, "host", out);
        if let (Some(name), Some(host)) = (name.clone(), host(name, section, out)) {
            found.push(Host { name, ..host });
        }
    }
    all.finish(out);
    (found, names)
}

fn host(
    name: Option<String>,
    mut section: Section<'_, '_>,
    out: &mut Vec<Problem>,
) -> Option<Host> {
    let at = section.place();
    let before = out.len();
    let ssh = section.text("ssh", out);
    let ssh_config = section.path("ssh_config", out).map(|path| path.value);
    let platforms = [("linux", Platform::Linux), ("windows", Platform::Windows)];
    let platform = section.text("platform", out);
    let platform = platform.and_then(|text| words::one_of(&text, "platform", &platforms, out));
    let dir = section.text("dir", out);
    let full = section.full("ssh");
    section.finish(out);
    let Some(ssh) = ssh else {
        if out.len() == before {
            let next = "add: ssh = \"name\", a host of the configuration of ssh";
            out.push(Problem::new(at, format!("{full} is missing"), next));
        }
        return None;
    };
    // What begins with a dash is an option to ssh, not a host.
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | ':');
    if ssh.value.is_empty() || ssh.value.starts_with('-') || !ssh.value.chars().all(fits) {
        let cause = format!("\"{}\" is no host of ssh", Text::limited(ssh.value, 60));
        out.push(Problem::new(ssh.origin, cause, "write it as \"beast\" or \"user@beast\""));
        return None;
    }
    // A script over there carries it, so nothing that a shell reads may be in it.
    let sound = |c: char| c.is_ascii_alphanumeric() || "/\\.:_-~ ".contains(c);
    if let Some(dir) = &dir
        && (dir.value.is_empty() || !dir.value.chars().all(sound))
    {
        let cause = format!("\"{}\" is no directory of a host", Text::limited(dir.value, 60));
        let next = "use letters, digits, spaces and . _ - : / \\ only";
        out.push(Problem::new(dir.origin.clone(), cause, next));
    }
    let dir = dir.map(|dir| dir.value.to_owned());
    let (ssh, platform) = (ssh.value.to_owned(), platform.unwrap_or_default());
    Some(Host { name: name?, ssh, ssh_config, platform, dir, at })
}
