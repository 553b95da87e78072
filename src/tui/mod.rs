//! The screen: themes, keymaps, views, overlays and the run loop.
//!
//! What belongs here: how things look and which key means what. What does
//! not: what is true (`state`), what happens (`control`, `feeds`). Only this
//! room touches the terminal.
//!
//! Threads: **input** reads keys, owns the guard of KILL and BLOCK and talks
//! straight to the kill thread; the **console loop** ([`run()`]) owns State and
//! builds frames; the **writer** owns the terminal's output, so that a
//! blocked terminal blocks only itself; **hang-up** and **signals** watch for
//! the end of the line.

pub mod chords;
pub mod cockpit;
pub mod diagnostics;
pub mod fault;
pub mod hangup;
pub mod input;
pub mod keymap;
pub mod looks;
pub mod overlay;
pub mod pace;
pub mod prompt;
pub mod run;
pub mod screen;
pub mod shelf;
pub mod terminal;
pub mod theme;
pub mod ui;
pub mod user_file;
pub mod view;
pub mod writer;

pub use cockpit::Cockpit;
pub use run::{Console, Exit, run};
pub use screen::{Frame, Screen};
pub use terminal::TuiError;
