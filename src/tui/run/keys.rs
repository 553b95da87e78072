//! What the loop makes of keys: sequences to actions, actions to effects.

use super::mission::asks_mission;
use super::{Exit, Round, past, remote};
use crate::control::guard::{self, Input, Step, Stroke};
use crate::control::{Action, Danger, Proposal, RemoteVerb, Takes};
use crate::domain::{Stamp, Text, Ticket};
use crate::event::{Event, GuardPhase, GuardedVerb, Level};
use crate::host::clock;
use crate::tui::input::Incoming;
use crate::tui::keymap::{Fed, Key, fixed};
use crate::tui::overlay::ticket;
use crate::tui::screen::Typed;
use ratatui::layout::Rect;

impl Round {
    /// Takes one word of the input thread.
    pub(super) fn hear(&mut self, incoming: &Incoming) -> Option<Exit> {
        self.pace.hurry();
        self.left.touch(clock::now());
        match *incoming {
            Incoming::Key(key, stroke, at) => return self.key(key, stroke, at),
            Incoming::Superseded => {
                // Not reported: the guard that opened is the news.
                self.guard = guard::Guard::default();
                self.proposal = None;
                self.asking = None;
                self.sequence.clear();
                self.explain();
            }
            // It does not know its size for the moment: the last one stands.
            Incoming::Resize(0, _) | Incoming::Resize(_, 0) => self.writer.repaint(),
            Incoming::Resize(columns, rows) => {
                self.area = Rect::new(0, 0, columns, rows);
                // A terminal that shrank and grew has lost what it showed.
                self.writer.repaint();
            }
            Incoming::Pasted | Incoming::Focus(false) => self.stand_down(incoming),
            Incoming::Focus(true) => {}
            Incoming::Pointed(point) if self.point_at_past(point) => {}
            Incoming::Pointed(point) => {
                let state = self.looking.shown(&self.state, self.screen.context());
                self.screen.pointed(point, state, &self.theme);
            }
        }
        None
    }

    fn stand_down(&mut self, incoming: &Incoming) {
        let pasted = *incoming == Incoming::Pasted;
        let input = if pasted { Input::Paste } else { Input::FocusLost };
        let step = self.guard.step(input, clock::now());
        self.carry_out(step);
        self.sequence.clear();
        if pasted {
            self.sender.log(Level::Info, "console", "a paste was ignored: nothing here takes one");
        }
    }

    fn key(&mut self, key: Key, stroke: Stroke, at: Stamp) -> Option<Exit> {
        self.ordered = false;
        if self.guard.armed().is_some() {
            // KILL and BLOCK never come here; their chords are the input
            // thread's.
            let meaning = match fixed::guard_key(key) {
                guard::Key::Confirm => guard::Key::Confirm,
                _ => guard::Key::Other,
            };
            let step = self.guard.step(Input::Key(meaning, stroke), at);
            self.carry_out(step);
            return None;
        }
        if let Some(field) = self.prompt.take() {
            return self.type_key(field, key, stroke, at);
        }
        let context = self.screen.context();
        match self.screen.typed(key, self.looking.shown(&self.state, context)) {
            Typed::Not => {}
            Typed::Taken | Typed::Closed => {
                self.sequence.clear();
                return None;
            }
            Typed::Propose(proposal) => {
                // A key held down opens nothing.
                if stroke == Stroke::Press {
                    self.propose(proposal, at);
                }
                return None;
            }
        }
        let context = self.screen.context();
        let over = self.looking.over(context);
        match self.sequence.feed_over(&self.keymap, over, context, key, at) {
            Fed::Run(action) => {
                self.stray.clear();
                return self.run(action, stroke, at);
            }
            // What begins something here may still end something there.
            Fed::Pending if !self.stray.has_begun() => {}
            Fed::Pending | Fed::Unbound => {
                if let Some(words) = self.stray.feed(&self.keymap, context, key, at) {
                    self.notice = Some((words, at));
                }
            }
        }
        None
    }

    pub(super) fn run(&mut self, action: Action, stroke: Stroke, at: Stamp) -> Option<Exit> {
        if let Some(why) = self.refused(action) {
            self.notice = Some((why, at));
            return None;
        }
        if action.danger() == Danger::Guarded {
            // A key held down opens nothing.
            if stroke == Stroke::Press {
                self.ask(action, at);
            }
            return None;
        }
        match action {
            Action::Quit => return Some(Exit::Quit),
            Action::Command => self.open_line(""),
            Action::Search => self.open_search(),
            verb if matches!(verb.takes(), Takes::Choice(_)) => {
                self.open_line(&format!("{} ", verb.name()));
            }
            verb if past::travels(verb) => self.travel(verb, ""),
            Action::Back if self.back_to_now() => {}
            Action::Redraw => self.writer.repaint(),
            Action::SlowLine => {
                self.line.turn();
                self.line_changed();
            }
            Action::ProbeAgain => self.desk.probe_again(),
            Action::RemoteStatus => self.remote(RemoteVerb::Status),
            Action::RemoteLocate => self.remote(RemoteVerb::Locate),
            Action::RemoteLogs => self.remote(RemoteVerb::Logs(remote::LINES)),
            Action::AcknowledgeAll => self.acknowledge_all(),
            verb if asks_mission(verb) => self.of_mission(verb, at),
            Action::Acknowledge | Action::Silence => self.take_on(action, None),
            other => return self.act(other),
        }
        None
    }

