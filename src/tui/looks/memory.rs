//! What a session leaves to the next: the theme and keymap that were chosen
//! while it ran, the layout it was left with, and the lines of the command
//! line.
//!
//! One small file in the state directory. It decides nothing that matters: a
//! damaged or foreign one is told, set aside under another name and begun
//! anew; one of a newer program is left alone.

use crate::domain::Text;
use crate::tui::ui::Layout;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The file's name in the state directory.
pub const FILE: &str = "console.json";
/// The form that this program writes.
const VERSION: u32 = 1;
/// A larger file is none of ours: the longest history, each character of four
/// bytes, has 160,000.
const MAX_BYTES: u64 = 256 * 1_024;
/// Damaged files kept beside it.
const MAX_ASIDE: u32 = 9;
/// Lines kept.
pub const MAX_LINES: usize = 200;
/// Longest line kept, in characters.
pub const MAX_CHARS: usize = 200;

/// A name that was chosen, and the configured one that it went before. When
/// the configuration says something else today, the choice is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What was chosen.
    pub chosen: String,
    /// What the configuration said then.
    pub instead_of: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Body {
    version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    theme: Option<Choice>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keymap: Option<Choice>,
    /// Read name by name, so that one that is unknown costs no other.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    layout: Value,
    #[serde(default)]
    history: Vec<String>,
}

/// What is remembered, and where.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    theme: Option<Choice>,
    keymap: Option<Choice>,
    /// How the screen was left.
    pub layout: Layout,
    /// Lines of the command line, the oldest first.
    pub history: Vec<String>,
    /// Theme and keymap of the configuration.
    configured: (String, String),
    /// None: nothing is written.
    file: Option<PathBuf>,
}

impl Memory {
    /// Reads it from `state_dir`; `configured` is the theme and the keymap of
    /// the configuration. The second part tells what could not be used. A
    /// damaged file is set aside; where it can't be, nothing is written.
    #[must_use]
    pub fn load(state_dir: &Path, configured: (&str, &str)) -> (Self, Vec<Text>) {
        let file = state_dir.join(FILE);
        let mut memory = Self::of(configured);
        let shown = file.display().to_string();
        match read(&file) {
            Ok(None) => {
                memory.file = Some(file);
                (memory, Vec::new())
            }
            Ok(Some(body)) if body.version > VERSION => {
                let note = format!("{shown}: a newer crs wrote it; it is left alone");
                (memory, vec![Text::new(&note)])
            }
            Ok(Some(body)) => {
                let notes = memory.take(body);
                memory.file = Some(file);
                (memory, notes)
            }
            Err(why) => {
                let why = format!("{shown}: {why}");
                let then = match set_aside(&file) {
                    Ok(aside) => {
                        memory.file = Some(file);
                        let aside = aside.file_name().unwrap_or_default().display().to_string();
                        format!("set aside as {aside}")
                    }
                    Err(e) => format!(
                        "damaged, and not set aside ({e}), so this session's are not kept: move it away"
                    ),
                };
                (memory, vec![Text::new(&format!("the last session's choices: {then}: {why}"))])
            }
        }
    }

    /// The same for whoever only wants to know: touches nothing, keeps nothing.
    #[must_use]
    pub fn peek(state_dir: &Path, configured: (&str, &str)) -> Self {
        let mut memory = Self::of(configured);
        if let Ok(Some(body)) = read(&state_dir.join(FILE))
            && body.version <= VERSION
        {
            memory.take(body);
        }
        memory
    }

    fn of(configured: (&str, &str)) -> Self {
        let configured = (configured.0.to_owned(), configured.1.to_owned());
        Self { configured, ..Self::default() }
    }

    /// Takes what was kept; what of it is unknown is told.
    fn take(&mut self, body: Body) -> Vec<Text> {
        let Body { theme, keymap, layout, history, .. } = body;
        (self.theme, self.keymap, self.history) = (theme, keymap, history);
        self.bound();
        if layout.is_null() {
            return Vec::new();
        }
        let (layout, notes) = Layout::from_json(&layout);
        self.layout = layout;
        notes
    }

    /// The theme to begin with.
    #[must_use]
    pub fn theme(&self) -> &str {
        in_force(self.theme.as_ref(), &self.configured.0)
    }

    /// The keymap to begin with.
    #[must_use]
    pub fn keymap(&self) -> &str {
        in_force(self.keymap.as_ref(), &self.configured.1)
    }

    /// A theme was chosen.
    pub fn choose_theme(&mut self, name: &str) {
        self.theme = choice(name, &self.configured.0);
    }

    /// A keymap was chosen.
    pub fn choose_keymap(&mut self, name: &str) {
        self.keymap = choice(name, &self.configured.1);
    }

    /// Writes it, in full or not at all.
    ///
    /// # Errors
    /// A sentence with the cause.
    pub fn save(&self) -> Result<(), Text> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut kept = self.clone();
        kept.bound();
        let Self { theme, keymap, layout, history, .. } = kept;
        let body = Body { version: VERSION, theme, keymap, layout: layout.to_json(), history };
        let told = |why: &dyn std::fmt::Display| {
            Text::new(&format!("{}: the choice is not kept: {why}", file.display()))
        };
        let mut text = serde_json::to_string_pretty(&body).map_err(|e| told(&e))?;
        text.push('\n');
        replace(file, text.as_bytes()).map_err(|e| told(&e))
    }

    fn bound(&mut self) {
        self.history.retain(|line| !line.trim().is_empty() && line.chars().count() <= MAX_CHARS);
        let over = self.history.len().saturating_sub(MAX_LINES);
        self.history.drain(..over);
        for line in &mut self.history {
            *line = Text::limited(line, MAX_CHARS).to_string();
        }
    }
}

fn in_force<'a>(choice: Option<&'a Choice>, configured: &'a str) -> &'a str {
    choice.filter(|c| c.instead_of == configured).map_or(configured, |c| &c.chosen)
}

fn choice(name: &str, configured: &str) -> Option<Choice> {
    let differs = name != configured;
    differs.then(|| Choice { chosen: name.to_owned(), instead_of: configured.to_owned() })
}

fn read(file: &Path) -> Result<Option<Body>, String> {
    // Before it is opened: to open a pipe would wait for its other end.
    match file.metadata() {
        Ok(meta) if meta.is_file() && meta.len() <= MAX_BYTES => {}
        Ok(_) => return Err(String::from("not a file of at most 256 KiB")),
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e.to_string()),
    }
    let mut text = String::new();
    let opened = File::open(file).map_err(|e| e.to_string())?;
    opened.take(MAX_BYTES).read_to_string(&mut text).map_err(|e| e.to_string())?;
    serde_json::from_str(&text).map(Some).map_err(|e| format!("not what was written: {e}"))
}

/// Moves what can't be read out of the way, whatever it is; gives its new name.
fn set_aside(file: &Path) -> io::Result<PathBuf> {
    for n in 1..=MAX_ASIDE {
        let aside = file.with_extension(format!("json.damaged-{n}"));
        // A rename would replace one that was set aside before.
        if aside.symlink_metadata().is_err_and(|e| e.kind() == ErrorKind::NotFound) {
            return std::fs::rename(file, &aside).map(|()| aside);
        }
    }
    Err(io::Error::other(format!("there are {MAX_ASIDE} already")))
}

fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = file.with_extension(format!("{}.tmp", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)
        .and_then(|mut out| out.write_all(bytes).and_then(|()| out.sync_all()))
        .and_then(|()| std::fs::rename(&fresh, file));
    if written.is_err() {
        let _ = std::fs::remove_file(&fresh);
    }
    written
}
