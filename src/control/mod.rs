//! Operator verbs, guards, the kill and ordinary commands.
//!
//! What belongs here: what an operator can decide and how it is carried out.
//! What does not: which key it is (`tui::keymap`), how it looks.

pub mod action;
pub mod guard;
pub mod kill;
pub mod mission;
pub mod port;
pub mod ticket;

pub use action::{Action, Danger, Takes};
pub use guard::Guard;
pub use mission::{MissionAsk, Unconfirmed};
pub use port::{Desk, MissionPort, Remote, RemoteVerb, Trigger};
pub use ticket::Proposal;
