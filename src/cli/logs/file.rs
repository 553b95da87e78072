//! The console's file of the day, by a thread of its own: the only one that
//! ever waits for this disk.

use super::queue::Queue;
use crate::config::dirs;
use crate::host::clock;
use rustix::fs::{Access, access};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tracing_appender::rolling::{RollingFileAppender, Rotation};

/// Days kept.
const DAYS: usize = 7;
/// Between two tries to open a file.
const RETRY_NS: u64 = 60_000_000_000;
const DAY_US: i64 = 86_400_000_000;

/// Starts the thread, which makes `dir` before its first line.
///
/// # Errors
/// The system's, when there is no thread to be had.
pub fn start(dir: &Path) -> io::Result<Queue> {
    let mut days = Days { dir: dir.to_owned(), day: 0, file: None, retry_at: 0 };
    Queue::start("diagnostics-file", move |line| days.write(line))
}

/// The appender of today. Made anew each day: its own change of day complains
/// on standard error when it fails, and that is the screen.
struct Days {
    dir: PathBuf,
    day: i64,
    file: Option<RollingFileAppender>,
    retry_at: u64,
}

impl Days {
    fn write(&mut self, line: &str) -> bool {
        let (now, day) = (clock::mono_ns(), clock::utc().0.div_euclid(DAY_US));
        if self.day != day || (self.file.is_none() && now >= self.retry_at) {
            self.day = day;
            self.retry_at = now.saturating_add(RETRY_NS);
            self.file = self.open().map_err(|why| self.complain(&why)).ok();
        }
        match self.file.as_mut().map(|file| file.write_all(line.as_bytes())) {
            Some(Ok(())) => return true,
            Some(Err(why)) => {
                self.file = None;
                self.retry_at = now.saturating_add(RETRY_NS);
                self.complain(&why.to_string());
            }
            None => {}
        }
        false
    }

    /// To the page: the way to this file is known to be closed.
    fn complain(&self, why: &str) {
        tracing::warn!("no diagnostics in {}: {why}; trying again", self.dir.display());
    }

    fn open(&self) -> Result<RollingFileAppender, String> {
        dirs::ensure_private(&self.dir).map_err(|e| e.to_string())?;
        // What the appender can't do here it would complain of on the screen.
        access(&self.dir, Access::WRITE_OK | Access::EXEC_OK).map_err(|e| e.to_string())?;
        RollingFileAppender::builder()
            .rotation(Rotation::DAILY)
            .filename_prefix("console")
            .filename_suffix("log")
            .max_log_files(DAYS)
            .build(&self.dir)
            .map_err(|e| e.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(20);

    fn files(dir: &Path) -> Vec<String> {
        let names = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name());
        let mut names: Vec<_> = names.map(|n| n.into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn lines_reach_the_day_s_file_and_old_days_go() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("state/logs");
        dirs::ensure_private(&dir).unwrap();
        for day in 10..20 {
            fs::write(dir.join(format!("console.2026-01-{day}.log")), "old\n").unwrap();
        }
        fs::write(dir.join("notes"), "mine").unwrap();
        let file = start(&dir).unwrap();
        file.put("one\n".to_owned());
        file.put("two\n".to_owned());
        file.end(LONG);
        let today = format!("console.{}.log", &clock::utc().iso()[..10]);
        assert_eq!(fs::read_to_string(dir.join(today)).unwrap(), "one\ntwo\n");
        let names = files(&dir);
        assert_eq!(names.iter().filter(|n| n.starts_with("console.")).count(), DAYS, "{names:?}");
        assert!(names.contains(&"notes".to_owned()));
    }

    #[test]
    fn a_place_that_can_not_be_used_is_left_alone_and_tried_again_later() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("logs");
        fs::write(&dir, "a file").unwrap();
        let mut days = Days { dir: dir.clone(), day: 0, file: None, retry_at: 0 };
        assert!(!days.write("x\n"));
        assert_eq!(fs::read_to_string(&dir).unwrap(), "a file");
        fs::remove_file(&dir).unwrap();
        assert!(!days.write("x\n"), "not at every line");
        days.retry_at = 0;
        assert!(days.write("y\n"));
        assert_eq!(files(&dir).len(), 1);
    }
}
