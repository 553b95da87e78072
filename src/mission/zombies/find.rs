//! The search. It changes nothing.

use super::scan::{self, Scan};
use super::{Find, Known, Who, Zombie, files, never, ports};
use crate::domain::Text;
use crate::mission::spec::Mission;
use crate::mission::usage::Stat;
use std::collections::BTreeSet;

/// Looks: ports, orphans, shared memory, lock files, in this order.
#[must_use]
pub fn find(mission: &Mission, known: &Known) -> Vec<Zombie> {
    let scan = Scan::now();
    let mut out = held_ports(mission, known, &scan);
    orphans(known, &scan, &mut out);
    files::left(mission, known, &scan, &mut out);
    out
}

/// Who listens at this port of this machine now, and what may be done about
/// each; whose process the port is makes no difference.
#[must_use]
pub fn at_port(port: u16, known: &Known) -> Vec<Zombie> {
    let scan = Scan::now();
    let all = ports::holders(&scan, &[port].into());
    all.into_iter().map(|(port, who)| holder(port, who, "", known, &scan)).collect()
}

/// By whose record or mark a process is ours, whether it is in hand or not.
fn ours(scan: &Scan, stat: &Stat, known: &Known) -> Option<String> {
    let recorded = known.recorded.iter().find(|one| {
        one.who.pid == stat.pid && one.who.start == stat.start && one.who.boot == scan.boot
    });
    match recorded {
        Some(one) => Some(one.name.clone()),
        None => scan::mark(stat.pid, &known.id).map(|(name, _)| name),
    }
}

fn held_ports(mission: &Mission, known: &Known, scan: &Scan) -> Vec<Zombie> {
    let here = || mission.processes.iter().filter(|process| process.host.is_none());
    let mut wanted: BTreeSet<u16> = here().flat_map(|p| p.ports.iter().copied()).collect();
    wanted.extend(&mission.daemon.ports);
    let mut out = Vec::new();
    for (port, who) in ports::holders(scan, &wanted) {
        let needs: Vec<&str> = here()
            .filter(|process| process.ports.contains(&port))
            .map(|process| process.name.as_str())
            .collect();
        let stat = who.as_ref().and_then(|who| scan.all.get(&who.who.pid));
        let owner = stat.and_then(|stat| never::owner(scan, stat, known));
        // Its own process has it, as it should.
        if owner.is_some_and(|owner| needs.is_empty() || needs.contains(&owner)) {
            continue;
        }
        out.push(holder(port, who, &needs.join(", "), known, scan));
    }
    out
}

fn holder(port: u16, who: Option<Who>, needs: &str, known: &Known, scan: &Scan) -> Zombie {
    let stat = who.as_ref().and_then(|who| scan.all.get(&who.who.pid));
    let whose = stat.and_then(|stat| ours(scan, stat, known));
    let never = match (&who, stat) {
        (None, _) => Some(Text::new(
            "it is another user's process, of which this one is shown nothing; see as root: ss -ltnp",
        )),
        (Some(_), Some(stat)) => never::why(scan, stat, known),
        (Some(_), None) => Some(Text::new("it is gone")),
    };
    let by = match &who {
        None => String::from("another user's process"),
        Some(who) => words(who),
    };
    let of = match (&whose, needs.is_empty()) {
        (Some(name), _) => format!(", left over from {name}"),
        (None, false) => format!(", which {needs} needs"),
        (None, true) => String::new(),
    };
    Zombie {
        process: whose.clone().unwrap_or_else(|| needs.to_owned()),
        find: Find::Port { port, who },
        ours: whose.is_some(),
        why: Text::new(&format!("port {port} is held by {by}{of}")),
        never,
    }
}

/// `redis-server (pid 4711, user redis): redis-server *:6379`
fn words(who: &Who) -> String {
    format!("{} (pid {}, user {}): {}", who.program, who.who.pid, who.user, who.command)
}

fn orphans(known: &Known, scan: &Scan, out: &mut Vec<Zombie>) {
    for stat in scan.all.values() {
        let Some(name) = ours(scan, stat, known) else { continue };
        let listed = |zombie: &Zombie| zombie.who().is_some_and(|who| who.who.pid == stat.pid);
        if never::owner(scan, stat, known).is_some() || out.iter().any(listed) {
            continue;
        }
        let who = scan.who(stat);
        let why = format!("{} was started for {name}, and nobody has it in hand", words(&who));
        out.push(Zombie {
            never: never::why(scan, stat, known),
            find: Find::Orphan(who),
            process: name,
            ours: true,
            why: Text::new(&why),
        });
    }
}
