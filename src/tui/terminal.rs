//! Taking the terminal and giving it back.
//!
//! Every mode is switched on and off here, in pairs. The way back must work
//! from a panic in any thread and on a terminal that takes no more bytes, so
//! it goes past every lock and buffer, from a thread of its own, and nobody
//! waits for it longer than [`PATIENCE`].

use crate::domain::Text;
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange,
};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{Command, cursor, terminal};
use rustix::termios::{Action, QueueSelector, tcflow, tcflush};
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::OwnedFd;
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;
use thiserror::Error;

/// How long the way back may take.
pub const PATIENCE: Duration = Duration::from_millis(300);

/// Whether the terminal is in our hands.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Why there is no screen.
#[derive(Debug, Error)]
pub enum TuiError {
    /// Input or output is no terminal.
    #[error(
        "the console needs a terminal, and {0} is none: run it in one, \
         or use a verb that prints (`crs status`, `crs brief`, `crs kill`)"
    )]
    NoTerminal(&'static str),
    /// The terminal refused.
    #[error("the terminal can't be set up ({0}): try `reset`, then again")]
    Setup(#[from] io::Error),
}

/// The terminal in our hands; dropping it gives it back.
#[derive(Debug)]
pub struct Taken(());

/// Whether there is a terminal to take, before anything is started for it.
///
/// # Errors
/// Standard input or output is no terminal.
pub fn present() -> Result<(), TuiError> {
    if !io::stdin().is_terminal() {
        return Err(TuiError::NoTerminal("standard input"));
    }
    if !io::stdout().is_terminal() {
        return Err(TuiError::NoTerminal("standard output"));
    }
    Ok(())
}

/// Buttons and wheel in the numbering without limits. Not every movement, as
/// crossterm's own command would have it: nothing here follows the pointer.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
/// Undoes [`MOUSE_ON`].
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// Takes the terminal: raw mode, alternate screen, no cursor, bracketed
/// paste, reports of focus, and of the mouse where it is wanted. The panic hook is set before anything is touched.
///
/// # Errors
/// Standard input or output is no terminal, or it refuses; then it is left as
/// it was.
pub fn take(mouse: bool) -> Result<Taken, TuiError> {
    present()?;
    set_panic_hook();
    // Colours are reduced by the theme; crossterm's own idea of NO_COLOR
    // would take the modifiers away with them.
    crossterm::style::force_color_output(true);
    TAKEN.store(true, Ordering::SeqCst);
    let taken = Taken(());
    terminal::enable_raw_mode()?;
    let mut bytes = String::new();
    put(&mut bytes, &EnterAlternateScreen);
    put(&mut bytes, &cursor::Hide);
    put(&mut bytes, &EnableBracketedPaste);
    put(&mut bytes, &EnableFocusChange);
    if mouse {
        bytes.push_str(MOUSE_ON);
    }
    File::from(output()?).write_all(bytes.as_bytes())?;
    Ok(taken)
}

impl Drop for Taken {
    fn drop(&mut self) {
        give_back();
    }
}

/// A descriptor of the terminal's output, past the lock of `std::io::stdout`,
/// which a blocked writer would hold.
///
/// # Errors
/// No descriptor is to be had.
pub fn output() -> io::Result<OwnedFd> {
    Ok(rustix::io::fcntl_dupfd_cloexec(io::stdout(), 3)?)
}

/// Size in columns and rows; 80×24 where the terminal doesn't know.
#[must_use]
pub fn size() -> (u16, u16) {
    match terminal::size() {
        Ok((columns, rows)) if columns > 0 && rows > 0 => (columns, rows),
        _ => (80, 24),
    }
}

/// Gives the terminal back, once, from any thread.
pub fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // Raw mode first: it needs no byte to get through.
    let _ = terminal::disable_raw_mode();
    let (done, wait) = mpsc::channel();
    let helper = std::thread::Builder::new().name(String::from("give-back"));
    let spawned = helper.spawn(move || {
        let _ = leave();
        let _ = done.send(());
    });
    if spawned.is_ok() {
        let _ = wait.recv_timeout(PATIENCE);
    }
}

fn leave() -> io::Result<()> {
    let out = output()?;
    // A stopped or full terminal takes nothing; what still lies in it is a
    // frame that nobody will miss. Throwing it away doesn't wake a writer that
    // waits for room, but stopping and starting the output does.
    let _ = tcflush(&out, QueueSelector::OFlush);
    let _ = tcflow(&out, Action::OOff);
    let _ = tcflow(&out, Action::OOn);
    File::from(out).write_all(farewell().as_bytes())
}

/// Undoes [`take`]. It also ends a synchronized update that was cut short,
/// and any style.
fn farewell() -> String {
    let mut bytes = String::new();
    put(&mut bytes, &terminal::EndSynchronizedUpdate);
    put(&mut bytes, &crossterm::style::SetAttribute(crossterm::style::Attribute::Reset));
    bytes.push_str(MOUSE_OFF);
    put(&mut bytes, &DisableFocusChange);
    put(&mut bytes, &DisableBracketedPaste);
    put(&mut bytes, &LeaveAlternateScreen);
    put(&mut bytes, &cursor::Show);
    bytes
}

fn put(out: &mut String, command: &impl Command) {
    // Writing into a String can't fail.
    let _ = command.write_ansi(out);
}

/// Restores the terminal, says what happened in clean words, and ends the
/// process in every build, as `panic = "abort"` does in a release: half a
/// console would show old numbers as if they were new.
fn set_panic_hook() {
    static SET: AtomicBool = AtomicBool::new(false);
    if SET.swap(true, Ordering::SeqCst) {
        return;
    }
    std::panic::set_hook(Box::new(|info| {
        give_back();
        let _ = writeln!(io::stderr(), "{}", last_words(info));
        std::process::abort();
    }));
}

fn last_words(info: &PanicHookInfo<'_>) -> String {
    let what = info.payload_as_str().unwrap_or("no message");
    let place =
        info.location().map_or_else(String::new, |l| format!(" at {}:{}", l.file(), l.line()));
    let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
    format!(
        "crs: internal fault in thread {}{}: {}\n\
         The latch is untouched and a running kill goes on in the agent: see `crs status`.\n\
         `crs kill` works from any shell.",
        Text::limited(&thread, 40),
        Text::limited(&place, 160),
        Text::limited(what, 300),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_that_is_switched_on_is_switched_off() {
        let back = farewell();
        // Alternate screen, cursor, bracketed paste, focus, synchronized update.
        for off in ["\x1b[?1049l", "\x1b[?25h", "\x1b[?2004l", "\x1b[?1004l", "\x1b[?2026l"] {
            assert!(back.contains(off), "{off:?}");
        }
        for on in MOUSE_ON.split_inclusive('h') {
            assert!(back.contains(&on.replace('h', "l")), "{on:?}");
        }
    }
}
