//! The proof of flat and what is open against what was ordered, in every size.

use crate::panes::shoot;
use crate::picture::{frame, picture, role_of, rows};
use crate::scene::{self, Session, book, calm, hints, position};
use crs::domain::{
    GatewayPhase, Intent, LatchPhase, Lots, OrderBy, OrderFate, OrderNews, Side, Survivor, Text,
    Ticket,
};
use crs::event::{Event, GuardPhase, GuardedVerb, OrderSourceReport};
use crs::tui::theme::{Charset, Role, Theme};
use crs::tui::ui::{Pane, Ui};
use crs::tui::view::draw;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

impl Session {
    fn source(&mut self, name: &str, trader: bool) -> &mut Self {
        self.put(Event::OrderSource(Box::new(OrderSourceReport {
            name: Text::new(name),
            trader,
            read: true,
            fault: Text::default(),
        })))
    }

    /// Seconds in which sources, gateway and latch say again what they said.
    fn watch(&mut self, seconds: u64, phase: LatchPhase) -> &mut Self {
        for _ in 0..seconds {
            let list = self.state.gateways[0].positions.as_ref().unwrap().value.clone();
            self.source("audit log", false).source("engine.jsonl", true);
            self.positions(list).account("crs-paper 0.1.0").heartbeat(31_000);
            self.latch(phase, "", "").tick("EURUSD", "1.08553", "1.08563").pass(1_000);
        }
        self
    }

    fn order(&mut self, id: &str, fate: OrderFate, ticket: Option<u64>) -> &mut Self {
        self.put(Event::Order(Box::new(OrderNews {
            by: OrderBy::Operator,
            id: Text::new(id),
            symbol: Text::new("EURUSD"),
            side: Some(Side::Buy),
            lots: Lots::parse("0.30").ok(),
            pending: false,
            ticket: ticket.map(Ticket),
            gateway: None,
            fate,
            at: None,
        })))
    }
}

/// One position that an operator ordered, one that nobody did, and an order of
/// which nobody knows.
fn strangers() -> Session {
    let mut s = calm();
    s.watch(2, LatchPhase::Safe).order("a", OrderFate::Done, Some(1_000_003));
    let mut list = book();
    list.push(position(1_000_009, "GBPUSD", Side::Sell, "2.00", "1.26710", "1.26755", "-90.00"));
    s.positions(list).watch(8, LatchPhase::Safe).order("b", OrderFate::Unknown, None);
    s.watch(4, LatchPhase::Safe);
    s
}

/// A lie with more survivors than there is room for.
fn many() -> Session {
    let mut s = scene::partial();
    let survivor = |n: u64| Survivor {
        ticket: Ticket(1_000_000 + n),
        symbol: Text::new(["EURUSD", "USDJPY", "XAUUSD"][usize::try_from(n % 3).unwrap()]),
        side: if n.is_multiple_of(2) { Side::Buy } else { Side::Sell },
        lots: Lots::parse("0.10").unwrap(),
        doing: Text::new("close accepted, waiting for proof"),
        profit: None,
    };
    s.kill(|k| k.survivors = (1..=40).map(survivor).collect()).pass(100);
    s
}

#[test]
fn an_orphan_and_an_unknown_order_are_marked_and_nothing_else_is() {
    let s = strangers();
    shoot("strangers", &s, &Ui::default());
    let ui = Ui { focus: Pane::Proof, ..Ui::default() };
    shoot("strangers_proof", &s, &ui);
    let buffer = frame(&s.state, &Ui::default(), &hints(), 200, 60);
    insta::assert_snapshot!("strangers_200x60", picture(&buffer));
    // What has an owner, or none that can be told, is quiet.
    let mut quiet = calm();
    quiet.watch(10, LatchPhase::Safe);
    for (width, height) in [(200, 60), (120, 40), (80, 24), (40, 12)] {
        let buffer = frame(&quiet.state, &Ui::default(), &hints(), width, height);
        let loud = buffer
            .content
            .iter()
            .filter(|cell| matches!(role_of(cell), Role::HealthBad | Role::HealthStale));
        assert_eq!(loud.count(), 0, "{width}×{height}");
    }
}

#[test]
fn the_proof_by_its_key() {
    let ui = Ui { focus: Pane::Proof, ..Ui::default() };
    shoot("proof_partial", &scene::partial(), &ui);
    let zoom = Ui { zoom: true, ..ui.clone() };
    shoot("proof_partial_zoom", &scene::partial(), &zoom);
    shoot("proof_unconfirmed_zoom", &scene::unconfirmed(), &zoom);
    shoot("proof_verified_zoom", &scene::verified(), &zoom);
}

#[test]
fn put_away_it_leaves_the_kill_panel_whole() {
    let ui = Ui { proof_away: true, ..Ui::default() };
    shoot("proof_away", &scene::partial(), &ui);
}

