//! The command line's wish for a guard of KILL or BLOCK.
//!
//! The input thread owns that guard; the console loop, which reads the command
//! line, can only leave a wish here. A wish opens a guard as the chord does. It
//! can't confirm one.

use crate::event::GuardedVerb;
use std::sync::atomic::{AtomicU8, Ordering};

const NONE: u8 = 0;
const KILL: u8 = 1;
const BLOCK: u8 = 2;

/// At most one wish; a later one takes its place.
#[derive(Debug, Default)]
pub struct Wish(AtomicU8);

impl Wish {
    /// Wishes for the guard of KILL.
    pub fn kill(&self) {
        self.0.store(KILL, Ordering::SeqCst);
    }

    /// Wishes for the guard of BLOCK.
    pub fn block(&self) {
        self.0.store(BLOCK, Ordering::SeqCst);
    }

    /// The wish, once.
    pub fn take(&self) -> Option<GuardedVerb> {
        match self.0.swap(NONE, Ordering::SeqCst) {
            KILL => Some(GuardedVerb::Kill),
            BLOCK => Some(GuardedVerb::Block),
            _ => None,
        }
    }
}
