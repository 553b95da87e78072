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
//! | [`config`] | settings, and which source of them wins |
//! | [`wire`] | bytes to nouns and back |
//! | [`event`] | what can happen, and where it is reported |
//! | [`state`] | the pure fold that the screen shows |
//! | [`journal`] | the recording: ring, reader, player, import and export |
//! | [`audit`] | the hash chains |
//! | [`breaker`] | the latch: gate, lock file, watcher, status |
//! | [`link`] | sockets towards a gateway |
//! | [`control`] | operator verbs, guards, the kill, its agent |
//! | [`feeds`] | inbound edges and the sequencer |
//! | [`mesh`] | checks of the mesh, once or for as long as somebody watches; its gateway over SSH |
//! | [`engine`] | the live engine: tick, gates, signal, order, entry |
//! | [`mission`] | a daemon that owns processes: modes, supervision, lines, alerts, API |
//! | [`gateway`] | the paper gateway, which shares no client code |
//! | [`sentinel`] | bars, features, the model's word, and an order on it |
//! | [`tui`] | the screen |
//! | [`cli`] | subcommands, which wire everything |
//!
//! The lint contract: no unsafe code, and no `unwrap`, `expect`, `panic` or
//! indexing outside tests.

pub mod audit;
pub mod breaker;
pub mod cli;
pub mod config;
pub mod control;
pub mod domain;
pub mod engine;
pub mod event;
pub mod feeds;
pub mod gateway;
pub mod host;
pub mod journal;
pub mod link;
pub mod mesh;
pub mod mission;
pub mod sentinel;
pub mod state;
pub mod tui;
pub mod wire;
