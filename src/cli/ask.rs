//! Typed confirmation: a word that has to be written out.

use super::{Exit, Failure, Out};
use std::io::{BufRead, IsTerminal};

/// Shows `what` and waits for `word` and Enter on the terminal.
///
/// # Errors
/// Status 64 where there is no terminal to ask at, 1 when something else was
/// typed; nothing has been done then.
pub fn confirm(out: &mut Out, what: &str, word: &str) -> Result<(), Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        let text =
            format!("{what}\nThis asks for confirmation, and there is no terminal: add --yes");
        return Err(Failure::new(Exit::USAGE, text));
    }
    out.note(format!("{what}\nType {word} and Enter to go on, anything else to stop:"));
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    if read.is_ok() && line.trim() == word {
        return Ok(());
    }
    Err(Failure::failed("not confirmed, nothing was done"))
}
