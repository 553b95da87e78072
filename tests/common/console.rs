//! A terminal with a program in it: keys in, a screen out.

use super::sandbox::{Sandbox, Signal, binary, signal};
use super::wait::until;
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::fs::OFlags;
use rustix::termios::{Action, LocalModes, tcflow, tcgetattr};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a screen may take on a slow machine.
pub const SOON: Duration = Duration::from_mins(1);

/// A program in a terminal. Dropping it kills the program by its id.
pub struct Console {
    screen: Arc<Mutex<vt100::Parser>>,
    bytes: Arc<Mutex<Vec<u8>>>,
    open: Option<Open>,
    child: Box<dyn Child + Send + Sync>,
    tty: PathBuf,
}

/// The near end of the terminal; the far end hangs up when all of it is gone.
struct Open {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    reader: JoinHandle<()>,
    closing: Arc<AtomicBool>,
    idle: Arc<AtomicBool>,
}

impl Console {
    /// `crs` in a terminal of `columns` × `rows`.
    pub fn crs(home: &Sandbox, args: &[&str], columns: u16, rows: u16) -> Self {
        Self::start(home, &binary(), args, columns, rows)
    }

    /// Any program in a terminal of `columns` × `rows`.
    pub fn start(home: &Sandbox, program: &Path, args: &[&str], columns: u16, rows: u16) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        home.env().iter().for_each(|(key, value)| command.env(key, value));
        command.cwd(home.path());
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(cells(rows), cells(columns), 0)));
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let closing = Arc::new(AtomicBool::new(false));
        let idle = Arc::new(AtomicBool::new(false));
        let reader = {
            let from = pair.master.try_clone_reader().unwrap();
            let (screen, bytes) = (Arc::clone(&screen), Arc::clone(&bytes));
            let (closing, idle) = (Arc::clone(&closing), Arc::clone(&idle));
            std::thread::spawn(move || read(from, &screen, &bytes, &closing, &idle))
        };
        let tty = pair.master.tty_name().unwrap();
        let writer = pair.master.take_writer().unwrap();
        let open = Some(Open { master: pair.master, writer, reader, closing, idle });
        Self { screen, bytes, open, child, tty }
    }

    /// Types `keys`, as the bytes a terminal sends.
    pub fn keys(&mut self, keys: &str) {
        let open = self.open.as_mut().unwrap();
        open.writer.write_all(keys.as_bytes()).unwrap();
        open.writer.flush().unwrap();
    }

    /// The screen as text, trailing blanks cut.
    pub fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Everything the program has written so far.
    pub fn written(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }

    /// Whether the program holds the alternate screen.
    pub fn is_full_screen(&self) -> bool {
        self.screen.lock().unwrap().screen().alternate_screen()
    }

    /// Waits until the screen satisfies `good`; panics with a screenshot.
    pub fn wait_for(&self, what: &str, limit: Duration, good: impl Fn(&str) -> bool) -> String {
        until(limit, || Some(self.text()).filter(|text| good(text)))
            .unwrap_or_else(|| panic!("no {what} within {limit:?}; the screen:\n{}\n", self.text()))
    }

    /// Waits until `words` stand on the screen.
    pub fn see(&self, words: &str) -> String {
        self.wait_for(words, SOON, |text| text.contains(words))
    }

    /// Whether the terminal echoes and edits lines, as a shell wants it.
    pub fn is_cooked(&self) -> bool {
        let modes = tcgetattr(self.slave()).unwrap().local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    /// Changes the size of the terminal.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.screen.lock().unwrap().screen_mut().set_size(cells(rows), cells(columns));
        self.open.as_ref().unwrap().master.resize(size(columns, rows)).unwrap();
    }

    /// The terminal says that it has no columns and no rows, as a serial line.
    pub fn forget_size(&self) {
        self.open.as_ref().unwrap().master.resize(size(0, 0)).unwrap();
    }

    /// What Ctrl-S does at the far end of a line: writes block.
    pub fn stop_output(&self) {
        tcflow(self.slave(), Action::OOff).unwrap();
    }

    /// What Ctrl-Q does.
    pub fn resume_output(&self) {
        tcflow(self.slave(), Action::OOn).unwrap();
    }

    /// Whether the far end takes nothing any more, as a line that stalls: what
    /// is on its way fills up, then writes block.
    pub fn stall(&self, on: bool) {
        self.open.as_ref().unwrap().idle.store(on, Ordering::SeqCst);
    }

    /// Foreground of the cell in which `word` begins on the screen.
    pub fn colour(&self, word: &str) -> Option<vt100::Color> {
        let screen = self.screen.lock().unwrap();
        let rows = screen.screen().rows(0, screen.screen().size().1.get());
        let found = |(y, row): (usize, String)| {
            let before = row.split_once(word)?.0.chars().count();
            Some((u16::try_from(y).unwrap(), u16::try_from(before).unwrap()))
        };
        let (y, x) = rows.enumerate().find_map(found)?;
        Some(screen.screen().cell(y, x)?.fgcolor())
    }

    /// The line drops: the terminal is gone for good.
    pub fn hang_up(&mut self) {
        let Some(open) = self.open.take() else { return };
        open.closing.store(true, Ordering::SeqCst);
        // The reader sits in read(); one byte of output lets it see the flag.
        // A stopped terminal takes none.
        let far = self.slave();
        let _ = tcflow(&far, Action::OOn);
        (&far).write_all(b" ").unwrap();
        open.reader.join().unwrap();
    }

    /// The program's end, if it comes within `limit`. Its last words are on the
    /// screen then, unless something else keeps the terminal open.
    pub fn exit(&mut self, limit: Duration) -> Option<ExitStatus> {
        let status = until(limit, || self.child.try_wait().unwrap())?;
        if let Some(open) = &self.open {
            let _ = until(Duration::from_secs(1), || open.reader.is_finished().then_some(()));
        }
        Some(status)
    }

    /// The program's process id.
    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Sends the program a signal.
    pub fn signal(&self, which: Signal) {
        signal(self.pid(), which);
    }

    fn slave(&self) -> File {
        let nocty = i32::try_from(OFlags::NOCTTY.bits()).unwrap();
        OpenOptions::new().read(true).write(true).custom_flags(nocty).open(&self.tty).unwrap()
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(
    mut from: Box<dyn Read + Send>,
    screen: &Mutex<vt100::Parser>,
    bytes: &Mutex<Vec<u8>>,
    closing: &AtomicBool,
    idle: &AtomicBool,
) {
    let mut chunk = [0_u8; 4096];
    while let Ok(n @ 1..) = from.read(&mut chunk) {
        if closing.load(Ordering::SeqCst) {
            return;
        }
        while idle.load(Ordering::SeqCst) && !closing.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        bytes.lock().unwrap().extend_from_slice(&chunk[..n]);
        screen.lock().unwrap().process(&chunk[..n]);
    }
}

const fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn cells(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap()
}
