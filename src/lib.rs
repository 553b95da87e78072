//! `crs`: the operator's console of the MT5-CRS trading mesh.
//!
//! Three promises decide every question: **a kill always works**, **the
//! screen never lies**, **live is replay**. ARCHITECTURE.md has the map in
//! full; in short, every room below imports only from the rooms before it:
//!
//! | room | what lives there |
//! |---|---|
//! | [`domain`] | the nouns: prices, ticks, positions, the latch, a kill |
//! | [`host`] | clocks, identity, randomness |
//! | [`event`] | what can happen, and where it is reported |
//! | [`state`] | the pure fold that the screen shows |
//!
//! The lint contract: no unsafe code, and no `unwrap`, `expect`, `panic` or
//! indexing outside tests.

pub mod config;
pub mod domain;
pub mod event;
pub mod host;
pub mod wire;
