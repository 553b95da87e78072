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
    let text = painted(screen.lock().unwrap().screen());
    std::fs::write(file, anstyle_svg::Term::new().render_svg(&text)).unwrap();
    keyboard.write_all(b"q").unwrap();
    std::thread::sleep(Duration::from_millis(700));
    let _ = child.kill();
    let _ = child.wait();
    println!("{file}");
}

/// The screen with every attribute in a sequence of its own, which is what the
/// renderer reads without mistakes.
fn painted(screen: &vt100::Screen) -> String {
    let (rows, cols) = screen.size();
    let mut text = String::new();
    for row in 0..rows.get() {
        let mut last = String::new();
        for col in 0..cols.get() {
            let Some(cell) = screen.cell(row, col) else { continue };
            if cell.is_wide_continuation() {
                continue;
            }
            let mut style = String::from("\x1b[0m");
            style.push_str(&color(cell.fgcolor(), 38));
            style.push_str(&color(cell.bgcolor(), 48));
            for (on, code) in [
                (cell.bold(), "1"),
                (cell.dim(), "2"),
                (cell.italic(), "3"),
                (cell.underline(), "4"),
                (cell.inverse(), "7"),
            ] {
                if on {
                    style.push_str("\x1b[");
                    style.push_str(code);
                    style.push('m');
                }
            }
            if style != last {
                text.push_str(&style);
                last = style;
            }
            text.push_str(if cell.has_contents() { cell.contents() } else { " " });
        }
        text.push_str("\x1b[0m\n");
    }
    text
}

/// One colour; 38 is the foreground, 48 the background.
fn color(color: vt100::Color, plane: u8) -> String {
    match color {
        vt100::Color::Default => String::new(),
        vt100::Color::Idx(n) => format!("\x1b[{plane};5;{n}m"),
        vt100::Color::Rgb(r, g, b) => format!("\x1b[{plane};2;{r};{g};{b}m"),
    }
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
