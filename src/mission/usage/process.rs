//! One process: who it is, whom it belongs to and what it uses.

use crate::mission::hands::Usage;
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::param::{clock_ticks_per_second, page_size};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// Longest `stat` line that is read: a name has 64 bytes at most, each number
/// 20, and there are 52.
const LONGEST: usize = 2_048;

/// What `/proc/PID/stat` says of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// Its number.
    pub pid: u32,
    /// Name of its program, at most 15 bytes (kernel threads: more), as the
    /// process likes it.
    pub comm: String,
    /// `R`, `S`, `D`, `Z` (it ended and nobody asked how), …
    pub state: char,
    /// Who started it, or took it over; 0 for the first ones.
    pub parent: u32,
    /// Its process group.
    pub group: u32,
    /// Its session.
    pub session: u32,
    /// When it was started, in clock ticks since boot.
    pub start: u64,
    /// It is a thread of the kernel.
    pub kernel: bool,
    /// CPU time so far in clock ticks, of itself and what it waited for.
    pub ticks: u64,
    /// Resident memory, in pages.
    pub pages: u64,
}

impl Stat {
    /// Reads the line; none where it can't be one.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Self> {
        let line = String::from_utf8_lossy(line);
        let (pid, rest) = line.split_once(" (")?;
        // The name may hold brackets itself: its end is the last one.
        let (comm, fields) = rest.rsplit_once(") ")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        // Numbered as proc(5) does it; the state is the third.
        let field = |n: usize| fields.get(n.checked_sub(3)?).copied();
        let number = |n: usize| field(n)?.parse::<u64>().ok();
        let id = |n: usize| field(n)?.parse::<u32>().ok();
        // A child's time may be negative by a kernel's fault: it is none then.
        let time = |n: usize| number(n).unwrap_or(0);
        Some(Self {
            pid: pid.trim().parse().ok()?,
            comm: comm.to_owned(),
            state: field(3)?.chars().next()?,
            parent: id(4)?,
            group: id(5).unwrap_or(0),
            session: id(6).unwrap_or(0),
            // PF_KTHREAD
            kernel: number(9)? & 0x0020_0000 != 0,
            ticks: [14, 15, 16, 17].iter().fold(0_u64, |sum, n| sum.saturating_add(time(*n))),
            start: number(22)?,
            pages: number(24).unwrap_or(0),
        })
    }

    /// It lives: it runs or can run again.
    #[must_use]
    pub const fn lives(&self) -> bool {
        !matches!(self.state, 'Z' | 'X' | 'x')
    }
}

/// Who has this number now, what it is and where it belongs; none where nobody
/// has it. One that ended and was not asked for its status is there still
/// ([`Stat::lives`]).
#[must_use]
pub fn stat(pid: u32) -> Option<Stat> {
    read_stat(open(pid)?.as_fd()).filter(|stat| stat.pid == pid)
}

/// What the process of this number uses, and its start in clock ticks since
/// boot, which tells it from a later one of the same number. None where it is
/// gone, or has ended and only its status is left.
#[must_use]
pub fn of(pid: u32) -> Option<(u64, Usage)> {
    // The directory belongs to this very process, whoever gets its number.
    let dir = open(pid)?;
    let stat = read_stat(dir.as_fd()).filter(|stat| stat.pid == pid && stat.lives())?;
    let memory = stat.pages.saturating_mul(u64::try_from(page_size()).unwrap_or(0));
    let cpu_us = micros(stat.ticks);
    Some((stat.start, Usage { cpu_us, memory, files: files(dir.as_fd()) }))
}

/// CPU between two looks, in hundredths of a percent of one core; none where
/// no time lies between them.
#[must_use]
pub fn cpu_centi(before: &Usage, after: &Usage, between: Duration) -> Option<u32> {
    let used = u128::from(after.cpu_us.saturating_sub(before.cpu_us));
    let centi = (used * 10_000).checked_div(between.as_micros())?;
    Some(u32::try_from(centi).unwrap_or(u32::MAX))
}

fn micros(ticks: u64) -> u64 {
    let per_second = clock_ticks_per_second().max(1);
    u64::try_from(u128::from(ticks) * 1_000_000 / u128::from(per_second)).unwrap_or(u64::MAX)
}

fn open(pid: u32) -> Option<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
    rustix::fs::open(format!("/proc/{pid}"), flags, Mode::empty()).ok()
}

