//! Rows 1 to 10 and 22 to 26 beside a plain Python client: the same fault,
//! once with `crs`, once with `tests/peer/client.py`, and what both did.
//!
//! Words and verdicts are made of what was seen; nothing of them is typed.

mod client;
mod gateway;
mod latch;

use crate::lanes;
use std::fmt::Write as _;
use std::panic::catch_unwind;
use std::sync::Mutex;

/// What both did under one fault.
pub struct Seen {
    pub row: &'static str,
    pub fault: &'static str,
    pub crs: String,
    pub crs_right: bool,
    pub plain: String,
    pub plain_right: bool,
}

const HEAD: &str = "\
The plain client is ours, `tests/peer/client.py`: our reading of the system's documents (a breaker
that asks whether its file exists; a REQ socket in a context of its own, 5 s to wait, one request,
the envelope's status, counts where they are there), not the system's own code. Under rows 1 to 5
it is right if the kill was obeyed in the end and it says so; under 7 to 9 if what it says of the
positions is what the gateway holds; under 6 and 10, where the answer proves nothing, if it does not
believe it; under 22 to 26 if it says that trading is not safe. In brackets what the peer counted.
";

#[test]
#[ignore = "minutes: `.ci/run faults` and `.ci/faults` run it"]
fn a_plain_client_under_the_same_faults() {
    let cases: Vec<fn() -> Seen> = [gateway::CASES, latch::CASES].concat();
    let waiting = Mutex::new(cases.into_iter().enumerate());
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some((n, case)) = waiting.lock().unwrap().next() else { return };
                    let seen = catch_unwind(case).map_err(lanes::words);
                    done.lock().unwrap().push((n, seen));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(n, _)| *n);
    let mut text = format!(
        "{HEAD}\n| row | fault | `crs` | the plain client | right |\n|--:|---|---|---|---|\n"
    );
    let mut wrong = Vec::new();
    for (_, seen) in done {
        match seen {
            Ok(seen) => {
                let Seen { row, fault, crs, plain, .. } = &seen;
                let verdict = if seen.plain_right { "yes" } else { "no" };
                let _ = writeln!(text, "| {row} | {fault} | {crs} | {plain} | {verdict} |");
                if !seen.crs_right {
                    wrong.push(format!("row {row}, {fault}: crs: {crs}"));
                }
            }
            Err(why) => wrong.push(why),
        }
    }
    eprintln!("{text}");
    lanes::keep("plain.md", &text);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
