//! A night of a real market on the screen: nothing turns amber or red that an
//! operator would learn to ignore.

use crate::data;
use crate::panes::shoot;
use crate::picture::{frame, role_of, rows};
use crate::scene::{self, Session};
use crs::domain::LatchPhase;
use crs::event::{Event, LinkState};
use crs::tui::theme::Role;
use crs::tui::ui::{Pane, Ui};
use std::collections::BTreeSet;

/// Roles that call for an eye.
const LOUD: [Role; 8] = [
    Role::HealthStale,
    Role::HealthBad,
    Role::LogWarn,
    Role::LogAlarm,
    Role::LagBreach,
    Role::BorderAlarm,
    Role::SwitchBlocked,
    Role::KillPartial,
];

/// A Wednesday that is a weekend: closed since 14:01, opens on Thursday.
fn closed() -> Session {
    let mut s = scene::calm();
    let mut info = s.state.session.clone();
    let market = &mut info.calendar.market;
    market.zone = "utc".parse().unwrap();
    market.open = "thu 05:00".parse().unwrap();
    market.close = "wed 14:01".parse().unwrap();
    s.put(Event::Session(Box::new(info)));
    s
}

fn wait(s: &mut Session, seconds: u64) {
    for _ in 0..seconds {
        s.latch(LatchPhase::Safe, "", "").heartbeat(30_000);
        s.positions(scene::book()).account("crs-paper 0.1.0").pass(1_000);
    }
}

#[test]
fn a_closed_market_is_quiet_and_says_that_it_is_so_by_the_calendar() {
    let mut s = closed();
    wait(&mut s, 300);
    shoot("market_closed", &s, &Ui::default());
    let mut loud = BTreeSet::new();
    for (width, height) in [(200, 60), (120, 40), (80, 24), (40, 12)] {
        let ui = Ui { focus: Pane::Ticks, ..Ui::default() };
        let buffer = frame(&s.state, &ui, &scene::hints(), width, height);
        loud.extend(buffer.content.iter().map(role_of).filter(|role| LOUD.contains(role)));
        let all = rows(&buffer).join("\n");
        assert!(all.contains("by calendar") || all.contains("by the calendar"), "{all}");
        // The last price stays, dim; what moves with no tick is not made up.
        assert!(all.contains("1.08564"), "{all}");
    }
    assert!(loud.is_empty(), "{loud:?}");
    // A link that goes down is told all the same.
    s.feed(LinkState::Down).pass(100);
    let all = rows(&frame(&s.state, &Ui::default(), &scene::hints(), 120, 40)).join("\n");
    assert!(all.contains("✗ DEAD"), "{all}");
}

#[test]
fn a_tick_wins_over_the_calendar() {
    let mut s = closed();
    wait(&mut s, 300);
    s.tick("EURUSD", "1.09999", "1.10009").pass(300);
    shoot("market_off_calendar", &s, &Ui::default());
    let all = rows(&frame(&s.state, &Ui::default(), &scene::hints(), 120, 40)).join("\n");
    assert!(all.contains("ticks outside the calendar") && all.contains("1.09999"), "{all}");
    assert!(all.contains("● live"), "{all}");
    // It was one only: closed again, and still said.
    wait(&mut s, 300);
    let all = rows(&frame(&s.state, &Ui::default(), &scene::hints(), 120, 40)).join("\n");
    assert!(all.contains("ticks outside the calendar") && all.contains("· closed"), "{all}");
}

#[test]
fn silence_within_the_week_is_amber_after_minutes() {
    let mut s = scene::calm();
    wait(&mut s, 300);
    shoot("market_silent", &s, &Ui::default());
    let all = rows(&frame(&s.state, &Ui::default(), &scene::hints(), 120, 40)).join("\n");
    assert!(all.contains("◐ silent") && all.contains("feed dead?"), "{all}");
}

#[test]
fn an_hour_of_real_quotes_stays_calm() {
    let Some(path) = data::file("eurusd-2020-ticks.csv") else { return };
    let mut reader = csv::Reader::from_path(path).unwrap();
    let rows: Vec<(i64, String, String)> = reader
        .records()
        .map(|row| {
            let row = row.unwrap();
            let time = chrono::DateTime::parse_from_rfc3339(&row[0]).unwrap().timestamp_millis();
            (time, row[2].to_owned(), row[3].to_owned())
        })
        .collect();
    let start = rows[0].0;
    let mut rows = rows.iter().peekable();
    let mut s = Session::new(None);
    s.agent(true).feed(LinkState::Up);
    let mut loud = Vec::new();
    for second in 0..3_600 {
        s.latch(LatchPhase::Safe, "", "").heartbeat(30_000).positions(Vec::new());
        s.account("crs-paper 0.1.0");
        while let Some((_, bid, ask)) = rows.next_if(|(t, _, _)| *t <= start + second * 1_000) {
            s.tick("EURUSD", bid, ask);
        }
        s.pass(1_000);
        if second % 10 == 0 {
            let buffer = frame(&s.state, &Ui::default(), &scene::hints(), 120, 40);
            let found = buffer.content.iter().map(role_of).find(|role| LOUD.contains(role));
            loud.extend(found.map(|role| (second, role)));
        }
    }
    assert!(loud.is_empty(), "{loud:?}");
    assert!(s.state.quotes.values().all(|q| q.count + q.repeated > 1_000));
}
