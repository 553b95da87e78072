//! How every meaning looks.
//!
//! A view asks for a [`Role`] (`switch.fired`, `pnl.up`), never for a colour;
//! the theme file says what that looks like and [`Depth`] what the terminal
//! can show of it. Colours are reduced once, when the theme is loaded.
//!
//! Meaning is never colour alone: every role of alarm must carry a modifier,
//! or the file is refused, and views add a glyph or a word.

pub mod color;
pub mod contrast;
pub mod depth;
pub mod file;
pub mod glyphs;
pub mod role;

pub use depth::{Depth, TermEnv};
pub use glyphs::{Charset, Glyphs};
pub use role::Role;

use super::fault::{FileFault, Source};
use super::shelf::{Sheet, Shelf};
use crate::domain::Text;
use ratatui::style::{Modifier, Style};
use std::path::Path;

/// The bundled themes by name.
const EMBEDDED: &[(&str, &str)] = &[
    ("dark", include_str!("../../../themes/dark.toml")),
    ("light", include_str!("../../../themes/light.toml")),
    ("high-contrast", include_str!("../../../themes/high-contrast.toml")),
    ("colour-blind-safe", include_str!("../../../themes/colour-blind-safe.toml")),
    ("mono", include_str!("../../../themes/mono.toml")),
];

/// The shelf of themes; `own` is the user's configuration directory.
#[must_use]
pub const fn shelf(own: Option<&Path>) -> Shelf<'_> {
    Shelf { noun: "theme", kind: "themes", bundled: EMBEDDED, own }
}

/// A theme, ready for one terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    name: Text,
    depth: Depth,
    styles: [Style; Role::COUNT],
    glyphs: &'static Glyphs,
}

impl Theme {
    /// What `role` looks like. Absolute: foreground, background where the
    /// role has one, and modifiers.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role.index()).copied().unwrap_or_default()
    }

    /// Borders, marks and bars in the characters that this terminal can show.
    #[must_use]
    pub const fn glyphs(&self) -> &'static Glyphs {
        self.glyphs
    }

    /// The theme's name.
    #[must_use]
    pub const fn name(&self) -> &Text {
        &self.name
    }

    /// How many colours it was reduced to.
    #[must_use]
    pub const fn depth(&self) -> Depth {
        self.depth
    }

    /// Reads a theme from its text, which may inherit a bundled one; `file` is
    /// only for faults.
    ///
    /// # Errors
    /// The first fault, with its place.
    pub fn parse(
        file: &str,
        text: &str,
        depth: Depth,
        charset: Charset,
    ) -> Result<Self, FileFault> {
        Self::read(Source { file, text }, file, shelf(None), depth, charset)
    }

    fn read(
        source: Source<'_>,
        name: &str,
        shelf: Shelf<'_>,
        depth: Depth,
        charset: Charset,
    ) -> Result<Self, FileFault> {
        let parsed = file::parse(source, name, shelf)?;
        let styles = std::array::from_fn(|i| {
            parsed.looks.get(i).map_or_else(Style::default, |look| look.style(depth))
        });
        Ok(Self { name: parsed.name, depth, styles, glyphs: Glyphs::of(charset) })
    }

    /// The theme called `name`, the user's before the bundled one.
    ///
    /// # Errors
    /// A sentence: there is none, or the first fault of its file.
    pub fn find(
        name: &str,
        shelf: Shelf<'_>,
        depth: Depth,
        charset: Charset,
    ) -> Result<Self, Text> {
        let Sheet { file, text, bundled } = shelf.find(name)?;
        let bases = if bundled { shelf.bundled_only() } else { shelf };
        Self::read(Source { file: &file, text: &text }, name, bases, depth, charset)
            .map_err(|fault| Text::new(&fault.to_string()))
    }

    /// A bundled theme; none when there is none of that name.
    #[must_use]
    pub fn embedded(name: &str, depth: Depth, charset: Charset) -> Option<Self> {
        Self::find(name, shelf(None), depth, charset).ok()
    }

    /// Names of the bundled themes.
    pub fn names() -> impl Iterator<Item = &'static str> {
        EMBEDDED.iter().map(|(name, _)| *name)
    }

    /// The theme called `name`: the user's file `themes/NAME.toml` under
    /// `config_dir`, else the bundled one. Never fails: what can't be used is
    /// told in the second part and the bundled dark theme stands in.
    #[must_use]
    pub fn load(
        name: &str,
        config_dir: &Path,
        depth: Depth,
        charset: Charset,
    ) -> (Self, Option<Text>) {
        match Self::find(name, shelf(Some(config_dir)), depth, charset) {
            Ok(theme) => (theme, None),
            Err(why) => {
                let bundled = Self::embedded(name, depth, charset);
                let theme = bundled.unwrap_or_else(|| Self::embedded_or_plain(depth, charset));
                let note = format!("{why}; the bundled theme {} stands in", theme.name);
                (theme, Some(Text::new(&note)))
            }
        }
    }

    fn embedded_or_plain(depth: Depth, charset: Charset) -> Self {
        Self::embedded("dark", depth, charset).unwrap_or_else(|| Self::plain(charset))
    }

    /// Modifiers only, from no file: what is left when all else fails.
    #[must_use]
    pub fn plain(charset: Charset) -> Self {
        let styles = std::array::from_fn(|i| {
            let alarm = Role::ALL.get(i).is_some_and(|r| r.is_alarm());
            let modifier = if alarm { Modifier::REVERSED } else { Modifier::empty() };
            Style::new().add_modifier(modifier)
        });
        Self { name: Text::new("plain"), depth: Depth::None, styles, glyphs: Glyphs::of(charset) }
    }
}

impl Default for Theme {
    /// Dark, in full colour, with Unicode glyphs: what tests of views use.
    fn default() -> Self {
        Self::embedded_or_plain(Depth::True, Charset::Unicode)
    }
}

#[cfg(test)]
mod tests;
