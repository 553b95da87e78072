//! The theme file: `[palette]` and `[roles]`, every word checked.

use super::color::{self, Swatch};
use super::depth::Depth;
use super::role::Role;
use crate::domain::Text;
use crate::tui::fault::{FileFault, Source, did_you_mean};
use ratatui::style::{Color, Modifier, Style};
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

const MODIFIERS: &[(&str, Modifier)] = &[
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
    ("crossed-out", Modifier::CROSSED_OUT),
];

/// A theme file, read.
#[derive(Clone, Debug)]
pub struct ThemeFile {
    /// Its name.
    pub name: Text,
    /// Looks in the order of [`Role::ALL`].
    pub looks: Vec<Look>,
}

/// How one role looks, before any reduction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Foreground.
    pub fg: Option<Swatch>,
    /// Background.
    pub bg: Option<Swatch>,
    /// Modifiers.
    pub modifiers: Modifier,
    /// Modifiers in place of the others where there are no colours.
    pub mono: Option<Modifier>,
}

impl Look {
    /// The style at a depth.
    #[must_use]
    pub fn style(&self, depth: Depth) -> Style {
        let modifiers = match depth {
            Depth::None => self.mono.unwrap_or(self.modifiers),
            _ => self.modifiers,
        };
        let at = |swatch: Option<Swatch>| swatch.and_then(|s| s.at(depth));
        Style { fg: at(self.fg), bg: at(self.bg), ..Style::new() }.add_modifier(modifiers)
    }
}

struct Reader<'a> {
    source: Source<'a>,
    palette: BTreeMap<String, Swatch>,
}

/// Reads a theme.
///
/// # Errors
/// The first fault: bad TOML, an unknown word, a colour that is none, a role
/// that is missing, a role of alarm without a modifier.
pub fn parse(source: Source<'_>) -> Result<ThemeFile, FileFault> {
    let root = DeTable::parse(source.text).map_err(|e| source.syntax(&e))?;
    let mut reader = Reader { source, palette: BTreeMap::new() };
    let mut name = Text::new(source.file);
    let mut roles = None;
    for (key, value) in root.get_ref() {
        match &**key.get_ref() {
            "name" => name = Text::limited(source.string(value)?, 40),
            "palette" => reader.read_palette(value)?,
            "roles" => roles = Some(value),
            word => {
                return source.unknown(&key.span(), word, ["name", "palette", "roles"]);
            }
        }
    }
    let roles = roles.ok_or_else(|| source.fault(&(0..0), "there is no [roles] table: add one"))?;
    Ok(ThemeFile { name, looks: reader.read_roles(roles)? })
}

impl<'a> Reader<'a> {
    fn read_palette(&mut self, value: &Spanned<DeValue<'a>>) -> Result<(), FileFault> {
        for (key, value) in self.source.table(value)? {
            let (mut rgb, mut ansi) = (None, None);
            for (part, value) in self.source.table(value)? {
                let text = self.source.string(value)?;
                match &**part.get_ref() {
                    "rgb" => rgb = Some(self.rgb(text, &value.span())?),
                    "ansi" => ansi = Some(self.ansi(text, &value.span())?),
                    word => return self.source.unknown(&part.span(), word, ["rgb", "ansi"]),
                }
            }
            let name = &**key.get_ref();
            let (Some(rgb), Some(ansi)) = (rgb, ansi) else {
                let what = format!("colour \"{name}\" needs both rgb and ansi");
                return self.source.refuse(&key.span(), what);
            };
            self.palette.insert(name.to_owned(), Swatch { rgb, ansi });
        }
        Ok(())
    }

    fn rgb(&self, text: &str, at: &Range<usize>) -> Result<(u8, u8, u8), FileFault> {
        color::parse_rgb(text).map_or_else(
            || self.source.refuse(at, format!("\"{text}\" is not a colour like #1a2b3c")),
            Ok,
        )
    }

    fn ansi(&self, text: &str, at: &Range<usize>) -> Result<Color, FileFault> {
        color::ANSI.iter().find(|(n, _)| *n == text).map_or_else(
            || {
                let hint = did_you_mean(text, color::ANSI.iter().map(|(n, _)| *n));
                self.source.refuse(at, format!("\"{text}\" is none of the sixteen colours{hint}"))
            },
            |(_, c)| Ok(*c),
        )
    }

    fn read_roles(&self, value: &Spanned<DeValue<'a>>) -> Result<Vec<Look>, FileFault> {
        let mut looks = vec![None; Role::COUNT];
        for (key, value) in self.source.table(value)? {
            let name = &**key.get_ref();
            let Some(role) = Role::named(name) else {
                let hint = did_you_mean(name, Role::ALL.iter().map(|r| r.name()));
                return self.source.refuse(&key.span(), format!("unknown role \"{name}\"{hint}"));
            };
            let look = self.look(value)?;
            if role.is_alarm() && look.mono.unwrap_or(look.modifiers).is_empty() {
                let what = format!(
                    "role \"{name}\" must stand out without colour: give it modifiers or mono"
                );
                return self.source.refuse(&key.span(), what);
            }
            if let Some(slot) = looks.get_mut(role.index()) {
                *slot = Some(look);
            }
        }
        let missing: Vec<&str> = Role::ALL
            .iter()
            .filter(|r| looks.get(r.index()).is_none_or(Option::is_none))
            .map(|r| r.name())
            .collect();
        if missing.is_empty() {
            return Ok(looks.into_iter().flatten().collect());
        }
        self.source.refuse(&value.span(), format!("roles without a look: {}", missing.join(", ")))
    }

    fn look(&self, value: &Spanned<DeValue<'a>>) -> Result<Look, FileFault> {
        let mut look = Look::default();
        for (part, value) in self.source.table(value)? {
            match &**part.get_ref() {
                "fg" => look.fg = Some(self.swatch(value)?),
                "bg" => look.bg = Some(self.swatch(value)?),
                "modifiers" => look.modifiers = self.modifiers(value)?,
                "mono" => look.mono = Some(self.modifiers(value)?),
                word => {
                    return self.source.unknown(
                        &part.span(),
                        word,
                        ["fg", "bg", "modifiers", "mono"],
                    );
                }
            }
        }
        Ok(look)
    }

    fn swatch(&self, value: &Spanned<DeValue<'a>>) -> Result<Swatch, FileFault> {
        let name = self.source.string(value)?;
        self.palette.get(name).copied().map_or_else(
            || {
                let hint = did_you_mean(name, self.palette.keys().map(String::as_str));
                self.source.refuse(&value.span(), format!("\"{name}\" is not in the palette{hint}"))
            },
            Ok,
        )
    }

    fn modifiers(&self, value: &Spanned<DeValue<'a>>) -> Result<Modifier, FileFault> {
        let words = self.source.list(value, "a list like [\"bold\"]")?;
        let mut all = Modifier::empty();
        for word in words {
            let text = self.source.string(word)?;
            let Some((_, modifier)) = MODIFIERS.iter().find(|(n, _)| *n == text) else {
                let hint = did_you_mean(text, MODIFIERS.iter().map(|(n, _)| *n));
                return self
                    .source
                    .refuse(&word.span(), format!("unknown modifier \"{text}\"{hint}"));
            };
            all |= *modifier;
        }
        Ok(all)
    }
}
