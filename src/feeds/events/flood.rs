//! How many decisions one endpoint may hand on.
//!
//! A busy engine decides some hundred times a second. A peer that floods would
//! fill the lane that kills and reads go through, so what is beyond the bound
//! is counted and dropped here. Orders have a share of their own: a flood of
//! decisions that ordered nothing hides none.

use crate::domain::Decision;

/// The bounds hold for this time.
const WINDOW_NS: u64 = 100_000_000;
/// Decisions that ordered nothing, in one window: 2,000 a second.
pub(super) const QUIET: u32 = 200;
/// Decisions that ordered something, in one window: as many again.
pub(super) const ORDERS: u32 = 200;

/// What was handed on in this window.
#[derive(Default)]
pub(super) struct Flood {
    since: u64,
    quiet: u32,
    orders: u32,
}

impl Flood {
    /// Whether there is room for this one at `now` (monotonic ns); it is
    /// counted then.
    pub(super) fn takes(&mut self, decision: &Decision, now: u64) -> bool {
        if now.saturating_sub(self.since) >= WINDOW_NS {
            *self = Self { since: now, ..Self::default() };
        }
        let quiet = ["NO_ORDER", "BLOCKED", "SKIPPED"];
        let ordered = !decision.order.is_empty() || !quiet.contains(&decision.action.as_str());
        let (count, most) =
            if ordered { (&mut self.orders, ORDERS) } else { (&mut self.quiet, QUIET) };
        *count = count.saturating_add(1);
        *count <= most
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Text;

    #[test]
    fn a_flood_of_quiet_ones_hides_no_order_and_ends_with_its_window() {
        let quiet = Decision { action: Text::new("NO_ORDER"), ..Decision::default() };
        let order = Decision { order: Text::new("ORD_000004"), ..Decision::default() };
        let lost = Decision { action: Text::new("UNKNOWN"), ..Decision::default() };
        let mut flood = Flood::default();
        let at = 5 * WINDOW_NS;
        let taken = (0..100_000).filter(|_| flood.takes(&quiet, at)).count();
        assert_eq!(u32::try_from(taken), Ok(QUIET));
        assert!(flood.takes(&lost, at), "what may have become an order is not quiet");
        let taken = (0..100_000).filter(|_| flood.takes(&order, at + 1)).count();
        assert_eq!(u32::try_from(taken), Ok(ORDERS - 1));
        assert!(!flood.takes(&quiet, at + WINDOW_NS - 1));
        assert!(flood.takes(&quiet, at + WINDOW_NS));
    }
}
