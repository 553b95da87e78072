//! What was ordered, read from the chains as they grow.

use super::record::{Act, Record};
use super::verify;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// How a command that opens a position begins.
const OPENS: &str = "OPEN_ORDER ";
/// Read from one chain at once.
const AT_ONCE: u64 = 4 * 1_024 * 1_024;

/// Follows every chain of a directory. What it gives back is for showing: the
/// chains are not verified.
#[derive(Debug)]
pub struct OrderReader {
    dir: PathBuf,
    read: BTreeMap<PathBuf, u64>,
}

impl OrderReader {
    /// For the chains in `dir`, which may not exist yet.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), read: BTreeMap::new() }
    }

    /// The records of orders that were appended since the last call, chain by
    /// chain.
    ///
    /// # Errors
    /// The system's, when the directory or a chain can't be read.
    pub fn appended(&mut self) -> std::io::Result<Vec<Record>> {
        match std::fs::read_dir(&self.dir) {
            Ok(_) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(e),
        }
        let mut found = Vec::new();
        for path in verify::files(&self.dir) {
            let from = self.read.get(&path).copied().unwrap_or(0);
            let upto = follow(&path, from, &mut found)?;
            self.read.insert(path, upto);
        }
        Ok(found)
    }
}

/// Takes the whole lines after `from`; where the next ones begin.
fn follow(path: &Path, from: u64, found: &mut Vec<Record>) -> std::io::Result<u64> {
    let mut at = from;
    let len = std::fs::metadata(path)?.len();
    let mut file = None;
    while at < len {
        let file = match &mut file {
            Some(open) => open,
            empty @ None => empty.insert(File::open(path)?),
        };
        file.seek(SeekFrom::Start(at))?;
        let mut bytes = Vec::new();
        file.take(AT_ONCE).read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
        if whole == 0 {
            // A line that is still being written, or one longer than any of
            // ours: the next call looks again.
            return Ok(at);
        }
        let lines = bytes.get(..whole).unwrap_or_default();
        found.extend(lines.split(|b| *b == b'\n').filter_map(order));
        at += u64::try_from(whole).unwrap_or(u64::MAX);
    }
    Ok(at)
}

fn order(line: &[u8]) -> Option<Record> {
    let likely = line.windows(OPENS.len()).any(|part| part == OPENS.as_bytes());
    let record: Record = likely.then(|| serde_json::from_slice(line).ok())??;
    matches!(&record.act, Act::Command { what, .. } if what.as_str().starts_with(OPENS))
        .then_some(record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Chain;
    use crate::domain::{Text, Ticket};
    use crate::host::Identity;
    use std::io::Write as _;

    fn command(what: &str, outcome: &str) -> Act {
        let (req_id, what, outcome) = (Text::new("r-1"), Text::new(what), Text::new(outcome));
        Act::Command {
            req_id,
            what,
            outcome,
            ticket: Some(Ticket(7)),
            gateway: None,
            why: Text::default(),
        }
    }

    #[test]
    fn orders_are_read_once_and_others_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mut reader = OrderReader::new(&dir.path().join("none"));
        assert_eq!(reader.appended().unwrap(), []);
        let mut reader = OrderReader::new(dir.path());
        let mut chain = Chain::new(dir.path(), Identity::here(), "cli");
        chain.append(command("OPEN_ORDER EURUSD BUY 0.1 lots", "sent")).unwrap();
        chain.append(command("CLOSE_POSITION 7", "sent")).unwrap();
        assert_eq!(reader.appended().unwrap().len(), 1);
        assert_eq!(reader.appended().unwrap(), []);
        let mut other = Chain::new(dir.path(), Identity::here(), "engine");
        other.append(command("OPEN_ORDER USDJPY SELL 0.1 lots", "sent")).unwrap();
        chain.append(command("OPEN_ORDER EURUSD BUY 0.1 lots", "done")).unwrap();
        assert_eq!(reader.appended().unwrap().len(), 2);
    }

    #[test]
    fn half_a_line_waits_and_garbage_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let mut chain = Chain::new(dir.path(), Identity::here(), "cli");
        chain.append(command("OPEN_ORDER EURUSD BUY 0.1 lots", "sent")).unwrap();
        let path = verify::files(dir.path()).remove(0);
        let text = std::fs::read(&path).unwrap();
        let (head, tail) = text.split_at(text.len() - 9);
        std::fs::write(&path, head).unwrap();
        let mut reader = OrderReader::new(dir.path());
        assert_eq!(reader.appended().unwrap(), []);
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(tail).unwrap();
        file.write_all(b"OPEN_ORDER \xff{\n{\"OPEN_ORDER \":1}\n").unwrap();
        assert_eq!(reader.appended().unwrap().len(), 1);
        assert_eq!(reader.appended().unwrap(), []);
    }

    #[test]
    fn a_line_from_before_gateways_were_named_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let mut chain = Chain::new(dir.path(), Identity::here(), "cli");
        chain.append(command("OPEN_ORDER EURUSD BUY 0.1 lots", "sent")).unwrap();
        let text = std::fs::read_to_string(verify::files(dir.path()).remove(0)).unwrap();
        assert!(!text.contains("gateway"), "{text}");
        assert_eq!(OrderReader::new(dir.path()).appended().unwrap().len(), 1);
    }
}
