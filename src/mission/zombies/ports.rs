//! Who listens at a port.

use super::Who;
use super::scan::{self, Scan};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// State of a listening socket in `/proc/net/tcp`.
const LISTEN: &str = "0A";

/// Sockets that listen at these ports, by their number, out of one table.
fn listeners(table: &str, ports: &BTreeSet<u16>, found: &mut BTreeMap<u64, u16>) {
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let port = || {
            let (_, port) = fields.get(1)?.rsplit_once(':')?;
            u16::from_str_radix(port, 16).ok().filter(|port| ports.contains(port))
        };
        let inode = || fields.get(9)?.parse().ok();
        if fields.get(3) == Some(&LISTEN)
            && let Some((port, inode)) = port().zip(inode())
        {
            found.insert(inode, port);
        }
    }
}

/// Who listens at which of these ports; none of a port: another user's
/// process, of which this one is shown nothing.
#[must_use]
pub fn holders(scan: &Scan, ports: &BTreeSet<u16>) -> Vec<(u16, Option<Who>)> {
    let mut sockets = BTreeMap::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        listeners(&fs::read_to_string(table).unwrap_or_default(), ports, &mut sockets);
    }
    if sockets.is_empty() {
        return Vec::new();
    }
    let links: BTreeMap<String, u16> =
        sockets.iter().map(|(inode, port)| (format!("socket:[{inode}]"), *port)).collect();
    let mut found = BTreeSet::new();
    for pid in scan.all.keys() {
        let held = scan::files(*pid).filter_map(|to| links.get(to.to_str()?).copied());
        found.extend(held.map(|port| (port, Some(*pid))));
    }
    for port in sockets.values() {
        if !found.iter().any(|(held, _)| held == port) {
            found.insert((*port, None));
        }
    }
    let who = |pid: Option<u32>| pid.and_then(|pid| Some(scan.who(scan.all.get(&pid)?)));
    found.into_iter().map(|(port, pid)| (port, who(pid))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::TcpListener;

    #[test]
    fn a_connection_is_no_listener() {
        let table = "head\n 0: 0100007F:15B3 0100007F:0016 01 0:0 0:0 0 0 0 77 1\n \
                     1: 0100007F:15B3 00000000:0000 0A 0:0 0:0 0 0 0 78 1\n \
                     2: 00000000000000000000000001000000:15B4 0:0 0A 0:0 0:0 0 0 0 79 1\n broken";
        let mut found = BTreeMap::new();
        listeners(table, &[5_555, 5_556, 22].into(), &mut found);
        assert_eq!(found, [(78, 5_555), (79, 5_556)].into());
    }

    #[test]
    fn this_process_is_found_at_its_ports_and_a_free_one_has_nobody() {
        let held = [TcpListener::bind("127.0.0.1:0").unwrap()];
        let port = held[0].local_addr().unwrap().port();
        let found = holders(&Scan::now(), &[port].into());
        let pids: Vec<u32> =
            found.iter().filter_map(|(_, who)| Some(who.as_ref()?.who.pid)).collect();
        // A child that another test is starting has it for a moment, too.
        assert!(pids.contains(&std::process::id()), "{found:?}");
        drop(held);
        assert!(holders(&Scan::now(), &BTreeSet::new()).is_empty());
    }

    proptest! {
        #[test]
        fn no_table_is_too_odd(table in "(0A|:15B3|[0-9A-F: ]|\n|\\PC){0,120}") {
            listeners(&table, &[5_555].into(), &mut BTreeMap::new());
        }
    }
}
