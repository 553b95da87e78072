//! The way back after a kill: what still stands in it is told on every page, and
//! the commands are there to be typed.

use crate::picture::{frame, rows};
use crate::scene::{self, Session};
use crs::domain::{self, LatchPhase, Lots, Money, OrderBy, OrderFate, OrderNews, Side, Text};
use crs::event::{AccountRead, Event, GuardPhase, GuardedVerb, Read};
use crs::tui::overlay::ticket::Ticket;
use crs::tui::ui::{Pane, Ui};
use crs::tui::view::{Hints, WayBack};

const SIZES: [(u16, u16); 2] = [(120, 40), (80, 24)];

fn hints() -> Hints {
    let way_back = WayBack {
        reset: Text::new("crs reset --reason TEXT"),
        gateway: Text::new("crs gateway reset --reason TEXT --state-dir /s"),
        arm: Text::new("crs arm"),
    };
    Hints { way_back, ..scene::hints() }
}

fn text(s: &Session, ui: &Ui, (width, height): (u16, u16)) -> String {
    rows(&frame(&s.state, ui, &hints(), width, height)).join("\n")
}

fn zoomed(pane: Pane) -> Ui {
    Ui { focus: pane, zoom: true, ..Ui::default() }
}

/// A good day, but the gateway still refuses every order.
fn remembered() -> Session {
    let mut s = scene::calm();
    s.remembers(true).latch(LatchPhase::Safe, "", "").pass(3_000);
    s.remembers(true).latch(LatchPhase::Safe, "", "").pass(200);
    s
}

#[test]
fn a_gateway_that_remembers_a_kill_is_told_by_every_page() {
    let s = remembered();
    for size in SIZES {
        let kill = text(&s, &zoomed(Pane::Kill), size);
        assert!(kill.contains("SAFE here, but main remembers a kill and refuses orders"), "{kill}");
        assert!(kill.contains("NOW: crs gateway reset --reason TEXT --state-dir /s"), "{kill}");
        assert!(!kill.contains("orders may pass"), "{kill}");
        let mesh = text(&s, &zoomed(Pane::Mesh), size);
        assert!(mesh.contains("REMEMBERED"), "{mesh}");
        let gateway = text(&s, &zoomed(Pane::Gateway), size);
        assert!(gateway.contains("REMEMBERED: refuses orders"), "{gateway}");
        let alarms = text(&s, &zoomed(Pane::Alarms), size);
        assert!(alarms.contains("main remembers a kill and refuses every order"), "{alarms}");
    }
    let none = scene::calm();
    let kill = text(&none, &zoomed(Pane::Kill), (120, 40));
    assert!(kill.contains("orders may pass") && !kill.contains("remembers"), "{kill}");
}

#[test]
fn the_guard_of_arm_and_the_ticket_say_it_too() {
    let mut s = remembered();
    let ticket = Ticket::new(0, None);
    let ui = Ui { ticket: Some(ticket), ..Ui::default() };
    let words = "main remembers a kill and refuses orders";
    assert!(text(&s, &ui, (120, 40)).contains(words), "{}", text(&s, &ui, (120, 40)));
    s.guard(GuardedVerb::Order, GuardPhase::Armed).pass(300);
    assert!(text(&s, &ui, (120, 40)).contains(words), "{}", text(&s, &ui, (120, 40)));
    s.guard(GuardedVerb::Arm, GuardPhase::Armed).pass(300);
    let arm = text(&s, &Ui::default(), (80, 24));
    assert!(arm.contains("BUT main remembers a kill and refuses orders"), "{arm}");
}

#[test]
fn what_is_wrong_stands_first_in_the_mesh_and_the_rest_is_counted() {
    let s = remembered();
    let all = rows(&frame(&s.state, &zoomed(Pane::Mesh), &hints(), 80, 8));
    let first = all.iter().position(|row| row.contains("NODE")).unwrap() + 1;
    assert!(all[first].contains("REMEMBERED"), "{all:#?}");
    assert!(all.iter().any(|row| row.contains("more below")), "{all:#?}");
}

