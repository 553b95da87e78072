//! What one look at a machine brought, for all of its processes at once: each
//! question costs a connection.

use super::ask::Known;
use crate::domain::Text;
use crate::host::clock;
use crate::mesh::remote::seen::Said;
use crate::mission::hands::{End, Ident, Seen, Usage};
use crate::mission::local::signal_name;
use crate::mission::spec::Platform;
use crate::mission::usage::Stat;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a look is good for all.
const FRESH: Duration = Duration::from_millis(500);
/// How long a machine that could not be asked is not asked again: each try
/// may take as long as a connection does.
const REST: Duration = Duration::from_secs(1);

/// How one fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// As the supervision hears it.
    pub seen: Seen,
    /// Bytes of its output, where it ended.
    pub bytes: Option<[u64; 2]>,
}

/// A look.
#[derive(Clone, Debug)]
pub struct Batch {
    at_ns: u64,
    fates: Result<BTreeMap<Ident, Fate>, Text>,
}

impl Batch {
    /// Made now.
    #[must_use]
    pub fn new(fates: Result<BTreeMap<Ident, Fate>, Text>) -> Self {
        Self { at_ns: clock::mono_ns(), fates }
    }

    /// Whether the machine answered, as long as it is fresh.
    #[must_use]
    pub fn reached(&self) -> Option<Result<(), Text>> {
        let age = Duration::from_nanos(clock::mono_ns().saturating_sub(self.at_ns));
        match &self.fates {
            Ok(_) if age <= FRESH => Some(Ok(())),
            Err(why) if age <= REST => Some(Err(why.clone())),
            _ => None,
        }
    }

    /// What it says of this one, as long as it is fresh.
    #[must_use]
    pub fn of(&self, who: &Ident) -> Option<Fate> {
        let age = Duration::from_nanos(clock::mono_ns().saturating_sub(self.at_ns));
        match &self.fates {
            Ok(fates) if age <= FRESH => fates.get(who).cloned(),
            Err(why) if age <= REST => Some(Fate { seen: Seen::Unknown(why.clone()), bytes: None }),
            _ => None,
        }
    }
}

/// Reads an answer; who was asked for and is not in it is unknown.
#[must_use]
pub fn read(said: &Said, asked: &[Known], platform: Platform) -> BTreeMap<Ident, Fate> {
    let unit = said.after("unit").next().and_then(|line| {
        let (tick, page) = line.split_once(' ')?;
        Some((tick.parse::<u64>().ok()?.max(1), page.parse::<u64>().ok()?))
    });
    let (tick, page) = unit.unwrap_or((100, 4_096));
    let mut fates = BTreeMap::new();
    for known in asked {
        let key = format!("{} {} ", known.who.pid, known.who.start);
        let alive = said.after("alive").find_map(|line| line.strip_prefix(&key));
        let gone = said.after("gone").find_map(|line| line.strip_prefix(&key));
        let fate = match (alive, gone) {
            (Some(rest), _) => usage(rest, tick, page, platform)
                .map(|usage| Fate { seen: Seen::Alive(usage), bytes: None }),
            (None, Some(rest)) => Some(ended(rest, platform)),
            (None, None) => None,
        };
        let unknown = || Fate {
            seen: Seen::Unknown(Text::new(&format!(
                "the answer does not say how pid {} fares",
                known.who.pid
            ))),
            bytes: None,
        };
        fates.insert(known.who.clone(), fate.unwrap_or_else(unknown));
    }
    fates
}

fn usage(rest: &str, tick: u64, page: u64, platform: Platform) -> Option<Usage> {
    let (files, rest) = rest.split_once(' ')?;
    let files = files.parse().ok();
    match platform {
        Platform::Linux => {
            let stat = Stat::parse(rest.as_bytes())?;
            let cpu = u128::from(stat.ticks) * 1_000_000 / u128::from(tick);
            let cpu_us = u64::try_from(cpu).unwrap_or(u64::MAX);
            Some(Usage { cpu_us, memory: stat.pages.saturating_mul(page), files })
        }
        Platform::Windows => {
            let (cpu, memory) = rest.split_once(' ')?;
            Some(Usage { cpu_us: cpu.parse().ok()?, memory: memory.trim().parse().ok()?, files })
        }
    }
}

/// A shell says 128 and more for a signal. Nobody else ends so but a shell
/// whose own child did.
fn ended(rest: &str, platform: Platform) -> Fate {
    let mut words = rest.split_whitespace();
    let status = words.next().and_then(|word| word.parse::<i32>().ok());
    let mut size = || words.next().and_then(|word| word.parse::<u64>().ok());
    let bytes = size().zip(size()).map(|(out, err)| [out, err]);
    let signal = status.map(|status| status - 128).filter(|n| (1..=64).contains(n));
    let end = match signal.filter(|_| platform == Platform::Linux) {
        Some(signal) => End { code: None, signal: signal_name(signal) },
        None => End { code: status, signal: Text::default() },
    };
    Fate { seen: Seen::Ended(end), bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(pid: u32, start: u64) -> Known {
        let who = Ident { pid, start, boot: Text::new("b") };
        Known { name: "x".to_owned(), mark: String::new(), who }
    }

    fn of(lines: &str, platform: Platform) -> Vec<Seen> {
        let said = Said::read("m", format!("m begin\n{lines}m end\n").as_bytes());
        let asked = [known(7, 70), known(8, 80)];
        let fates = read(&said, &asked, platform);
        asked.iter().map(|known| fates[&known.who].seen.clone()).collect()
    }

    const STAT: &str = "7 (a) b) S 1 7 7 0 -1 0 0 0 0 0 30 10 0 0 20 0 1 0 70 99 5 0";

    #[test]
    fn an_answer_in_its_units() {
        let lines = format!("m unit 200 16384\nm alive 7 70 12 {STAT}\nm gone 8 80 3 10 20\n");
        let usage = Usage { cpu_us: 200_000, memory: 5 * 16_384, files: Some(12) };
        let end = End { code: Some(3), signal: Text::default() };
        assert_eq!(of(&lines, Platform::Linux), [Seen::Alive(usage), Seen::Ended(end)]);
        let windows = "m alive 7 70 412 1500000 33554432\nm gone 8 80 - 0 0\n";
        let usage = Usage { cpu_us: 1_500_000, memory: 33_554_432, files: Some(412) };
        let said = of(windows, Platform::Windows);
        assert_eq!(said, [Seen::Alive(usage), Seen::Ended(End::default())]);
    }

    #[test]
    fn a_signal_is_no_status_and_what_is_not_said_is_not_known() {
        let said = of("m gone 7 70 137 0 0\nm gone 8 81 0 0 0\n", Platform::Linux);
        let killed = End { code: None, signal: Text::new("SIGKILL") };
        assert_eq!(said[0], Seen::Ended(killed));
        assert!(matches!(said[1], Seen::Unknown(_)), "another start is another process");
        for odd in ["m alive 7 70\n", "m alive 7 70 x\n", "m alive 7 70 1 7 (a S\n", "m alive\n"] {
            assert!(matches!(of(odd, Platform::Linux)[0], Seen::Unknown(_)), "{odd}");
        }
    }

    #[test]
    fn a_machine_that_failed_is_unknown_for_all() {
        let batch = Batch::new(Err(Text::new("no connection")));
        let fate = batch.of(&known(1, 1).who).unwrap();
        assert_eq!(fate.seen, Seen::Unknown(Text::new("no connection")));
        assert_eq!(Batch::new(Ok(BTreeMap::new())).of(&known(1, 1).who), None);
    }
}
