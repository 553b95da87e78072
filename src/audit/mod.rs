//! The audit log: append-only JSON lines, one hash chain per writing process.
//!
//! One chain per process, because a stopped or dead holder of a common file
//! must not keep another from recording. Each line carries the SHA-256 of the
//! line before it; the first line of a chain names the heads of the chains
//! that were there, so a chain that vanishes as a whole leaves a trace.
//!
//! A chain alone can't show that its whole tail is gone. So its head travels:
//! into the first line of the next chain, to syslog ([`syslog`]), and by the
//! agent's telemetry to consoles, which keep it ([`heads`]); a [`witness`] is
//! whatever kept one.
//!
//! What holds for the switch is a fold over *sets* ([`ledger`]): engaged is
//! what was engaged and not reset by identity. No order between chains and no
//! clock is needed, so a wall clock that jumps changes nothing.

pub mod chain;
pub mod follow;
pub mod heads;
pub mod ledger;
pub mod live;
pub mod orders;
pub mod record;
pub mod syslog;
pub mod verify;
pub mod witness;

pub use chain::{AuditError, Chain};
pub use follow::{HeadFollower, HeadNews, log_id};
pub use heads::HeadBook;
pub use ledger::{Engaged, Foreign, Ledger, LedgerReader, LiveStand};
pub use live::{LiveAccount, LiveArming};
pub use orders::OrderReader;
pub use record::{Act, ForeignAt, ForeignLatch, Head, Record};
pub use syslog::SyslogSocket;
pub use verify::{ChainReport, Fault, Finding, read_dir, verify_dir};
pub use witness::{Testimony, Witness};
