//! What the program says of itself: a key away, and in a file.

use crate::common::console::SOON;
use crate::common::wait::until;
use crate::desk::{At, home};
use std::fs;
use std::os::unix::fs::MetadataExt;

#[test]
fn the_second_page_of_the_log_is_a_key_away_and_in_the_day_s_file() {
    let home = home();
    let mut console = At::nobody().console(&home, 80, 24);
    // Nobody is there: that is a warning, and the first page says so.
    console.wait_for("unread warnings", SOON, |t| {
        t.contains(" Log: events ") && t.contains("L diagnostics, ") && t.contains("warning")
    });
    console.keys("L");
    let page = console.see(" Log: diagnostics ");
    assert!(page.contains("heartbeat failed"), "{page}");
    console.keys("L");
    console.see(" Log: events ");

    let dir = home.path().join("home/.local/state/crs/logs");
    let written = || {
        let file = fs::read_dir(&dir).ok()?.next()?.ok()?;
        fs::read_to_string(file.path()).ok().filter(|t| t.contains("agent: met"))
    };
    let text = until(SOON, written).expect("the file of the day");
    assert!(text.contains("heartbeat failed"), "{text}");
    assert_eq!(fs::metadata(&dir).unwrap().mode() & 0o777, 0o700);
    console.keys("q");
    assert_eq!(console.exit(SOON).map(|s| s.exit_code()), Some(0));
}
