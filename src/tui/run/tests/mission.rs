//! What is asked of mission control: questions at once, what acts behind its
//! guard, and a mode with words of its own behind them.

use super::*;
use crate::control::{MissionAsk, MissionPort};
use crate::domain::mission::{MissionStatus, ProcessRecord};
use crate::event::{MissionLink, MissionMode, MissionNews, MissionWhole};

struct Daemon(Notes);

impl MissionPort for Daemon {
    fn ask(&self, ask: MissionAsk) {
        let confirm = match &ask {
            MissionAsk::Launch { confirm, .. } if !confirm.is_empty() => format!(" [{confirm}]"),
            _ => String::new(),
        };
        self.0.lock().unwrap().push(format!("{ask}{confirm}"));
    }
}

/// A rig that follows a mission with one process and two modes.
fn following() -> Rig {
    let mut rig = rig();
    rig.round.mission = Some(Arc::new(Daemon(rig.notes.clone())));
    let link = MissionLink { present: true, ..MissionLink::default() };
    let engine = ProcessRecord { name: Text::new("engine"), ..ProcessRecord::default() };
    let mode = |name: &str, confirm: &str| MissionMode {
        name: Text::new(name),
        confirm: Text::new(confirm),
        live: name == "LIVE",
        ..MissionMode::default()
    };
    let whole = MissionWhole {
        status: MissionStatus { processes: vec![engine], ..MissionStatus::default() },
        modes: vec![mode("LIVE", "LIVE 10000 25000"), mode("PAPER", "")],
        ..MissionWhole::default()
    };
    for news in [MissionNews::Link(link), MissionNews::Whole(Box::new(whole))] {
        rig.round.sender.send(Event::Mission(Box::new(news)));
    }
    rig.round.urgent();
    rig
}

impl Rig {
    fn line(&mut self, text: &str) {
        self.round.open_line(text);
        self.press("enter");
    }

    fn asked(&self) -> Vec<String> {
        let of = ["stop", "start", "restart", "launch", "plan", "why", "audit", "acknowledge"];
        let notes = self.notes.lock().unwrap();
        notes.iter().filter(|n| of.iter().any(|verb| n.starts_with(verb))).cloned().collect()
    }
}

#[test]
fn what_acts_waits_for_its_guard_and_a_question_does_not() {
    let mut rig = following();
    rig.line("why engine");
    rig.line("plan LIVE");
    rig.line("mission-audit");
    assert_eq!(rig.asked(), ["why engine", "plan LIVE", "audit"]);
    rig.line("stop-process engine");
    assert_eq!(rig.phase(), Some((GuardedVerb::Mission, GuardPhase::Armed)));
    assert_eq!(rig.asked().len(), 3, "nothing before the second key");
    rig.ms += 400;
    rig.press("y");
    assert_eq!(rig.asked()[3..], ["stop engine"]);
    rig.line("restart-process engine");
    rig.ms += 400;
    rig.press("n");
    assert_eq!(rig.phase(), Some((GuardedVerb::Mission, GuardPhase::StoodDown)));
    assert!(rig.round.asking.is_none());
    assert_eq!(rig.asked().len(), 4);
}

#[test]
fn a_mode_that_wants_words_has_them_typed_and_nothing_else_does() {
    let mut rig = following();
    rig.line("launch PAPER");
    assert_eq!(rig.phase(), Some((GuardedVerb::Mission, GuardPhase::Armed)));
    rig.ms += 400;
    rig.press("y");
    assert_eq!(rig.asked(), ["launch PAPER"]);
    rig.line("launch LIVE");
    let about = rig.round.prompt.as_ref().unwrap().about().to_vec();
    assert!(about[0].as_str().contains("REAL MONEY"), "{about:?}");
    assert!(about[1].as_str().contains("LIVE 10000 25000"), "{about:?}");
    for (typed, launched) in [("y", false), ("LIVE", false), ("LIVE 10000 25000", true)] {
        while rig.round.prompt.as_ref().is_some_and(|field| !field.text().is_empty()) {
            rig.press("backspace");
        }
        for letter in typed.chars() {
            let name = if letter == ' ' { String::from("space") } else { letter.to_string() };
            rig.press(&name);
        }
        rig.press("enter");
        assert_eq!(rig.round.prompt.is_none(), launched, "{typed}");
    }
    assert_eq!(rig.asked(), ["launch PAPER", "launch LIVE [LIVE 10000 25000]"]);
    rig.line("launch LIVE");
    rig.press("esc");
    assert!(rig.round.asking.is_none() && rig.round.prompt.is_none());
    assert_eq!(rig.asked().len(), 2);
}

#[test]
fn a_name_that_nobody_has_and_a_console_that_follows_nobody_are_told() {
    let mut rig = following();
    rig.line("stop-process nobody");
    let field = rig.round.prompt.take().unwrap();
    assert!(field.error().as_str().contains("no process \"nobody\""), "{}", field.error());
    rig.line("launch NOWHERE");
    assert_eq!(rig.phase(), Some((GuardedVerb::Mission, GuardPhase::Armed)), "the daemon refuses");
    let mut alone = super::rig();
    alone.line("why engine");
    let field = alone.round.prompt.take().unwrap();
    assert!(field.error().as_str().contains("[mission]"), "{}", field.error());
    assert!(alone.asked().is_empty());
}
