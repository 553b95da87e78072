//! What the command line tells the screen: a pane, an order of rows, a filter,
//! a length of candles.

use super::Cockpit;
use crate::control::Action;
use crate::domain::Text;
use crate::state::{Period, State};
use crate::tui::screen::Screen;
use crate::tui::ui::{Pane, PositionKey, ProcessKey, SortKey, TickKey};

impl Cockpit {
    pub(super) fn obey(&mut self, action: Action, told: &str, state: &State) -> Result<(), Text> {
        match action {
            Action::Pane => {
                let followed = self.ui.mission.followed;
                let named = |pane: &&Pane| pane.word() == told && pane.is_there(followed);
                let pane = Pane::ALL.iter().find(named).ok_or_else(|| Text::new("no such pane"))?;
                self.bring(*pane, state);
            }
            Action::Sort => self.sort_by(told, state)?,
            Action::Filter => self.filter_by(told)?,
            Action::Period => {
                let named = |period: &Period| period.word() == told;
                let period = Period::ALL.into_iter().find(named);
                self.period(period.ok_or_else(|| Text::new("no such length"))?);
            }
            other => self.act(other, state),
        }
        Ok(())
    }

    /// What may follow `action`.
    pub(super) fn offered(&self, action: Action, state: &State) -> Vec<String> {
        match action {
            Action::Pane => {
                let followed = self.ui.mission.followed;
                let there = Pane::ALL.into_iter().filter(|pane| pane.is_there(followed));
                there.map(Pane::word).collect()
            }
            Action::PlanMode | Action::LaunchMode => {
                state.mission.modes.iter().map(|mode| mode.name.to_string()).collect()
            }
            Action::StartProcess
            | Action::StopProcess
            | Action::RestartProcess
            | Action::WhyProcess => {
                let all = state.mission.processes.iter();
                all.map(|process| process.value.name.to_string()).collect()
            }
            Action::Sort if self.ui.focus == Pane::Processes => words::<ProcessKey>(),
            Action::Period => Period::ALL.into_iter().map(|p| p.word().to_owned()).collect(),
            Action::Sort => {
                let (mut first, mut second) = (words::<PositionKey>(), words::<TickKey>());
                if self.ui.focus == Pane::Ticks {
                    std::mem::swap(&mut first, &mut second);
                }
                second.retain(|word| !first.contains(word));
                first.extend(second);
                first
            }
            _ => Vec::new(),
        }
    }

    /// Sorts the focused pane, else the one that has such a column.
    fn sort_by(&mut self, column: &str, state: &State) -> Result<(), Text> {
        if let (Pane::Processes, Some(key)) = (self.ui.focus, named::<ProcessKey>(column)) {
            self.ui.mission.sort.choose(key);
            self.top(Pane::Processes, state);
            return Ok(());
        }
        let (position, tick) = (named::<PositionKey>(column), named::<TickKey>(column));
        match (self.ui.focus, position, tick) {
            (Pane::Ticks, _, Some(key)) | (_, None, Some(key)) => {
                self.ui.tick_sort.choose(key);
                self.top(Pane::Ticks, state);
            }
            (_, Some(key), _) => {
                self.ui.position_sort.choose(key);
                self.top(Pane::Positions, state);
            }
            (_, None, None) => return Err(Text::new("no such column")),
        }
        Ok(())
    }

    /// Shows the beginning of `pane`, where what is looked for now stands.
    fn top(&mut self, pane: Pane, state: &State) {
        let focus = std::mem::replace(&mut self.ui.focus, pane);
        let help = std::mem::take(&mut self.ui.help);
        self.scroll(true, usize::MAX / 2, state);
        (self.ui.focus, self.ui.help) = (focus, help);
    }

    fn filter_by(&mut self, text: &str) -> Result<(), Text> {
        let pane = self.ui.focus;
        if !pane.filters() {
            return Err(no_filter(pane, self.ui.mission.followed));
        }
        self.ui.typing = None;
        self.ui.set_filter(pane, text);
        if self.ui.follows(pane) {
            self.ui.set_row(pane, 0);
        }
        Ok(())
    }
}

/// What to say where rows can't be filtered.
pub(super) fn no_filter(pane: Pane, followed: bool) -> Text {
    let with = Pane::ALL.into_iter().filter(|p| p.filters() && p.is_there(followed));
    let with: Vec<_> = with.map(Pane::title).collect();
    Text::new(&format!("{} has no filter; these have: {}", pane.title(), with.join(", ")))
}

fn words<K: SortKey>() -> Vec<String> {
    K::ALL.iter().map(|key| key.word().to_owned()).collect()
}

fn named<K: SortKey>(word: &str) -> Option<K> {
    K::ALL.iter().copied().find(|key| key.word() == word)
}
