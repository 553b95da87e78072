//! What the operator asks of mission control: questions at once, what acts
//! behind a guard, and a mode that wants it behind a text that is typed.

use super::Round;
use crate::control::{Action, MissionAsk};
use crate::domain::mission::Recovery;
use crate::domain::{Stamp, Text};
use crate::event::GuardedVerb;
use crate::host::clock;
use crate::tui::prompt::Prompt;

/// In place of an answer where nobody can give one.
const NOBODY: &str = "no mission control is followed: name its socket in [mission] of the \
                      configuration";

/// Verbs that are mission control's to answer.
pub(super) const fn asks_mission(action: Action) -> bool {
    matches!(
        action,
        Action::StartProcess
            | Action::StopProcess
            | Action::RestartProcess
            | Action::WhyProcess
            | Action::PlanMode
            | Action::LaunchMode
            | Action::AckAlert
            | Action::ActAlert
            | Action::MissionAudit
    )
}

impl Round {
    /// A key: what it is about is what is selected.
    pub(super) fn of_mission(&mut self, action: Action, at: Stamp) {
        if action == Action::LaunchMode {
            return self.open_line("launch ");
        }
        if let Err(why) = self.tell_mission(action, "", at) {
            self.notice = Some((why, at));
        }
    }

    /// A line, or a key without one.
    ///
    /// # Errors
    /// Why it can't be asked.
    pub(super) fn tell_mission(
        &mut self,
        action: Action,
        told: &str,
        at: Stamp,
    ) -> Result<(), Text> {
        if self.mission.is_none() {
            return Err(Text::new(NOBODY));
        }
        let ask = match action {
            Action::StartProcess => MissionAsk::Start(self.process(told)?),
            Action::StopProcess => MissionAsk::Stop(self.process(told)?),
            Action::RestartProcess => MissionAsk::Restart(self.process(told)?),
            Action::WhyProcess => MissionAsk::Why(self.process(told)?),
            Action::PlanMode => MissionAsk::Plan(Text::new(told)),
            Action::AckAlert => MissionAsk::Ack(self.open_alert()?),
            Action::ActAlert => self.proposed()?,
            Action::MissionAudit => MissionAsk::Audit,
            Action::LaunchMode => {
                let confirm = String::new();
                let ask = MissionAsk::Launch { mode: Text::new(told), confirm };
                let mode = self.state.mission.mode_named(told);
                if let Some(words) = mode.map(|mode| &mode.confirm).filter(|w| !w.is_empty()) {
                    let about = self.about_mode(told, words);
                    self.have_typed(ask, about);
                    return Ok(());
                }
                ask
            }
            _ => return Ok(()),
        };
        self.screen.asks(&ask);
        self.asking = Some(ask);
        if matches!(&self.asking, Some(ask) if ask.is_question() || matches!(ask, MissionAsk::Ack(_)))
        {
            self.ask_mission();
        } else {
            let step = self.guard.open(GuardedVerb::Mission, at);
            self.carry_out(step);
        }
        Ok(())
    }

    /// Asks what was confirmed, or needed no confirmation.
    pub(super) fn ask_mission(&mut self) {
        if let (Some(ask), Some(mission)) = (self.asking.take(), &self.mission) {
            self.screen.asked(&ask, &self.state);
            self.ordered = !ask.is_question();
            mission.ask(ask);
        }
    }

    /// Opens the field for the words that confirm `ask`.
    fn have_typed(&mut self, ask: MissionAsk, about: Vec<Text>) {
        self.screen.asks(&ask);
        self.asking = Some(ask);
        self.prompt = Some(Prompt::confirm(about));
    }

    /// An order that the daemon wants confirmed by typed words has its field, as
    /// it would have one in a shell. An operator who went on to something else
    /// keeps the keys, and is told.
    pub(super) fn hear_unconfirmed(&mut self) {
        let Some(wanted) = self.mission.as_ref().and_then(|mission| mission.unconfirmed()) else {
            return;
        };
        self.pace.hurry();
        let busy = self.prompt.is_some()
            || self.guard.armed().is_some()
            || self.state.guard_open().is_some()
            || self.screen.fills_in();
        if busy || !self.ordered {
            let words = format!("{} wants words typed: order it again", wanted.ask);
            self.notice = Some((Text::new(&words), clock::now()));
            return;
        }
        let about = vec![
            Text::new(&wanted.ask.to_string()),
            wanted.why,
            Text::new("Enter sends what you type, Esc gives up"),
        ];
        self.sequence.clear();
        self.have_typed(wanted.ask, about);
    }

    /// What was typed to confirm something. Of a mode the words are known here;
    /// of an alert's action the daemon judges them.
    pub(super) fn confirmed(&mut self, mut field: Prompt, line: &str) {
        let typed = line.trim();
        let known = match &self.asking {
            Some(MissionAsk::Launch { mode, .. }) => {
                let known = self.state.mission.mode_named(mode.as_str());
                known.map(|mode| mode.confirm.clone()).filter(|words| !words.is_empty())
            }
            _ => None,
        };
        if known.map_or(typed.is_empty(), |words| typed != words.as_str()) {
            field.refuse(line, Text::new("these are not the words; nothing was done"));
            self.prompt = Some(field);
            return;
        }
        match &mut self.asking {
            Some(MissionAsk::Launch { confirm, .. } | MissionAsk::Act { confirm, .. }) => {
                typed.clone_into(confirm);
            }
            _ => return,
        }
        self.ask_mission();
    }

    fn about_mode(&self, name: &str, words: &Text) -> Vec<Text> {
        let mission = &self.state.mission;
        let live = mission.mode_named(name).is_some_and(|mode| mode.live);
        let money = if live { ": REAL MONEY is traded" } else { "" };
        let from = if mission.mode.is_empty() { "no mode" } else { mission.mode.as_str() };
        vec![
            Text::new(&format!("launch {name} from {from}{money}")),
            Text::new(&format!("type exactly: {words}")),
            Text::new("Enter launches, Esc gives up"),
        ]
    }

    fn process(&self, told: &str) -> Result<Text, Text> {
        if told.is_empty() {
            let selected = self.screen.selected_process(&self.state);
            return selected.ok_or_else(|| {
                Text::new("no process is selected: go to the processes, or name one after the verb")
            });
        }
        let known = self.state.mission.process(told).map(|record| record.name.clone());
        known.ok_or_else(|| Text::new(&format!("no process \"{}\"", Text::limited(told, 40))))
    }

    fn open_alert(&self) -> Result<u64, Text> {
        let selected = self.screen.selected_alert(&self.state);
        selected.ok_or_else(|| {
            Text::new("no alert is selected: there is none, or its page is not shown")
        })
    }

    /// The action that the selected alert proposes.
    fn proposed(&self) -> Result<MissionAsk, Text> {
        let id = self.open_alert()?;
        let alert = self.state.mission.alerts.iter().find(|alert| alert.id == id);
        let action = alert.and_then(|alert| alert.actions.first());
        match (action, alert) {
            (Some(action), _) => {
                let (action, confirm) = (action.clone(), String::new());
                Ok(MissionAsk::Act { alert: id, action, confirm })
            }
            (None, Some(alert)) if alert.strategy == Recovery::Escalate => {
                Err(Text::new("this alert proposes nothing to do here: others were told"))
            }
            (None, _) => Err(Text::new("this alert proposes nothing that can be done from here")),
        }
    }
}
