//! The theme file: `inherits`, `[palette]` and `[roles]`, every word checked.

use super::color::{self, Swatch};
use super::depth::Depth;
use super::role::Role;
use crate::domain::Text;
use crate::tui::fault::{FileFault, Source, did_you_mean};
use crate::tui::shelf::{Chain, Shelf};
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

/// A look as a file has it: colours by name.
#[derive(Clone, Debug, Default)]
struct Words {
    fg: Option<String>,
    bg: Option<String>,
    modifiers: Modifier,
    mono: Option<Modifier>,
}

/// A file over what it inherits, its colours not looked up yet: a later file
/// may change what a name of the palette means.
struct Draft {
    name: Text,
    palette: BTreeMap<String, Swatch>,
    roles: Vec<Option<Words>>,
}

struct Reader<'a> {
    source: Source<'a>,
    draft: Draft,
}

/// Reads a theme called `name` in settings; `shelf` has what it inherits.
///
/// # Errors
/// The first fault: bad TOML, an unknown word, a colour that is none, a role
/// that is missing, a role of alarm without a modifier, a circle of themes.
pub fn parse(source: Source<'_>, name: &str, shelf: Shelf<'_>) -> Result<ThemeFile, FileFault> {
    let draft = read(source, shelf, &[name.to_owned()])?;
    let missing: Vec<&str> = Role::ALL
        .iter()
        .filter(|r| draft.roles.get(r.index()).is_none_or(Option::is_none))
        .map(|r| r.name())
        .collect();
    if !missing.is_empty() {
        let root = DeTable::parse(source.text).map_err(|e| source.syntax(&e))?;
        let at = root.get_ref().iter().find(|(k, _)| &**k.get_ref() == "roles");
        let Some((_, roles)) = at else {
            return source.refuse(&(0..0), "there is no [roles] table: add one, or inherits");
        };
        let what = format!("roles without a look: {}", missing.join(", "));
        return source.refuse(&roles.span(), what);
    }
    let swatch = |name: Option<String>| name.and_then(|n| draft.palette.get(&n).copied());
    let looks = draft.roles.into_iter().flatten().map(|words| Look {
        fg: swatch(words.fg),
        bg: swatch(words.bg),
        modifiers: words.modifiers,
        mono: words.mono,
    });
    Ok(ThemeFile { name: draft.name, looks: looks.collect() })
}

fn read(source: Source<'_>, shelf: Shelf<'_>, chain: Chain<'_>) -> Result<Draft, FileFault> {
    const WORDS: [&str; 4] = ["name", "inherits", "palette", "roles"];
    let root = DeTable::parse(source.text).map_err(|e| source.syntax(&e))?;
    let root = root.get_ref();
    for key in root.keys() {
        if !WORDS.contains(&&**key.get_ref()) {
            return source.unknown(&key.span(), key.get_ref(), WORDS);
        }
    }
    let part = |word: &str| root.iter().find(|(k, _)| &**k.get_ref() == word).map(|(_, v)| v);
    let mut draft = match part("inherits") {
        Some(value) => inherited(source, value, shelf, chain)?,
        None => {
            Draft { name: Text::new(""), palette: BTreeMap::new(), roles: vec![None; Role::COUNT] }
        }
    };
    draft.name = match part("name") {
        Some(value) => Text::limited(source.string(value)?, 40),
        None => Text::limited(chain.last().map_or(source.file, String::as_str), 40),
    };
    let mut reader = Reader { source, draft };
    if let Some(value) = part("palette") {
        reader.read_palette(value)?;
    }
    if let Some(value) = part("roles") {
        reader.read_roles(value)?;
    }
    Ok(reader.draft)
}

fn inherited(
    source: Source<'_>,
    value: &Spanned<DeValue<'_>>,
    shelf: Shelf<'_>,
    chain: Chain<'_>,
) -> Result<Draft, FileFault> {
    let name = source.string(value)?;
    let base = shelf.base(source, &value.span(), name, chain)?;
    let mut longer = chain.to_vec();
    longer.push(name.to_owned());
    let shelf = if base.bundled { shelf.bundled_only() } else { shelf };
    read(Source { file: &base.file, text: &base.text }, shelf, &longer)
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
            self.draft.palette.insert(name.to_owned(), Swatch { rgb, ansi });
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

    fn read_roles(&mut self, value: &Spanned<DeValue<'a>>) -> Result<(), FileFault> {
        for (key, value) in self.source.table(value)? {
            let name = &**key.get_ref();
            let Some(role) = Role::named(name) else {
                let hint = did_you_mean(name, Role::ALL.iter().map(|r| r.name()));
                return self.source.refuse(&key.span(), format!("unknown role \"{name}\"{hint}"));
            };
            let words = self.words(value)?;
            if role.is_alarm() && words.mono.unwrap_or(words.modifiers).is_empty() {
                let what = format!(
                    "role \"{name}\" must stand out without colour: give it modifiers or mono"
                );
                return self.source.refuse(&key.span(), what);
            }
            if let Some(slot) = self.draft.roles.get_mut(role.index()) {
                *slot = Some(words);
            }
        }
        Ok(())
    }

    fn words(&self, value: &Spanned<DeValue<'a>>) -> Result<Words, FileFault> {
        let mut words = Words::default();
        for (part, value) in self.source.table(value)? {
            match &**part.get_ref() {
                "fg" => words.fg = Some(self.colour(value)?),
                "bg" => words.bg = Some(self.colour(value)?),
                "modifiers" => words.modifiers = self.modifiers(value)?,
                "mono" => words.mono = Some(self.modifiers(value)?),
                word => {
                    let known = ["fg", "bg", "modifiers", "mono"];
                    return self.source.unknown(&part.span(), word, known);
                }
            }
        }
        Ok(words)
    }

    fn colour(&self, value: &Spanned<DeValue<'a>>) -> Result<String, FileFault> {
        let name = self.source.string(value)?;
        let palette = &self.draft.palette;
        if palette.contains_key(name) {
            return Ok(name.to_owned());
        }
        let hint = did_you_mean(name, palette.keys().map(String::as_str));
        self.source.refuse(&value.span(), format!("\"{name}\" is not in the palette{hint}"))
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
