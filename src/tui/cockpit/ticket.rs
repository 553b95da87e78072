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
        let position = || {
            let rows = view::positions::rows(state, &self.ui);
            rows.get(view::positions::row(&rows, &self.ui)).copied()
        };
        let quote = || {
            let rows = view::ticks::listed(state, &self.ui);
            rows.get(view::ticks::row(&rows, &self.ui)).copied()
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
            self.remark(&Text::new("the order ticket was put away, nothing was sent"));
        }
        self.ticket_under = under;
    }

    pub(super) fn type_key(&mut self, key: Key, state: &State) -> Typed {
        self.remark = Text::default();
        let body = self.places(state).body;
        let Some(ticket) = self.ui.ticket.as_mut().filter(|_| !self.ui.help) else {
            return if self.type_in(key) { Typed::Taken } else { Typed::Not };
        };
        let typed = press(ticket, key, state, body);
        if typed == Typed::Closed {
            self.ui.ticket = None;
        }
        typed
    }

    /// In the ticket where one is open, else in the status line, until the
    /// next key.
    pub(super) fn remark(&mut self, words: &Text) {
        match &mut self.ui.ticket {
            Some(ticket) => ticket.said = words.clone(),
            None => self.remark = words.clone(),
        }
    }
}

/// What the keys do while the ticket is open.
pub(super) fn hints() -> Vec<Hint> {
    vec![Hint::new("Tab", "next"), Hint::new("Enter", "preview"), Hint::new("Esc", "close")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Action;
    use crate::domain::{EngageId, Heard, LatchPhase, Price, Stamp, Tick, TickBatch, TickShape};
    use crate::event::{Event, Stamped};
    use crate::state::switch::Engagement;
    use crate::tui::keymap::{Context, Keymap};
    use crate::tui::screen::{Frame, Screen};
    use crate::tui::theme::Theme;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;

    fn draw(cockpit: &mut Cockpit, state: &State) -> String {
        let (theme, keymap) = (Theme::default(), Keymap::default());
        let area = Rect::new(0, 0, 120, 40);
        let mut buf = Buffer::empty(area);
        cockpit.draw(
            Frame {
                state,
                theme: &theme,
                keymap: &keymap,
                pending: "",
                slow: false,
                now: state.now,
                waits: false,
                prompt: None,
                notice: "",
                past: None,
                time: None,
            },
            area,
            &mut buf,
        );
        buf.content.iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    fn press(cockpit: &mut Cockpit, state: &State, keys: &str) -> Vec<Typed> {
        let mut typed = |name| cockpit.typed(Key::named(name).unwrap(), state);
        keys.split(' ').map(&mut typed).collect()
    }

    #[test]
    fn it_takes_the_keys_and_esc_gives_them_back() {
        let (mut cockpit, state) = (Cockpit::default(), State::default());
        draw(&mut cockpit, &state);
        assert_eq!(press(&mut cockpit, &state, "q"), [Typed::Not]);
        cockpit.act(Action::OrderTicket, &state);
        assert!(draw(&mut cockpit, &state).contains(" Order ticket "));
        assert_eq!(cockpit.context(), Context::Global);
        assert_eq!(press(&mut cockpit, &state, "q ? ctrl-l f1"), {
            [Typed::Taken, Typed::Taken, Typed::Not, Typed::Not]
        });
        // The help lies over it, and takes the keys.
        cockpit.act(Action::Help, &state);
        assert_eq!(press(&mut cockpit, &state, "j"), [Typed::Not]);
        cockpit.act(Action::Back, &state);
        assert_eq!(press(&mut cockpit, &state, "esc q"), [Typed::Closed, Typed::Not]);
        assert!(!draw(&mut cockpit, &state).contains(" Order ticket "));
    }

    #[test]
    fn a_kill_puts_it_away_and_a_ticket_under_a_held_switch_stays() {
        let (mut cockpit, mut state) = (Cockpit::default(), State::default());
        cockpit.act(Action::OrderTicket, &state);
        press(&mut cockpit, &state, "E U R");
        assert!(draw(&mut cockpit, &state).contains("EUR"));
        state.latch.value.phase = LatchPhase::Durable;
        let all = draw(&mut cockpit, &state);
        assert!(!all.contains(" Order ticket ") && all.contains("was put away"), "{all}");
        press(&mut cockpit, &state, "j");
        assert!(!draw(&mut cockpit, &state).contains("was put away"), "until the next key");
        // One that is opened now says why it will be denied.
        cockpit.act(Action::OrderTicket, &state);
        assert!(draw(&mut cockpit, &state).contains("orders are denied now"));
        // And the next decision puts that one away too.
        let id = EngageId::from_parts(2, 1);
        state.engagement = Some(Engagement { id, since: Stamp::default() });
        assert!(!draw(&mut cockpit, &state).contains(" Order ticket "));
    }

    /// One tick of EURUSD, and nothing else.
    fn quoted() -> State {
        let tick = Tick {
            symbol: Symbol::new("EURUSD").unwrap(),
            bid: Price::parse("1.10000").unwrap(),
            ask: Price::parse("1.10010").unwrap(),
            time: None,
            seq: None,
            shape: TickShape::T2,
        };
        let ticks = vec![Heard { after_us: 0, tick }];
        let (at, mut state) = (Stamp::default(), State::default());
        let event = Event::Ticks(TickBatch { feed: 0, base: at, ticks, ..TickBatch::default() });
        state.apply(&Stamped { seq: 1, at, event }).unwrap();
        state
    }

    #[test]
    fn a_screen_too_small_to_read_the_preview_proposes_nothing() {
        for (width, height, proposes) in [(40, 12, true), (37, 12, false), (40, 11, false)] {
            let (mut cockpit, state) = (Cockpit::default(), quoted());
            cockpit.area = Rect::new(0, 0, width, height);
            cockpit.act(Action::OrderTicket, &state);
            // No account was read: the mode is LIVE?, and the word is typed.
            press(&mut cockpit, &state, "1 tab tab tab tab L I V E");
            let last = press(&mut cockpit, &state, "enter").pop();
            assert_eq!(matches!(last, Some(Typed::Propose(_))), proposes, "{width}×{height}");
        }
    }
}
