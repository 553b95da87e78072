//! Who obeys: scenes of consumers that do and don't, in the three sizes.

use crate::panes::shoot;
use crate::picture::{frame, rows};
use crate::scene::{Session, book, calm, hints};
use crs::domain::{Evidence, FileId, GatewayPhase, LatchPhase, Stamp, Text, UtcMicros};
use crs::event::{Event, EventsReport, EvidenceReport, GuardPhase, GuardedVerb, LinkState};
use crs::tui::ui::{Pane, Ui};

impl Session {
    /// This console's own look.
    pub fn look(&mut self, engaged: bool) -> &mut Self {
        let evidence = said("console", "inf", Some(engaged), self.at);
        self.put(Event::Evidence(Box::new(EvidenceReport { feed: None, evidence })))
    }

    /// What a consumer says, by way of an endpoint.
    pub fn hear(&mut self, who: &str, host: &str, engaged: Option<bool>) -> &mut Self {
        self.hear_as(who, host, engaged, |_| {})
    }

    pub fn hear_as(
        &mut self,
        who: &str,
        host: &str,
        engaged: Option<bool>,
        change: impl FnOnce(&mut Evidence),
    ) -> &mut Self {
        let mut evidence = said(who, host, engaged, self.at);
        change(&mut evidence);
        self.put(Event::Evidence(Box::new(EvidenceReport { feed: Some(0), evidence })))
    }

    pub fn events(&mut self, link: LinkState) -> &mut Self {
        self.put(Event::Events(Box::new(EventsReport {
            endpoint: Text::new("127.0.0.1:5557"),
            link,
            received: 62,
            ..EventsReport::default()
        })))
    }
}

#[test]
fn on_a_stage_nobody_is_missed_who_can_not_be_there() {
    use crs::domain::Mode;
    for (mode, expected) in [
        (Some(Mode::Sim), vec!["gateway", "agent", "console"]),
        (Some(Mode::Drill), vec!["gateway", "agent", "console"]),
        (None, vec!["engine", "sentinel", "gateway", "agent", "console"]),
    ] {
        let s = Session::new(mode);
        let names: Vec<_> =
            s.state.obedience().iter().map(|row| row.consumer.to_string()).collect();
        assert_eq!(names, expected, "{mode:?}");
    }
    // One that is heard all the same is listed.
    let mut s = Session::new(Some(Mode::Sim));
    s.hear("engine", "inf", Some(false)).pass(100);
    assert!(s.state.obedience().iter().any(|row| row.consumer.as_str() == "engine"));
}

fn said(who: &str, host: &str, engaged: Option<bool>, at: Stamp) -> Evidence {
    let id = |ino| FileId { dev: 38, ino };
    Evidence {
        consumer: Text::new(who),
        host: Text::new(host),
        path: Text::new("/tmp/mt5_crs_kill_switch.lock"),
        engaged,
        fault: Text::default(),
        file: (engaged == Some(true)).then(|| id(4_711)),
        dir: Some(id(2)),
        last_blocked: None,
        said: at.utc,
    }
}

/// A kill, and everybody who can be has a word about it: the gateway obeys, the
/// engine does not, the sentinel went silent, another host has its own latch.
pub fn obeying() -> Session {
    let mut s = calm();
    s.events(LinkState::Up).look(false).hear("sentinel", "inf", Some(false)).pass(8_000);
    s.feed(LinkState::Up).heartbeat(31_200).positions(book()).account("crs-paper 0.1.0");
    s.guard(GuardedVerb::Kill, GuardPhase::Armed)
        .pass(600)
        .guard(GuardedVerb::Kill, GuardPhase::Fired);
    s.latch(LatchPhase::Durable, "operator", "ops@inf").look(true).kill(|k| {
        k.phase = GatewayPhase::Acked;
        k.latch = LatchPhase::Durable;
        k.claimed = Some((3, 3));
    });
    s.pass(1_500).latch(LatchPhase::Durable, "operator", "ops@inf").look(true);
    s.hear_as("gateway", "inf", Some(true), |e| {
        e.last_blocked = Some(UtcMicros(e.said.0 - 700_000));
    });
    s.hear("engine", "inf", Some(false)).hear("engine", "gtw", Some(true));
    s.hear_as("watcher", "inf", Some(true), |e| e.dir = Some(FileId { dev: 99, ino: 2 }));
    s.pass(400);
    s
}

#[test]
fn who_obeys_a_kill_and_who_does_not() {
    let s = obeying();
    shoot("obey_kill", &s, &Ui::default());
    shoot("obey", &s, &Ui { focus: Pane::Obey, ..Ui::default() });
    shoot("obey_zoom", &s, &Ui { focus: Pane::Obey, zoom: true, ..Ui::default() });
    // One by one they fall silent, and then nothing is claimed any more.
    let mut s = s;
    s.pass(12_000);
    let ui = Ui { focus: Pane::Obey, zoom: true, ..Ui::default() };
    let all = rows(&frame(&s.state, &ui, &hints(), 120, 40)).join("\n");
    assert!(!all.contains("NOT ENGAGED"), "{all}");
    assert!(all.contains("? engine    inf       ?           ?"), "{all}");
}

#[test]
fn before_a_kill_who_obeys_is_a_key_away() {
    let mut s = calm();
    s.events(LinkState::Up).look(false).hear("gateway", "inf", Some(false)).pass(300);
    shoot("obey_calm", &s, &Ui { focus: Pane::Obey, ..Ui::default() });
}

#[test]
fn a_consumer_that_does_not_obey_is_told_by_word_and_mark() {
    let s = obeying();
    for (width, height) in [(120, 40), (80, 24), (40, 12)] {
        let all = rows(&frame(&s.state, &Ui::default(), &hints(), width, height));
        let line = all.iter().find(|row| row.contains("✗ obey:")).unwrap();
        assert!(line.contains("engine"), "{line}");
    }
}
