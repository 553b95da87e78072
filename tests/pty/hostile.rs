//! What a peer writes must not steer the operator's terminal. Rows of the
//! fault list: 16 to 20, 45.

use crate::common::console::SOON;
use crate::common::peer::Peer;
use crate::desk::{At, home, kill, think};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

#[test]
fn hostile_names_are_inert_on_screen_and_in_the_bytes_behind_it() {
    let home = home();
    let args = ["--positions", "2", "--behaviour", "hostile-text", "--behaviour", "close-fails"];
    let Some(peer) = Peer::start(&[&args[..], &["--bad-ticks"]].concat()) else { return };
    let mut console = At::peer(&peer).console(&home, 120, 40);
    console.see("2 open");
    console.see("·]52");
    kill(&mut console);
    console.see("ENGAGED");
    think();
    let bytes = console.written();
    let written = String::from_utf8_lossy(&bytes);
    assert!(!written.contains("\x1b]52"), "the clipboard is the operator's");
    assert!(!written.contains("\x1b[2JEVIL") && !written.contains('\u{9b}'));
    let steers = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!written.contains(steers), "bidi controls");
    assert!(!written.contains(&"\u{301}".repeat(4)), "stacked marks");
}

#[test]
fn a_bad_feed_costs_nothing_but_a_count() {
    let home = home();
    let args = ["--shape", "all", "--bad-ticks", "--odd-times", "--huge-after", "60"];
    let Some(peer) = Peer::start(&[&args[..], &["--rate", "30"]].concat()) else { return };
    let console = At::peer(&peer).console(&home, 120, 40);
    console.wait_for("refusals counted", SOON, |t| {
        t.contains("EURUSD")
            && t.lines().any(|l| l.contains("refused") && !l.contains("refused   0"))
    });
    console.wait_for("a feed built anew, and live", SOON * 2, |t| {
        t.contains("● live") && t.lines().any(|l| l.contains("rebuilt") && !l.contains("never"))
    });
}

/// Greets everybody with these bytes; gives its port.
fn greeter(greeting: &[u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let greeting = greeting.to_vec();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.write_all(&greeting);
            let _ = stream.set_read_timeout(Some(Duration::from_millis(300)));
            let _ = stream.read(&mut [0; 256]);
        }
    });
    port
}

#[test]
fn a_server_of_something_else_is_survived() {
    for greeting in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], &[0xff; 64], &[0; 4096]] {
        let home = home();
        let at = At::ports(greeter(greeting), greeter(greeting));
        let mut console = at.console(&home, 120, 40);
        console.see("positions unknown");
        kill(&mut console);
        console.see("ENGAGED");
        think();
        let text = console.text();
        assert!(!text.contains("VERIFIED") && !text.contains("panicked"), "{text}");
        console.keys("q");
        assert_eq!(console.exit(SOON).map(|s| s.exit_code()), Some(0));
    }
}
