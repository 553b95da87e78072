//! `[alarms] on_alert`: a program that is run for each alarm, with the alarm
//! as JSON on its standard input.
//!
//! It runs on a thread of its own, one at a time, with nothing of ours but its
//! input: no terminal, no descriptor, no token in its environment. What comes
//! faster than it may be run is counted, and the next document says so.

use crate::domain::Text;
use crate::event::{Level, Sender};
use crate::state::{Alarm, State};
use crate::tui::run::OnAlarm;
use crossbeam_channel as channel;
use serde::Serialize;
use std::collections::VecDeque;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Waiting alarms; what does not fit is counted.
const WAITING: usize = 32;
/// Between two runs.
const PAUSE: Duration = Duration::from_secs(1);
/// Runs within [`WINDOW`].
const RUNS: usize = 30;
/// See [`RUNS`].
const WINDOW: Duration = Duration::from_mins(10);
/// A program that takes longer is ended.
const PATIENCE: Duration = Duration::from_secs(10);
/// What it may find in its environment.
const KEPT: [&str; 5] = ["PATH", "HOME", "USER", "LANG", "TZ"];

/// The document.
#[derive(Debug, Serialize)]
struct Document {
    /// Version of this shape.
    v: u8,
    severity: &'static str,
    key: Text,
    text: Text,
    advice: Text,
    /// When it was raised, UTC.
    at: String,
    /// How often so far.
    count: u32,
    /// PAPER, LIVE, …
    mode: &'static str,
    host: Text,
    operator: Text,
    /// Alarms that this program was not run for, since the last time.
    suppressed: u64,
}

impl Document {
    fn of(alarm: &Alarm, state: &State) -> Self {
        Self {
            v: 1,
            severity: alarm.severity.word(),
            key: alarm.key.clone(),
            text: alarm.text.clone(),
            advice: alarm.advice.clone(),
            at: alarm.last.utc.iso(),
            count: alarm.count,
            mode: state.mode().word(),
            host: state.session.host.clone(),
            operator: state.session.operator.clone(),
            suppressed: 0,
        }
    }
}

/// What hands alarms to the program; none where no program is set or no
/// thread is to be had, which is told.
#[must_use]
pub fn runner(argv: &[String], sender: &Sender) -> Option<OnAlarm> {
    Some(with_its_thread(argv, sender)?.0)
}

/// The same with the thread, which ends once what was told before is done, for a
/// verb that ends soon.
#[must_use]
pub fn with_its_thread(argv: &[String], sender: &Sender) -> Option<(OnAlarm, JoinHandle<()>)> {
    if argv.is_empty() {
        return None;
    }
    let (tell, inbox) = channel::bounded::<Document>(WAITING);
    let lost = Arc::new(AtomicU64::new(0));
    let (argv, counted, voice) = (argv.to_vec(), Arc::clone(&lost), sender.clone());
    let work = move || serve(&argv, &inbox, &counted, &voice);
    let off = |e: &std::io::Error| {
        sender.log(Level::Warn, "alerts", format!("on_alert is off: {e}"));
    };
    let thread = std::thread::Builder::new().name("alerts".to_owned()).spawn(work);
    let thread = thread.inspect_err(off).ok()?;
    let on_alarm: OnAlarm = Box::new(move |alarm, state| {
        if tell.try_send(Document::of(alarm, state)).is_err() {
            lost.fetch_add(1, Ordering::Relaxed);
        }
    });
    Some((on_alarm, thread))
}

