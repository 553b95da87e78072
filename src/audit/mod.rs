//! The audit log: append-only JSON lines, one hash chain per writing process.
//!
//! One chain per process, because a stopped or dead holder of a common file
//! must not keep another from recording. Each line carries the SHA-256 of the
//! line before it; the first line of a chain names the heads of the chains
//! that were there, so a chain that vanishes as a whole leaves a trace.
//!
//! What holds for the switch is a fold over *sets* ([`ledger`]): engaged is
//! what was engaged and not reset by identity. No order between chains and no
//! clock is needed, so a wall clock that jumps changes nothing.

pub mod chain;
pub mod ledger;
pub mod live;
pub mod orders;
pub mod record;
pub mod verify;

pub use chain::{AuditError, Chain};
pub use ledger::{Engaged, Ledger, LedgerReader, LiveStand};
pub use live::{LiveAccount, LiveArming};
pub use orders::OrderReader;
pub use record::{Act, ForeignLatch, Head, Record};
pub use verify::{ChainReport, Finding, read_dir, verify_dir};
