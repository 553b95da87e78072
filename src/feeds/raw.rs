//! Messages as they came, for the recording.

use crate::event::{RawFrame, RawPort, Sender};
use crate::host::clock::mono_ns;

/// So many in a second: a flood of rubbish is counted, not kept.
const A_SECOND: u32 = 20;
const SECOND_NS: u64 = 1_000_000_000;

/// Where messages of one port of one peer go.
pub(super) struct RawTap {
    sender: Sender,
    peer: u16,
    port: RawPort,
    since: u64,
    count: u32,
}

impl RawTap {
    pub(super) const fn new(sender: Sender, peer: u16, port: RawPort) -> Self {
        Self { sender, peer, port, since: 0, count: 0 }
    }

    /// Reports one, unless there were too many of late.
    pub(super) fn keep(&mut self, frames: &[&[u8]]) {
        let now = mono_ns();
        if now.saturating_sub(self.since) >= SECOND_NS {
            (self.since, self.count) = (now, 0);
        }
        self.count += 1;
        if self.count <= A_SECOND
            && let Some(raw) = RawFrame::of(self.peer, self.port, frames)
        {
            self.sender.send(raw);
        }
    }
}
