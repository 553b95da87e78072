//! Random hands against an oracle that knows only the rule, not the machine.

use super::*;
use proptest::prelude::*;

type Event = (Input, Stamp);

/// Is a fire of `verb` at the last of `events` what the operator asked for?
/// Read backwards from the confirming key: a press of the chord, 150 ms to
/// 5 s before, and nothing in between that ends a guard.
fn asked_for(verb: GuardedVerb, events: &[Event], fired: &[bool]) -> bool {
    let Some((last, before)) = events.split_last() else { return false };
    if last.0 != Input::Key(Key::Confirm, Stroke::Press) {
        return false;
    }
    let pressed = |e: &&Event| matches!(e.0, Input::Key(_, Stroke::Press | Stroke::Repeat));
    if before.iter().rev().find(pressed).is_some_and(|e| last.1.since(e.1) < QUIET) {
        return false;
    }
    for (i, (input, at)) in before.iter().enumerate().rev() {
        let age = last.1.since(*at);
        if age > LATEST || fired[i] {
            return false;
        }
        match input {
            Input::Key(Key::Chord(v), Stroke::Press) if *v == verb => {
                if age >= EARLIEST {
                    return true;
                }
            }
            Input::Key(Key::Chord(_), Stroke::Press)
            | Input::Key(Key::Other, Stroke::Press | Stroke::Repeat)
            | Input::Paste
            | Input::FocusLost
            | Input::TerminalLost => return false,
            Input::Key(..) | Input::Mouse | Input::Time => {}
        }
    }
    false
}

/// `SplitMix64`: small, and the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    /// Weighted so that chords and confirmations meet often.
    fn input(&mut self) -> Input {
        let stroke = match self.roll(10) {
            0 => Stroke::Repeat,
            1 => Stroke::Release,
            _ => Stroke::Press,
        };
        match self.roll(20) {
            0..=5 => Input::Key(Key::Chord(GuardedVerb::Kill), stroke),
            6..=7 => Input::Key(Key::Chord(GuardedVerb::Block), stroke),
            8..=12 => Input::Key(Key::Confirm, stroke),
            13..=14 => Input::Key(Key::Other, stroke),
            15 => Input::Paste,
            16 => Input::FocusLost,
            17 => Input::Mouse,
            18 => Input::TerminalLost,
            _ => Input::Time,
        }
    }

    /// Gaps around every limit: bursts, 150 ms, 250 ms, 5 s.
    fn gap_ms(&mut self) -> u64 {
        match self.roll(6) {
            0 => self.roll(3),
            1 => 15 + self.roll(10),
            2 => self.roll(160),
            3 => 140 + self.roll(20),
            4 => self.roll(1_000),
            _ => 4_700 + self.roll(400),
        }
    }
}

#[test]
fn a_hundred_thousand_random_inputs_fire_only_what_was_asked_for() {
    const INPUTS: usize = 100_000;
    for seed in [1, 20_250_114, 0xdead_beef] {
        let mut dice = Dice(seed);
        let mut guard = Guard::default();
        let (mut events, mut fired): (Vec<Event>, Vec<bool>) = (Vec::new(), Vec::new());
        let (mut ms, mut count) = (0, 0);
        for n in 0..INPUTS {
            ms += dice.gap_ms();
            let at = Stamp::default().plus(Duration::from_millis(ms));
            let input = dice.input();
            events.push((input, at));
            let step = guard.step(input, at);
            if let Some(verb) = step.fire {
                count += 1;
                let from = events.len().saturating_sub(200);
                assert!(
                    asked_for(verb, &events[from..], &fired[from..]),
                    "accidental {verb:?}: seed {seed}, input {n}, {:?}",
                    &events[events.len().saturating_sub(12)..]
                );
            }
            fired.push(step.fire.is_some());
        }
        assert!(count > 1_000, "seed {seed}: only {count} fires, the test tests nothing");
    }
}

fn any_input() -> impl Strategy<Value = Input> {
    let verb = prop_oneof![Just(GuardedVerb::Kill), Just(GuardedVerb::Block)];
    let key = prop_oneof![verb.prop_map(Key::Chord), Just(Key::Confirm), Just(Key::Other)];
    let stroke = prop_oneof![
        4 => Just(Stroke::Press), 1 => Just(Stroke::Repeat), 1 => Just(Stroke::Release)
    ];
    prop_oneof![
        8 => (key, stroke).prop_map(|(k, s)| Input::Key(k, s)),
        1 => Just(Input::Mouse),
        1 => Just(Input::Paste),
        1 => Just(Input::FocusLost),
        1 => Just(Input::TerminalLost),
        1 => Just(Input::Time),
    ]
}

proptest! {
    /// Whatever happened before: once the hands have been still for 5 s,
    /// chord and confirmation fire.
    #[test]
    fn a_deliberate_kill_always_fires(
        before in proptest::collection::vec((any_input(), 0_u64..6_000), 0..40),
        wait in 150_u64..=5_000,
    ) {
        let mut guard = Guard::default();
        let mut ms = 0;
        let stamp = |ms: u64| Stamp::default().plus(Duration::from_millis(ms));
        for (input, gap) in before {
            ms += gap;
            guard.step(input, stamp(ms));
        }
        ms += 5_001;
        guard.step(Input::Key(Key::Chord(GuardedVerb::Kill), Stroke::Press), stamp(ms));
        prop_assert_eq!(guard.armed(), Some(GuardedVerb::Kill));
        let step = guard.step(Input::Key(Key::Confirm, Stroke::Press), stamp(ms + wait));
        prop_assert_eq!(step.fire, Some(GuardedVerb::Kill));
    }

    /// Whatever happened before, a chord that was let go opens at once.
    #[test]
    fn the_chord_opens_in_every_state(
        before in proptest::collection::vec((any_input(), 0_u64..400), 0..40),
    ) {
        let mut guard = Guard::default();
        let mut ms = 0;
        let stamp = |ms: u64| Stamp::default().plus(Duration::from_millis(ms));
        for (input, gap) in before {
            ms += gap;
            guard.step(input, stamp(ms));
        }
        let chord = Key::Chord(GuardedVerb::Kill);
        guard.step(Input::Key(chord, Stroke::Release), stamp(ms));
        guard.step(Input::Key(chord, Stroke::Press), stamp(ms));
        prop_assert_eq!(guard.armed(), Some(GuardedVerb::Kill));
    }

    /// The guard never holds more than its window.
    #[test]
    fn nothing_stays_open_past_its_window(
        inputs in proptest::collection::vec((any_input(), 0_u64..2_000), 1..60),
    ) {
        let mut guard = Guard::default();
        let mut ms = 0;
        for (input, gap) in inputs {
            ms += gap;
            let at = Stamp::default().plus(Duration::from_millis(ms));
            guard.step(input, at);
            prop_assert!(guard.deadline().is_none_or(|d| d.mono_ns >= at.mono_ns));
        }
    }
}
