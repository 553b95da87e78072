//! `scripts/*.txt`: a context, the keys, and the actions that they run.
//!
//! A line is `context | keys | actions`; `…` stands for a key that waits for
//! more, `-` for one that does nothing.

use crs::domain::Stamp;
use crs::tui::keymap::{Context, Fed, Key, Keymap, Sequence};
use std::fs;
use std::path::Path;
use std::time::Duration;

fn play(keymap: &Keymap, context: Context, keys: &str) -> String {
    let mut sequence = Sequence::default();
    let mut at = Stamp::default();
    let mut out = Vec::new();
    for name in keys.split_whitespace() {
        at = at.plus(Duration::from_millis(100));
        let key = Key::named(name).unwrap_or_else(|| panic!("{name} is no key"));
        out.push(match sequence.feed(keymap, context, key, at) {
            Fed::Run(action) => action.name(),
            Fed::Pending => "…",
            Fed::Unbound => "-",
        });
    }
    out.join(" ")
}

#[test]
fn scripts_run_what_they_say() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys/scripts");
    let mut lines = 0;
    for entry in fs::read_dir(dir).unwrap() {
        let file = entry.unwrap().path();
        let keymap = Keymap::embedded(file.file_stem().unwrap().to_str().unwrap()).unwrap();
        for (n, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            let parts: Vec<&str> = line.split('|').map(str::trim).collect();
            let [context, keys, expected] = parts[..] else {
                panic!("{}:{}: not three parts", file.display(), n + 1)
            };
            let context = *Context::ALL.iter().find(|c| c.name() == context).unwrap();
            let place = format!("{}:{}", file.display(), n + 1);
            assert_eq!(play(&keymap, context, keys), expected, "{place}");
            lines += 1;
        }
    }
    assert!(lines > 10);
}
