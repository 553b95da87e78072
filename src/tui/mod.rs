//! The screen: themes, keymaps, views, overlays and the run loop.
//!
//! What belongs here: how things look and which key means what. What does
//! not: what is true (`state`), what happens (`control`, `feeds`). Only this
//! room touches the terminal.

pub mod fault;
pub mod keymap;
pub mod theme;
pub mod user_file;
