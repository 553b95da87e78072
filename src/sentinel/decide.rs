//! What the model's word amounts to. Pure.

use crate::domain::{Probabilities, Ratio, Side};

/// The larger of selling and buying, where it is strictly above `threshold`.
/// Two of one size say nothing.
#[must_use]
pub fn decide(shares: &Probabilities, threshold: Ratio) -> Option<Side> {
    let (side, share) = match shares.sell.cmp(&shares.buy) {
        std::cmp::Ordering::Greater => (Side::Sell, shares.sell),
        std::cmp::Ordering::Less => (Side::Buy, shares.buy),
        std::cmp::Ordering::Equal => return None,
    };
    (share > threshold).then_some(side)
}

/// The largest of the three, as a fraction of one.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a share has five digits at most")]
pub fn confidence(shares: &Probabilities) -> f64 {
    shares.sell.max(shares.hold).max(shares.buy).raw() as f64 / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(sell: i64, hold: i64, buy: i64) -> Probabilities {
        let [sell, hold, buy] = [sell, hold, buy].map(Ratio::from_raw);
        Probabilities { sell, hold, buy }
    }

    #[test]
    fn only_what_is_strictly_above_acts() {
        let limit = Ratio::from_raw(6_000);
        for (given, side) in [
            (shares(1_000, 2_000, 7_000), Some(Side::Buy)),
            (shares(7_000, 2_000, 1_000), Some(Side::Sell)),
            (shares(1_000, 3_000, 6_000), None),
            (shares(1_000, 2_999, 6_001), Some(Side::Buy)),
            (shares(500, 9_000, 500), None),
        ] {
            assert_eq!(decide(&given, limit), side, "{given:?}");
        }
    }

    #[test]
    fn with_a_low_threshold_the_larger_one_counts_and_a_tie_says_nothing() {
        let limit = Ratio::from_raw(1_000);
        assert_eq!(decide(&shares(3_000, 4_000, 3_001), limit), Some(Side::Buy));
        assert_eq!(decide(&shares(3_000, 4_000, 3_000), limit), None);
        assert!((confidence(&shares(3_000, 4_000, 3_000)) - 0.4).abs() < 1e-12);
    }
}
