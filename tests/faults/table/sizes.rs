//! Terminals that a row is tried in, from a wide desk to half a telephone.

use super::Came;
use std::collections::BTreeSet;
use std::time::Duration;

/// Columns and rows.
pub type Size = (u16, u16);

pub const ALL: [Size; 4] = [(200, 60), (120, 40), (80, 24), (40, 12)];

/// The size of a run's `n`th case: a seed further, or a case further, is a
/// size further.
pub fn turn(seed: u64, n: usize) -> Size {
    ALL[(usize::try_from(seed % 4).unwrap() + n) % ALL.len()]
}

/// The sizes of a run that is dear at each: `CRS_FAULT_SIZES` of them (1
/// unless told, 4 in the long form), the seed's own first.
pub fn some(seed: u64) -> Vec<Size> {
    let many = usize::try_from(crate::number("CRS_FAULT_SIZES", 1)).unwrap();
    (0..many.clamp(1, ALL.len())).map(|n| turn(seed, n)).collect()
}

/// Runs `case` in a terminal of each of these sizes, beside each other; it
/// gives the time of the slowest of its cases, and their number.
pub fn each(sizes: &[Size], case: impl Fn(Size) -> (Duration, u64) + Sync) -> Came {
    let results: Vec<_> = std::thread::scope(|scope| {
        let case = &case;
        let running: Vec<_> = sizes.iter().map(|size| scope.spawn(|| case(*size))).collect();
        // All of them end before the first that failed is told.
        let ended: Vec<_> = running.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        let named = sizes.iter().zip(ended).map(|((columns, rows), end)| {
            end.unwrap_or_else(|e| panic!("at {columns}×{rows}: {}", crate::lanes::words(e)))
        });
        named.collect()
    });
    let took = results.iter().map(|(took, _)| *took).max().unwrap_or_default();
    let cases = results.iter().map(|(_, cases)| cases).sum();
    Came::At { took, cases, sizes: sizes.iter().copied().collect() }
}

/// Sizes as a reader takes them in, the widest first.
pub fn words(sizes: &BTreeSet<Size>) -> String {
    let word = |(columns, rows): &Size| format!("{columns}×{rows}");
    sizes.iter().rev().map(word).collect::<Vec<_>>().join(", ")
}
