//! Themes and keymaps while the console runs: the user's files are read again
//! when they change, others are chosen by name, and the choice is kept, as is
//! how the screen was left.
//!
//! All of it on a thread of its own, which may hang in a sick file system: the
//! console goes on with the last good theme and keymap, and never waits here.

pub mod memory;
mod prints;
#[cfg(test)]
mod tests;

pub use memory::Memory;

use super::keymap::{self, Keymap};
use super::theme::{self, Charset, Depth, Theme};
use super::ui::Layout;
use crate::domain::Text;
use crate::host::clock;
use crossbeam_channel as channel;
use prints::Prints;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Between two looks at the directories. A file is read when two looks in a
/// row found it the same, so that half a file is not.
pub const EVERY: Duration = Duration::from_millis(500);
/// Words of the console that may wait for the thread; more are dropped.
const QUEUE: usize = 64;

/// What the console starts with.
#[derive(Clone, Debug)]
pub struct Start {
    /// Where `themes/` and `keymaps/` are.
    pub config_dir: PathBuf,
    /// Colours of the terminal.
    pub depth: Depth,
    /// Characters of the terminal.
    pub charset: Charset,
    /// The theme in force, by name, and as it was loaded.
    pub theme: (String, Theme),
    /// The keymap in force.
    pub keymap: (String, Keymap),
    /// What is kept, if anything is.
    pub memory: Memory,
}

/// What the thread tells.
#[derive(Debug)]
pub enum Told {
    /// A theme to use from now on.
    Theme(Box<Theme>, Cause),
    /// A keymap to use from now on.
    Keymap(Box<Keymap>, Cause),
    /// A file that can't be used; what was in force stays.
    Fault(Text),
    /// Something that did not work, for the log.
    Note(Text),
    /// Names that may be chosen.
    Names(Names),
}

/// Why something is to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Its file changed.
    Changed,
    /// It was asked for.
    Chosen,
}

/// Names that may be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Of themes.
    pub themes: Vec<String>,
    /// Of keymaps.
    pub keymaps: Vec<String>,
}

enum Ask {
    Theme(String),
    Keymap(String),
    Remember(Vec<String>),
    Left(Box<Layout>),
}

/// The console's end of the thread.
#[derive(Debug)]
pub struct Looks {
    asks: Option<channel::Sender<Ask>>,
    told: channel::Receiver<Told>,
    history: Vec<String>,
}

impl Default for Looks {
    /// No thread: nothing changes by itself, and nothing can be chosen.
    fn default() -> Self {
        Self { asks: None, told: channel::never(), history: Vec::new() }
    }
}

impl Looks {
    /// Starts the thread; it ends with this.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn start(start: Start) -> io::Result<Self> {
        let (asks, inbox) = channel::bounded(QUEUE);
        let (tell, told) = channel::bounded(QUEUE);
        let history = start.memory.history.clone();
        let keeper = Keeper::new(start, tell);
        std::thread::Builder::new()
            .name(String::from("looks"))
            .spawn(move || keeper.run(&inbox))?;
        Ok(Self { asks: Some(asks), told, history })
    }

    /// One without a thread, whose words a test has in its hand.
    #[cfg(test)]
    #[must_use]
    pub fn by_hand() -> (Self, channel::Sender<Told>) {
        let (tell, told) = channel::bounded(QUEUE);
        (Self { told, ..Self::default() }, tell)
    }

    /// What the thread has told.
    #[must_use]
    pub const fn told(&self) -> &channel::Receiver<Told> {
        &self.told
    }

    /// Lines of the command line of former sessions, the oldest first.
    #[must_use]
    pub fn history(&self) -> &[String] {
        &self.history
    }

    /// Asks for another theme; false when there is nobody to be asked.
    #[must_use]
    pub fn use_theme(&self, name: &str) -> bool {
        self.ask(Ask::Theme(name.to_owned()))
    }

    /// Asks for another keymap; false when there is nobody to be asked.
    #[must_use]
    pub fn use_keymap(&self, name: &str) -> bool {
        self.ask(Ask::Keymap(name.to_owned()))
    }

    /// Keeps these lines for the next session.
    pub fn remember(&self, history: Vec<String>) {
        self.ask(Ask::Remember(history));
    }

    /// Keeps how the screen stands; false when the thread is too far behind.
    #[must_use]
    pub fn leave(&self, layout: &Layout) -> bool {
        self.ask(Ask::Left(Box::new(layout.clone())))
    }

    /// Ends the thread and waits for at most `patience` until what it was told
    /// is written; false when a sick disk holds it.
    pub fn close(&mut self, patience: Duration) -> bool {
        if self.asks.take().is_none() {
            return true;
        }
        let until = clock::now().plus(patience);
        loop {
            match self.told.recv_timeout(until.since(clock::now())) {
                Ok(Told::Note(why)) => tracing::warn!("{why}"),
                Ok(_) => {}
                Err(channel::RecvTimeoutError::Timeout) => return false,
                Err(channel::RecvTimeoutError::Disconnected) => return true,
            }
        }
    }

    fn ask(&self, ask: Ask) -> bool {
        self.asks.as_ref().is_some_and(|asks| asks.try_send(ask).is_ok())
    }
}

