//! Asking a human, in words.

use super::{Exit, Failure};
use std::io::{BufRead, IsTerminal, Write};

/// Asks for `phrase` on the terminal.
///
/// # Errors
/// Status 64 where there is no terminal to ask on; 1 when something else was
/// typed.
pub fn typed(question: &str, phrase: &str, without: &str) -> Result<(), Failure> {
    confirmed(question, phrase, true, without)
}

/// As [`typed`], in any case of letters: for what stops trading, where a
/// capital must not stand in the way.
///
/// # Errors
/// As [`typed`].
pub fn typed_to_stop(question: &str, phrase: &str, without: &str) -> Result<(), Failure> {
    confirmed(question, phrase, false, without)
}

fn confirmed(question: &str, phrase: &str, exact: bool, without: &str) -> Result<(), Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::new(Exit::USAGE, format!("no terminal to ask on: {without}")));
    }
    let mut stderr = std::io::stderr().lock();
    let _ = writeln!(stderr, "{question}");
    let asked = ask(phrase, exact, &mut stdin.lock(), &mut stderr);
    if asked { Ok(()) } else { Err(Failure::failed("not confirmed: nothing was done")) }
}

/// Twice where trading is to stop: a slip of the finger is no refusal there.
fn ask(phrase: &str, exact: bool, from: &mut impl BufRead, to: &mut impl Write) -> bool {
    for again in ["", "That was not it. "].into_iter().take(if exact { 1 } else { 2 }) {
        let _ = write!(to, "{again}Type {phrase} to go on: ");
        let _ = to.flush();
        let mut answer = String::new();
        if !from.read_line(&mut answer).is_ok_and(|read| read > 0) {
            return false;
        }
        let typed = answer.trim();
        if typed == phrase || (!exact && typed.eq_ignore_ascii_case(phrase)) {
            return true;
        }
        if typed.is_empty() {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(exact: bool, typed: &str) -> bool {
        ask("KILL", exact, &mut typed.as_bytes(), &mut Vec::new())
    }

    #[test]
    fn a_slip_is_asked_again_and_silence_is_no() {
        for (typed, stop, exact) in [
            ("KILL\n", true, true),
            (" kill \n", true, false),
            ("y\nKILL\n", true, false),
            ("y\ny\nKILL\n", false, false),
            ("\nKILL\n", false, false),
            ("", false, false),
        ] {
            assert_eq!((said(false, typed), said(true, typed)), (stop, exact), "{typed:?}");
        }
    }
}
