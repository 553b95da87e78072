//! What may have waited unread, so that nothing is ordered on it.
//!
//! A tick bears the time at which it was read: how long it lay in the socket
//! nobody says. So each that is read after the loop was held up (by an order, a
//! disk, a reader of standard output, a stop of the process) counts as one that
//! waited, until the source was seen empty.

/// Work on one message that takes longer holds up the next.
const BUSY_NS: u64 = 1_000_000;
/// Between two readings of a loop that runs lies less: it waits 50 ms at most.
const STALL_NS: u64 = 100_000_000;
/// After a stall the whole process may have stood still. What the system kept
/// for it comes through libzmq's own thread, which may still be at it when the
/// socket looks empty.
const SETTLE_NS: u64 = 250_000_000;

/// Times are monotonic ns.
pub struct Queue {
    live: bool,
    waited: bool,
    read_ns: u64,
    settled_ns: u64,
}

impl Queue {
    /// Of an engine that starts now. What came while a `live` one asked for its
    /// account waited already; for a dry run nothing ever counts as waited.
    pub const fn new(live: bool, now: u64) -> Self {
        Self { live, waited: live, read_ns: now, settled_ns: 0 }
    }

    /// The source gave something, or nothing.
    pub const fn read(&mut self, now: u64) {
        if self.live && now.saturating_sub(self.read_ns) > STALL_NS {
            self.waited = true;
            self.settled_ns = now.saturating_add(SETTLE_NS);
        }
        self.read_ns = now;
    }

    /// What it gave was taken from the socket at `at_ns`, or later.
    pub fn taken(&mut self, at_ns: u64) {
        self.read_ns = self.read_ns.min(at_ns);
    }

    /// Everything that follows from it is done. Whether that took long.
    pub const fn done(&mut self, now: u64) -> bool {
        let busy = self.live && now.saturating_sub(self.read_ns) > BUSY_NS;
        self.waited |= busy;
        busy
    }

    /// It gave nothing: nothing waits.
    pub const fn empty(&mut self, now: u64) {
        if now >= self.settled_ns {
            self.waited = false;
        }
    }

    /// Whether what was read last may have waited.
    pub const fn waited(&self) -> bool {
        self.waited
    }
}