#[test]
fn a_kill_that_is_proven_ends_in_the_commands_that_lead_back() {
    let mut s = scene::verified();
    let numbers =
        |text: &str| ["1 crs reset", "2 crs gateway", "3 crs arm"].map(|w| text.contains(w));
    // A gateway that tells of no memory has none that a command of ours could end.
    let plain = text(&s, &zoomed(Pane::Kill), (120, 40));
    assert!(plain.contains("1 crs reset") && plain.contains("2 crs arm"), "{plain}");
    s.remembers(true).pass(200);
    let told = text(&s, &zoomed(Pane::Kill), (120, 40));
    assert_eq!(numbers(&told), [true; 3], "{told}");
}

/// As of a stage, whose directory nobody can abbreviate.
fn staged() -> Hints {
    let dir = "/tmp/crs-sim-573de1fd3951d82d";
    let place = format!(
        "--kill-switch-file {dir}/kill_switch.lock --state-dir {dir}/state --gateway 127.0.0.1 \
         --cmd-port 43881"
    );
    let way_back = WayBack {
        reset: Text::limited(&format!("crs reset --reason TEXT {place}"), 400),
        gateway: Text::new(&format!("crs gateway reset --reason TEXT --state-dir {dir}/state")),
        arm: Text::limited(&format!("crs arm {place}"), 400),
    };
    Hints { way_back, ..scene::hints() }
}

/// What stands inside the frame of the Kill pane, beginning `from` columns to the
/// right of it.
fn kill_pane_from(
    from: u16,
    s: &Session,
    ui: &Ui,
    hints: &Hints,
    (width, height): (u16, u16),
) -> String {
    let all = frame(&s.state, ui, hints, width, height);
    let area = ratatui::layout::Rect::new(0, 0, width, height);
    let places = crs::tui::view::areas(area, ui, crs::tui::view::stage(&s.state, ui));
    let Some(place) = places.pane(Pane::Kill) else { return String::new() };
    let inner = crs::tui::view::pen::inside(place);
    let cells = |y: u16| (inner.left() + from..inner.right()).map(move |x| (x, y));
    let row = |y: u16| cells(y).map(|at| all[at].symbol()).collect::<String>();
    let rows = (inner.top()..inner.bottom()).map(|y| row(y).trim_end().to_owned());
    rows.collect::<Vec<_>>().join("\n")
}

fn kill_pane(s: &Session, ui: &Ui, hints: &Hints, size: (u16, u16)) -> String {
    kill_pane_from(0, s, ui, hints, size)
}

#[test]
fn the_way_back_stands_whole_or_it_is_said_where_it_is() {
    let mut engaged = scene::calm();
    engaged.latch(LatchPhase::EngagedExternal, "touched by hand", "uid 1001").pass(100);
    let mut told = scene::verified();
    told.remembers(true).pass(200);
    for (at, s) in [engaged, scene::verified(), told].iter().enumerate() {
        for size in [(200, 60), (120, 40), (80, 24), (40, 12)] {
            for zoom in [false, true] {
                for hints in [hints(), staged()] {
                    let ui = Ui { focus: Pane::Kill, zoom, ..Ui::default() };
                    let pane = kill_pane(s, &ui, &hints, size);
                    // A wide pane has the steps of the kill to the left of it.
                    let right = kill_pane_from(38, s, &ui, &hints, size);
                    let words: Vec<&str> =
                        pane.split_whitespace().chain(right.split_whitespace()).collect();
                    let steps = hints.way_back.steps(s.state.tells_memory());
                    let whole = |step: &&str| {
                        let step: Vec<&str> = step.split(' ').collect();
                        words.windows(step.len()).any(|part| part == step)
                    };
                    let shown = steps.iter().filter(|step| whole(step)).count();
                    let begun = pane.contains("1 crs") || pane.contains("--");
                    let where_it_is = pane.contains("the way back: :reset");
                    let fine = if where_it_is { !begun } else { shown == steps.len() };
                    assert!(fine, "{at} {size:?} zoom {zoom}: {shown} of {steps:?}\n{pane}");
                }
            }
        }
    }
}

