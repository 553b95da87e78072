//! Deadlines of the kill, in nanoseconds.

use crate::domain::EngageId;

/// One second.
const SECOND: u64 = 1_000_000_000;
/// A kill that got no answer in time is listened to for so long.
pub const LATE: u64 = 30 * SECOND;
/// Kills outstanding at one gateway at once: busy is not dead.
pub const MAX_OUTSTANDING: usize = 3;
/// Survivors asked to close after one poll: each has a socket of its own.
pub const MAX_CLOSING: usize = 8;
/// Longest wait for a proof read or a close: gateways exist that answer
/// after 5.5 s.
pub const ACCOUNT_WAIT: u64 = 8 * SECOND;

/// Patience with the n-th attempt (from 1): 2, 2, 4, then 5 s and up to half
/// a second of jitter, drawn from the decision's identity so that a replayed
/// schedule is the same schedule.
#[must_use]
pub fn patience(id: EngageId, n: u32) -> u64 {
    match n {
        0..=2 => 2 * SECOND,
        3 => 4 * SECOND,
        _ => {
            let seed = id
                .to_string()
                .bytes()
                .fold(u64::from(n), |h, b| h.wrapping_mul(31).wrapping_add(u64::from(b)));
            5 * SECOND + seed % (SECOND / 2)
        }
    }
}
