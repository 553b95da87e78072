//! An agent in which a thread fell over.

use crate::audit::Act;
use crate::breaker::LatchHome;
use crate::domain::Text;
use crossbeam_channel as channel;
use std::io::Write;
use std::panic::PanicHookInfo;
use std::thread;
use std::time::Duration;

/// A log and a terminal that take nothing hold up the end no longer.
const PATIENCE: Duration = Duration::from_millis(300);

/// From now on a panic in any thread ends the process, in every build, as
/// `panic = "abort"` does in a release: an agent without one of its threads
/// would hold the election and not do its work. Whoever decided stands in, and
/// the next agent takes up what is in force.
pub fn ends_all(home: &LatchHome) {
    let home = home.clone();
    std::panic::set_hook(Box::new(move |info| {
        let (text, home) = (last_words(info), home.clone());
        let (done, wait) = channel::bounded(1);
        // Both may hang: somebody else says it.
        let telling = thread::Builder::new().name("last-words".to_owned()).spawn(move || {
            let _ = writeln!(std::io::stderr(), "crs: {text}");
            let _ = home.chain("agent").append(Act::Alarm { text, count: 1 });
            let _ = done.send(());
        });
        if telling.is_ok() {
            let _ = wait.recv_timeout(PATIENCE);
        }
        std::process::abort();
    }));
}

fn last_words(info: &PanicHookInfo<'_>) -> Text {
    let what = info.payload_as_str().unwrap_or("no message");
    let place =
        info.location().map_or_else(String::new, |l| format!(" at {}:{}", l.file(), l.line()));
    let thread = thread::current().name().unwrap_or("unnamed").to_owned();
    Text::new(&format!(
        "internal fault of the agent in thread {}{}: {}; it ends, and the next one takes up what \
         is in force",
        Text::limited(&thread, 40),
        Text::limited(&place, 160),
        Text::limited(what, 300),
    ))
}
