//! Takes a picture of the real program in a real terminal.
//!
//! `cargo run --release --example picture -- assets/console.svg 120 40 9 "" demo`
//!
//! Arguments: output file, columns, rows, seconds to wait, keys to type after
//! half of them (`^K` is a control key), then the arguments of `crs`. The
//! program is the one built beside this example; everything it writes lies in
//! a scratch home that is removed afterwards.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a tool of the repository, run by hand"
)]

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, cols, rows, seconds, keys, program @ ..] = args.as_slice() else {
        println!("picture FILE.svg COLUMNS ROWS SECONDS KEYS CRS-ARGUMENTS…");
        return;
    };
    let size = |text: &str| text.parse::<NonZeroU16>().expect("a number of cells above 0");
    let (cols, rows) = (size(cols), size(rows));
    let half = Duration::from_millis(seconds.parse::<u64>().expect("whole seconds") * 500);
    let home = tempfile::tempdir().unwrap();
    let pair = native_pty_system()
        .openpty(PtySize { rows: rows.get(), cols: cols.get(), pixel_width: 0, pixel_height: 0 })
        .unwrap();
    let mut command = CommandBuilder::new(beside("crs"));
    command.args(program);
    command.env_clear();
    command.cwd(home.path());
    for (key, value) in [
        ("TERM", "xterm-256color"),
        ("COLORTERM", "truecolor"),
        ("LANG", "C.UTF-8"),
        ("USER", "operator"),
        ("HOME", home.path().to_str().unwrap()),
    ] {
        command.env(key, value);
    }
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let screen = Arc::new(Mutex::new(vt100::Parser::new(rows, cols, 0)));
    let (into, mut from) = (Arc::clone(&screen), pair.master.try_clone_reader().unwrap());
    std::thread::spawn(move || {
        let mut chunk = [0_u8; 16_384];
        while let Ok(n @ 1..) = from.read(&mut chunk) {
            into.lock().unwrap().process(chunk.get(..n).unwrap_or_default());
        }
    });
    let mut keyboard = pair.master.take_writer().unwrap();
    std::thread::sleep(half);
    for (n, chunk) in pressed(keys).into_iter().enumerate() {
        // A guard refuses a second key that comes too fast for a human.
        std::thread::sleep(Duration::from_millis(if n == 0 { 0 } else { 400 }));
        keyboard.write_all(&chunk).unwrap();
        keyboard.flush().unwrap();
    }
    std::thread::sleep(half);
    let text = screen.lock().unwrap().screen().contents_formatted_basic();
    std::fs::write(file, anstyle_svg::Term::new().render_svg(&text)).unwrap();
    keyboard.write_all(b"q").unwrap();
    std::thread::sleep(Duration::from_millis(700));
    let _ = child.kill();
    let _ = child.wait();
    println!("{file}");
}

/// `^K` is a control key, everything else a key of its own.
fn pressed(keys: &str) -> Vec<Vec<u8>> {
    let mut chars = keys.bytes();
    let mut all = Vec::new();
    while let Some(b) = chars.next() {
        let byte = if b == b'^' { chars.next().map_or(b, |c| c & 0x1f) } else { b };
        all.push(vec![byte]);
    }
    all
}

/// A program in the directory above this example's.
fn beside(name: &str) -> std::path::PathBuf {
    let own = std::env::current_exe().unwrap();
    own.parent().and_then(|p| p.parent()).unwrap().join(name)
}
