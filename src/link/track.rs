//! How a connection stands, folded from its monitor's events. Pure.

use super::monitor::LinkEvent;
use crate::domain::LinkState;

/// libzmq says at once when it connects again by itself; silence this long
/// after a loss means that it never will.
const RETRY_GRACE_NS: u64 = 250_000_000;
/// A ZMTP handshake over any link that a tick should travel takes less.
const HANDSHAKE_GRACE_NS: u64 = 3_000_000_000;

/// The state of one socket's connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Track {
    state: LinkState,
    readied: u64,
    /// Lost, and libzmq has not said that it tries again.
    lost: Option<u64>,
    /// TCP stands, the handshake does not.
    opening: Option<u64>,
}

impl Track {
    /// Takes one event, heard at `now` (monotonic nanoseconds).
    pub const fn hear(&mut self, event: LinkEvent, now: u64) {
        match event {
            LinkEvent::Connected => {
                self.lost = None;
                self.opening = Some(now);
            }
            LinkEvent::Ready => {
                self.state = LinkState::Up;
                self.readied += 1;
                self.lost = None;
                self.opening = None;
            }
            LinkEvent::HandshakeFailed | LinkEvent::Disconnected => {
                if matches!(self.state, LinkState::Up) {
                    self.state = LinkState::Down;
                }
                self.lost = Some(now);
                self.opening = None;
            }
            LinkEvent::Retrying => self.lost = None,
            LinkEvent::Other(_) => {}
        }
    }

    /// How the link stands.
    #[must_use]
    pub const fn state(&self) -> LinkState {
        self.state
    }

    /// Which connection this is: counts finished handshakes. What was proven
    /// of a peer holds for one connection only.
    #[must_use]
    pub const fn connection(&self) -> u64 {
        self.readied
    }

    /// Why the socket will never recover by itself, if it will not: libzmq
    /// gives a connection up for good after a malformed handshake or a frame
    /// above the size limit.
    #[must_use]
    pub fn stuck(&self, now: u64) -> Option<&'static str> {
        let over = |since: Option<u64>, grace| since.is_some_and(|t| now.saturating_sub(t) > grace);
        if over(self.lost, RETRY_GRACE_NS) {
            Some("protocol error")
        } else if over(self.opening, HANDSHAKE_GRACE_NS) {
            Some("no handshake")
        } else {
            None
        }
    }

    /// Starts over with a new socket that stands for the same link.
    pub const fn rebuilt(&mut self) {
        if matches!(self.state, LinkState::Up) {
            self.state = LinkState::Down;
        }
        self.lost = None;
        self.opening = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use LinkEvent::{Connected, Disconnected, HandshakeFailed, Ready, Retrying};

    fn after(events: &[LinkEvent]) -> Track {
        let mut track = Track::default();
        for event in events {
            track.hear(*event, 1);
        }
        track
    }

    #[test]
    fn a_link_is_up_after_its_handshake_only() {
        assert_eq!(after(&[Connected]).state(), LinkState::Connecting);
        assert_eq!(after(&[Connected, Ready]).state(), LinkState::Up);
        assert_eq!(after(&[Connected, HandshakeFailed]).state(), LinkState::Connecting);
        assert_eq!(after(&[Connected, Ready, Disconnected]).state(), LinkState::Down);
    }

    #[test]
    fn a_loss_that_libzmq_does_not_retry_is_for_good() {
        let later = 1 + RETRY_GRACE_NS + 1;
        assert_eq!(after(&[Connected, Ready, Disconnected]).stuck(later), Some("protocol error"));
        assert_eq!(after(&[Connected, Ready, Disconnected]).stuck(2), None);
        assert_eq!(after(&[Connected, Ready, Disconnected, Retrying]).stuck(later), None);
        let handshake = after(&[Connected]);
        assert_eq!(handshake.stuck(later), None);
        assert_eq!(handshake.stuck(1 + HANDSHAKE_GRACE_NS + 1), Some("no handshake"));
        assert_eq!(after(&[Connected, Ready]).stuck(u64::MAX), None);
    }

    #[test]
    fn each_handshake_is_another_connection() {
        let mut track = after(&[Connected, Ready, Disconnected, Retrying, Connected, Ready]);
        assert_eq!(track.connection(), 2);
        track.rebuilt();
        assert_eq!((track.state(), track.connection()), (LinkState::Down, 2));
    }
}
