//! Frames against terminals that take them, block, or die.

use super::*;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

const SOON: Duration = Duration::from_secs(20);

fn frame(text: &str, columns: u16, rows: u16) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
    for y in 0..rows {
        buffer.set_stringn(0, y, text, columns.into(), ratatui::style::Style::new());
    }
    buffer
}

fn screen(bytes: &[u8], columns: u16, rows: u16) -> String {
    let size = |n: u16| std::num::NonZeroU16::new(n).unwrap();
    let mut parser = vt100::Parser::new(size(rows), size(columns), 0);
    parser.process(bytes);
    parser.screen().contents()
}

fn wait_until(what: &str, good: impl Fn() -> bool) {
    let start = Instant::now();
    while !good() {
        assert!(start.elapsed() < SOON, "not within {SOON:?}: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Keeps what is written.
#[derive(Clone, Default)]
struct Tape(Arc<Mutex<Vec<u8>>>);

impl Write for Tape {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn frames_reach_the_screen_and_only_differences_travel() {
    let tape = Tape::default();
    let writer = Writer::start(tape.clone(), None, |_| {}).unwrap();
    writer.put(frame(&format!("{:78}0", "balance"), 80, 24));
    wait_until("the first frame", || writer.stats().written == 1);
    let first = writer.stats().bytes;
    writer.put(frame(&format!("{:78}1", "balance"), 80, 24));
    wait_until("the second frame", || writer.stats().written == 2);
    assert!(writer.stats().bytes - first < first / 2, "only what changed");
    let line = format!("{:78}1", "balance");
    assert_eq!(screen(&tape.0.lock().unwrap(), 80, 24), vec![line; 24].join("\n"));
    let before = writer.stats().bytes;
    writer.put(frame(&format!("{:78}1", "balance"), 80, 24));
    wait_until("the third frame", || writer.stats().written == 3);
    assert_eq!(writer.stats().bytes, before, "nothing changed, nothing is sent");
    assert!(writer.close(SOON));
}

#[test]
fn a_resize_and_a_repaint_draw_everything() {
    let tape = Tape::default();
    let writer = Writer::start(tape.clone(), None, |_| {}).unwrap();
    writer.put(frame("aaaa", 4, 2));
    wait_until("a frame", || writer.stats().written == 1);
    writer.put(frame("aaaa", 4, 1));
    wait_until("the smaller frame", || writer.stats().written == 2);
    let clears =
        |tape: &Tape| String::from_utf8_lossy(&tape.0.lock().unwrap()).matches("\x1b[2J").count();
    assert_eq!(clears(&tape), 2);
    writer.repaint();
    writer.put(frame("aaaa", 4, 1));
    wait_until("the repaint", || writer.stats().written == 3);
    assert_eq!(clears(&tape), 3);
}

#[test]
fn a_blocked_terminal_blocks_only_the_writer_and_the_newest_frame_wins() {
    let (near, mut far) = UnixStream::pair().unwrap();
    let writer = Writer::start(near, None, |_| {}).unwrap();
    // Nobody reads: fill the pipe until the writer hangs in a write.
    let mut n = 0_u32;
    let mut settled = 0;
    while settled < 50 {
        n += 1;
        let before = writer.stats().written;
        writer.put(frame(&format!("{n:>10} {}", "x".repeat(180)), 200, 60));
        writer.repaint();
        std::thread::sleep(Duration::from_millis(4));
        settled = if writer.stats().written == before { settled + 1 } else { 0 };
        assert!(n < 20_000, "the pipe never fills");
    }
    let began = clock::mono_ns();
    for n in 0..1_000_u32 {
        let mut canvas = writer.canvas(Rect::new(0, 0, 200, 60));
        canvas.set_stringn(0, 0, format!("newest {n}"), 40, ratatui::style::Style::new());
        writer.put(canvas);
    }
    let took = Duration::from_nanos(clock::mono_ns() - began);
    assert!(took < SOON, "a thousand frames into a blocked terminal took {took:?}");
    let stats = writer.stats();
    assert!(stats.coalesced >= 1_000, "{stats:?}");
    // The terminal comes back: what is shown in the end is the newest.
    far.set_nonblocking(true).unwrap();
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 65_536];
    let start = Instant::now();
    loop {
        let stats = writer.stats();
        let done = stats.written + stats.coalesced == stats.put;
        while let Ok(n) = far.read(&mut chunk) {
            bytes.extend_from_slice(&chunk[..n]);
        }
        if done {
            break;
        }
        assert!(start.elapsed() < SOON, "the last frame never came");
    }
    assert!(screen(&bytes, 200, 60).starts_with("newest 999"));
}

#[test]
fn closing_never_waits_for_a_blocked_terminal() {
    let (near, _far) = UnixStream::pair().unwrap();
    let writer = Writer::start(near, None, |_| {}).unwrap();
    for _ in 0..200 {
        writer.repaint();
        writer.put(frame(&"y".repeat(200), 200, 60));
        std::thread::sleep(Duration::from_millis(2));
    }
    let began = Instant::now();
    assert!(!writer.close(Duration::from_millis(100)), "it is blocked");
    assert!(began.elapsed() < SOON);
}

#[test]
fn a_dead_terminal_is_told_once() {
    let (near, far) = UnixStream::pair().unwrap();
    drop(far);
    let failed = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&failed);
    let writer = Writer::start(near, None, move |_| flag.store(true, Ordering::SeqCst)).unwrap();
    writer.put(frame("z", 4, 1));
    wait_until("the failure", || failed.load(Ordering::SeqCst));
    writer.put(frame("z", 4, 1));
    assert!(writer.close(SOON));
}

#[test]
fn control_characters_in_a_cell_never_reach_the_terminal() {
    let mut next = frame("ok", 4, 1);
    next.cell_mut((2, 0)).unwrap().set_symbol("\u{1b}]52;c;aGk=\u{7}");
    let mut bytes = Vec::new();
    encode(&Buffer::default(), &next, false, &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(!text.contains("]52") && text.contains('·'), "{text:?}");
}