/// The thread's belongings.
struct Keeper {
    start: Start,
    tell: channel::Sender<Told>,
    seen: Prints,
    /// The directories changed since they were read.
    unsettled: bool,
    names: Names,
    /// What was told last of a file that can't be used.
    theme_fault: Option<Text>,
    keymap_fault: Option<Text>,
}

impl Keeper {
    fn new(start: Start, tell: channel::Sender<Told>) -> Self {
        Self {
            start,
            tell,
            seen: Prints::default(),
            unsettled: false,
            names: Names::default(),
            theme_fault: None,
            keymap_fault: None,
        }
    }

    fn run(mut self, inbox: &channel::Receiver<Ask>) {
        self.seen = Prints::take(&self.start.config_dir);
        self.name_them();
        loop {
            match inbox.recv_timeout(EVERY) {
                Ok(Ask::Theme(name)) => self.choose_theme(name),
                Ok(Ask::Keymap(name)) => self.choose_keymap(name),
                Ok(Ask::Remember(history)) => {
                    self.start.memory.history = history;
                    self.keep();
                }
                Ok(Ask::Left(layout)) if *layout != self.start.memory.layout => {
                    self.start.memory.layout = *layout;
                    self.keep();
                }
                Ok(Ask::Left(_)) => {}
                Err(channel::RecvTimeoutError::Timeout) => self.look(),
                Err(channel::RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Looks at the directories, and reads again what has settled.
    fn look(&mut self) {
        let now = Prints::take(&self.start.config_dir);
        let changed = now != self.seen;
        self.seen = now;
        if changed {
            self.unsettled = true;
        } else if std::mem::take(&mut self.unsettled) {
            self.name_them();
            self.theme_again();
            self.keymap_again();
        }
    }

    fn name_them(&mut self) {
        let own = Some(self.start.config_dir.as_path());
        let names =
            Names { themes: theme::shelf(own).names(), keymaps: keymap::shelf(own).names() };
        if names != self.names {
            self.names = names.clone();
            self.tell(Told::Names(names));
        }
    }

    fn find_theme(&self, name: &str) -> Result<Theme, Text> {
        let start = &self.start;
        Theme::find(name, theme::shelf(Some(&start.config_dir)), start.depth, start.charset)
    }

    fn find_keymap(&self, name: &str) -> Result<Keymap, Text> {
        Keymap::find(name, keymap::shelf(Some(&self.start.config_dir)))
    }

    fn theme_again(&mut self) {
        match self.find_theme(&self.start.theme.0) {
            Ok(theme) => {
                let was_broken = self.theme_fault.take().is_some();
                if theme != self.start.theme.1 || was_broken {
                    self.start.theme.1 = theme.clone();
                    self.tell(Told::Theme(Box::new(theme), Cause::Changed));
                }
            }
            Err(fault) if self.theme_fault.as_ref() == Some(&fault) => {}
            Err(fault) => {
                self.tell(Told::Fault(self.stays(&fault, "theme")));
                self.theme_fault = Some(fault);
            }
        }
    }

    fn keymap_again(&mut self) {
        match self.find_keymap(&self.start.keymap.0) {
            Ok(keymap) => {
                let was_broken = self.keymap_fault.take().is_some();
                if keymap.rows() != self.start.keymap.1.rows() || was_broken {
                    self.start.keymap.1 = keymap.clone();
                    self.tell(Told::Keymap(Box::new(keymap), Cause::Changed));
                }
            }
            Err(fault) if self.keymap_fault.as_ref() == Some(&fault) => {}
            Err(fault) => {
                self.tell(Told::Fault(self.stays(&fault, "keymap")));
                self.keymap_fault = Some(fault);
            }
        }
    }

    fn choose_theme(&mut self, name: String) {
        match self.find_theme(&name) {
            Ok(theme) => {
                self.theme_fault = None;
                self.start.memory.choose_theme(&name);
                self.start.theme = (name, theme.clone());
                self.tell(Told::Theme(Box::new(theme), Cause::Chosen));
                self.keep();
            }
            Err(fault) => self.tell(Told::Fault(self.stays(&fault, "theme"))),
        }
    }

    fn choose_keymap(&mut self, name: String) {
        match self.find_keymap(&name) {
            Ok(keymap) => {
                self.keymap_fault = None;
                self.start.memory.choose_keymap(&name);
                self.start.keymap = (name, keymap.clone());
                self.tell(Told::Keymap(Box::new(keymap), Cause::Chosen));
                self.keep();
            }
            Err(fault) => self.tell(Told::Fault(self.stays(&fault, "keymap"))),
        }
    }

    fn keep(&self) {
        if let Err(why) = self.start.memory.save() {
            self.tell(Told::Note(why));
        }
    }

    /// The fault for a line of the screen, where a whole path would take the
    /// room of the cause.
    fn stays(&self, fault: &Text, noun: &str) -> Text {
        let dir = format!("{}/", self.start.config_dir.display());
        let fault = fault.as_str().replace(&dir, "");
        Text::new(&format!("{fault}; the {noun} in force stays"))
    }

    /// Never waits: a console that does not listen has no use for it.
    fn tell(&self, told: Told) {
        let _ = self.tell.try_send(told);
    }
}
