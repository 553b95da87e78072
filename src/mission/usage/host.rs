//! This host: processors, memory, disks and network, counted since boot, and
//! what that is per second.

use crate::host::clock;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Bytes of one of the kernel's sectors, whatever the disk's are.
const SECTOR: u64 = 512;
/// Most disks and interfaces that are kept: a host of containers has thousands.
const MOST: usize = 64;

/// What the host uses, as far as its kernel says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostUsage {
    /// When, in nanoseconds since boot.
    pub at_ns: u64,
    /// Processors' time since boot, in clock ticks of all cores.
    pub cpu: Option<CpuTime>,
    /// Mean number of processes that ran or waited over 1, 5 and 15 minutes,
    /// in hundredths.
    pub load_centi: Option<[u32; 3]>,
    /// Memory.
    pub memory: Option<Memory>,
    /// Room where the daemon writes.
    pub space: Option<Space>,
    /// Whole disks, by name.
    pub disks: Vec<Disk>,
    /// Interfaces, by name, without loopback.
    pub nets: Vec<Net>,
}

/// Processors' time in clock ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuTime {
    /// All of it.
    pub total: u64,
    /// Nothing to do, or waiting for a disk.
    pub idle: u64,
    /// Cores.
    pub cores: u32,
}

/// Memory in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// All of it.
    pub total: u64,
    /// What can be had without swapping.
    pub available: u64,
    /// Swap in use.
    pub swapped: u64,
}

/// Room on a file system, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// All of it.
    pub total: u64,
    /// What an ordinary user may take.
    pub free: u64,
}

/// A disk since boot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// `sda`, `nvme0n1`.
    pub name: String,
    /// Bytes read.
    pub read: u64,
    /// Bytes written.
    pub written: u64,
    /// Milliseconds in which it had something to do.
    pub busy_ms: u64,
}

/// An interface since boot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Net {
    /// `eth0`.
    pub name: String,
    /// Bytes received.
    pub received: u64,
    /// Bytes sent.
    pub sent: u64,
    /// Packets lost or broken, both ways.
    pub lost: u64,
}

/// What lies between two looks, per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    /// Processors' use in hundredths of a percent of all cores.
    pub cpu_centi: u32,
    /// Bytes read from all disks.
    pub read: u64,
    /// Bytes written to all disks.
    pub written: u64,
    /// Bytes received on all interfaces.
    pub received: u64,
    /// Bytes sent on all interfaces.
    pub sent: u64,
}

/// Looks at the host; `dir` is where the daemon writes. May wait as long as
/// that directory's file system does.
#[must_use]
pub fn sample(dir: &Path) -> HostUsage {
    let text = |name: &str| fs::read(Path::new("/proc").join(name)).unwrap_or_default();
    let text = |name: &str| String::from_utf8_lossy(&text(name)).into_owned();
    HostUsage {
        at_ns: clock::mono_ns(),
        cpu: cpu(&text("stat")),
        load_centi: load(&text("loadavg")),
        memory: memory(&text("meminfo")),
        space: space(dir),
        disks: disks(&text("diskstats")),
        nets: nets(&text("net/dev")),
    }
}

fn space(dir: &Path) -> Option<Space> {
    let found = rustix::fs::statvfs(dir).ok()?;
    Some(Space {
        total: found.f_blocks.saturating_mul(found.f_frsize),
        free: found.f_bavail.saturating_mul(found.f_frsize),
    })
}

impl Rates {
    /// None where no time lies between them. A counter that fell (a disk that
    /// was unplugged, a name that was given again) counts as nothing.
    #[must_use]
    pub fn between(before: &HostUsage, after: &HostUsage) -> Option<Self> {
        let time = Duration::from_nanos(after.at_ns.checked_sub(before.at_ns)?);
        let disk = |count: fn(&Disk) -> u64| {
            grown(&before.disks, &after.disks, |disk| disk.name.as_str(), count)
        };
        let net = |count: fn(&Net) -> u64| {
            grown(&before.nets, &after.nets, |net| net.name.as_str(), count)
        };
        let per_second = |bytes: u64| {
            let rate = (u128::from(bytes) * 1_000).checked_div(time.as_millis())?;
            Some(u64::try_from(rate).unwrap_or(u64::MAX))
        };
        Some(Self {
            cpu_centi: busy(before.cpu, after.cpu),
            read: per_second(disk(|disk| disk.read))?,
            written: per_second(disk(|disk| disk.written))?,
            received: per_second(net(|net| net.received))?,
            sent: per_second(net(|net| net.sent))?,
        })
    }
}

/// By how much a count grew over all that are in both.
fn grown<T>(old: &[T], new: &[T], name: impl Fn(&T) -> &str, count: fn(&T) -> u64) -> u64 {
    new.iter()
        .filter_map(|one| {
            let was = old.iter().find(|was| name(was) == name(one))?;
            count(one).checked_sub(count(was))
        })
        .fold(0, u64::saturating_add)
}

