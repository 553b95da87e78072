//! The timeline of a recording and of a look back, and that a replay draws
//! what the session drew.

use crate::picture::{picture, theme};
use crate::scene;
use crs::domain::{Mark, MarkKind, Text, UtcMicros};
use crs::event::{GuardPhase, GuardedVerb};
use crs::journal::{Memory, Player, player::Move};
use crs::state::State;
use crs::tui::chords;
use crs::tui::keymap::Keymap;
use crs::tui::theme::{Charset, Theme};
use crs::tui::ui::{Motion, Pane, Shows, Timeline, Ui};
use crs::tui::view::{Hints, draw, draw_past};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::Arc;

const SIZES: [(u16, u16); 4] = [(200, 60), (120, 40), (80, 24), (40, 12)];

fn mark(seq: u64, kind: MarkKind, first: UtcMicros, us: i64) -> Mark {
    Mark { seq, at: UtcMicros(first.0 + us), kind, text: Text::new(kind.word()) }
}

/// Half-way through what `state` is the end of.
fn timeline(shows: Shows, state: &State, motion: Motion) -> Timeline {
    let (first, last) = (state.began.utc, state.now.utc);
    let part = |n: i64| (last.0 - first.0) * n / 10;
    let marks = MarkKind::ALL.iter().zip([1, 2, 3, 6, 7, 8]);
    let marks: Vec<Mark> = marks.map(|(kind, n)| mark(1, *kind, first, part(n))).collect();
    Timeline {
        shows,
        first: (1, first),
        last: (state.seq, last),
        at: (state.seq / 2, UtcMicros(first.0 + part(5))),
        motion,
        speed: Text::new("10x"),
        marks: Arc::from(marks),
        explains: false,
    }
}

fn shot(live: &State, past: &State, ui: &Ui, (width, height): (u16, u16)) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    draw_past(live, past, ui, theme(), &hints(ui), area, &mut buffer);
    buffer
}

/// Those of the past, by the keymap, where the panes show it.
fn hints(ui: &Ui) -> Hints {
    let all = scene::hints();
    let live = ui.time.as_ref().map(|time| chords::replay(&Keymap::default(), time));
    Hints { live: live.unwrap_or_else(|| all.live.clone()), ..all }
}

#[test]
fn keys_of_the_past_stand_in_its_row_and_the_bar_stays_where_it_is() {
    let s = scene::calm();
    for shows in [Shows::Recording, Shows::Session] {
        let row = |motion, (width, height): (u16, u16)| -> String {
            let ui = Ui { time: Some(timeline(shows, &s.state, motion)), ..Ui::default() };
            let buffer = shot(&s.state, &s.state, &ui, (width, height));
            (0..width).map(|x| buffer[(x, height - 1)].symbol()).collect()
        };
        for (size, wanted) in [
            ((80, 24), &["Space play", "? keys"][..]),
            ((120, 40), &["Space play", "? keys"]),
            ((200, 60), &["Space play", "? keys", "e mark", "K kill"]),
        ] {
            let [stands, plays] = [Motion::Stands, Motion::Plays].map(|motion| row(motion, size));
            let narrow = size.0 == 80 && shows == Shows::Session;
            let wanted = if narrow { &["Esc now"][..] } else { wanted };
            assert!(wanted.iter().all(|words| stands.contains(words)), "{size:?}: {stands}");
            assert!(narrow || plays.contains("Space stop"), "{size:?}: {plays}");
            let bar = |row: &str| row.chars().position(|c| c == '◆');
            assert!(bar(&stands).is_some() && bar(&stands) == bar(&plays), "{stands}|{plays}");
        }
    }
}

#[test]
fn a_recording_has_its_timeline_at_every_size() {
    let s = scene::calm();
    let time = Some(timeline(Shows::Recording, &s.state, Motion::Plays));
    let ui = Ui { time, ..Ui::default() };
    for size in SIZES {
        let name = format!("replay_{}x{}", size.0, size.1);
        insta::assert_snapshot!(name, picture(&shot(&s.state, &s.state, &ui, size)));
    }
}

