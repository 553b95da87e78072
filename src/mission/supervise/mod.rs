//! Supervision: one pure machine and one thread for each process, probes, and
//! the crew that holds them together.

mod actor;
mod change;
mod crew;
mod growth;
mod hosts;
pub mod machine;
mod probe;
mod shared;
mod stamp;
mod wants;
mod why;

pub use crew::Supervisor;
pub use shared::{HandsOf, OWN};
pub use stamp::stamp;
