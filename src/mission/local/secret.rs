//! A program that prints a value for the environment: it is run without a
//! shell, for a bounded time, and what it prints is shown to nobody.

use rustix::process::{Pid, Signal, kill_process_group};
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// Longest value, in bytes.
const MOST: u64 = 64 << 10;
/// Longest wait for it.
pub const WAIT: Duration = Duration::from_secs(10);

/// The value, without the newline at its end.
///
/// # Errors
/// The cause, without a word of what was printed, and the next step.
pub fn ask(name: &str, argv: &[String], longest: Duration) -> Result<String, String> {
    let [program, arguments @ ..] = argv else {
        return Err(format!("secrets.{name}: no program is named; write one"));
    };
    let mut command = Command::new(program);
    command.args(arguments).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|e| {
        format!("secrets.{name}: {program} can't be run: {e}; see that it is installed here")
    })?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let end = || group.map(|group| kill_process_group(group, Signal::KILL));
    let (bring, brought) = channel();
    let Some(out) = child.stdout.take() else {
        return Err(format!("secrets.{name}: {program} has no output"));
    };
    let read = move || {
        let mut got = Vec::new();
        let _ = bring.send(out.take(MOST).read_to_end(&mut got).map(|_| got));
    };
    let thread = std::thread::Builder::new().name(String::from("mission-secret")).spawn(read);
    let got = thread.map_err(|e| e.to_string()).and_then(|_| {
        brought.recv_timeout(longest).map_err(|_| format!("did not end within {longest:?}"))
    });
    let status = got.is_ok().then(|| ended(&mut child)).flatten();
    // Whatever it left behind must not hold the pipe for ever.
    end();
    let _ = child.wait();
    let wrong = |why: String| format!("secrets.{name}: {program} {why}; run it by hand");
    let got = got.map_err(wrong)?.map_err(|e| wrong(e.to_string()))?;
    match status.map(|status| (status.code(), status.success())) {
        Some((_, true)) => {}
        Some((Some(code), _)) => return Err(wrong(format!("ended with status {code}"))),
        _ => return Err(wrong(String::from("closed its output and did not end well"))),
    }
    let value = String::from_utf8(got).map_err(|_| wrong(String::from("printed no text")))?;
    let value = value.trim_end_matches(['\n', '\r']);
    if value.is_empty() || value.contains('\0') {
        return Err(wrong(String::from("printed nothing that fits a variable")));
    }
    Ok(value.to_owned())
}

/// Its status, which follows the end of its output closely.
fn ended(child: &mut Child) -> Option<ExitStatus> {
    for _ in 0..500 {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, ms: u64) -> Result<String, String> {
        let argv = ["sh", "-c", script].map(String::from);
        ask("TOKEN", &argv, Duration::from_millis(ms))
    }

    #[test]
    fn a_value_is_read_and_no_error_shows_it() {
        assert_eq!(sh("printf 'hush hush\\n'", 20_000).as_deref(), Ok("hush hush"));
        for (script, why) in [
            ("echo hush; exit 3", "ended with status 3"),
            ("echo hush; exec >&-; sleep 0.1; exit 3", "ended with status 3"),
            ("true", "printed nothing"),
            ("echo hush; kill -9 $$", "did not end well"),
        ] {
            let said = sh(script, 20_000).unwrap_err();
            assert!(said.contains(why) && !said.contains("hush"), "{said}");
        }
        assert!(sh("echo hush; sleep 60", 300).unwrap_err().contains("did not end"));
        let none = ask("TOKEN", &[String::from("/no/such")], WAIT).unwrap_err();
        assert!(none.contains("/no/such can't be run"), "{none}");
    }
}
