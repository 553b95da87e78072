//! When the next frame is due. Pure: moments in, waits out.

use crate::domain::Stamp;
use std::time::Duration;

/// Never more frames than this in a second.
pub const MAX_FPS: u32 = 30;

/// A key on a slow line is shown so much sooner than what is not urgent.
pub const SLOW_HURRY: u32 = 5;

/// Frames are drawn when something changed and the time has come: a key or an
/// alarm makes that at once, anything else at the usual rate.
#[derive(Clone, Debug)]
pub struct Pace {
    usual: Duration,
    /// On a slow line: the rate, and no more than this for keys.
    slow: Option<Duration>,
    last: Option<Stamp>,
    dirty: bool,
    urgent: bool,
}

impl Pace {
    /// `fps` frames per second, 1 to [`MAX_FPS`].
    #[must_use]
    pub fn new(fps: u32) -> Self {
        let usual = Duration::from_secs(1) / fps.clamp(1, MAX_FPS);
        Self { usual, slow: None, last: None, dirty: true, urgent: true }
    }

    /// No more than so many frames a second, or the usual rate; keys may have
    /// [`SLOW_HURRY`] times as many.
    pub fn slow_down(&mut self, fps: Option<u32>) {
        self.slow = fps.map(|fps| Duration::from_secs(1) / fps.clamp(1, MAX_FPS));
    }

    /// Something changed.
    pub const fn touch(&mut self) {
        self.dirty = true;
    }

    /// Something changed that an operator waits for.
    pub const fn hurry(&mut self) {
        self.dirty = true;
        self.urgent = true;
    }

    /// Time until the next frame; none while nothing changed.
    #[must_use]
    pub fn due_in(&self, now: Stamp) -> Option<Duration> {
        self.dirty.then(|| self.left(self.urgent, now))
    }

    /// Time until a frame for what is not urgent may be drawn, whether or not
    /// there is anything.
    #[must_use]
    pub fn usual_in(&self, now: Stamp) -> Duration {
        self.left(false, now)
    }

    /// Whether the next frame is one that an operator waits for.
    #[must_use]
    pub const fn is_urgent(&self) -> bool {
        self.urgent
    }

    fn left(&self, urgent: bool, now: Stamp) -> Duration {
        let gap = match (self.slow, urgent) {
            (None, true) => Duration::from_secs(1) / MAX_FPS,
            (None, false) => self.usual,
            (Some(slow), true) => slow / SLOW_HURRY,
            (Some(slow), false) => slow,
        };
        let waited = self.last.map_or(Duration::MAX, |last| now.since(last));
        gap.saturating_sub(waited)
    }

    /// A frame was drawn.
    pub const fn drawn(&mut self, now: Stamp) {
        self.last = Some(now);
        self.dirty = false;
        self.urgent = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Stamp {
        Stamp::default().plus(Duration::from_millis(ms))
    }

    #[test]
    fn the_first_frame_is_due_at_once() {
        assert_eq!(Pace::new(10).due_in(at(0)), Some(Duration::ZERO));
    }

    #[test]
    fn data_waits_for_the_rate_and_a_key_does_not() {
        let mut pace = Pace::new(10);
        pace.drawn(at(1_000));
        assert_eq!(pace.due_in(at(1_050)), None, "nothing changed");
        pace.touch();
        assert_eq!(pace.due_in(at(1_060)), Some(Duration::from_millis(40)));
        pace.hurry();
        assert_eq!(pace.due_in(at(1_060)), Some(Duration::ZERO));
    }

    #[test]
    fn never_more_than_thirty_a_second() {
        let mut pace = Pace::new(1_000);
        let mut frames = 0;
        for ms in 0..1_000 {
            pace.hurry();
            if pace.due_in(at(ms)) == Some(Duration::ZERO) {
                pace.drawn(at(ms));
                frames += 1;
            }
        }
        assert!((25..=30).contains(&frames), "{frames} frames");
    }
}
