//! What was read and what was lost, for the metrics.

use super::super::spec::Name;
use std::collections::BTreeMap;

/// Counted since the daemon's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lines that were read; the daemon's own are among them.
    pub lines: u64,
    /// Bytes that were read, in bytes of the processes.
    pub bytes: u64,
    /// Lines that were longer than the cap, or never ended.
    pub cut: u64,
    /// Lines that listeners were not told, since too many came; files and the
    /// lines at hand have them.
    pub left_out: u64,
    /// Lines of the process that the disk did not take.
    pub lost: u64,
    /// Times a file began to take nothing.
    pub faults: u64,
}

impl Counts {
    /// Adds those of another.
    pub const fn add(&mut self, other: &Self) {
        self.lines += other.lines;
        self.bytes += other.bytes;
        self.cut += other.cut;
        self.left_out += other.left_out;
        self.lost += other.lost;
        self.faults += other.faults;
    }
}

/// By process.
pub type ByProcess = BTreeMap<Name, Counts>;
