//! Asking a human, once, in words.

use super::{Exit, Failure};
use std::io::{BufRead, IsTerminal, Write};

/// Asks for `phrase` on the terminal.
///
/// # Errors
/// Status 64 where there is no terminal to ask on; 1 when something else was
/// typed.
pub fn typed(question: &str, phrase: &str, without: &str) -> Result<(), Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::new(Exit::USAGE, format!("no terminal to ask on: {without}")));
    }
    let mut stderr = std::io::stderr().lock();
    let _ = write!(stderr, "{question}\nType {phrase} to go on: ");
    let _ = stderr.flush();
    let mut answer = String::new();
    let read = stdin.lock().read_line(&mut answer);
    if read.is_ok() && answer.trim() == phrase {
        Ok(())
    } else {
        Err(Failure::failed("not confirmed: nothing was done"))
    }
}
