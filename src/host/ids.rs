//! Fresh identities.

use super::{clock, world};
use crate::domain::{EngageId, ReqId};
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

static COUNTER: AtomicU64 = AtomicU64::new(1);

/// 64 bits that no other process and no earlier call has, from the standard
/// library's seeding of hash maps. Identities, not secrets.
#[must_use]
pub fn random_u64() -> u64 {
    world::here(|world| world.random())
}

/// As [`random_u64`], of the operating system's process.
pub(super) fn fresh() -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u64(clock::mono_ns());
    hasher.write_u64(COUNTER.fetch_add(1, Ordering::Relaxed));
    hasher.finish()
}

/// A new decision's identity.
#[must_use]
pub fn engage_id() -> EngageId {
    let ms = u64::try_from(clock::utc().0 / 1_000).unwrap_or(0);
    let random = (u128::from(random_u64()) << 64) | u128::from(random_u64());
    EngageId::from_parts(ms, random & ((1 << 80) - 1))
}

/// A new request's identity, unique over processes and restarts.
#[must_use]
pub fn req_id(verb: &str) -> ReqId {
    static SALT: OnceLock<u32> = OnceLock::new();
    let salt = *SALT.get_or_init(|| (random_u64() >> 32) as u32);
    let n = COUNTER.fetch_add(1, Ordering::Relaxed);
    ReqId::numbered(verb, std::process::id(), salt, n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_differ() {
        let ids: std::collections::BTreeSet<_> = (0..1_000).map(|_| engage_id()).collect();
        assert_eq!(ids.len(), 1_000);
        assert_ne!(req_id("hb"), req_id("hb"));
    }
}
