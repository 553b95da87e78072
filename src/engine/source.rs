//! Where ticks come from: a gateway's port, a file, the documents' mock.

mod csv;
mod gateway;
mod mock;

pub use csv::CsvTicks;
pub use gateway::GatewayTicks;
pub use mock::MockTicks;

use super::step::Arrived;
use crate::domain::Text;
use std::time::Duration;

/// What a source has at the moment.
#[derive(Clone, Debug)]
pub enum Next {
    /// A tick.
    Tick(Arrived),
    /// Something that is no quote, and why.
    Refused(Text),
    /// Nothing now.
    Quiet,
    /// Nothing any more.
    End,
}

/// Gives ticks in their order.
pub trait Source {
    /// What there is; never waits.
    fn next(&mut self) -> Next;

    /// Waits until there may be something, at most `limit`.
    fn wait(&mut self, limit: Duration);

    /// What is to be told, each once.
    fn news(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// Why nothing comes, where something should.
    fn trouble(&self) -> Option<Text> {
        None
    }
}

/// Sleeps until `due` (monotonic ns), at most `limit`.
fn sleep_until(due: u64, limit: Duration) {
    let left = Duration::from_nanos(due.saturating_sub(crate::host::clock::mono_ns()));
    std::thread::sleep(left.min(limit));
}
