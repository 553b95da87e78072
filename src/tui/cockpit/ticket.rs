//! The cockpit's order ticket: when it opens, what it takes, when it goes.

use super::Cockpit;
use crate::domain::{EngageId, Symbol, Text};
use crate::state::State;
use crate::tui::keymap::Key;
use crate::tui::overlay::ticket::{Ticket, is_reviewed, press};
use crate::tui::screen::Typed;
use crate::tui::ui::Pane;
use crate::tui::view::{self, Hint};

/// Whether the switch held, and under which decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Under {
    engaged: bool,
    decision: Option<EngageId>,
}

impl Under {
    fn of(state: &State) -> Self {
        let decision = state.engagement.as_ref().map(|engagement| engagement.id);
        Self { engaged: view::engaged(state), decision }
    }
}

impl Cockpit {
    /// An empty ticket, for the symbol under the keys.
    pub(super) fn open_ticket(&mut self, state: &State) {
        let position = || view::positions::listed(state).nth(self.ui.row(Pane::Positions));
        let quote = || {
            let row = self.ui.row(Pane::Ticks).min(state.quotes.len().saturating_sub(1));
            state.quotes.iter().nth(row)
        };
        let (gateway, symbol) = match (self.ui.focus, position()) {
            (Pane::Positions, Some((gateway, p))) => {
                (Some(gateway), Symbol::new(p.symbol.as_str()).ok())
            }
            _ => quote().map_or((None, None), |(symbol, q)| (Some(q.feed), Some(*symbol))),
        };
        self.ticket_under = Under::of(state);
        self.ui.help = false;
        self.ui.ticket = Some(Ticket::new(gateway.unwrap_or(0), symbol.as_ref()));
    }

    /// A new kill, or a latch that somebody else made, needs the whole screen.
    pub(super) fn drop_ticket(&mut self, state: &State) {
        if is_reviewed(state) {
            // Its guard ends within seconds, and the gate denies it.
            return;
        }
        let under = Under::of(state);
        if under.engaged && under != self.ticket_under && self.ui.ticket.take().is_some() {
            self.tell(&Text::new("the order ticket was put away, nothing was sent"));
        }
        self.ticket_under = under;
    }

    pub(super) fn type_key(&mut self, key: Key, state: &State) -> Typed {
        self.ui.notice = Text::default();
        let body = self.places(state).body;
        let Some(ticket) = self.ui.ticket.as_mut().filter(|_| !self.ui.help) else {
            return Typed::Not;
        };
        let typed = press(ticket, key, state, body);
        if typed == Typed::Closed {
            self.ui.ticket = None;
        }
        typed
    }

    /// In the ticket where one is open, else in the status line, until the
    /// next key.
    pub(super) fn tell(&mut self, words: &Text) {
        match &mut self.ui.ticket {
            Some(ticket) => ticket.said = words.clone(),
            None => self.ui.notice = words.clone(),
        }
    }
}

/// What the keys do while the ticket is open.
pub(super) fn hints() -> Vec<Hint> {
    vec![Hint::new("Tab", "next"), Hint::new("Enter", "preview"), Hint::new("Esc", "close")]
}