    /// Opens the guard of a verb that acts.
    fn ask(&mut self, action: Action, at: Stamp) {
        let verb = match action {
            Action::Arm => GuardedVerb::Arm,
            Action::StandDown => GuardedVerb::StandDown,
            Action::ClosePosition => {
                let Some((gateway, ticket)) = self.selected() else { return };
                GuardedVerb::CloseAt { gateway, ticket }
            }
            Action::PartialClose | Action::ModifyExits => {
                if let Some((_, ticket)) = self.selected() {
                    self.cannot(action, ticket);
                }
                return;
            }
            Action::RemoteStart | Action::RemoteStop | Action::RemoteRestart => {
                let Some(guarded) = self.remote_guard(action) else { return };
                guarded
            }
            verb if asks_mission(verb) => return self.of_mission(verb, at),
            // Its guard opens once it is filled in.
            Action::OrderTicket => return self.screen.act(action, &self.state),
            _ => return,
        };
        let step = self.guard.open(verb, at);
        self.carry_out(step);
    }

    fn selected(&self) -> Option<(u16, Ticket)> {
        let found = self.screen.selected_position(&self.state);
        if found.is_none() {
            self.sender.log(Level::Info, "console", "no position is selected");
        }
        found
    }

    /// What no v1.0 gateway can do to a position.
    fn cannot(&mut self, action: Action, ticket: Ticket) {
        let words = Text::new(match action {
            Action::PartialClose => {
                "this gateway can't close a part: v1.0's CLOSE_POSITION has no volume"
            }
            _ => "this gateway can't modify SL/TP: v1.0 has no such action",
        });
        self.screen.say(&words);
        self.sender.log(Level::Info, "console", format!("position {ticket}: {words}"));
    }

    /// Opens the guard of an order, unless the gate denies it already: nobody
    /// shall confirm what can't be sent. It is asked again before the socket.
    fn propose(&mut self, proposal: Proposal, at: Stamp) {
        if let Some(why) = self.desk.denies_orders() {
            self.screen.say(&Text::new(&format!("denied: {why}")));
            self.sender.log(Level::Warn, "order", format!("denied, not sent: {why}"));
            return;
        }
        self.proposal = Some(proposal);
        let step = self.guard.open(GuardedVerb::Order, at);
        self.carry_out(step);
    }

    fn order(&mut self) {
        if let Some(mut proposal) = self.proposal.take() {
            // As it stood when it was confirmed, not when it was proposed.
            proposal.shown = ticket::shown(&self.state, proposal.gateway, &proposal.order);
            self.desk.order(proposal);
            self.screen.ordered();
        }
    }

    /// The act first, its story second.
    pub(super) fn carry_out(&mut self, step: Step) {
        match step.fire {
            Some(GuardedVerb::CloseAt { gateway, ticket }) => self.desk.close(gateway, ticket),
            Some(GuardedVerb::Arm) => self.desk.arm(),
            Some(GuardedVerb::StandDown) => self.desk.stand_down(),
            Some(GuardedVerb::Order) => self.order(),
            Some(GuardedVerb::RemoteStart) => self.desk.remote(RemoteVerb::Start),
            Some(GuardedVerb::RemoteStop) => self.desk.remote(RemoteVerb::Stop),
            Some(GuardedVerb::RemoteRestart) => self.desk.remote(RemoteVerb::Restart),
            Some(GuardedVerb::Mission) => self.ask_mission(),
            Some(GuardedVerb::Kill | GuardedVerb::Block | GuardedVerb::Close(_)) | None => {}
        }
        for report in step.reports {
            if report.phase == GuardPhase::StoodDown {
                self.proposal = None;
                self.asking = None;
            }
            self.sender.send(Event::Guard(report));
        }
    }

    /// Lets the guard know what time it is.
    pub(super) fn expire(&mut self, now: Stamp) {
        self.fade(now);
        if self.sequence.forget(now) {
            self.pace.touch();
        }
        let step = self.guard.step(Input::Time, now);
        self.carry_out(step);
    }
}
