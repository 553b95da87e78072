//! Every size, down to one cell: no panic, and what matters most stays.

use crate::picture::{frame, rows};
use crate::scene;
use crs::event::{GuardPhase, GuardedVerb};
use crs::tui::ui::{Pane, Ui};

#[test]
fn no_size_makes_it_fail() {
    let mut guarded = scene::calm();
    guarded.guard(GuardedVerb::Kill, GuardPhase::Armed);
    let sessions = [scene::calm(), guarded, scene::partial(), scene::unconfirmed()];
    let sides = [1, 2, 3, 4, 5, 7, 11, 19, 20, 23, 24, 39, 40, 41, 79, 80, 109, 110, 200];
    for session in &sessions {
        for width in sides {
            for height in [1, 2, 3, 4, 5, 6, 9, 12, 19, 20, 24, 33, 34, 60] {
                let help = width % 2 == 0;
                let focus = Pane::ALL[usize::from(width + height) % Pane::ALL.len()];
                let ui = Ui { focus, help, zoom: height % 2 == 0, ..Ui::default() };
                frame(&session.state, &ui, &scene::hints(), width, height);
            }
        }
    }
}

#[test]
fn mode_and_breaker_stay_to_the_last() {
    let session = scene::calm();
    for width in 1..=200 {
        for height in [1, 2, 4, 5, 12, 24, 40] {
            let buffer = frame(&session.state, &Ui::default(), &scene::hints(), width, height);
            let top = &rows(&buffer)[0];
            let word = &"PAPER"[..usize::from(width).min(5)];
            assert!(top.trim_start().starts_with(word), "{width}×{height}: {top}");
            assert!(
                width < 12 || top.contains("● SAFE") || top.contains("●SAFE"),
                "{width}×{height}: {top}"
            );
            assert!(width < 34 || height < 5 || top.contains("0.4s"), "{width}×{height}: {top}");
        }
    }
}

#[test]
fn the_kill_is_on_the_screen_wherever_there_is_room_for_a_word() {
    let session = scene::partial();
    for (width, height) in [(12, 4), (24, 5), (40, 12), (80, 24), (120, 40), (200, 60)] {
        let all =
            rows(&frame(&session.state, &Ui::default(), &scene::hints(), width, height)).join("\n");
        assert!(all.contains("PARTIAL"), "{width}×{height}\n{all}");
        assert!(all.contains("Ctrl-K"), "{width}×{height}\n{all}");
    }
}
