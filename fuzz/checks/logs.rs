//! The lock file, the audit log and the decision logs.

use super::clean::{clean, clean_all, same_again};
use crs::audit::heads::read_bytes;
use crs::audit::ledger::Ledger;
use crs::audit::record::{Act, Record, line_sha};
use crs::audit::{Witness, syslog, verify};
use crs::breaker::body;
use crs::domain::{DecisionSource, EngageId, Intent, KillIntent, Stamp, Text, UtcMicros};
use crs::wire::decisions::own;
use crs::wire::{DecisionLines, Heard};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The body of a lock file.
pub fn latch_body(data: &[u8]) -> bool {
    let read = body::parse(data);
    for text in [&read.timestamp, &read.reason, &read.operator] {
        clean(text.as_str());
    }
    clean_all(&read.metadata, &[]);
    let at = UtcMicros(1_768_399_018_271_512);
    let again = body::parse(&body::compose_again(&read.reason, at));
    assert_eq!((&again.reason, again.engage_id), (&read.reason, None));
    let id = read.engage_id.unwrap_or(EngageId::from_parts(1_768_399_018_271, 7));
    let ours = KillIntent {
        engage_id: id,
        intent: Intent::Kill,
        operator: read.operator.clone(),
        host: Text::new("inf"),
        boot_id: Text::new("b"),
        reason: read.reason.clone(),
        pressed: Stamp { mono_ns: 1, utc: at },
        latch: PathBuf::from("latch.lock"),
        targets: Vec::new(),
        drill: false,
    };
    let back = body::parse(&body::compose(&ours, std::path::Path::new("audit")));
    let expected = (&ours.reason, &ours.operator, Some(id));
    assert_eq!((&back.reason, &back.operator, back.engage_id), expected);
    read != body::LatchBody::default()
}

/// One chain. With an odd first byte its records are linked as a writer
/// would, up to a line that the byte names: no mutation finds a SHA-256.
pub fn audit(data: &[u8]) -> bool {
    let Some((first, raw)) = data.split_first() else { return false };
    let linked = (first % 2 == 1).then(|| chained(raw, usize::from(first / 2)));
    let bytes = linked.as_deref().unwrap_or(raw);
    let (report, records) = verify::read_bytes("chain.jsonl", bytes);
    clean_all(&report, &["sha"]);
    assert_eq!(usize::try_from(report.records).unwrap(), records.len());
    let mut prev = String::new();
    let mut n = 0;
    for (record, line) in records.iter().zip(bytes.split(|b| *b == b'\n')) {
        assert_eq!((record.n, &record.prev), (n, &prev), "believed, and follows nothing");
        same_again(record);
        clean_all(record, &["prev", "heads", "config_sha", "latch"]);
        (prev, n) = (line_sha(line), n + 1);
    }
    let head = report.head.map(|head| head.sha).unwrap_or_default();
    assert_eq!(head, prev);
    if report.findings.is_empty() {
        assert_eq!(bytes.split(|b| *b == b'\n').count(), records.len() + 1);
        assert_eq!(bytes.last(), Some(&b'\n'));
    }
    switch(bytes, &records);
    !records.is_empty()
}

