//! Who listens at a port: a start that would clash names the holder.

use super::proc;
use crate::domain::Text;
use std::collections::BTreeSet;
use std::fs;

/// State of a listening socket in `/proc/net/tcp`.
const LISTEN: &str = "0A";

/// Inodes of sockets that listen at this port, in one table.
fn listeners(table: &str, port: u16) -> BTreeSet<u64> {
    let inode = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (_, at) = fields.get(1)?.rsplit_once(':')?;
        let ours = u16::from_str_radix(at, 16).ok()? == port && *fields.get(3)? == LISTEN;
        ours.then(|| fields.get(9)?.parse().ok()).flatten()
    };
    table.lines().skip(1).filter_map(inode).collect()
}

/// Who listens at this port now, in words; none: nobody.
#[must_use]
pub fn holder(port: u16) -> Option<Text> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let inodes: BTreeSet<u64> =
        tables.into_iter().flat_map(|path| listeners(&read(path), port)).collect();
    if inodes.is_empty() {
        return None;
    }
    let links: BTreeSet<String> = inodes.iter().map(|inode| format!("socket:[{inode}]")).collect();
    let holds = |pid: u32| {
        let fds = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        fds.filter_map(|fd| fs::read_link(fd.path()).ok())
            .any(|to| to.to_str().is_some_and(|to| links.contains(to)))
    };
    let who = proc::all().into_iter().find(|stat| holds(stat.pid));
    Some(who.map_or_else(
        || Text::new("another user's process"),
        |stat| Text::limited(&format!("{} (pid {})", stat.name, stat.pid), 80),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn the_holder_of_a_port_is_named_and_a_free_one_has_none() {
        let held = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = held.local_addr().unwrap().port();
        let who = holder(port).unwrap();
        assert!(who.as_str().contains(&format!("(pid {})", std::process::id())), "{who}");
        drop(held);
        assert_eq!(holder(port), None);
    }

    #[test]
    fn a_connection_is_no_listener() {
        let table = "head\n 0: 0100007F:15B3 0100007F:0016 01 0:0 0:0 0 0 0 77 1\n \
                     1: 0100007F:15B3 00000000:0000 0A 0:0 0:0 0 0 0 78 1\n broken";
        assert_eq!(listeners(table, 5_555), BTreeSet::from([78]));
        assert_eq!(listeners(table, 22), BTreeSet::new());
    }
}
