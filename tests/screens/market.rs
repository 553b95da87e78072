//! A night of a real market on the screen: nothing turns amber or red that an
//! operator would learn to ignore.

use crate::picture::{frame, role_of};
use crate::scene::{self, Session};
use crs::domain::LatchPhase;
use crs::event::LinkState;
use crs::tui::theme::Role;
use crs::tui::ui::Ui;
use std::path::Path;

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

#[test]
fn an_hour_of_real_quotes_stays_calm() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/eurusd-2020-ticks.csv");
    let Ok(mut reader) = csv::Reader::from_path(path) else {
        eprintln!("skipped: ../shared/data is not here");
        return;
    };
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