#[test]
fn what_leads_back_is_told_to_its_end_in_the_smallest_box() {
    use crs::tui::keymap::Key;
    use crs::tui::prompt::{Kind, Prompt};
    let s = scene::verified();
    let steps = staged().way_back;
    let told = format!("the way back is typed in a shell; 1 {}; 2 {}", steps.reset, steps.arm);
    let mut prompt = Prompt::open(Kind::Command, "reset", &|_| Vec::new());
    prompt.refuse("reset", Text::limited(&told, told.len()));
    let mut seen = String::new();
    for _ in 0..6 {
        let ui = Ui { prompt: Some(prompt.clone()), ..Ui::default() };
        let page = text(&s, &ui, (40, 12));
        seen.push_str(&page);
        prompt.key(Key::named("pagedown").unwrap(), &[], &|_| Vec::new());
        if !page.contains("more, PgDn") {
            break;
        }
    }
    assert!(seen.contains("more, PgDn"), "{seen}");
    assert!(seen.contains("43881") && seen.contains("2 crs arm"), "{seen}");
}

#[test]
fn no_path_of_the_kill_pane_breaks_inside_a_word() {
    let mut s = scene::calm();
    let seen = domain::LatchSeen {
        phase: LatchPhase::Safe,
        path: Text::new("/tmp/crs-sim-573de1fd3951d82d/kill_switch.lock"),
        ..domain::LatchSeen::default()
    };
    s.put(Event::Latch(Box::new(seen))).pass(100);
    let pane = kill_pane(&s, &Ui::default(), &hints(), (120, 40));
    assert!(pane.contains("kill_switch.lock"), "{pane}");
    assert!(pane.contains("\n…"), "its beginning is left out: {pane}");
}

#[test]
fn what_is_left_out_of_a_pane_is_counted_on_its_border() {
    let s = scene::verified();
    for pane in [Pane::Kill, Pane::Gateway, Pane::Proof] {
        let all = text(&s, &zoomed(pane), (40, 12));
        assert!(all.contains("left out"), "{all}");
        let all = text(&s, &zoomed(pane), (200, 60));
        assert!(!all.contains("left out"), "{all}");
    }
}

#[test]
fn a_cause_that_is_cut_says_so() {
    let mut s = scene::calm();
    let fault = "no answer within 3 s from the gateway at 127.0.0.1:5555, which was asked for its \
                 HEARTBEAT four times and took each of them without a word";
    s.put(Event::Gateway(Box::new(crs::event::GatewayReport {
        link: crs::event::LinkState::Down,
        fault: Text::new(fault),
        ..crs::event::GatewayReport::default()
    })));
    s.pass(200);
    let all = rows(&frame(&s.state, &zoomed(Pane::Gateway), &hints(), 40, 12));
    let at = all.iter().position(|row| row.contains("no answer within 3 s")).unwrap();
    assert!(!all.concat().contains("without a word"), "{all:#?}");
    assert!(all[at + 1].contains('…'), "{all:#?}");
}

#[test]
fn a_long_line_of_the_log_goes_on_below_itself() {
    let mut s = scene::calm();
    let long = format!("armed, but {} END-OF-IT", "words of a long line ".repeat(9));
    s.log(crs::event::Level::Warn, "command", &long).pass(100);
    for size in SIZES {
        let page = text(&s, &zoomed(Pane::Log), size);
        assert!(page.contains("END-OF-IT"), "{page}");
    }
}

