//! The list of alarms at every size.

use crate::panes::shoot;
use crate::picture::{frame, rows};
use crate::scene::{self, Session};
use crs::control::Action;
use crs::domain::{AlarmAct, GatewayPhase, LatchPhase};
use crs::event::{Event, Level, LinkState};
use crs::tui::theme::{Charset, Depth, Theme};
use crs::tui::ui::{Pane, Ui};
use crs::tui::view::draw;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

fn focused() -> Ui {
    Ui { focus: Pane::Alarms, ..Ui::default() }
}

/// A feed that is down, a stranger's latch, a full disk, and one taken on.
fn troubled() -> Session {
    let mut s = scene::calm();
    s.log(Level::Alarm, "audit", "audit log can't be written, kept and tried on: No space left");
    s.pass(1_000).put(Event::Alarm(AlarmAct::Acknowledge(None)));
    s.feed(LinkState::Down).pass(4_000);
    s.latch(LatchPhase::EngagedExternal, "margin call, touched by hand", "uid 1001").pass(1_500);
    s
}

#[test]
fn several() {
    shoot("alarms", &troubled(), &focused());
    shoot("alarms_zoom", &troubled(), &Ui { zoom: true, ..focused() });
}

#[test]
fn none() {
    shoot("alarms_none", &scene::calm(), &focused());
}

#[test]
fn what_nobody_has_taken_on_is_counted_on_every_screen() {
    let last = |s: &Session, width, height| {
        let buffer = frame(&s.state, &Ui::default(), &scene::hints(), width, height);
        rows(&buffer).pop().unwrap()
    };
    for (width, height, word) in [(200, 60, "✗ 2 alarms"), (80, 24, "✗ 2 alarms"), (40, 12, "✗ 2")]
    {
        let line = last(&troubled(), width, height);
        assert!(line.contains(word), "{width}×{height}: {line}");
        let calm = last(&scene::calm(), width, height);
        assert!(!calm.contains("alarm"), "{calm}");
    }
}

fn flood() -> Session {
    let mut s = scene::calm();
    for n in 0..10 {
        s.log(Level::Alarm, "agent", &format!("trouble number {n}"));
    }
    s.feed(LinkState::Down).positions_fault("no answer within 3 s").agent(false).pass(40_000);
    s
}

#[test]
fn a_flood_is_one_row_of_its_own() {
    shoot("alarms_flood", &flood(), &Ui { zoom: true, ..focused() });
}

const SIZES: [(u16, u16); 4] = [(200, 60), (120, 40), (80, 24), (40, 12)];

fn text(s: &Session, ui: &Ui, (width, height): (u16, u16)) -> String {
    rows(&frame(&s.state, ui, &scene::hints(), width, height)).join("\n")
}

#[test]
fn a_flood_says_how_many_it_folds_and_can_be_opened() {
    let s = flood();
    let (few, folded) = s.state.alarms.rows(false);
    let (all, none) = s.state.alarms.rows(true);
    assert!(folded > 0 && none == 0 && all.len() == few.len() + folded);
    for size in SIZES {
        let shut = text(&s, &Ui { zoom: true, ..focused() }, size);
        let told =
            [format!("{folded} more in a flood, :flood"), format!("{folded} folded, :flood")];
        assert!(told.iter().any(|words| shut.contains(words)), "{size:?}\n{shut}");
        let open = text(&s, &Ui { zoom: true, flood: true, ..focused() }, size);
        assert!(!open.contains(":flood"), "{size:?}\n{open}");
    }
    let open = text(&s, &Ui { zoom: true, flood: true, ..focused() }, (200, 60));
    for alarm in all {
        let words: String = alarm.text.as_str().chars().take(30).collect();
        assert!(open.contains(&words), "{words} is not listed\n{open}");
    }
}

/// Neither silence nor a flood reaches the kill: its banner is no alarm.
#[test]
fn the_kill_stays_on_the_screen_whatever_is_acknowledged_silenced_or_folded() {
    let mut s = flood();
    s.latch(LatchPhase::Durable, "stop", "ops@inf").kill(|k| k.phase = GatewayPhase::Unconfirmed);
    s.pass(2_000);
    let banner = |s: &Session, size| {
        let all = text(s, &Ui::default(), size);
        let has = |word: &str| all.contains(word);
        (has("UNCONFIRMED"), has("LATCHED") || has("DURABLE") || has("■"))
    };
    let before: Vec<_> = SIZES.iter().map(|size| banner(&s, *size)).collect();
    assert!(before.iter().all(|seen| *seen == (true, true)), "{before:?}");
    s.put(Event::Alarm(AlarmAct::Acknowledge(None)));
    s.put(Event::Alarm(AlarmAct::Silence(None, u64::MAX)));
    s.pass(1_000);
    let after: Vec<_> = SIZES.iter().map(|size| banner(&s, *size)).collect();
    assert_eq!(before, after);
}

