//! What the loop makes of the text field: the command line over the same
//! verbs as the keys, and the search of the help.

use super::mission::asks_mission;
use super::{Exit, Round, past};
use crate::control::guard::Stroke;
use crate::control::{Action, Danger, Takes};
use crate::domain::{Stamp, Text};
use crate::journal::player::place::span;
use crate::state::alarms::LONGEST_SILENCE;
use crate::tui::keymap::Key;
use crate::tui::prompt::{self, Did, Kind, Prompt, Typed, line};

impl Round {
    /// Opens the command line with `text` in it.
    pub(super) fn open_line(&mut self, text: &str) {
        let prompt = Prompt::open(Kind::Command, text, &|action| self.offered(action));
        self.sequence.clear();
        self.notice = None;
        self.prompt = Some(prompt);
    }

    /// Opens the help with the field of its search.
    pub(super) fn open_search(&mut self) {
        self.sequence.clear();
        self.notice = None;
        self.screen.search("");
        self.prompt = Some(Prompt::open(Kind::Search, "", &|_| Vec::new()));
    }

    /// What may follow a verb, for completion.
    fn offered(&self, action: Action) -> Vec<String> {
        match action {
            Action::Theme => self.names.themes.clone(),
            Action::Keymap => self.names.keymaps.clone(),
            Action::Speed => past::speeds(),
            Action::NextMark | Action::PreviousMark => past::kinds(),
            other => self.screen.choices(other, &self.state),
        }
    }

    /// A key for the open field.
    pub(super) fn type_key(
        &mut self,
        mut field: Prompt,
        key: Key,
        stroke: Stroke,
        at: Stamp,
    ) -> Option<Exit> {
        let did = field.key(key, &self.history, &|action| self.offered(action));
        match (did, field.kind()) {
            (Did::Entered(line), Kind::Command) => return self.entered(field, &line, stroke, at),
            (Did::Entered(line), Kind::Confirm) => {
                self.confirmed(field, &line);
                return None;
            }
            (Did::Cancelled, Kind::Confirm) => {
                self.asking = None;
                return None;
            }
            // What was searched for stays, without the field.
            (Did::Entered(_), Kind::Search) | (Did::Cancelled, Kind::Command) => return None,
            (Did::Cancelled, Kind::Search) => {
                self.screen.search("");
                return None;
            }
            (Did::Edited, Kind::Search) => self.screen.search(&field.text()),
            (Did::Edited, Kind::Command | Kind::Confirm) | (Did::Nothing, _) => {}
        }
        self.prompt = Some(field);
        None
    }

    fn entered(
        &mut self,
        mut field: Prompt,
        line: &str,
        stroke: Stroke,
        at: Stamp,
    ) -> Option<Exit> {
        if line.trim().is_empty() {
            return None;
        }
        let parsed = line::parse(line, &|action| self.offered(action));
        let done = match parsed {
            Ok(typed) => {
                prompt::remember(&mut self.history, line.trim());
                self.looks.remember(self.history.clone());
                self.obey(&typed, stroke, at)
            }
            Err(_) if line::begins_with(line, "reset") => Err(self.shell()),
            Err(why) => Err(why),
        };
        // What was no good stays, to be mended.
        done.unwrap_or_else(|why| {
            field.refuse(line, why);
            self.prompt = Some(field);
            None
        })
    }

    /// No key and no line resets: the way back is slow on purpose.
    fn shell(&self) -> Text {
        let steps = self.way_back.steps(self.state.tells_memory());
        let numbered: String =
            (1..).zip(steps).fold(String::new(), |all, (n, step)| format!("{all}; {n} {step}"));
        // A command that is cut would be another one.
        let text = format!("the way back is typed in a shell, in this order{numbered}");
        Text::limited(&text, text.len())
    }

    /// Carries out a line: what acts goes through the guards that keys go
    /// through.
    ///
    /// # Errors
    /// What it is told can't be done, and why.
    fn obey(&mut self, typed: &Typed, stroke: Stroke, at: Stamp) -> Result<Option<Exit>, Text> {
        let told = typed.told.as_str();
        match (typed.action, typed.action.danger()) {
            // Enter that is held down opens nothing, like any key.
            (Action::Kill, _) if stroke == Stroke::Press => self.wish.kill(),
            (Action::Block, _) if stroke == Stroke::Press => self.wish.block(),
            (_, Danger::Fixed) => {}
            (Action::Theme, _) => self.choose("theme", told, self.looks.use_theme(told)),
            (Action::Keymap, _) => self.choose("keymap", told, self.looks.use_keymap(told)),
            (Action::Silence, _) if !told.is_empty() => {
                let ms = length(told).ok_or_else(|| {
                    let told = Text::limited(told, 40);
                    let takes = "it takes a time from 1s to 8h, as 45s, 30m or 2h";
                    Text::new(&format!("silence knows no time \"{told}\": {takes}"))
                })?;
                self.take_on(Action::Silence, Some(ms));
            }
            // Words may be left out, then the line is the key.
            (action, _) if self.refused(action).is_some() => {
                return Ok(self.run(action, stroke, at));
            }
            (Action::RemoteLogs, _) if !told.is_empty() => self.remote_logs(told)?,
            (action, _) if asks_mission(action) && !told.is_empty() => {
                self.tell_mission(action, told, at)?;
            }
            (action, _) if past::travels(action) => self.travel(action, told),
            (action, _) if matches!(action.takes(), Takes::Choice(_)) || !told.is_empty() => {
                let context = self.screen.context();
                let state = self.looking.shown(&self.state, context);
                self.screen.tell(action, told, state)?;
            }
            (action, _) => return Ok(self.run(action, stroke, at)),
        }
        Ok(None)
    }

    fn choose(&mut self, noun: &str, name: &str, asked: bool) {
        if !asked {
            let name = Text::limited(name, 40);
            self.say(format!("{noun} {name}: nobody here can read it"));
        }
    }
}

/// `30m` in milliseconds: a whole number of seconds, minutes or hours.
fn length(text: &str) -> Option<u64> {
    let ms = u64::try_from(span(text)? / 1_000).ok()?;
    (1_000..=LONGEST_SILENCE.as_secs() * 1_000).contains(&ms).then_some(ms)
}

#[cfg(test)]
mod tests {
    use super::length;

    #[test]
    fn a_time_has_a_unit_and_a_limit() {
        for (text, ms) in [("1s", 1_000), ("30m", 1_800_000), ("8h", 28_800_000)] {
            assert_eq!(length(text), Some(ms), "{text}");
        }
        for text in ["", "m", "30", "0s", "-1m", "9h", "1.5h", "1µ", "18446744073709551615h"] {
            assert_eq!(length(text), None, "{text}");
        }
    }
}
