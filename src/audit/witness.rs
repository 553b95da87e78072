//! Witnesses: whoever kept heads of a log while it was written.
//!
//! A witness can only accuse. A head that was forged makes a sound log look
//! damaged, never a damaged one sound.

use super::heads::{Witnessed, told};
use super::record::Record;
use super::syslog;
use super::verify::{ChainReport, Fault, Finding};
use crate::domain::{Text, UtcMicros};
use std::collections::BTreeMap;
use std::io::{BufRead, Read};

/// Longest line of a log file that is looked into.
const MAX_LINE: u64 = 16_384;

/// Heads from one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// Which.
    pub name: Text,
    /// What it kept.
    pub seen: Vec<Witnessed>,
}

/// What a witness could say about a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Testimony {
    /// Heads of this log.
    pub ours: usize,
    /// Heads of other logs, about which this one says nothing.
    pub others: usize,
}

impl Witness {
    /// The heads in a text of syslog's, from a file or from `journalctl`.
    ///
    /// # Errors
    /// The system's, while reading.
    pub fn from_syslog(name: &str, mut text: impl BufRead) -> std::io::Result<Self> {
        let from = Text::new(name);
        let (mut seen, mut line) = (Vec::new(), Vec::new());
        loop {
            line.clear();
            if (&mut text).take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
                return Ok(Self { name: from, seen });
            }
            if let Some(head) = syslog::parse(&String::from_utf8_lossy(&line)) {
                let (from, heard) = (from.clone(), UtcMicros(head.at.0));
                seen.push(Witnessed { from, heard, head });
            }
        }
    }

    /// Compares the chains with what was kept, and adds what is missing to
    /// their findings. A chain is known by its name, which no two share; one
    /// that is not there at all, by the log (`log`, `host`) that it was in.
    pub fn testify(
        &self,
        log: (&Text, &Text),
        chains: &mut Vec<(ChainReport, Vec<Record>)>,
    ) -> Testimony {
        let mut by_chain: BTreeMap<&Text, Vec<&Witnessed>> = BTreeMap::new();
        for seen in &self.seen {
            by_chain.entry(&seen.head.chain).or_default().push(seen);
        }
        let mut testimony = Testimony::default();
        for (name, mut all) in by_chain {
            all.sort_by_key(|seen| seen.head.n);
            if let Some((report, records)) = chains.iter_mut().find(|(r, _)| r.file == *name) {
                testimony.ours += all.len();
                let finding = compare(report, records, &all);
                report.findings.extend(finding);
                continue;
            }
            all.retain(|seen| (&seen.head.log, &seen.head.host) == log);
            testimony.ours += all.len();
            if let Some(last) = all.last() {
                let line = last.head.n.saturating_add(1);
                let what = format!("this chain is gone; a witness saw its line {line}");
                let findings = vec![told(last, 0, &what)];
                let gone = ChainReport { file: name.clone(), records: 0, head: None, findings };
                chains.push((gone, Vec::new()));
            }
        }
        testimony.others = self.seen.len().saturating_sub(testimony.ours);
        testimony
    }
}

/// The gravest thing that these heads, in their order, tell about a chain.
fn compare(report: &ChainReport, records: &[Record], all: &[&Witnessed]) -> Option<Finding> {
    let changed = all.iter().find(|seen| {
        sha_at(report, records, seen.head.n).is_some_and(|sha| sha != seen.head.sha.as_str())
    });
    if let Some(seen) = changed {
        let line = seen.head.n.saturating_add(1);
        return Some(told(seen, line, &format!("line {line} is not the one that a witness saw")));
    }
    // Of what a newer crs wrote, this one can't tell whether it is there.
    if report.findings.iter().any(|finding| finding.fault == Fault::Newer) {
        return None;
    }
    let last = all.last().filter(|seen| seen.head.n >= report.records)?;
    let (end, saw) = (report.records, last.head.n.saturating_add(1));
    // Where the chain breaks, what follows the break may still be there.
    let what = if report.findings.is_empty() {
        format!("tail lost: the log ends at {end}, a witness saw {saw}")
    } else {
        format!("only {end} lines can be believed, a witness saw {saw}")
    };
    Some(told(last, end, &what))
}

/// Hash of line `n`, as the line after it or the head knows it.
fn sha_at<'a>(report: &'a ChainReport, records: &'a [Record], n: u64) -> Option<&'a str> {
    if let Some(head) = report.head.as_ref().filter(|head| head.n == n) {
        return Some(&head.sha);
    }
    let next = usize::try_from(n).ok()?.checked_add(1)?;
    records.get(next).map(|record| record.prev.as_str())
}

#[cfg(test)]
mod tests;