#[test]
fn the_title_says_what_stands_what_is_over_and_until_when_it_is_silent() {
    let mut s = scene::calm();
    s.feed(LinkState::Down).latch(LatchPhase::EngagedExternal, "touch", "uid 1001").pass(4_000);
    let key = s.state.alarms.list[0].key.clone();
    s.put(Event::Alarm(AlarmAct::Acknowledge(Some(key.clone()))));
    s.put(Event::Alarm(AlarmAct::Silence(Some(key), 300_000))).pass(100);
    let until = s.state.alarms.tally(s.at).until.unwrap().utc.hm();
    let title = format!("2 standing (1 acknowledged, 1 silenced until {until})");
    let shown = text(&s, &focused(), (80, 24));
    assert!(shown.contains(&title), "{shown}");
    assert!(!shown.contains("none"), "{shown}");
    // At the alarm itself, at every size.
    for size in SIZES {
        let shown = text(&s, &Ui { zoom: true, ..focused() }, size);
        assert!(shown.contains(&until), "{size:?}\n{shown}");
    }
    s.put(Event::Alarm(AlarmAct::Acknowledge(None)));
    let last = rows(&frame(&s.state, &Ui::default(), &scene::hints(), 80, 24)).pop().unwrap();
    assert!(last.contains("2 standing"), "what is acknowledged still stands: {last}");
    for _ in 0..8 {
        s.feed(LinkState::Up).latch(LatchPhase::Safe, "", "").heartbeat(30_000);
        s.positions(Vec::new()).account("broker").pass(1_000);
    }
    assert!(text(&s, &focused(), (80, 24)).contains("none standing, 2 over"));
}

/// By a sign of its own, not by a colour.
#[test]
fn the_selected_alarm_has_a_mark_in_every_theme_without_colour_and_in_ascii() {
    let s = troubled();
    let count = s.state.alarms.rows(false).0.len();
    for (depth, charset, mark) in [
        (Depth::True, Charset::Unicode, "▸"),
        (Depth::None, Charset::Unicode, "▸"),
        (Depth::None, Charset::Ascii, ">"),
    ] {
        for theme in ["dark", "light", "mono", "high-contrast", "colour-blind-safe"] {
            let theme = Theme::embedded(theme, depth, charset).unwrap();
            for (width, height) in SIZES {
                for chosen in 0..count {
                    let area = Rect::new(0, 0, width, height);
                    let mut buffer = Buffer::empty(area);
                    // A latch that holds takes the only pane of a small screen.
                    let mut ui = Ui { zoom: width == 40, ..focused() };
                    ui.set_row(Pane::Alarms, chosen);
                    draw(&s.state, &ui, &theme, &scene::hints(), area, &mut buffer);
                    let alarm = s.state.alarms.rows(false).0[chosen];
                    let words: String = alarm.text.as_str().chars().take(8).collect();
                    let at = alarm.last.utc.hms();
                    let marks = ["✗", "◐", "·", "x", "~", "-"].map(|m| format!("{mark}{m} {at}"));
                    let shown = rows(&buffer);
                    let marked: Vec<_> =
                        shown.iter().filter(|row| marks.iter().any(|m| row.contains(m))).collect();
                    let own = marked.iter().filter(|row| row.contains(&words)).count();
                    assert_eq!(
                        (own, marked.len()),
                        (1, 1),
                        "{width}×{height} {chosen}: {shown:#?}"
                    );
                    if depth == Depth::None {
                        let reversed = buffer.content.iter().filter(|cell| {
                            cell.symbol() == mark && cell.modifier.contains(Modifier::REVERSED)
                        });
                        assert_eq!(reversed.count(), 1, "{width}×{height}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_list_that_is_longer_than_its_room_says_how_many_more() {
    let mut s = scene::calm();
    for n in 0..30 {
        s.log(Level::Alarm, "agent", &format!("trouble number {n}")).pass(100);
    }
    for size in SIZES {
        // The border of another pane may count rows of its own.
        let shown = |ui: &Ui| text(&s, ui, size).replace("more below ─╯", "");
        let first = shown(&focused());
        assert!(first.contains("more below") && !first.contains("more above"), "{size:?}\n{first}");
        let mut ui = focused();
        ui.set_row(Pane::Alarms, 29);
        let last = shown(&ui);
        assert!(last.contains("more above") && !last.contains("more below"), "{size:?}\n{last}");
        assert!(last.contains("trouble number 0") || size.0 == 40, "{size:?}\n{last}");
    }
}

/// A step that can be taken: a command of ours in backticks, and one there is.
#[test]
fn every_advice_names_a_step_that_exists() {
    let mut s = flood();
    s.latch(LatchPhase::NotDurable, "no room", "").pass(2_000);
    s.latch(LatchPhase::EngagedExternal, "touch", "uid 1001").pass(2_000);
    s.latch(LatchPhase::Blocked, "no such directory", "").pass(2_000);
    for source in ["kill", "latch", "console", "gateway main", "audit"] {
        s.log(Level::Alarm, source, &format!("a cry of {source}"));
    }
    s.kill(|k| k.phase = GatewayPhase::Partial).pass(1_000);
    s.pass(40_000);
    let verbs =
        ["close", "heartbeat", "doctor", "arm", "status", "reset", "ticks", "positions", "config"];
    for alarm in &s.state.alarms.list {
        let advice = alarm.advice.as_str();
        let steps: Vec<_> = advice.split('`').skip(1).step_by(2).collect();
        assert!(!steps.is_empty(), "{}: {advice}", alarm.text);
        for step in steps {
            let first = step.split(' ').next().unwrap();
            match first.strip_prefix(':') {
                Some(verb) => assert!(Action::named(verb).is_some(), "{step}: {advice}"),
                None if step == "crs" || step.starts_with("ss ") || step == "events" => {}
                None => {
                    let verb = step.strip_prefix("crs ").unwrap_or(step);
                    let verb = verb.split(' ').next().unwrap();
                    assert!(verbs.contains(&verb), "{step}: {advice}");
                }
            }
        }
    }
    let told = |part: &str| s.state.alarms.list.iter().any(|a| a.key.as_str().starts_with(part));
    for part in ["latch", "gateway", "feed", "kill", "agent"] {
        assert!(told(part), "{part} was not raised: {:?}", s.state.alarms.list);
    }
}
