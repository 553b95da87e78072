//! The audit of mission control: orders and their answers, configurations,
//! what processes and launches did, what was done about alerts.
//!
//! It is a hash chain of its own in the audit log of the switch, so its first
//! line holds the heads of all other chains and theirs hold its head, and
//! `crs audit verify` checks it with them. Nothing in it engages or frees.
//! A thread of its own writes: a sick disk keeps nobody from an order, and
//! what could not be written yet is written late, in its order.

use super::order::{Answer, By, Refusal};
use super::parts::{Annals, AuditEntry};
use super::rules::Deed;
use super::told::{Hears, Told};
use crate::audit::record::Act;
use crate::audit::{Chain, Record, verify};
use crate::domain::Text;
use crate::domain::mission::{Launch, LaunchPhase, MissionAlert, ProcessRecord};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Role of the chain's writer, and part of its file's name.
pub const ROLE: &str = "mission";
/// Entries that wait for the disk; more are counted and said so.
const MAX_WAITING: usize = 10_000;
/// Between two tries on a disk that refuses.
const AGAIN: Duration = Duration::from_secs(1);

/// Writes the audit, and hands on what it heard.
pub struct Recorder {
    next: Arc<dyn Hears>,
    queue: Mutex<Option<Sender<Act>>>,
    lost: Arc<AtomicU64>,
    known: Mutex<Known>,
    dir: PathBuf,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What is on record already.
#[derive(Debug, Default)]
struct Known {
    processes: BTreeMap<Text, (&'static str, Option<u32>)>,
    launches: BTreeMap<u64, LaunchPhase>,
    alerts: BTreeMap<u64, (Text, Text)>,
}

impl Recorder {
    /// Before `next`; `dir` is that of the chain.
    ///
    /// # Errors
    /// The system's, when it gives no thread.
    pub fn start(chain: Chain, dir: &Path, next: Arc<dyn Hears>) -> std::io::Result<Self> {
        // Bounded where it is filled: a channel with the bound in it has the
        // memory of all of them from the start.
        let (sender, receiver) = unbounded();
        let lost = Arc::new(AtomicU64::new(0));
        let losses = Arc::clone(&lost);
        let thread = std::thread::Builder::new()
            .name("mission-audit".to_owned())
            .spawn(move || write(chain, &receiver, &losses))?;
        Ok(Self {
            next,
            queue: Mutex::new(Some(sender)),
            lost,
            known: Mutex::default(),
            dir: dir.to_owned(),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// An order was given; on record before it is carried out.
    pub fn ordered(&self, by: &By, what: &str) {
        self.put("ORDER", by, what, "");
    }

    /// It was answered so. Where words have to be typed, the order comes again
    /// with them, and this is the question; `typed`: it came with some.
    pub fn answered(&self, by: &By, what: &str, typed: bool, answer: &Answer) {
        match answer {
            Answer::Refused { kind: Refusal::Confirmation, why } if !typed => {
                self.put("ASKED", by, what, &format!("nothing done before this is typed: {why}"));
            }
            Answer::Refused { kind: Refusal::Confirmation, .. } => {
                let said = "refused: other words were typed than asked for; nothing done";
                self.put("ANSWER", by, what, said);
            }
            answer => self.put("ANSWER", by, what, &said(answer)),
        }
    }

    /// A configuration is in force from now on: its hash, and what changed.
    pub fn loaded(&self, by: &By, path: &Path, sha: &str, changes: &[Text]) {
        let what = format!("{} sha256 {sha}", path.display());
        let changes: Vec<&str> = changes.iter().map(Text::as_str).collect();
        self.put("CONFIG", by, &what, &changes.join("; "));
    }

    /// Somebody, or the daemon itself, did something about an alert.
    pub fn deed(&self, deed: &Deed) {
        let process =
            if deed.process.is_empty() { String::new() } else { format!(" {}", deed.process) };
        let what = format!("{} for alert {} {}{process}", deed.action, deed.alert, deed.kind);
        self.put("ALERT", &deed.by, &what, deed.outcome.as_str());
    }

    /// The daemon's own life: `started`, `ends: SIGTERM`.
    pub fn daemon(&self, what: &str) {
        self.put("DAEMON", &By::default(), what, "");
    }

    fn put(&self, kind: &str, by: &By, what: &str, outcome: &str) {
        let act = Act::Mission {
            kind: Text::limited(kind, 16),
            by: by.clone(),
            what: Text::new(what),
            outcome: Text::new(outcome),
        };
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |queue: &Sender<Act>| queue.len() >= MAX_WAITING;
        if queue.as_ref().is_none_or(|queue| full(queue) || queue.send(act).is_err()) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Writes what waits, for at most so long; whether all of it is written.
    pub fn end(&self, patience: Duration) -> bool {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let until = Instant::now() + patience;
        while thread.as_ref().is_some_and(|t| !t.is_finished()) {
            if Instant::now() > until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        true
    }

    fn process(&self, record: &ProcessRecord) {
        let now = (record.state.word(), record.pid);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.processes.insert(record.name.clone(), now);
        drop(known);
        let first = before.is_none() && record.state.word() == "stopped";
        if before != Some(now) && !first {
            let pid = record.pid.map_or_else(String::new, |pid| format!(" pid {pid}"));
            let host =
                if record.host.is_empty() { String::new() } else { format!("@{}", record.host) };
            let what = format!("{}{host}{pid}", record.name);
            self.put("PROCESS", &By::default(), &what, &record.state.to_string());
        }
    }

    fn launch(&self, launch: &Launch) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.launches.insert(launch.id, launch.phase);
        while known.launches.len() > 16 {
            known.launches.pop_first();
        }
        drop(known);
        if before != Some(launch.phase) {
            let what = format!("launch {} of {}", launch.id, launch.mode);
            let notes: Vec<&str> = launch.notes.iter().map(Text::as_str).collect();
            let notes = if launch.phase == LaunchPhase::Running || notes.is_empty() {
                String::new()
            } else {
                format!(": {}", notes.join("; "))
            };
            self.put("LAUNCH", &launch.by, &what, &format!("{}{notes}", launch.phase.word()));
        }
    }

    fn alert(&self, alert: &MissionAlert) {
        let now = (alert.acknowledged.clone(), alert.done.clone());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.alerts.insert(alert.id, now.clone());
        while known.alerts.len() > super::hub::MAX_ALERTS {
            known.alerts.pop_first();
        }
        drop(known);
        // What is done about it comes as a deed.
        if before.is_some() {
            return;
        }
        let process =
            if alert.process.is_empty() { String::new() } else { format!(" {}", alert.process) };
        let what = format!("alert {} {}{process}: {}", alert.id, alert.kind, alert.title);
        let outcome = match (now.0.is_empty(), now.1.is_empty()) {
            (true, true) => "raised".to_owned(),
            (false, true) => "acknowledged".to_owned(),
            (_, false) => format!("done: {}", now.1),
        };
        self.put("ALERT", &now.0, &what, &outcome);
    }
}

/// An answer in words.
fn said(answer: &Answer) -> String {
    match answer {
        Answer::Accepted => "accepted".to_owned(),
        Answer::Launched(launch) => format!("accepted as launch {}", launch.id),
        Answer::Process(record) => format!("accepted; {}: {}", record.name, record.state),
        Answer::Refused { why, .. } => format!("refused: {why}"),
    }
}

impl Hears for Recorder {
    fn hear(&self, told: Told) {
        match &told {
            Told::Process(record) => self.process(record),
            Told::Launch(launch) => self.launch(launch),
            Told::Alert(alert) => self.alert(alert),
            // What the daemon did by itself.
            Told::Ordered(text) => self.put("ORDER", &By::default(), text.as_str(), ""),
            Told::Host(_) | Told::Lines(_) | Told::Mode { .. } => {}
        }
        self.next.hear(told);
    }
}

impl Annals for Recorder {
    fn last(&self, last: usize) -> Result<Vec<AuditEntry>, Text> {
        read(&self.dir, last)
    }
}

/// Writes until nobody can put anything in any more.
fn write(mut chain: Chain, queue: &Receiver<Act>, lost: &AtomicU64) {
    for act in queue {
        let mut told = false;
        while let Err(e) = chain.append(act.clone()) {
            if !told {
                tracing::error!("the audit of mission control can't be written: {e}");
                told = true;
            }
            std::thread::sleep(AGAIN);
        }
        let gone = lost.swap(0, Ordering::Relaxed);
        if gone > 0 {
            let act = Act::Mission {
                kind: Text::new("DAEMON"),
                by: Text::default(),
                what: Text::new(&format!("{gone} entries found no room and are lost")),
                outcome: Text::default(),
            };
            if chain.append(act).is_err() {
                lost.fetch_add(gone, Ordering::Relaxed);
            }
        }
    }
}

/// The newest entries of the audit in `dir`, at most `last`, the newest last.
///
/// # Errors
/// The directory can't be read, or a chain that was needed is damaged.
pub fn read(dir: &Path, last: usize) -> Result<Vec<AuditEntry>, Text> {
    let part = format!("-{ROLE}-");
    let mut entries = Vec::new();
    // Names begin with the time the chain was opened.
    for path in verify::files(dir).iter().rev() {
        let name = path.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
        if !name.contains(&part) {
            continue;
        }
        let bytes = std::fs::read(path).map_err(|e| Text::new(&format!("{name}: {e}")))?;
        // One that was made this moment has no line yet.
        if bytes.is_empty() {
            continue;
        }
        let (report, records) = verify::read_bytes(&name, &bytes);
        // A line that is just being written has no end yet.
        if let Some(finding) = report.findings.iter().find(|f| !f.what.as_str().contains("torn")) {
            return Err(Text::new(&format!("{name}: {} (crs audit verify)", finding.what)));
        }
        let name = Text::new(&name);
        entries.extend(records.into_iter().rev().filter_map(|record| entry(&name, record)));
        if entries.len() >= last {
            break;
        }
    }
    entries.truncate(last);
    entries.reverse();
    Ok(entries)
}

fn entry(chain: &Text, record: Record) -> Option<AuditEntry> {
    let Act::Mission { kind, by, what, outcome } = record.act else { return None };
    let (chain, at) = (chain.clone(), record.at.utc);
    Some(AuditEntry { n: record.n, chain, at, kind, by, what, outcome })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Ledger, LedgerReader, verify_dir};
    use crate::domain::mission::ProcessState;
    use crate::host::Identity;

    struct Deaf;
    impl Hears for Deaf {
        fn hear(&self, _: Told) {}
    }

    fn record(state: ProcessState) -> Told {
        let name = Text::new("engine");
        Told::Process(Arc::new(ProcessRecord { name, state, ..ProcessRecord::default() }))
    }

    #[test]
    fn what_was_ordered_and_what_happened_is_a_chain_that_holds() {
        let dir = tempfile::tempdir().unwrap();
        let mut other = Chain::new(dir.path(), Identity::here(), "cli");
        other.append(Act::Tampered { ids: Vec::new() }).unwrap();
        let chain = Chain::new(dir.path(), Identity::here(), ROLE);
        let recorder = Recorder::start(chain, dir.path(), Arc::new(Deaf)).unwrap();
        let by = Text::new("root@inf over the socket");
        recorder.ordered(&by, "start engine");
        let (kind, why) = (Refusal::Conflict, Text::new("it runs"));
        recorder.answered(&by, "start engine", false, &Answer::Refused { kind, why });
        let words = |why| Answer::Refused { kind: Refusal::Confirmation, why: Text::new(why) };
        recorder.answered(&by, "launch LIVE", false, &words("type LIVE"));
        recorder.answered(&by, "launch LIVE", true, &words("type LIVE"));
        recorder.hear(record(ProcessState::Stopped));
        recorder.hear(record(ProcessState::Starting));
        for ready in [false, true, false, true] {
            recorder.hear(record(ProcessState::Running { ready }));
        }
        recorder.loaded(&by, Path::new("/etc/mission.toml"), "abc", &[Text::new("engine: cmd")]);
        assert!(recorder.end(Duration::from_secs(30)));
        let lines: Vec<_> = read(dir.path(), 100)
            .unwrap()
            .into_iter()
            .map(|e| format!("{} {}|{}|{}", e.kind, e.by, e.what, e.outcome))
            .collect();
        assert_eq!(
            lines,
            [
                "ORDER root@inf over the socket|start engine|",
                "ANSWER root@inf over the socket|start engine|refused: it runs",
                "ASKED root@inf over the socket|launch LIVE|nothing done before this is typed: \
                 type LIVE",
                "ANSWER root@inf over the socket|launch LIVE|refused: other words were typed than \
                 asked for; nothing done",
                "PROCESS |engine|starting",
                "PROCESS |engine|running, not ready",
                "CONFIG root@inf over the socket|/etc/mission.toml sha256 abc|engine: cmd",
            ]
        );
        assert_eq!(read(dir.path(), 1).unwrap().len(), 1);
        // A chain that is just being opened has no line yet.
        let name = format!("2999-01-01T000000Z-{ROLE}-1-0000.jsonl");
        std::fs::write(dir.path().join(&name), "").unwrap();
        assert_eq!(read(dir.path(), 1).unwrap().len(), 1);
        std::fs::remove_file(dir.path().join(&name)).unwrap();
        let reports = verify_dir(dir.path());
        assert_eq!(reports.len(), 2);
        assert!(reports.iter().all(|r| r.findings.is_empty()), "{reports:?}");
        // Linked: the loss of the other chain would be found through this one.
        let other =
            verify::files(dir.path()).into_iter().find(|p| p.to_string_lossy().contains("-cli-"));
        std::fs::remove_file(other.unwrap()).unwrap();
        assert!(verify_dir(dir.path()).iter().any(|r| !r.findings.is_empty()));
    }

    #[test]
    fn it_neither_engages_nor_frees() {
        let dir = tempfile::tempdir().unwrap();
        let chain = Chain::new(dir.path(), Identity::here(), ROLE);
        let recorder = Recorder::start(chain, dir.path(), Arc::new(Deaf)).unwrap();
        recorder.ordered(&By::default(), "safe");
        assert!(recorder.end(Duration::from_secs(30)));
        let mut reader = LedgerReader::new(dir.path());
        let ledger = reader.refresh().unwrap();
        assert_eq!(format!("{ledger:?}"), format!("{:?}", Ledger::default()));
    }

    #[test]
    fn a_changed_line_is_not_shown_as_if_nothing_were() {
        let dir = tempfile::tempdir().unwrap();
        let chain = Chain::new(dir.path(), Identity::here(), ROLE);
        let recorder = Recorder::start(chain, dir.path(), Arc::new(Deaf)).unwrap();
        recorder.ordered(&By::default(), "stop engine");
        recorder.ordered(&By::default(), "down");
        assert!(recorder.end(Duration::from_secs(30)));
        let path = verify::files(dir.path()).remove(0);
        let text = std::fs::read_to_string(&path).unwrap().replace("stop engine", "look engine");
        std::fs::write(&path, text).unwrap();
        assert!(read(dir.path(), 10).unwrap_err().as_str().contains("crs audit verify"));
    }
}
