//! Further latches on real directories, look by look.

use super::*;
use crate::audit::Chain;
use crate::breaker::watch::{Check, Verdict, WatchConfig};
use crate::breaker::{Gate, LatchHome};
use crate::host::{Identity, ids};
use std::sync::Arc;
use std::time::Instant;

struct Bench {
    dir: tempfile::TempDir,
    gate: Gate,
    check: Check,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for sub in ["run", "theirs"] {
            std::fs::create_dir(dir.path().join(sub)).unwrap();
        }
        let check = Check::new(config(dir.path()));
        Self { dir, gate: Gate::default(), check }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("theirs/latch")
    }

    fn look(&mut self) -> Verdict {
        self.check.once(&self.gate)
    }

    /// As a process does that was started now.
    fn restart(&mut self) {
        self.check = Check::new(config(self.dir.path()));
    }

    /// Looks until one is as wanted, at most 20 s.
    fn until(&mut self, wanted: impl Fn(&Verdict) -> bool) -> Verdict {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let verdict = self.look();
            if wanted(&verdict) || Instant::now() > end {
                return verdict;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn record(&self, act: Act) {
        let home = config(self.dir.path()).home;
        Chain::new(&home.audit(), Identity::here(), "test").append(act).unwrap();
    }

    /// As the agent does with what it was told.
    fn put_on_record(&self, stranger: &Stranger) {
        let (file, path) = (stranger.at.file, Some(stranger.at.path.clone()));
        self.record(Act::External { file, path, reason: stranger.reason.clone() });
    }

    fn reset(&self, file: ForeignLatch) {
        let (token, reason) = (ids::engage_id(), Text::new("over"));
        let foreign = vec![file];
        self.record(Act::Reset { ids: Vec::new(), foreign, token, reason, overridden: false });
    }
}

fn config(dir: &Path) -> WatchConfig {
    let home = LatchHome::new(dir, &dir.join("run/latch"));
    WatchConfig { home, extra: vec![dir.join("theirs/latch")], role: "test" }
}

#[test]
fn it_engages_and_rm_frees_nothing_from_memory_or_log_over_a_restart_until_its_reset() {
    let mut b = Bench::new();
    assert_eq!(b.look().seen.phase, LatchPhase::Safe);
    std::fs::write(b.path(), r#"{"reason":"theirs"}"#).unwrap();
    let first = b.look();
    assert_eq!(first.seen.phase, LatchPhase::EngagedExternal);
    assert!(first.seen.reason.as_str().contains("theirs/latch"), "{first:?}");
    // It is on record once whoever makes it had the time to write it.
    let told = b.until(|v| !v.further.is_empty());
    let stranger = told.further.into_iter().next().unwrap();
    assert_eq!((stranger.at.path.clone(), stranger.gone), (b.path(), false));
    assert_eq!(told.foreign, None, "none at the latch");

    std::fs::remove_file(b.path()).unwrap();
    assert_eq!(b.look().seen.phase, LatchPhase::EngagedExternal, "from memory alone");
    let gone = b.look();
    assert!(gone.further[0].gone && !gone.further[0].recorded, "{gone:?}");
    assert!(!b.gate.is_safe());

    b.put_on_record(&stranger);
    b.restart();
    let verdict = b.until(|v| !v.further.is_empty());
    assert_eq!(verdict.seen.phase, LatchPhase::EngagedExternal, "from the log alone");
    assert!(verdict.seen.reason.as_str().contains("theirs/latch"), "{verdict:?}");
    assert!(verdict.further[0].gone && verdict.further[0].recorded);
    for _ in 0..3 {
        let verdict = b.look();
        assert!(!verdict.missing, "the latch itself is none that somebody took away");
        assert_eq!(verdict.seen.tampered, 0);
    }
    b.reset(stranger.at.file);
    let verdict = b.look();
    assert_eq!((verdict.seen.phase, verdict.further.len()), (LatchPhase::Disarmed, 0));
}

#[test]
fn what_only_one_process_saw_is_put_on_record_by_it_once_it_went() {
    let mut b = Bench::new();
    b.look();
    std::fs::write(b.path(), "").unwrap();
    b.look();
    std::fs::remove_file(b.path()).unwrap();
    let recorded = b.until(|v| v.further.iter().any(|s| s.recorded));
    assert!(recorded.further[0].gone && recorded.further.len() == 1, "{recorded:?}");
    // Now everybody knows, and a reset can name it.
    b.restart();
    assert_eq!(b.look().seen.phase, LatchPhase::EngagedExternal);
    b.reset(recorded.further[0].at.file);
    assert_eq!(b.look().seen.phase, LatchPhase::Disarmed);
}

#[test]
fn a_reset_frees_the_memory_too_and_one_that_takes_the_file_along_is_no_removal() {
    let mut b = Bench::new();
    b.look();
    std::fs::write(b.path(), "").unwrap();
    let told = b.until(|v| !v.further.is_empty()).further.remove(0);
    b.put_on_record(&told);
    b.reset(told.at.file);
    std::fs::rename(b.path(), b.path().with_extension("reset")).unwrap();
    for _ in 0..3 {
        let verdict = b.look();
        assert_eq!((verdict.seen.phase, verdict.further.len()), (LatchPhase::Disarmed, 0));
    }
    // Made once more it is another one.
    std::fs::write(b.path(), "").unwrap();
    assert_eq!(b.look().seen.phase, LatchPhase::EngagedExternal);
}

#[test]
fn a_line_without_a_path_is_of_the_latch_itself_and_one_with_a_path_is_not() {
    let file = ForeignLatch { dev: 1, ino: 2, ctime_ns: 3 };
    for (path, missing) in [(None, true), (Some("/theirs/latch".into()), false)] {
        let mut b = Bench::new();
        b.record(Act::External { file, path, reason: Text::new("touched") });
        for _ in 0..3 {
            assert_eq!(b.look().seen.phase, LatchPhase::EngagedExternal);
        }
        assert_eq!(b.look().missing, missing);
    }
    let old = r#"{"act":"EXTERNAL","file":{"dev":1,"ino":2,"ctime_ns":3},"reason":"touched"}"#;
    let act: Act = serde_json::from_str(old).unwrap();
    assert_eq!(act, Act::External { file, path: None, reason: Text::new("touched") });
    assert_eq!(serde_json::to_string(&act).unwrap(), old);
}

#[test]
fn a_lost_directory_is_doubt_and_what_was_seen_in_it_stays_in_force() {
    let mut b = Bench::new();
    let theirs = b.dir.path().join("theirs");
    b.look();
    std::fs::rename(&theirs, b.dir.path().join("away")).unwrap();
    assert_eq!(b.look().seen.phase, LatchPhase::Blocked);
    std::fs::rename(b.dir.path().join("away"), &theirs).unwrap();
    assert_eq!(b.look().seen.phase, LatchPhase::Disarmed, "proof came back: arming is an act");
    std::fs::write(b.path(), "").unwrap();
    assert_eq!(b.look().seen.phase, LatchPhase::EngagedExternal);
    std::fs::rename(&theirs, b.dir.path().join("away")).unwrap();
    for _ in 0..3 {
        let verdict = b.look();
        assert_eq!(verdict.seen.phase, LatchPhase::EngagedExternal);
        assert!(verdict.further.is_empty(), "nobody saw that it went");
    }
}

#[test]
fn the_latch_itself_under_a_second_name_is_one_latch() {
    let mut b = Bench::new();
    b.look();
    let main = b.dir.path().join("run/latch");
    std::fs::write(&main, "").unwrap();
    std::fs::hard_link(&main, b.path()).unwrap();
    let verdict = b.until(|v| v.foreign.is_some());
    assert!(verdict.foreign.is_some() && verdict.further.is_empty(), "{verdict:?}");
    // Once it has only that name, it is what lies there.
    std::fs::remove_file(&main).unwrap();
    assert!(!b.until(|v| !v.further.is_empty()).further.is_empty());
}

/// A look that is still out is as good as a disk that hangs.
#[test]
fn one_that_does_not_answer_is_doubt_and_holds_up_no_look_at_the_latch() {
    let mut b = Bench::new();
    assert_eq!(b.look().seen.phase, LatchPhase::Safe);
    let out = Arc::clone(&b.check.further().0[0].out);
    out.store(true, Ordering::Release);
    let verdict = b.look();
    assert_eq!(verdict.seen.phase, LatchPhase::Blocked);
    assert!(verdict.seen.reason.as_str().contains("no answer"), "{verdict:?}");
    std::fs::write(b.dir.path().join("run/latch"), "").unwrap();
    assert!(b.look().seen.phase.is_engaged(), "the latch itself is looked at all the same");
    std::fs::remove_file(b.dir.path().join("run/latch")).unwrap();

    let mut b = Bench::new();
    assert_eq!(b.look().seen.phase, LatchPhase::Safe);
    let out = Arc::clone(&b.check.further().0[0].out);
    out.store(true, Ordering::Release);
    assert_eq!(b.look().seen.phase, LatchPhase::Blocked);
    out.store(false, Ordering::Release);
    assert_eq!(b.look().seen.phase, LatchPhase::Safe, "late for less than 5 s: forgiven");
}
