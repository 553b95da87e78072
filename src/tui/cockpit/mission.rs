//! The Processes pane under the operator's hand.

use super::Cockpit;
use crate::control::MissionAsk;
use crate::domain::Text;
use crate::state::State;
use crate::tui::ui::{MissionPage, Pane};
use crate::tui::view::{self, processes};

impl Cockpit {
    /// The pane is there as long as a mission is followed; a layout that was
    /// kept with it may begin a session without.
    pub(super) fn follow_mission(&mut self, shown: &State) {
        self.ui.mission.followed = shown.mission.is_followed();
        if self.ui.mission.followed {
            return;
        }
        if self.ui.focus == Pane::Processes {
            self.ui.focus = Pane::default();
        }
        self.ui.guest = self.ui.guest.filter(|guest| *guest != Pane::Processes);
    }

    /// The pane that `step` leads to from the focused one, of those that are
    /// there.
    pub(super) fn beside(&self, step: fn(Pane) -> Pane) -> Pane {
        let next = step(self.ui.focus);
        if next.is_there(self.ui.mission.followed) { next } else { step(next) }
    }

    pub(super) fn turn_process_page(&mut self, state: &State) {
        let answered = state.mission.answer.is_some();
        self.show_page(self.ui.mission.page.next(answered), state);
    }

    fn show_page(&mut self, page: MissionPage, state: &State) {
        if self.ui.mission.page != page {
            self.ui.mission.page = page;
            self.ui.set_row(Pane::Processes, 0);
        }
        if self.places(state).pane(Pane::Processes).is_none() {
            self.bring(Pane::Processes, state);
        }
    }

    pub(super) fn next_line_level(&mut self) {
        self.ui.mission.next_level();
        self.ui.set_row(Pane::Processes, 0);
    }

    /// Output of the selected process alone, or of all again.
    pub(super) fn turn_only(&mut self, state: &State) {
        let selected = processes::selected(state, &self.ui).map(|record| record.name.clone());
        self.ui.mission.only = if self.ui.mission.only.is_some() { None } else { selected };
        self.show_page(MissionPage::Output, state);
        self.ui.set_row(Pane::Processes, 0);
    }

    /// A question has its answer on a page of its own. What acts was shown by its
    /// guard; its answer is on that page too, for whoever turns to it.
    pub(super) fn show_asked(&mut self, ask: &MissionAsk, state: &State) {
        self.ui.mission.ask = Some(ask.clone());
        if ask.is_question() {
            self.show_page(MissionPage::Answer, state);
            self.ui.set_row(Pane::Processes, 0);
            if self.ui.focus != Pane::Processes {
                self.bring(Pane::Processes, state);
            }
        }
    }

    /// What is selected may have wandered: the way goes from where it is.
    pub(super) fn scroll_processes(&mut self, up: bool, by: usize, state: &State) {
        match self.ui.mission.page {
            MissionPage::Table => {
                let rows = processes::listed(state, &self.ui);
                self.ui.set_row(Pane::Processes, processes::row(&rows, &self.ui));
                self.ui.scroll(up, by, rows.len());
                let chosen = rows.get(self.ui.row(Pane::Processes));
                self.ui.mission.process = chosen.map(|process| process.value.name.clone());
            }
            MissionPage::Alerts => {
                let rows = processes::alerts(state, &self.ui);
                self.ui.set_row(Pane::Processes, processes::alert_row(&rows, &self.ui));
                self.ui.scroll(up, by, rows.len());
                let chosen = rows.get(self.ui.row(Pane::Processes));
                self.ui.mission.alert = chosen.map(|alert| alert.id);
            }
            MissionPage::Output | MissionPage::Answer => {
                let count = view::row_count(state, &self.ui, Pane::Processes);
                self.ui.scroll(up, by, count);
            }
        }
    }

    /// Keeps hold of what is about to be shown as selected: what comes above it
    /// must not come under the operator's hand.
    pub(super) fn hold_processes(&mut self, state: &State) {
        if self.ui.focus != Pane::Processes {
            return;
        }
        let process = processes::selected(state, &self.ui).map(|record| record.name.clone());
        let alert = processes::selected_alert(state, &self.ui).map(|alert| alert.id);
        let keep: Option<Text> = process.or_else(|| self.ui.mission.process.clone());
        (self.ui.mission.process, self.ui.mission.alert) = (keep, alert);
    }
}
