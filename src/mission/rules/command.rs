//! The alert command: others are told of what the daemon can't solve.
//!
//! It gets the alert as JSON on its standard input, and of the environment
//! only what a program needs to find others; it has a bounded time, and runs
//! one at a time and not more often than every few seconds.

use crate::domain::Text;
use crate::domain::mission::MissionAlert;
use crate::host::clock;
use crossbeam_channel::{Receiver, Sender, bounded};
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Alerts that wait for the command.
const WAITING: usize = 16;
/// It ends within this, or is ended.
const LIMIT: Duration = Duration::from_secs(10);
/// From one to the next.
const APART: Duration = Duration::from_secs(5);
/// Of the environment, what it gets.
const KEPT: [&str; 6] = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "USER"];

/// Who runs the command.
pub struct Commander {
    argv: Arc<Mutex<Vec<String>>>,
    send: Sender<MissionAlert>,
    wait: Mutex<Option<Receiver<MissionAlert>>>,
}

impl Commander {
    /// One that runs this program with these arguments; empty: none.
    pub fn new(argv: Vec<String>) -> Self {
        let (send, wait) = bounded(WAITING);
        Self { argv: Arc::new(Mutex::new(argv)), send, wait: Mutex::new(Some(wait)) }
    }

    /// Another command.
    pub fn reload(&self, argv: Vec<String>) {
        *self.argv.lock().unwrap_or_else(PoisonError::into_inner) = argv;
    }

    /// Begins its thread, which ends with this; `told` hears how each went.
    pub fn start(&self, told: impl Fn(u64, Text) + Send + 'static) -> io::Result<()> {
        let wait = self.wait.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(wait) = wait else { return Ok(()) };
        let argv = Arc::clone(&self.argv);
        let thread = std::thread::Builder::new().name(String::from("mission-alarm"));
        let work = move || {
            for alert in wait {
                let argv = argv.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let outcome = run(&argv, &alert, LIMIT);
                told(alert.id, outcome);
                clock::sleep(APART);
            }
        };
        thread.spawn(work).map(drop)
    }

    /// Has it run for this alert; whether there is one, and room.
    pub fn call(&self, alert: &MissionAlert) -> bool {
        let none = self.argv.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        !none && self.send.try_send(alert.clone()).is_ok()
    }
}

/// Runs it to its end; how that was.
fn run(argv: &[String], alert: &MissionAlert, limit: Duration) -> Text {
    let Some((program, rest)) = argv.split_first() else {
        return Text::new("not called: no alert_command is configured");
    };
    let mut command = Command::new(program);
    command.args(rest).process_group(0).env_clear();
    command.envs(KEPT.iter().filter_map(|key| std::env::var_os(key).map(|value| (*key, value))));
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(e) => return Text::new(&format!("{program} can't be run: {e}; see alert_command")),
    };
    let mut json = serde_json::to_vec(alert).unwrap_or_default();
    json.push(b'\n');
    if let Some(mut stdin) = child.stdin.take() {
        // Less than a pipe holds, so that it is taken at once or never.
        let _ = stdin.write_all(&json);
    }
    match wait(&mut child, limit) {
        Some(status) if status.success() => Text::new("called"),
        Some(status) => Text::new(&format!("{program} ended with {status}; see alert_command")),
        None => Text::new(&format!("{program} did not end within {} s; ended", limit.as_secs())),
    }
}

/// Until it ends, or is ended with all that it started.
fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let until = Instant::now() + limit;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < until => clock::sleep(Duration::from_millis(5)),
            _ => break,
        }
    }
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).to_vec()
    }

    #[test]
    fn it_gets_the_alert_and_no_more_of_the_environment_than_it_needs() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("out");
        let script = format!("cat > {0}; env >> {0}", at.display());
        let alert = MissionAlert { id: 7, kind: Text::new("port-in-use"), ..Default::default() };
        assert_eq!(run(&argv(&script), &alert, LIMIT).as_str(), "called");
        let said = std::fs::read_to_string(&at).unwrap();
        let json: serde_json::Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
        assert_eq!(json["type"], "port-in-use");
        assert!(!said.contains("CARGO"), "{said}");
    }

    #[test]
    fn it_is_ended_with_its_children_and_failures_are_said() {
        let alert = MissionAlert::default();
        let said = run(&argv("sleep 600 & sleep 600"), &alert, Duration::from_millis(50));
        assert!(said.as_str().contains("did not end"), "{said}");
        assert!(run(&argv("exit 3"), &alert, LIMIT).as_str().contains("exit status: 3"));
        let none = [String::from("/nonexistent/program")];
        assert!(run(&none, &alert, LIMIT).as_str().contains("can't be run"));
    }
}
