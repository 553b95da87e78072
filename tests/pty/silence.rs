//! A price that no news comes for: its age is shown, and what the silence
//! means. Rows of the fault list: 19, 20, 21.

use crate::common::console::{Console, SOON};
use crate::common::wait::until;
use crate::desk::{At, home};
use std::time::Duration;

const SOUND: &str = r#"{"symbol":"EURUSD","bid":1.08512,"ask":1.08522,"timestamp":1000.5}"#;
const BAD: [&str; 5] = [
    r#"{"symbol":"EURUSD","bid":NaN,"ask":1.08522,"timestamp":1000.6}"#,
    r#"{"symbol":"EURUSD","bid":1e999,"ask":1.08522,"timestamp":1000.6}"#,
    r#"{"symbol":"EURUSD","bid":-1.0,"ask":1.08522,"timestamp":1000.6}"#,
    r#"{"symbol":"EURUSD","bid":1.2,"ask":1.1,"timestamp":1000.6}"#,
    r#"{"symbol":"EURUSD","bid":"1.08512","ask":1.08522,"timestamp":1000.6}"#,
];
/// Said before, and said late: older than the one shown.
const OLD: [&str; 2] =
    [SOUND, r#"{"symbol":"EURUSD","bid":1.07000,"ask":1.07010,"timestamp":999.9}"#];

fn publisher(ctx: &zmq::Context, port: &str) -> (zmq::Socket, u16) {
    let socket = ctx.socket(zmq::PUB).unwrap();
    socket.set_linger(0).unwrap();
    socket.bind(&format!("tcp://127.0.0.1:{port}")).unwrap();
    let at = socket.get_last_endpoint().unwrap().unwrap();
    (socket, at.rsplit(':').next().unwrap().parse().unwrap())
}

/// The quote's row: bid, ask, spread and age as they are shown.
fn row(text: &str) -> Option<Vec<&str>> {
    let line = text.lines().find(|l| l.contains("EURUSD"))?;
    let words = line.split_whitespace().skip_while(|w| *w != "EURUSD");
    Some(words.skip(1).take(4).collect())
}

/// The age in whole seconds; none while it is shown in tenths or unknown.
fn age(text: &str) -> Option<u64> {
    row(text)?.get(3)?.strip_suffix('s')?.split('.').next()?.parse().ok()
}

/// Publishes `all` over and over until the screen is as wanted.
fn publish(console: &Console, socket: &zmq::Socket, all: &[&str], good: impl Fn(&str) -> bool) {
    let mut next = all.iter().cycle();
    let came = until(SOON, || {
        socket.send(next.next().unwrap().as_bytes(), 0).unwrap();
        good(&console.text()).then_some(())
    });
    assert!(came.is_some(), "while it published {all:?}:\n{}", console.text());
}

#[test]
fn what_is_refused_repeated_or_late_makes_no_price_younger() {
    let (socket, port) = publisher(&zmq::Context::new(), "*");
    let home = home();
    let console = At::ports(crate::common::sandbox::free_port(), port).console(&home, 120, 40);
    publish(&console, &socket, &[SOUND], |t| row(t).is_some());
    let all = [&BAD[..], &OLD].concat();
    publish(&console, &socket, &all, |t| age(t).is_some_and(|s| s >= 5));
    let text = console.text();
    assert_eq!(row(&text).unwrap()[..3], ["1.08512", "1.08522", "10"], "{text}");
    assert!(!text.lines().any(|l| l.contains("refused   0")), "they are counted:\n{text}");
    let newer = SOUND.replace("1000.5", "1020.5").replace("1.08512", "1.08520");
    publish(&console, &socket, &[&newer], |t| t.contains("1.08520"));
}

#[test]
fn silence_over_a_link_is_told_from_a_link_that_is_down() {
    let ctx = zmq::Context::new();
    let (socket, port) = publisher(&ctx, "*");
    let home = home();
    let console = At::ports(crate::common::sandbox::free_port(), port).console(&home, 120, 40);
    publish(&console, &socket, &[SOUND], |t| row(t).is_some());
    let text = console.wait_for("quiet, with its age", SOON, |t| {
        t.contains("quiet") && age(t).is_some_and(|s| s >= 3)
    });
    assert!(!text.contains("the link is down"), "the link stands:\n{text}");
    drop((socket, ctx));
    console.see("the link is down");
    // Unknown after half a minute at most; the age goes on being shown.
    console.wait_for("no price any more", Duration::from_mins(1), |t| {
        row(t).is_some_and(|r| r[..2] == ["?", "?"]) && age(t).is_some_and(|s| s >= 30)
    });
    let (socket, _) = publisher(&zmq::Context::new(), &port.to_string());
    let newer = SOUND.replace("1000.5", "1090.5");
    publish(&console, &socket, &[&newer], |t| t.contains("live") && t.contains("1.08512"));
}
