//! From a ticket to the desk.

use super::*;

/// A rig whose screen proposes an order at `!`, as a ticket does at Enter.
fn with_ticket(denied: Option<&str>) -> Rig {
    let mut rig = rig();
    let order =
        OrderTicket::market(Symbol::new("EURUSD").unwrap(), Side::Buy, Lots::parse("0.1").unwrap());
    let proposal = Proposal { gateway: 0, order, live: false, shown: None, digits: 5 };
    rig.round.screen = Box::new(Glass { proposes: Some(proposal), ..glass(&rig.notes) });
    rig.round.desk = Arc::new(Clerk(rig.notes.clone(), denied.map(Text::new)));
    rig
}

#[test]
fn an_order_goes_to_the_desk_after_the_second_key_and_once() {
    let mut rig = with_ticket(None);
    rig.press("1 !");
    assert_eq!(rig.phase(), Some((GuardedVerb::Order, GuardPhase::Armed)));
    assert!(rig.notes().is_empty(), "nothing yet");
    rig.press("y");
    assert_eq!(rig.notes(), ["order BUY shown None", "ordered"]);
    assert_eq!(rig.phase(), Some((GuardedVerb::Order, GuardPhase::Fired)));
    rig.press("y y");
    assert!(rig.notes().is_empty(), "a second key sends nothing more");
}

#[test]
fn any_other_key_a_paste_focus_and_a_kill_guard_send_no_order() {
    for key in ["n", "1", "!", "enter", "esc", "q"] {
        let mut rig = with_ticket(None);
        rig.press("!");
        rig.press(key);
        assert_eq!(rig.phase(), Some((GuardedVerb::Order, GuardPhase::StoodDown)), "{key}");
        rig.press("y");
        assert!(rig.notes().is_empty(), "{key}");
    }
    for incoming in [Incoming::Pasted, Incoming::Focus(false), Incoming::Superseded] {
        let mut rig = with_ticket(None);
        rig.press("!");
        rig.round.hear(&incoming);
        rig.press("y");
        assert!(rig.notes().is_empty() && rig.round.proposal.is_none(), "{incoming:?}");
    }
}

#[test]
fn a_closed_gate_opens_no_guard_and_says_its_own_words() {
    let mut rig = with_ticket(Some("engaged: margin call"));
    rig.press("! y");
    assert_eq!(rig.phase(), None);
    assert_eq!(rig.notes(), ["denied: engaged: margin call"]);
    assert_eq!(rig.last_line(), "denied, not sent: engaged: margin call");
}

#[test]
fn a_ticket_held_down_opens_nothing() {
    let mut rig = with_ticket(None);
    let at = Stamp::default().plus(Duration::from_secs(1));
    let key = Key::named("!").unwrap();
    rig.round.hear(&Incoming::Key(key, Stroke::Repeat, at));
    rig.round.urgent();
    assert_eq!(rig.phase(), None);
}

#[test]
fn what_v1_can_not_do_to_a_position_is_said_in_words() {
    let mut rig = rig();
    rig.press("x p x m");
    assert_eq!(
        rig.notes(),
        [
            "this gateway can't close a part: v1.0's CLOSE_POSITION has no volume",
            "this gateway can't modify SL/TP: v1.0 has no such action",
        ]
    );
    assert_eq!(rig.phase(), None);
}