fn read_stat(dir: BorrowedFd) -> Option<Stat> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let file = rustix::fs::openat(dir, "stat", flags, Mode::empty()).ok()?;
    let mut line = [0_u8; LONGEST];
    let read = rustix::io::read(&file, &mut line).ok()?;
    Stat::parse(line.get(..read)?)
}

/// Linux from 6.2 on says the number as the directory's size; before, that is
/// 0 and the names are counted.
fn files(dir: BorrowedFd) -> Option<u32> {
    let size = rustix::fs::statat(dir, "fd", AtFlags::empty()).ok()?.st_size;
    if size > 0 {
        return u32::try_from(size).ok();
    }
    let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
    let open = rustix::fs::openat(dir, "fd", flags, Mode::empty()).ok()?;
    let names = rustix::fs::Dir::new(open).ok()?.filter_map(Result::ok);
    u32::try_from(names.filter(|name| !name.file_name().to_bytes().starts_with(b".")).count()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::{Command, Stdio};

    const LINE: &str = "18209 (a (b) c d) S 18201 18200 13956 0 -1 4194304 116 0 0 0 70 30 5 1 20 \
                        0 1 0 3116680 3133440 412 18446744073709551615 1 2 3 4 5 0 0 0 0 0 0 0 17 \
                        1 0 0 0 0 0 1 2 3 4 5 6 7 0\n";

    #[test]
    fn a_name_with_spaces_and_brackets_moves_no_field() {
        let stat = Stat::parse(LINE.as_bytes()).unwrap();
        assert_eq!((stat.pid, stat.comm.as_str(), stat.state), (18_209, "a (b) c d", 'S'));
        assert_eq!((stat.parent, stat.group, stat.session), (18_201, 18_200, 13_956));
        assert_eq!((stat.ticks, stat.start, stat.pages), (106, 3_116_680, 412));
        assert!(stat.lives() && !stat.kernel);
        let name = LINE.replace("a (b) c d", ") Z 1 1 1 \n(x");
        let odd = Stat::parse(name.as_bytes()).unwrap();
        assert_eq!(odd, Stat { comm: String::from(") Z 1 1 1 \n(x"), ..stat });
    }

    #[test]
    fn what_is_no_such_line_is_none() {
        for line in ["", "1", "1 (x", "1 (x)", "1 (x) ", "x (y) S 1 1 1", "1 (x) S 1 2 3 4 5 6"] {
            assert_eq!(Stat::parse(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn kernel_threads_are_told() {
        let line = LINE.replace(" 4194304 ", " 69238880 ");
        assert!(Stat::parse(line.as_bytes()).unwrap().kernel);
    }

    /// Where others end and begin all the time.
    #[test]
    fn a_child_is_seen_working_and_gone() {
        let mut child = Command::new("sh")
            .args(["-c", "exec 7</dev/null 8</dev/null; while :; do :; done"])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let pid = child.id();
        let busy = (0..2_000).find_map(|_| {
            std::thread::sleep(Duration::from_millis(10));
            of(pid).filter(|(_, usage)| usage.cpu_us >= 50_000)
        });
        let (start, usage) = busy.unwrap();
        assert!(usage.memory > 100_000, "{usage:?}");
        assert!(usage.files >= Some(5), "{usage:?}");
        let told = stat(pid).unwrap();
        assert_eq!((told.start, told.parent), (start, std::process::id()));
        child.kill().unwrap();
        let dead = (0..2_000).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            of(pid).is_none()
        });
        assert!(dead, "a zombie uses nothing");
        assert!(!stat(pid).unwrap().lives());
        child.wait().unwrap();
        assert_eq!(stat(pid), None);
    }

    #[test]
    fn a_share_of_a_core() {
        let at = |cpu_us| Usage { cpu_us, ..Usage::default() };
        let second = Duration::from_secs(1);
        assert_eq!(cpu_centi(&at(1_000_000), &at(1_500_000), second), Some(5_000));
        assert_eq!(cpu_centi(&at(0), &at(4_000_000), second), Some(40_000));
        assert_eq!(cpu_centi(&at(9), &at(1), second), Some(0));
        assert_eq!(cpu_centi(&at(0), &at(1), Duration::ZERO), None);
        assert_eq!(cpu_centi(&at(0), &at(u64::MAX), second), Some(u32::MAX));
    }

    proptest! {
        #[test]
        fn no_line_is_too_odd(bytes: Vec<u8>, name in "[ -~()]{0,20}") {
            let _ = Stat::parse(&bytes);
            let line = LINE.replace("a (b) c d", &name);
            prop_assert_eq!(Stat::parse(line.as_bytes()).unwrap().start, 3_116_680);
        }
    }
}