/// What engages counts in every line that can be read, what frees only in an
/// unbroken chain.
fn switch(bytes: &[u8], believed: &[Record]) {
    let mut ledger = Ledger::default();
    ledger.hear_chain(bytes);
    let (mut freed, mut foreign_freed) = (BTreeSet::new(), BTreeSet::new());
    let mut armed = BTreeSet::new();
    let mut next = believed.iter().peekable();
    while let Some(record) = next.next() {
        // Never known to be on disk: it frees nothing.
        if next.peek().is_none_or(|after| after.act != Act::Synced) {
            continue;
        }
        match &record.act {
            Act::Reset { ids, foreign, .. } => {
                freed.extend(ids.iter().copied());
                foreign_freed.extend(foreign.iter().copied());
            }
            Act::Arm { tokens, .. } => armed.extend(tokens.iter().copied()),
            _ => {}
        }
    }
    let engaged: BTreeSet<_> = ledger.engaged().map(|e| e.intent.engage_id).collect();
    let foreign: BTreeSet<_> = ledger.foreign().map(|foreign| foreign.file).collect();
    let disarmed: BTreeSet<_> = ledger.disarmed().map(|(token, _)| token).collect();
    for line in bytes.split(|b| *b == b'\n') {
        let Ok(record) = serde_json::from_slice::<Record>(line) else { continue };
        match record.act {
            Act::Engage { intent } => {
                let id = intent.engage_id;
                assert_ne!(engaged.contains(&id), freed.contains(&id), "decision {id}");
            }
            Act::External { file, .. } => {
                assert_ne!(foreign.contains(&file), foreign_freed.contains(&file), "{file:?}");
            }
            Act::Disarm { token, .. } => {
                assert_ne!(disarmed.contains(&token), armed.contains(&token), "token {token}");
            }
            _ => {}
        }
    }
    assert_eq!(ledger.is_engaged(), !engaged.is_empty() || !foreign.is_empty());
}

fn chained(raw: &[u8], sound: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut prev = String::new();
    for (i, line) in raw.split(|b| *b == b'\n').filter(|line| !line.is_empty()).enumerate() {
        let written = match serde_json::from_slice::<Record>(line) {
            Ok(mut record) if i != sound => {
                record.n = u64::try_from(i).unwrap();
                record.prev = prev;
                serde_json::to_vec(&record).unwrap()
            }
            _ => line.to_vec(),
        };
        prev = line_sha(&written);
        out.extend(written);
        out.push(b'\n');
    }
    out
}

/// What a witness kept: read as a book of heads, and as a text of syslog's.
pub fn heads(data: &[u8]) -> bool {
    let book = Witness { name: Text::new("book"), seen: read_bytes(data) };
    let log = Witness::from_syslog("syslog", data).unwrap();
    for witness in [&book, &log] {
        for seen in &witness.seen {
            clean_all(seen, &[]);
            let head = seen.head.clone();
            assert_eq!(head.clone().in_words(), head);
            let dated = UtcMicros::from_iso(&head.at.iso()) == Some(head.at);
            assert_eq!(syslog::parse(&syslog::line(&head)), dated.then_some(head));
        }
        let mut chains = Vec::new();
        let ours = (&Text::new("0123456789ab"), &Text::new("inf"));
        let said = witness.testify(ours, &mut chains);
        assert_eq!(said.ours + said.others, witness.seen.len());
        assert_eq!(chains.is_empty(), said.ours == 0, "of a log that is gone every head accuses");
        for (report, _) in &chains {
            clean_all(report, &[]);
        }
    }
    !book.seen.is_empty() || !log.seen.is_empty()
}

/// A log of decisions, the engine's and the sentinel's lines mixed.
pub fn decisions(data: &[u8]) -> bool {
    let mut lines = DecisionLines::default();
    let mut some = false;
    for line in data.split(|b| *b == b'\n') {
        match lines.line(line) {
            Heard::Decision(decision) => {
                clean_all(&decision, &[]);
                same_again(&*decision);
                some = true;
            }
            Heard::Refused(cause) => clean(cause),
            Heard::Nothing => {}
        }
    }
    some
}

/// The log of our own sentinel: what is read of it is what it would write.
pub fn sentinel_log(data: &[u8]) -> bool {
    let mut some = false;
    for line in data.split(|b| *b == b'\n') {
        match own::read(line) {
            Heard::Decision(decision) => {
                clean_all(&decision, &[]);
                same_again(&*decision);
                let again = own::line(&decision);
                let ours = decision.source == DecisionSource::Sentinel;
                assert_eq!(own::is_own(again.as_bytes()), ours, "{again}");
                assert_eq!(own::read(again.as_bytes()), Heard::Decision(decision), "{again}");
                some = true;
            }
            Heard::Refused(cause) => clean(cause),
            Heard::Nothing => panic!("a line is a decision or no decision"),
        }
    }
    some
}
