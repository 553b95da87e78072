//! What was told, with its form on the wire.

use crate::domain::mission::ConsoleLine;
use std::sync::{Arc, OnceLock};

/// JSON as it goes over the wire; a copy of it is a counter.
pub type Wire = Arc<str>;

/// Something told. Whoever first needs its wire form makes it, for everybody.
#[derive(Debug)]
pub struct Shared<T> {
    /// What.
    pub told: Arc<T>,
    wire: OnceLock<Wire>,
}

impl<T> Shared<T> {
    pub(super) const fn new(told: Arc<T>) -> Self {
        Self { told, wire: OnceLock::new() }
    }

    /// Its wire form, by `make` where nobody made it yet. Everybody must use
    /// the same `make`.
    pub fn wire(&self, make: impl FnOnce(&T) -> Wire) -> Wire {
        self.wire.get_or_init(|| make(&self.told)).clone()
    }
}

/// Lines that were told together; a message each.
#[derive(Debug)]
pub struct LineBatch {
    /// The lines, in the order of their numbers.
    pub lines: Arc<[ConsoleLine]>,
    wires: Box<[OnceLock<Wire>]>,
}

impl LineBatch {
    pub(super) fn new(lines: Arc<[ConsoleLine]>) -> Self {
        let wires = lines.iter().map(|_| OnceLock::new()).collect();
        Self { lines, wires }
    }

    /// Line `at` of the batch on the wire.
    pub fn wire(&self, at: usize, make: impl FnOnce(&ConsoleLine) -> Wire) -> Option<Wire> {
        let (line, wire) = (self.lines.get(at)?, self.wires.get(at)?);
        Some(wire.get_or_init(|| make(line)).clone())
    }
}
