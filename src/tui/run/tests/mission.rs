//! What is asked of mission control: questions at once, what acts behind its
//! guard, and a mode with words of its own behind them.

use super::*;
use crate::config::Card;
use crate::control::{MissionAsk, MissionPort, Unconfirmed};
use crate::domain::mission::{MissionAlert, MissionStatus, ProcessRecord};
use crate::event::{MissionAnswer, MissionLink, MissionMode, MissionNews, MissionWhole};
use crate::tui::cockpit::Cockpit;

/// It ends what holds a port only for who names its process.
struct Daemon(Notes, Mutex<Option<Unconfirmed>>);

impl MissionPort for Daemon {
    fn ask(&self, ask: MissionAsk) {
        let confirm = match &ask {
            MissionAsk::Launch { confirm, .. } | MissionAsk::Act { confirm, .. }
                if !confirm.is_empty() =>
            {
                format!(" [{confirm}]")
            }
            _ => String::new(),
        };
        self.0.lock().unwrap().push(format!("{ask}{confirm}"));
        if matches!(&ask, MissionAsk::Act { confirm, .. } if confirm != "kill 4711") {
            let why = Text::new("port 5555 is held by python (pid 4711); type \"kill 4711\"");
            *self.1.lock().unwrap() = Some(Unconfirmed { ask, why });
        }
    }

    fn unconfirmed(&self) -> Option<Unconfirmed> {
        self.1.lock().unwrap().take()
    }
}

/// A rig that follows a mission with one process and two modes.
fn following() -> Rig {
    let mut rig = rig();
    rig.round.mission = Some(Arc::new(Daemon(rig.notes.clone(), Mutex::default())));
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

    /// Types into the open field, in place of what stands in it.
    fn types(&mut self, text: &str) {
        while self.round.prompt.as_ref().is_some_and(|field| !field.text().is_empty()) {
            self.press("backspace");
        }
        for letter in text.chars() {
            let name = if letter == ' ' { String::from("space") } else { letter.to_string() };
            self.press(&name);
        }
        self.press("enter");
    }

    fn tell(&mut self, news: MissionNews) {
        self.round.sender.send(Event::Mission(Box::new(news)));
        self.round.urgent();
    }

    /// What a real screen shows.
    fn screen(&mut self) -> String {
        self.round.area = Rect::new(0, 0, 120, 40);
        let mut canvas = Buffer::empty(self.round.area);
        self.round.paint(&mut canvas);
        canvas.content.iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    fn asked(&self) -> Vec<String> {
        let of = [
            "stop",
            "start",
            "restart",
            "launch",
            "plan",
            "why",
            "audit",
            "acknowledge",
            "kill_port",
        ];
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
        rig.types(typed);
        assert_eq!(rig.round.prompt.is_none(), launched, "{typed}");
    }
    assert_eq!(rig.asked(), ["launch PAPER", "launch LIVE [LIVE 10000 25000]"]);
    rig.line("launch LIVE");
    rig.press("esc");
    assert!(rig.round.asking.is_none() && rig.round.prompt.is_none());
    assert_eq!(rig.asked().len(), 2);
}

/// A rig with a real screen, and an alert that proposes to free a port.
fn alerted() -> Rig {
    let mut rig = following();
    rig.round.screen = Box::new(Cockpit::new(Card::default()));
    rig.tell(MissionNews::Alert(Box::new(MissionAlert {
        id: 3,
        actions: vec![Text::new("kill_port_and_retry")],
        ..MissionAlert::default()
    })));
    rig.screen();
    rig.line("pane processes");
    rig.screen();
    rig
}

#[test]
fn an_action_that_wants_words_has_them_typed() {
    let mut rig = alerted();
    rig.line("act-alert");
    assert_eq!(rig.phase(), Some((GuardedVerb::Mission, GuardPhase::Armed)));
    rig.ms += 400;
    rig.press("y");
    assert!(rig.round.prompt.is_none(), "nobody said yet that words are wanted");
    rig.round.hear_unconfirmed();
    let about = rig.round.prompt.as_ref().unwrap().about().to_vec();
    assert!(about[0].as_str().contains("kill_port_and_retry for alert 3"), "{about:?}");
    assert!(about[1].as_str().contains("kill 4711"), "{about:?}");
    rig.types("");
    assert!(rig.round.prompt.is_some(), "nothing is no word");
    rig.types("yes");
    rig.round.hear_unconfirmed();
    assert!(rig.round.prompt.is_some(), "it asks again");
    rig.types("kill 4711");
    rig.round.hear_unconfirmed();
    assert!(rig.round.prompt.is_none());
    let order = "kill_port_and_retry for alert 3";
    assert_eq!(rig.asked(), [order, &format!("{order} [yes]"), &format!("{order} [kill 4711]")]);
}

#[test]
fn who_went_on_to_something_else_keeps_the_keys() {
    let mut rig = alerted();
    rig.line("act-alert");
    rig.ms += 400;
    rig.press("y tab");
    rig.round.hear_unconfirmed();
    assert!(rig.round.prompt.is_none());
    let (words, _) = rig.round.notice.clone().unwrap();
    assert!(words.as_str().contains("wants words typed: order it again"), "{words}");
}

#[test]
fn nobody_waits_for_the_answer_to_what_was_given_up() {
    let mut rig = alerted();
    rig.line("mission-audit");
    let lines = vec![Text::new("the one entry")];
    let answer = MissionAnswer { ask: Text::new("audit"), ok: true, lines };
    rig.tell(MissionNews::Answer(Box::new(answer)));
    assert!(rig.screen().contains("the one entry"));
    rig.line("launch LIVE");
    rig.press("esc");
    assert!(rig.screen().contains("the one entry"), "{}", rig.screen());
    rig.line("stop-process engine");
    rig.ms += 400;
    rig.press("n");
    assert!(rig.screen().contains("the one entry"), "{}", rig.screen());
    rig.line("why engine");
    assert!(rig.screen().contains("why engine: no answer yet"), "{}", rig.screen());
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