#[test]
fn the_card_stands_where_it_is_seen_when_it_was_called() {
    let hints = hints();
    let s = scene::calm();
    for (width, height) in SIZES {
        let body = ratatui::layout::Rect::new(0, 1, width, height - 2);
        let ui = Ui { help: true, ..Ui::default() };
        let scene = crs::tui::view::Scene { state: &s.state, ui: &ui, hints: &hints };
        let (_, card) = crs::tui::overlay::help::ends(scene, body);
        let ui = Ui { help: true, help_row: card, ..Ui::default() };
        let all = rows(&frame(&s.state, &ui, &hints, width, height));
        let at = all.iter().position(|row| row.contains("By hand")).unwrap();
        assert!(all[at - 1].contains("Keys"), "right below the title: {all:#?}");
        assert!(all.iter().any(|row| row.contains("account 4711")), "{all:#?}");
    }
}

#[test]
fn the_worst_position_says_so_while_it_is_selected() {
    let mut s = scene::calm();
    // The account holds 100,123.45: less than a basis point of it is no warning.
    for (loss, marked) in [("-5.45", false), ("-10.01", false), ("-10.02", true)] {
        let mut book = scene::book();
        let last = book.last_mut().unwrap();
        last.profit = Money::parse(loss).unwrap();
        s.positions(book).pass(100);
        for at in 0..3 {
            let mut ui = zoomed(Pane::Positions);
            ui.set_row(Pane::Positions, at);
            let all = rows(&frame(&s.state, &ui, &hints(), 120, 40));
            let row = all.iter().find(|row| row.contains("1000007")).unwrap();
            assert_eq!(row.contains('!'), marked, "{row}");
            // A mark that touches the number would be read as a part of it.
            assert!(!row.contains("!1000007"), "{row}");
            assert!(all.iter().any(|row| row.contains(&format!("worst 1000007 {loss}"))));
        }
    }
}

#[test]
fn a_pending_order_of_ours_is_not_forgotten_by_a_kill() {
    let mut s = scene::verified();
    let news = |pending| OrderNews {
        by: OrderBy::Operator,
        id: Text::new(if pending { "r-1" } else { "r-2" }),
        symbol: Text::new("EURUSD"),
        side: Some(Side::Buy),
        lots: Some(Lots::parse("0.1").unwrap()),
        pending,
        ticket: Some(domain::Ticket(if pending { 1_000_005 } else { 1_000_006 })),
        gateway: None,
        fate: OrderFate::Done,
        at: None,
    };
    s.put(Event::Order(Box::new(news(false)))).pass(100);
    let none = text(&s, &zoomed(Pane::Kill), (120, 40));
    assert!(none.contains("not verifiable") && !none.contains("placed from here"), "{none}");
    s.put(Event::Order(Box::new(news(true)))).pass(100);
    for pane in [Pane::Kill, Pane::Proof] {
        let told = text(&s, &zoomed(pane), (120, 40));
        assert!(told.contains("placed from here: 1000005 EURUSD BUY 0.1"), "{told}");
    }
}

#[test]
fn what_a_kill_cost_is_told_by_the_reads_before_and_after_it() {
    let mut s = scene::verified();
    let early = text(&s, &zoomed(Pane::Kill), (120, 40));
    assert!(!early.contains("booked"), "only a read after the proof tells: {early}");
    let mut account = s.state.gateway(0).unwrap().account.clone().unwrap().value;
    account.balance = Money::parse("99999.71").unwrap();
    s.pass(100);
    let read = AccountRead { gateway: 0, asked: s.at, rtt_us: 1, read: Read::Good(account) };
    s.put(Event::Account(Box::new(read))).pass(100);
    for pane in [Pane::Kill, Pane::Proof] {
        let told = text(&s, &zoomed(pane), (120, 40));
        assert!(told.contains("100,000.00 to 99,999.71, booked -0.29"), "{told}");
        let narrow = text(&s, &zoomed(pane), (40, 24));
        assert!(narrow.contains("balance  booked -0.29"), "no half of a number: {narrow}");
    }
}
