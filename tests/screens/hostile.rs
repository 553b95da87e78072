//! Hostile text in every field: inert, and no number moves because of it.

use crate::picture::{frame, rows};
use crate::scene::{self, Session};
use crs::domain::{
    Decision, DecisionSource, GatewayPhase, LatchPhase, Side, Survivor, Text, Ticket,
};
use crs::event::{
    AgentReport, CommandPhase, CommandReport, Event, EventsReport, FeedReport, Fingerprint,
    GatewayReport, GatewayStatusReport, GuardPhase, GuardedVerb, Level, LinkState,
};
use crs::tui::diagnostics::{Level as LogLevel, Said};
use crs::tui::prompt::{Kind, Prompt};
use crs::tui::ui::{Pane, Ui};

const NASTY: [&str; 8] = [
    "\u{1b}[2J\u{1b}]52;c;cm0gLXJm\u{7}EURUSD",
    "\u{9b}31mred\u{9d}0;title\u{9c}",
    "\u{202e}DSURUE\u{2066}x",
    "Z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}algo",
    "日本円日本円日本円日本円日本円",
    "\u{5d0}\u{5d1} 1.23 \u{645}\u{631}",
    "\r\n\tnew\u{0}line\u{7f}",
    "👩‍👩‍👧‍👦🇩🇪\u{fe0f}\u{200d}\u{200b}",
];

fn session(nasty: &str) -> Session {
    let t = || Text::new(nasty);
    let mut s = scene::partial();
    s.put(Event::Gateway(Box::new(GatewayReport {
        gateway: 0,
        link: LinkState::Up,
        fingerprint: Fingerprint::V1,
        rtt_us: Some(30_000),
        fault: t(),
        service: t(),
        killed: None,
    })));
    s.put(Event::Feed(Box::new(FeedReport {
        link: LinkState::Up,
        refused: [(t(), 7)].into(),
        rebuilds: 1,
        rebuilt_for: t(),
        ..FeedReport::default()
    })));
    s.positions(vec![scene::position(
        1_000_003,
        nasty,
        Side::Buy,
        "0.10",
        "1.0851",
        "1.0855",
        "43.00",
    )]);
    s.account(nasty);
    s.put(Event::Agent(AgentReport { present: false, pid: None, fault: t() }));
    s.put(Event::Command(Box::new(CommandReport {
        req_id: t(),
        what: t(),
        phase: CommandPhase::Failed,
        note: t(),
    })));
    s.log(Level::Warn, nasty, nasty);
    s.look(true).hear(nasty, nasty, Some(false)).hear("engine", nasty, None);
    s.hear_as("gateway", "inf", Some(true), |e| (e.path, e.fault) = (t(), t()));
    s.put(Event::Events(Box::new(EventsReport {
        endpoint: t(),
        link: LinkState::Up,
        refused: [(t(), 7)].into(),
        rebuilds: 1,
        rebuilt_for: t(),
        ..EventsReport::default()
    })));
    s.put(Event::GatewayStatus(Box::new(GatewayStatusReport {
        gateway: t(),
        kill_id: t(),
        fault: t(),
        ..GatewayStatusReport::default()
    })));
    s.latch(LatchPhase::EngagedExternal, nasty, nasty);
    s.decision(Decision {
        source: DecisionSource::Sentinel,
        at: None,
        symbol: t(),
        side: None,
        probabilities: None,
        threshold: None,
        action: t(),
        why: t(),
        lag_us: None,
        ..Decision::default()
    });
    s.kill(|k| {
        k.gateway = t();
        k.driver = t();
        k.note = t();
        k.phase = GatewayPhase::Partial;
        k.survivors.iter_mut().for_each(|s: &mut Survivor| (s.symbol, s.doing) = (t(), t()));
    });
    s
}

/// Characters that steer a terminal or reorder what a reader sees.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{590}'..='\u{8ff}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}

#[test]
fn nothing_that_steers_reaches_a_cell() {
    for nasty in NASTY {
        let mut s = session(nasty);
        for guard in [None, Some(GuardedVerb::CloseAt { gateway: 0, ticket: Ticket(1_000_003) })] {
            if let Some(verb) = guard {
                s.guard(verb, GuardPhase::Armed);
            }
            for (width, height) in [(120, 40), (80, 24), (40, 12), (12, 3)] {
                for focus in Pane::ALL {
                    let mut hints = scene::hints();
                    hints.card.push((Text::new(nasty), Text::new(nasty)));
                    let mut ui = Ui { focus, notice: Text::new(nasty), ..Ui::default() };
                    ui.prompt = Some(Prompt::open(Kind::Command, nasty, &|_| Vec::new()));
                    ui.help_search = Text::new(nasty);
                    let (at, level, text) = (s.state.now.utc, LogLevel::Warn, Text::new(nasty));
                    let said = Said { at, level, source: text.clone(), text };
                    ui.log.diagnostics.lines = [said].into();
                    for _ in 0..2 {
                        let buffer = frame(&s.state, &ui, &hints, width, height);
                        for cell in &buffer.content {
                            assert!(!cell.symbol().chars().any(steers), "{:?}", cell.symbol());
                        }
                        ui.turn_log(s.state.now);
                    }
                }
            }
        }
    }
}

#[test]
fn a_hostile_symbol_moves_no_number() {
    for nasty in NASTY {
        let s = session(nasty);
        let all = rows(&frame(&s.state, &Ui::default(), &scene::hints(), 120, 40));
        let row = all.iter().find(|row| row.contains("1.0855")).unwrap();
        let plain = session("PLAIN");
        let all = rows(&frame(&plain.state, &Ui::default(), &scene::hints(), 120, 40));
        let right = all.iter().find(|row| row.contains("1.0855")).unwrap();
        let tail = |row: &str| row.split_once(" BUY ").map(|(_, tail)| tail[..40].to_owned());
        assert!(tail(right).is_some());
        assert_eq!(tail(row), tail(right));
    }
}