fn serve(argv: &[String], inbox: &channel::Receiver<Document>, lost: &AtomicU64, sender: &Sender) {
    let mut recent: VecDeque<Instant> = VecDeque::new();
    let mut failing = false;
    for mut document in inbox {
        recent.retain(|at| at.elapsed() < WINDOW);
        if recent.len() >= RUNS {
            lost.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        recent.push_back(Instant::now());
        document.suppressed = lost.swap(0, Ordering::Relaxed);
        let outcome = run(argv, &document, PATIENCE);
        // Said when it begins and when it ends, not at each alarm.
        match (&outcome, failing) {
            (Err(why), false) => sender.log(Level::Warn, "alerts", format!("on_alert {why}")),
            (Ok(()), true) => sender.log(Level::Info, "alerts", "on_alert works again"),
            _ => {}
        }
        failing = outcome.is_err();
        std::thread::sleep(PAUSE);
    }
}

fn run(argv: &[String], document: &Document, patience: Duration) -> Result<(), String> {
    let Some((program, words)) = argv.split_first() else { return Ok(()) };
    let mut command = Command::new(program);
    command.args(words).env_clear().current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    for name in KEPT {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    let mut child = command.spawn().map_err(|e| format!("can't run {program}: {e}"))?;
    let mut text = serde_json::to_vec(document).map_err(|e| e.to_string())?;
    text.push(b'\n');
    // Smaller than a pipe: a program that never reads holds up nobody.
    if let Some(mut pipe) = child.stdin.take() {
        let _ = pipe.write_all(&text);
    }
    ended(&mut child, program, patience)
}

fn ended(child: &mut Child, program: &str, patience: Duration) -> Result<(), String> {
    let began = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("{program} ended with {status}")),
            Ok(None) if began.elapsed() >= patience => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("{program} took longer than {} s: ended", patience.as_secs()));
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(20)),
            Err(e) => return Err(format!("{program} can't be waited for: {e}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::channel_pair;
    use std::os::unix::fs::PermissionsExt;

    fn script(dir: &std::path::Path, text: &str) -> Vec<String> {
        let path = dir.join("page");
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        vec![path.to_string_lossy().into_owned()]
    }

    fn document() -> Document {
        let alarm = Alarm { text: Text::new("feed \"a\" down"), ..Alarm::default() };
        Document::of(&alarm, &State::default())
    }

    #[test]
    fn the_program_reads_the_alarm_as_json_and_no_secret() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let argv = script(dir.path(), &format!("cat > {0}; env >> {0}", out.display()));
        run(&argv, &document(), PATIENCE).unwrap();
        let said = std::fs::read_to_string(out).unwrap();
        let (json, env) = said.split_once('\n').unwrap();
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(json["text"], "feed \"a\" down");
        assert_eq!((&json["v"], &json["severity"]), (&1.into(), &"warning".into()));
        let allowed = |line: &str| {
            let name = line.split('=').next().unwrap_or_default();
            KEPT.contains(&name) || ["PWD", "SHLVL", "_", "OLDPWD"].contains(&name)
        };
        assert!(env.lines().all(allowed), "{env}");
    }

    #[test]
    fn one_that_fails_hangs_or_is_not_there_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let failed = run(&script(dir.path(), "exit 3"), &document(), PATIENCE).unwrap_err();
        assert!(failed.contains("exit status: 3"), "{failed}");
        let hung = script(dir.path(), "exec sleep 60");
        let hung = run(&hung, &document(), Duration::from_millis(200)).unwrap_err();
        assert!(hung.contains("took longer"), "{hung}");
        let gone = run(&["/nonexistent/page".to_owned()], &document(), PATIENCE).unwrap_err();
        assert!(gone.contains("can't run /nonexistent/page"), "{gone}");
    }

    #[test]
    fn what_comes_too_fast_is_counted_for_the_next_one() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let argv = script(dir.path(), &format!("cat >> {}", out.display()));
        let (sender, _receiver) = channel_pair();
        let tell = runner(&argv, &sender).unwrap();
        let state = State::default();
        for number in 0..60 {
            tell(&Alarm { number, ..Alarm::default() }, &state);
        }
        let counted = |text: &str| {
            let of = |line: &str| serde_json::from_str::<serde_json::Value>(line).ok();
            text.lines().filter_map(of).filter_map(|d| d["suppressed"].as_u64()).sum::<u64>()
        };
        let until = Instant::now() + Duration::from_mins(1);
        loop {
            let said = std::fs::read_to_string(&out).unwrap_or_default();
            if counted(&said) >= 27 {
                break;
            }
            assert!(Instant::now() < until, "{said}");
            std::thread::sleep(Duration::from_millis(50));
        }
        assert!(runner(&[], &sender).is_none());
    }
}