fn busy(before: Option<CpuTime>, after: Option<CpuTime>) -> u32 {
    let (Some(before), Some(after)) = (before, after) else { return 0 };
    let total = after.total.saturating_sub(before.total);
    let idle = after.idle.saturating_sub(before.idle).min(total);
    let centi = (u128::from(total - idle) * 10_000).checked_div(u128::from(total)).unwrap_or(0);
    u32::try_from(centi).unwrap_or(10_000)
}

/// `/proc/stat`: the line of all cores, and a line for each.
fn cpu(text: &str) -> Option<CpuTime> {
    let all = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    // A guest's time, from the ninth on, is in the user's already.
    let ticks: Vec<u64> = all.split_whitespace().take(8).map_while(|n| n.parse().ok()).collect();
    let core = |line: &&str| {
        let rest = line.strip_prefix("cpu").unwrap_or_default();
        rest.starts_with(|c: char| c.is_ascii_digit())
    };
    let idle = ticks.get(3)?.saturating_add(ticks.get(4).copied().unwrap_or(0));
    Some(CpuTime {
        total: ticks.iter().fold(0, |sum: u64, n| sum.saturating_add(*n)),
        idle,
        cores: u32::try_from(text.lines().filter(core).count()).unwrap_or(u32::MAX),
    })
}

/// `/proc/loadavg`.
fn load(text: &str) -> Option<[u32; 3]> {
    let mut all = text.split_whitespace().map(centi);
    Some([all.next()??, all.next()??, all.next()??])
}

/// Decimal text as hundredths.
fn centi(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = part.get(..2).map_or_else(|| format!("{part:0<2}"), str::to_owned);
    whole.parse::<u32>().ok()?.checked_mul(100)?.checked_add(digits.parse().ok()?)
}

/// `/proc/meminfo`.
fn memory(text: &str) -> Option<Memory> {
    let bytes = |name: &str| {
        let rest = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        rest.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1_024)
    };
    let swap = bytes("SwapTotal").unwrap_or(0);
    Some(Memory {
        total: bytes("MemTotal")?,
        available: bytes("MemAvailable")?,
        swapped: swap.saturating_sub(bytes("SwapFree").unwrap_or(swap)),
    })
}

/// `/proc/diskstats`, without what lies on another disk (partitions, mapped
/// ones) or in memory, as bytes would count twice.
fn disks(text: &str) -> Vec<Disk> {
    let mut all: Vec<Disk> = text.lines().filter_map(disk).collect();
    let names: Vec<String> = all.iter().map(|disk| disk.name.clone()).collect();
    all.retain(|disk| !names.iter().any(|whole| part_of(&disk.name, whole)));
    all.truncate(MOST);
    all
}

fn disk(line: &str) -> Option<Disk> {
    let mut fields = line.split_whitespace().skip(2);
    let name = fields.next()?;
    if ["loop", "ram", "zram", "dm-", "md", "sr", "fd"].iter().any(|kind| name.starts_with(kind)) {
        return None;
    }
    let counts: Vec<u64> = fields.map_while(|n| n.parse().ok()).collect();
    Some(Disk {
        name: name.to_owned(),
        read: counts.get(2)?.saturating_mul(SECTOR),
        written: counts.get(6)?.saturating_mul(SECTOR),
        busy_ms: *counts.get(9)?,
    })
}

/// `sda1` of `sda`, `nvme0n1p2` of `nvme0n1`.
fn part_of(name: &str, whole: &str) -> bool {
    let Some(rest) = name.strip_prefix(whole).filter(|rest| !rest.is_empty()) else {
        return false;
    };
    let number = if whole.ends_with(|c: char| c.is_ascii_digit()) {
        rest.strip_prefix('p').unwrap_or_default()
    } else {
        rest
    };
    !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
}

/// `/proc/net/dev`.
fn nets(text: &str) -> Vec<Net> {
    text.lines().filter_map(net).take(MOST).collect()
}

fn net(line: &str) -> Option<Net> {
    // A name may hold a colon itself (an alias): the last one ends it.
    let (name, counts) = line.rsplit_once(':')?;
    let counts: Vec<u64> = counts.split_whitespace().map_while(|n| n.parse().ok()).collect();
    let count = |n: usize| counts.get(n).copied();
    let lost = [count(2)?, count(3)?, count(10)?, count(11)?];
    let name = name.trim();
    (name != "lo").then(|| {
        Some(Net {
            name: name.to_owned(),
            received: count(0)?,
            sent: count(8)?,
            lost: lost.iter().fold(0, |sum: u64, n| sum.saturating_add(*n)),
        })
    })?
}

#[cfg(test)]
#[path = "host/tests.rs"]
mod tests;