#[test]
fn a_look_back_says_so_in_every_pane_that_is_not_of_now() {
    let (then, now) = (scene::calm(), scene::partial());
    let time = Some(timeline(Shows::Session, &then.state, Motion::Stands));
    let ui = Ui { time, ..Ui::default() };
    for size in SIZES {
        let name = format!("past_{}x{}", size.0, size.1);
        insta::assert_snapshot!(name, picture(&shot(&now.state, &then.state, &ui, size)));
    }
}

#[test]
fn an_open_guard_is_of_now_while_the_panes_are_not() {
    let (then, mut now) = (scene::calm(), scene::calm());
    now.guard(GuardedVerb::Kill, GuardPhase::Armed).pass(300);
    let time = Some(timeline(Shows::Session, &then.state, Motion::Stands));
    let ui = Ui { time, ..Ui::default() };
    for size in SIZES {
        let buffer = shot(&now.state, &then.state, &ui, size);
        let all: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert!(all.contains("stop trading, close everything"), "{size:?}: {all}");
        assert!(all.contains("press y within"), "{size:?}: {all}");
    }
}

#[test]
fn without_utf8_the_timeline_is_ascii() {
    let s = scene::calm();
    for shows in [Shows::Recording, Shows::Session] {
        let ui = Ui { time: Some(timeline(shows, &s.state, Motion::Follows)), ..Ui::default() };
        for (width, height) in SIZES {
            let area = Rect::new(0, 0, width, height);
            let mut buffer = Buffer::empty(area);
            let theme = Theme::plain(Charset::Ascii);
            draw(&s.state, &ui, &theme, &hints(&ui), area, &mut buffer);
            assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii()));
        }
    }
}

#[test]
fn what_does_not_act_in_a_recording_is_explained_at_every_size() {
    let s = scene::calm();
    let explains =
        Timeline { explains: true, ..timeline(Shows::Recording, &s.state, Motion::Stands) };
    let ui = Ui { time: Some(explains), ..Ui::default() };
    for size in [(120, 40), (80, 24), (40, 12)] {
        let name = format!("replay_chord_{}x{}", size.0, size.1);
        insta::assert_snapshot!(name, picture(&shot(&s.state, &s.state, &ui, size)));
    }
}

/// Live is replay, down to the cell: all but the word for the mode and the row
/// that the timeline takes.
#[test]
fn a_replay_draws_what_the_session_drew() {
    for s in [scene::calm(), scene::unconfirmed(), scene::verified(), scene::two_gateways()] {
        let records = s.records.clone();
        let mut live = State::default();
        let mut player = Player::new(Box::new(Memory::new(records.clone())), false);
        let mut drawn = 0;
        for record in &records {
            live.apply(record).unwrap();
            if record.seq % 41 != 0 && record.seq != s.state.seq {
                continue;
            }
            // From before and from behind.
            player.take(Move::Seq(if record.seq % 2 == 0 { 1 } else { s.state.seq }));
            player.take(Move::Seq(record.seq));
            let (view, _) = player.view();
            for (focus, zoom) in [(Pane::Positions, false), (Pane::Log, true), (Pane::Chart, false)]
            {
                for size in SIZES {
                    same(&live, &view.state, &Ui { focus, zoom, ..Ui::default() }, size);
                    drawn += 1;
                }
            }
        }
        assert!(drawn > 36, "{drawn}");
    }
}

fn same(live: &State, replayed: &State, ui: &Ui, (width, height): (u16, u16)) {
    let one = shot(live, live, ui, (width, height));
    let time = Some(timeline(Shows::Recording, replayed, Motion::Stands));
    let two = shot(replayed, replayed, &Ui { time, ..ui.clone() }, (width, height));
    for y in 0..height - 1 {
        // The strip begins with the mode, in eleven columns.
        let from = if y == 0 { 11 } else { 0 };
        for x in from..width {
            assert_eq!(
                one[(x, y)],
                two[(x, y)],
                "{width}x{height} at {x},{y}, record {}",
                live.seq
            );
        }
    }
    let strip: String = (0..11).map(|x| two[(x, 0)].symbol()).collect();
    let row: String = (0..width).map(|x| two[(x, height - 1)].symbol()).collect();
    assert!(strip.contains("REPLAY") && row.contains("REPLAY"), "{strip}|{row}");
}
