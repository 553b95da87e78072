//! In which order rows stand, and which of them are shown.

/// What quotes can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TickKey {
    /// Name, from A.
    #[default]
    Symbol,
    /// Spread in points, widest first.
    Spread,
    /// Age, oldest first.
    Age,
    /// Rate, busiest first.
    Rate,
    /// Change within this hour, greatest rise first.
    Change,
}

/// What positions can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PositionKey {
    /// Gateway and ticket, from the lowest.
    #[default]
    Ticket,
    /// Instrument, from A.
    Symbol,
    /// Size, largest first.
    Lots,
    /// Profit, greatest loss first.
    Profit,
}

/// Keys that can be walked through.
pub trait Key: Copy + PartialEq + Default + 'static {
    /// All of them, in the order of the columns.
    const ALL: &'static [Self];

    /// Whether the values grow downwards in its own direction.
    fn grows(self) -> bool;

    /// Its name on the command line.
    fn word(self) -> &'static str;
}

impl Key for TickKey {
    const ALL: &'static [Self] = &[Self::Symbol, Self::Spread, Self::Age, Self::Rate, Self::Change];

    fn grows(self) -> bool {
        self == Self::Symbol
    }

    fn word(self) -> &'static str {
        match self {
            Self::Symbol => "symbol",
            Self::Spread => "spread",
            Self::Age => "age",
            Self::Rate => "rate",
            Self::Change => "change",
        }
    }
}

impl Key for PositionKey {
    const ALL: &'static [Self] = &[Self::Ticket, Self::Symbol, Self::Lots, Self::Profit];

    fn grows(self) -> bool {
        self != Self::Lots
    }

    fn word(self) -> &'static str {
        match self {
            Self::Ticket => "ticket",
            Self::Symbol => "symbol",
            Self::Lots => "lots",
            Self::Profit => "pnl",
        }
    }
}

/// A key and its direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sort<K> {
    /// By what.
    pub key: K,
    /// Against the key's own direction.
    pub reversed: bool,
}

impl<K: Key> Sort<K> {
    /// To the next key (`forward`) or the one before, in its own direction.
    pub fn step(&mut self, forward: bool) {
        let all = K::ALL;
        let at = all.iter().position(|k| *k == self.key).unwrap_or(0);
        let by = if forward { 1 } else { all.len().saturating_sub(1) };
        let key = all.get((at + by) % all.len().max(1)).copied().unwrap_or_default();
        *self = Self { key, reversed: false };
    }

    /// By `key` in its own direction; by the same one again, against it.
    pub fn choose(&mut self, key: K) {
        let reversed = self.key == key && !self.reversed;
        *self = Self { key, reversed };
    }

    /// Whether the values grow downwards.
    #[must_use]
    pub fn grows(self) -> bool {
        self.key.grows() != self.reversed
    }

    /// Puts `rows`, which stand in the order of their names, in order.
    pub fn arrange<T>(self, rows: &mut [T], compare: impl Fn(&T, &T) -> std::cmp::Ordering) {
        if self.reversed {
            rows.sort_by(|a, b| compare(b, a));
        } else {
            rows.sort_by(compare);
        }
    }
}

/// Whether one of `texts` holds `filter`, whatever their case; an empty filter
/// lets everything pass.
#[must_use]
pub fn passes<'a>(filter: &str, texts: impl IntoIterator<Item = &'a str>) -> bool {
    if filter.is_empty() {
        return true;
    }
    let wanted = filter.to_lowercase();
    texts.into_iter().any(|text| text.to_lowercase().contains(&wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_go_round_both_ways_and_forget_the_direction() {
        let mut sort = Sort::<PositionKey> { reversed: true, ..Sort::default() };
        sort.step(false);
        assert_eq!(sort, Sort { key: PositionKey::Profit, reversed: false });
        sort.step(true);
        assert_eq!(sort.key, PositionKey::Ticket);
    }

    #[test]
    fn a_filter_looks_into_every_text_and_at_no_case() {
        assert!(passes("eUr", ["x", "NEURO"]) && !passes("eUr", ["USD"]));
        assert!(passes("", []));
    }
}
