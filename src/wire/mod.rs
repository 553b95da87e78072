//! Bytes to nouns and back, a file per family of messages.
//!
//! Strict in what it writes, tolerant in what it reads, and every refusal has
//! a cause that can be counted. Numbers go from their decimal text straight
//! to fixed point. No sockets here.

pub mod decisions;
pub mod number;
pub mod reply;
pub mod request;
pub mod telemetry;
pub mod ticks;

pub use decisions::{DecisionLines, Heard};
pub use reply::{KillClaim, OrderFill, Refusal, Reply, ReplyStatus};
pub use request::{Action, Request};
pub use telemetry::{AuditHeadTold, GatewayStatus, LatchEvidence, Telemetry, TelemetryFault};
pub use ticks::TickFault;
