//! The nouns of the trade: what everything else in `crs` talks about.
//!
//! What belongs here: values with their units, their parsing from text and
//! their display. What does not: clocks, files, sockets, configuration. The
//! room imports only `std`, `serde` and pure functions of `chrono`.

pub mod account;
pub mod alarm;
pub mod calendar;
pub mod check;
pub mod decision;
pub mod endpoint;
pub mod evidence;
pub mod fixed;
mod frame;
pub mod head;
pub mod ids;
pub mod kill;
pub mod latch;
pub mod link;
pub mod mark;
pub mod mission;
pub mod mode;
pub mod order;
pub mod position;
pub mod secret;
pub mod stamp;
pub mod symbol;
pub mod text;
pub mod tick;
pub mod trader;

pub use account::{Account, TradeMode};
pub use alarm::{AlarmAct, AlarmRules, Severity};
pub use calendar::{Calendar, Hours};
pub use check::{CheckReport, CheckResult, CheckStatus};
pub use decision::{Decision, DecisionSource, DecisionStep, Probabilities};
pub use endpoint::{Endpoint, EndpointError, GatewayAddr};
pub use evidence::{Evidence, FileId};
pub use fixed::{DecimalError, Lots, Money, Price, Ratio};
pub use frame::{Frame, MAX_FRAME_BYTES};
pub use head::AuditHead;
pub use ids::{EngageId, IdError, ReqId};
pub use kill::{
    GatewayPhase, Intent, KillIntent, KillPlan, KillProgress, ProofPoll, StepTimes, Survivor,
};
pub use latch::{LatchPhase, LatchSeen, SwitchState};
pub use link::{Fingerprint, LinkState};
pub use mark::{Mark, MarkKind};
pub use mode::Mode;
pub use order::{OrderBy, OrderFate, OrderKind, OrderNews, OrderTicket, Side};
pub use position::{Position, Ticket};
pub use secret::Secret;
pub use stamp::{Stamp, UtcMicros};
pub use symbol::{Symbol, SymbolError, is_asked_for, same_symbol};
pub use text::Text;
pub use tick::{Heard, PeerTime, RawTicks, Tick, TickBatch, TickShape};
pub use trader::TraderStatus;
