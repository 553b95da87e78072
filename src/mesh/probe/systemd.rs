//! A unit of systemd.

use crate::domain::Text;
use crate::mesh::child;
use crate::mesh::look::{Good, Seen, Wrong};
use crate::mesh::net::Until;

/// Asks whether it is active.
pub fn look(unit: &str, until: Until) -> Seen {
    let done = child::run(&["systemctl", "is-active", "--", unit], until)?;
    let (said, unit) = (done.stdout.trim(), Text::limited(unit, 60));
    match said {
        "active" => Ok(Good { said: String::from("active"), took: None }),
        "" => Err(Wrong::unknown(
            format!("systemd does not answer: {}", done.words()),
            "does systemd run on this host?",
        )),
        other => Err(Wrong::failed(
            format!("{unit} is {}", Text::limited(other, 40)),
            format!("systemctl status {unit}; journalctl -u {unit}"),
        )),
    }
}