#[test]
fn what_does_not_fit_is_counted_and_can_be_scrolled() {
    let zoom = Ui { focus: Pane::Proof, zoom: true, ..Ui::default() };
    shoot("proof_many_zoom", &many(), &zoom);
    let mut all = String::new();
    for row in 0..40 {
        let mut ui = zoom.clone();
        ui.rows[Pane::Proof as usize] = row;
        all += &rows(&frame(&many().state, &ui, &hints(), 40, 12)).join("\n");
    }
    for n in 1..=40 {
        assert!(all.contains(&format!(" {} ", 1_000_000 + n)), "ticket {n} can't be reached");
    }
}

#[test]
fn a_block_says_what_stays_open() {
    let mut s = calm();
    s.guard(GuardedVerb::Block, GuardPhase::Armed).pass(600);
    s.guard(GuardedVerb::Block, GuardPhase::Fired);
    s.latch(LatchPhase::Durable, "news at noon", "ops@inf").kill(|k| {
        k.intent = Intent::Block;
        k.phase = GatewayPhase::Idle;
        k.latch = LatchPhase::Durable;
    });
    s.pass(300);
    let zoom = Ui { focus: Pane::Proof, zoom: true, ..Ui::default() };
    shoot("proof_block_zoom", &s, &zoom);
    for (width, height) in [(200, 60), (120, 40)] {
        let all = rows(&frame(&s.state, &Ui::default(), &hints(), width, height)).join(" ");
        assert!(all.contains("3 positions stay open, nothing is being closed"), "{all}");
    }
    // When they can't be read, their number is not made up.
    s.positions_fault("no answer within 3 s").pass(300);
    let all = rows(&frame(&s.state, &Ui::default(), &hints(), 120, 40)).join(" ");
    assert!(all.contains("what is open is not known now"), "{all}");
    assert!(!all.contains("3 positions stay open"), "{all}");
}

#[test]
fn an_account_that_can_not_be_read_is_no_proof() {
    let mut s = scene::acked();
    let poll = s.poll(Some(0), None, "nested error: MT5 not connected");
    s.kill(|k| {
        k.phase = GatewayPhase::Partial;
        k.claimed = Some((0, 0));
        k.last_poll = Some(poll);
    });
    s.positions(Vec::new()).account_fault("nested error: MT5 not connected").pass(300);
    shoot("proof_blind", &s, &Ui { focus: Pane::Proof, ..Ui::default() });
    for (width, height) in [(200, 60), (120, 40), (80, 24), (40, 12)] {
        let ui = Ui { focus: Pane::Proof, zoom: true, ..Ui::default() };
        let all = rows(&frame(&s.state, &ui, &hints(), width, height)).join("\n");
        assert!(all.contains("0 open, margin ?") && all.contains("nested error: MT5"), "{all}");
        assert!(!all.contains("✓ VERIFIED"), "{all}");
    }
}

#[test]
fn pending_orders_are_never_claimed_to_be_known() {
    let zoom = Ui { focus: Pane::Proof, zoom: true, ..Ui::default() };
    let mut rogue = scene::killing();
    rogue.kill(|k| k.phase = GatewayPhase::NotV1);
    let all = [calm, scene::partial, scene::verified, scene::unconfirmed, many];
    for s in all.into_iter().map(|scene| scene()).chain([rogue]) {
        for (width, height) in [(200, 60), (120, 40), (80, 24), (40, 12)] {
            let all = rows(&frame(&s.state, &zoom, &hints(), width, height)).join("\n");
            assert!(all.contains("pending orders: not verifiable"), "{all}");
        }
    }
}

#[test]
fn it_is_ascii_where_the_terminal_is() {
    for (name, s) in [("partial", scene::partial()), ("strangers", strangers())] {
        for (width, height) in [(200, 60), (120, 40), (80, 24), (40, 12)] {
            let ui = Ui { focus: Pane::Proof, zoom: width < 100, ..Ui::default() };
            let area = Rect::new(0, 0, width, height);
            let mut buffer = Buffer::empty(area);
            draw(&s.state, &ui, &Theme::plain(Charset::Ascii), &hints(), area, &mut buffer);
            assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii()));
            if width == 80 {
                let all = rows(&buffer).join("\n");
                insta::assert_snapshot!(format!("ascii_proof_{name}_80x24"), all);
            }
        }
    }
}

#[test]
fn a_kill_that_is_over_proves_nothing_under_the_latch_of_somebody_else() {
    let mut s = scene::verified();
    s.latch(LatchPhase::Disarmed, "", "").pass(1_500);
    let open = scene::calm().state.gateways[0].positions.clone().unwrap().value;
    s.positions(open).latch(LatchPhase::EngagedExternal, "touched", "uid 1001").pass(200);
    for (width, height) in [(200, 60), (120, 40), (80, 24), (40, 12)] {
        for focus in [Pane::Kill, Pane::Proof] {
            let ui = Ui { focus, ..Ui::default() };
            let buffer = frame(&s.state, &ui, &scene::hints(), width, height);
            let now = |row: &&String| !row.contains("last KILL");
            let all: Vec<String> = rows(&buffer).iter().filter(now).cloned().collect();
            let all = all.join("\n");
            assert!(!all.contains("✓ VERIFIED"), "{width}×{height}:\n{all}");
        }
    }
}
