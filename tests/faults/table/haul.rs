//! Everything that came out of a program, with a name for each piece.

use crate::common::sandbox::end;
use crate::common::wait::until;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

#[derive(Default)]
pub struct Haul {
    all: Mutex<Vec<(String, String)>>,
}

impl Haul {
    /// Keeps a piece, in small letters.
    pub fn keep(&self, name: &str, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
        self.all.lock().unwrap().push((name.to_owned(), text));
    }

    /// Runs a command to its end, or for so long, and keeps what it prints.
    pub fn run(&self, name: &str, mut command: Command, limit: Duration) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("said");
        let out = File::create(&path).unwrap();
        command.stdin(Stdio::null()).stdout(out.try_clone().unwrap()).stderr(out);
        let mut child = command.spawn().unwrap();
        let _ = until(limit, || child.try_wait().unwrap());
        end(&mut child);
        self.keep(name, &fs::read(&path).unwrap());
    }

    /// How many pieces there are.
    pub fn len(&self) -> u64 {
        u64::try_from(self.all.lock().unwrap().len()).unwrap()
    }

    /// The names of those that hold `words`, plain or as hexadecimal digits.
    pub fn with(&self, words: &str) -> Vec<String> {
        let mut hex = String::new();
        for byte in words.bytes() {
            let _ = write!(hex, "{byte:02x}");
        }
        let words = words.to_ascii_lowercase();
        let all = self.all.lock().unwrap();
        let holds = |text: &str| text.contains(&words) || text.contains(&hex);
        all.iter().filter(|(_, text)| holds(text)).map(|(name, _)| name.clone()).collect()
    }
}
