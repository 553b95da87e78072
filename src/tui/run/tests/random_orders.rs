//! Random keys into a real cockpit: an order is sent by the second key only,
//! in its time.

use super::*;
use crate::control::guard::{EARLIEST, LATEST};
use crate::domain::{Heard, Price, Tick, TickBatch, TickShape};
use crate::tui::cockpit::Cockpit;
use proptest::prelude::*;

/// More often what leads to an order: opening, volume, proposal, confirmation.
const KEYS: [&str; 28] = [
    "t",
    "t",
    "t",
    "1",
    "5",
    "0",
    ".",
    "enter",
    "enter",
    "enter",
    "y",
    "y",
    "y",
    "Y",
    "n",
    "esc",
    "tab",
    "shift-tab",
    "right",
    "left",
    "backspace",
    "s",
    "b",
    "l",
    "m",
    "q",
    "?",
    "ctrl-l",
];

/// What was never quoted is no order.
fn quoted(rig: &mut Rig) {
    let tick = Tick {
        symbol: Symbol::new("EURUSD").unwrap(),
        bid: Price::parse("1.10000").unwrap(),
        ask: Price::parse("1.10010").unwrap(),
        time: None,
        seq: None,
        shape: TickShape::T2,
    };
    let ticks = vec![Heard { after_us: 0, tick }];
    let batch = TickBatch { ticks, ..TickBatch::default() };
    rig.round.sender.send_ticks(batch).unwrap();
    rig.round.fold(TICK_BUDGET);
}

fn orders(rig: &Rig) -> usize {
    rig.notes().iter().filter(|note| note.starts_with("order ")).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn only_the_second_key_in_its_time_sends_an_order(
        keys in prop::collection::vec((0..KEYS.len(), 0_u64..6_000), 1..120),
    ) {
        let mut rig = rig();
        rig.round.screen = Box::new(Cockpit::default());
        quoted(&mut rig);
        rig.round.area = Rect::new(0, 0, 80, 24);
        rig.round.draw();
        let mut at = Stamp::default().plus(Duration::from_secs(1));
        // A ticket that is whole: LIVE? in a State without any read.
        let first = "t t 1 tab tab tab tab L I V E enter";
        let first = first.split_whitespace().map(|name| (name, 200));
        let rest = keys.into_iter().map(|(key, gap)| (KEYS[key], if gap > 5_500 { gap } else { gap / 20 }));
        for (n, (name, gap)) in first.chain(rest).enumerate() {
            at = at.plus(Duration::from_millis(gap));
            let armed = rig.round.guard.armed() == Some(GuardedVerb::Order);
            let since = rig.round.guard.deadline();
            let ended = rig.round.hear(&Incoming::Key(Key::named(name).unwrap(), Stroke::Press, at));
            rig.round.urgent();
            if n == 11 {
                let phase = rig.round.state.guard.as_ref().map(|g| (g.verb, g.phase));
                prop_assert_eq!(phase, Some((GuardedVerb::Order, GuardPhase::Armed)));
            }
            let sent = orders(&rig);
            prop_assert!(sent <= 1);
            if sent == 1 {
                let left = since.unwrap().since(at);
                prop_assert!(armed && matches!(name, "y" | "Y"));
                prop_assert!(left <= LATEST.saturating_sub(EARLIEST), "too early by {left:?}");
            }
            if ended.is_some() {
                break;
            }
        }
    }
}
