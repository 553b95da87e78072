//! Looking: at the latch before an order, at the positions after a command.

use super::ROLE;
use crate::breaker::{Gate, Watcher};
use crate::cli::numbers;
use crate::cli::wiring;
use crate::config::Settings;
use crate::domain::{Position, Ticket};
use crate::link::{AskError, Peer};
use std::sync::Arc;
use std::time::Duration;

/// The first look at the latch must be done by then.
const FIRST_LOOK: Duration = Duration::from_secs(2);

/// The gate of this process after its first look at the latch.
pub struct Guarded {
    gate: Arc<Gate>,
    watcher: Watcher,
}

impl Guarded {
    /// Looks at the latch and goes on watching it.
    #[must_use]
    pub fn start(settings: &Settings) -> Self {
        let gate = Arc::new(Gate::default());
        let (tell, told) = crossbeam_channel::bounded(1);
        let config = wiring::watch_config(settings, ROLE);
        let watcher = Watcher::start(config, Arc::clone(&gate), move |_| {
            let _ = tell.try_send(());
        });
        // A look that hangs leaves the gate closed, as it began.
        let _ = told.recv_timeout(FIRST_LOOK);
        Self { gate, watcher }
    }

    /// The gate.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Ends the watch.
    pub fn stop(self) {
        self.watcher.stop();
    }
}

/// One position in one line.
#[must_use]
pub fn line_of(p: &Position) -> String {
    format!(
        "{} {} {} {} lots, open {}, P/L {}",
        p.ticket,
        p.symbol,
        p.side.word(),
        numbers::lots(p.lots),
        numbers::price(p, p.open),
        numbers::money(p.profit)
    )
}

/// Whether a position is still there.
pub enum Look {
    /// It is not, and the account can be read.
    Gone,
    /// It is; in one line.
    There(String),
    /// Nobody can tell; why.
    Blind(String),
}

/// An independent read. An empty list counts only beside an account that can
/// be read.
pub fn look(peer: &mut Peer, ticket: Ticket, wait: Duration) -> Look {
    let blind = |e: AskError| Look::Blind(e.to_string());
    let open: Vec<Position> = match peer.positions(wait) {
        Ok(read) => read.value,
        Err(e) => return blind(e),
    };
    if let Some(position) = open.iter().find(|p| p.ticket == ticket) {
        return Look::There(line_of(position));
    }
    peer.account(wait).map_or_else(blind, |_| Look::Gone)
}
