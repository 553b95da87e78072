//! Reading chains back, and finding what was done to them.

use super::record::{Act, Head, Record, VERSION, line_sha};
use crate::domain::Text;
use crate::host::world;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::Path;

/// Of which kind a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// An edit, a loss, a torn tail.
    Damage,
    /// Lines of a newer crs, about which this one can say nothing.
    Newer,
}

/// What is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Of which kind.
    pub fault: Fault,
    /// Line, counted from 1.
    pub line: u64,
    /// What: `chain broken`, `torn tail`, `not a record`, …
    pub what: Text,
}

impl Finding {
    /// Damage at `line`, in words of which 300 characters are kept.
    #[must_use]
    pub fn damage(line: u64, what: &str) -> Self {
        Self { fault: Fault::Damage, line, what: Text::limited(what, 300) }
    }
}

/// One chain, as found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChainReport {
    /// File name.
    pub file: Text,
    /// Good records before the first finding.
    pub records: u64,
    /// Head after them.
    pub head: Option<Head>,
    /// Everything wrong, in order.
    pub findings: Vec<Finding>,
}

/// Reads every chain of `dir` in the order of their names, which begin with
/// the time they were opened. Records up to the first break are given back;
/// what comes after a break is not believed.
#[must_use]
pub fn read_dir(dir: &Path) -> Vec<(ChainReport, Vec<Record>)> {
    let mut chains: Vec<_> = files(dir).iter().map(|path| read_file(path)).collect();
    check_links(&mut chains);
    chains
}

/// As [`read_dir`], reports only.
#[must_use]
pub fn verify_dir(dir: &Path) -> Vec<ChainReport> {
    read_dir(dir).into_iter().map(|(report, _)| report).collect()
}

/// The chain files of a directory, sorted.
#[must_use]
pub fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    list(dir).unwrap_or_default()
}

/// As [`files`], for whoever must tell an empty directory from one that can't
/// be read.
pub(super) fn list(dir: &Path) -> std::io::Result<Vec<std::path::PathBuf>> {
    let all = world::here(|world| world.list(dir))?;
    Ok(all.into_iter().map(|(path, _)| path).filter(|path| is_chain(path)).collect())
}

/// Whether a file of the directory is a chain, by its name.
pub(super) fn is_chain(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "jsonl")
}

/// Head of every chain in `dir`, by file name.
#[must_use]
pub fn heads_of(dir: &Path) -> BTreeMap<String, Head> {
    files(dir)
        .iter()
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.to_owned();
            let (report, _) = read_file(path);
            Some((name, report.head?))
        })
        .collect()
}

fn read_file(path: &Path) -> (ChainReport, Vec<Record>) {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    match world::here(|world| world.read(path, u64::MAX)) {
        Ok(bytes) => read_bytes(&name, &bytes),
        Err(e) => {
            let findings = vec![Finding::damage(0, &format!("can't be read: {e}"))];
            let file = Text::new(&name);
            (ChainReport { file, records: 0, head: None, findings }, Vec::new())
        }
    }
}

/// Reads one chain from memory.
#[must_use]
pub fn read_bytes(name: &str, bytes: &[u8]) -> (ChainReport, Vec<Record>) {
    let mut report =
        ChainReport { file: Text::new(name), records: 0, head: None, findings: Vec::new() };
    let mut records = Vec::new();
    let mut rest = bytes;
    let mut line_no = 0_u64;
    while !rest.is_empty() {
        line_no += 1;
        let Some(end) = rest.iter().position(|b| *b == b'\n') else {
            let torn = Finding::damage(line_no, "torn tail: the last line has no end");
            report.findings.push(torn);
            break;
        };
        let (line, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        let record = match next_record(line_no, line, report.head.as_ref()) {
            Ok(record) => record,
            Err(finding) => {
                report.findings.push(finding);
                break;
            }
        };
        report.head = Some(Head { n: record.n, sha: line_sha(line) });
        report.records += 1;
        records.push(record);
    }
    if report.records == 0 && report.findings.is_empty() {
        report.findings.push(Finding::damage(0, "empty chain"));
    }
    (report, records)
}

/// The record of a line, if it follows the line whose head this is.
///
/// # Errors
/// What is wrong with it.
pub(super) fn next_record(
    line_no: u64,
    line: &[u8],
    before: Option<&Head>,
) -> Result<Record, Finding> {
    if let Some(strange) = strange_version(line_no, line) {
        return Err(strange);
    }
    let broken = |why: &str| Finding::damage(line_no, &format!("chain broken at {line_no}: {why}"));
    let record: Record =
        serde_json::from_slice(line).map_err(|e| broken(&format!("not a record ({e})")))?;
    let follows = before.map_or((Some(0), ""), |h| (h.n.checked_add(1), h.sha.as_str()));
    if (Some(record.n), record.prev.as_str()) != follows {
        return Err(broken("it does not follow the line before"));
    }
    Ok(record)
}

/// What is wrong with the version of a line, whatever else it holds: a newer
/// record may not even have today's fields. None where it names no version.
fn strange_version(line_no: u64, line: &[u8]) -> Option<Finding> {
    #[derive(Deserialize)]
    struct Versioned {
        v: u64,
    }
    let Versioned { v } = serde_json::from_slice(line).ok()?;
    match v.cmp(&u64::from(VERSION)) {
        Ordering::Equal => None,
        Ordering::Greater => {
            let what = format!("written by a newer crs (v={v}): v={VERSION} can't verify it");
            Some(Finding { fault: Fault::Newer, line: line_no, what: Text::new(&what) })
        }
        Ordering::Less => {
            let what = format!("chain broken at {line_no}: no crs ever wrote v={v}");
            Some(Finding::damage(line_no, &what))
        }
    }
}

/// The heads that younger chains remember must be in the older ones still:
/// this finds a chain that lost its tail or vanished.
fn check_links(chains: &mut [(ChainReport, Vec<Record>)]) {
    let mut remembered: Vec<(String, Head, Text)> = Vec::new();
    for (report, records) in chains.iter() {
        if let Some(Act::Open { heads }) = records.first().map(|r| &r.act) {
            for (name, head) in heads {
                remembered.push((name.clone(), head.clone(), report.file.clone()));
            }
        }
    }
    for (name, head, witness) in remembered {
        let known = chains.iter_mut().find(|(r, _)| r.file.as_str() == name);
        match known {
            None => {
                let what = format!("chain {name} is gone, {witness} remembers it");
                if let Some((report, _)) = chains.iter_mut().find(|(r, _)| r.file == witness) {
                    report.findings.push(Finding::damage(1, &what));
                }
            }
            Some((report, records)) => {
                let sha_at = |n: u64| {
                    if report.head.as_ref().is_some_and(|h| h.n == n) {
                        return report.head.as_ref().map(|h| h.sha.clone());
                    }
                    let next = usize::try_from(n).ok()?.checked_add(1)?;
                    records.get(next).map(|r| r.prev.clone())
                };
                if sha_at(head.n).as_deref() != Some(head.sha.as_str()) {
                    let what = format!(
                        "lost or changed line {}, which {witness} remembers",
                        head.n.saturating_add(1)
                    );
                    report.findings.push(Finding::damage(head.n.saturating_add(1), &what));
                }
            }
        }
    }
}
