//! One key press: its name in files, on the screen, and from the terminal.

use crokey::KeyCombination;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// One key with its modifiers, in the one form that two equal presses have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(KeyCombination);

impl Key {
    /// The key of a terminal's report.
    #[must_use]
    pub fn of(event: &KeyEvent) -> Self {
        let mods = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
        Self::normal(KeyCombination::one_key(event.code, event.modifiers & mods))
    }

    /// A name as keymap files have it: `g`, `G`, `ctrl-l`, `shift-tab`,
    /// `pagedown`, `?`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut chars = name.chars();
        let single = chars.next().filter(|_| chars.next().is_none());
        let plain = match (single, name) {
            (Some(c), _) => KeyCombination::one_key(KeyCode::Char(c), KeyModifiers::NONE),
            (None, "shift-tab") => crokey::parse("backtab").ok()?,
            // crokey forgives capitals; here they would hide that `ctrl-K`
            // and `ctrl-k` are one key.
            (None, name) if name.chars().any(char::is_uppercase) => return None,
            (None, name) => crokey::parse(name).ok()?,
        };
        plain.is_ansi_compatible().then(|| Self::normal(plain))
    }

    /// Ctrl or Alt is held; Shift alone is not what protects a verb.
    #[must_use]
    pub fn is_modified(&self) -> bool {
        self.0.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
    }

    /// The character with Ctrl, if that is what it is.
    #[must_use]
    pub fn ctrl_char(&self) -> Option<char> {
        let only = self.0.modifiers - KeyModifiers::SHIFT == KeyModifiers::CONTROL;
        self.char().filter(|_| only).map(|c| c.to_ascii_lowercase())
    }

    /// The character without Ctrl and Alt, if that is what it is.
    #[must_use]
    pub fn plain_char(&self) -> Option<char> {
        self.char().filter(|_| !self.is_modified())
    }

    /// Its code, for what reads keys without a keymap.
    #[must_use]
    pub fn code(&self) -> KeyCode {
        *self.0.codes.first()
    }

    fn char(&self) -> Option<char> {
        match self.0.codes.first() {
            KeyCode::Char(c) => Some(*c),
            _ => None,
        }
    }

    /// Terminals differ in whether they say Shift with `?` or `A`.
    fn normal(key: KeyCombination) -> Self {
        let mut key = key.normalized();
        if let KeyCode::Char(c) = *key.codes.first()
            && !c.is_ascii_alphabetic()
        {
            key.modifiers.remove(KeyModifiers::SHIFT);
        }
        Self(key)
    }

    /// As hints and help show it: `G`, `Ctrl-L`, `PgDn`.
    #[must_use]
    pub fn shown(&self) -> String {
        let mods = self.0.modifiers;
        let mut out = String::new();
        for (bit, word) in [(KeyModifiers::CONTROL, "Ctrl-"), (KeyModifiers::ALT, "Alt-")] {
            if mods.contains(bit) {
                out.push_str(word);
            }
        }
        let shift = mods.contains(KeyModifiers::SHIFT);
        let code = self.0.codes.first();
        if shift && !matches!(code, KeyCode::Char(_)) {
            out.push_str("Shift-");
        }
        match code {
            KeyCode::Char(' ') => out.push_str("Space"),
            KeyCode::Char(c) if mods.contains(KeyModifiers::CONTROL) => {
                out.push(c.to_ascii_uppercase());
            }
            KeyCode::Char(c) => out.push(*c),
            KeyCode::BackTab | KeyCode::Tab => out.push_str("Tab"),
            KeyCode::PageDown => out.push_str("PgDn"),
            KeyCode::PageUp => out.push_str("PgUp"),
            KeyCode::Delete => out.push_str("Del"),
            KeyCode::Insert => out.push_str("Ins"),
            other => out.push_str(&other.to_string()),
        }
        out
    }
}

/// A sequence as hints and help show it: `g g`.
#[must_use]
pub fn show_all(keys: &[Key]) -> String {
    keys.iter().map(Key::shown).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(code: KeyCode, mods: KeyModifiers) -> Key {
        Key::of(&KeyEvent::new(code, mods))
    }

    #[test]
    fn names_meet_what_terminals_report() {
        let (none, shift, ctrl) = (KeyModifiers::NONE, KeyModifiers::SHIFT, KeyModifiers::CONTROL);
        for (name, shown, code, mods) in [
            ("g", "g", KeyCode::Char('g'), none),
            ("G", "G", KeyCode::Char('G'), shift),
            ("G", "G", KeyCode::Char('G'), none),
            ("shift-g", "G", KeyCode::Char('G'), shift),
            ("?", "?", KeyCode::Char('?'), none),
            ("?", "?", KeyCode::Char('?'), shift),
            ("-", "-", KeyCode::Char('-'), none),
            ("space", "Space", KeyCode::Char(' '), none),
            ("ctrl-l", "Ctrl-L", KeyCode::Char('l'), ctrl),
            ("tab", "Tab", KeyCode::Tab, none),
            ("shift-tab", "Shift-Tab", KeyCode::BackTab, shift),
            ("pagedown", "PgDn", KeyCode::PageDown, none),
            ("esc", "Esc", KeyCode::Esc, none),
            ("enter", "Enter", KeyCode::Enter, none),
            ("f5", "F5", KeyCode::F(5), none),
            ("ö", "ö", KeyCode::Char('ö'), none),
        ] {
            let key = Key::named(name).unwrap();
            assert_eq!(key, press(code, mods), "{name}");
            assert_eq!(key.shown(), shown);
        }
    }

    #[test]
    fn what_no_terminal_can_report_is_no_key() {
        for bad in ["", "ctrl-K", "a-b", "ctrl-", "hyper-x", "gg"] {
            assert_eq!(Key::named(bad), None, "{bad}");
        }
    }
}
