//! Where themes and keymaps are found by name: the user's own files first,
//! then the bundled ones, and how a file finds what it inherits.

use super::fault::{FileFault, Source, did_you_mean};
use super::user_file;
use crate::domain::Text;
use std::ops::Range;
use std::path::Path;

/// A chain of files that inherit from one another may be this long.
const MAX_CHAIN: usize = 8;

/// The files of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Shelf<'a> {
    /// What one is called: `theme`.
    pub noun: &'static str,
    /// The directory below the user's configuration: `themes`.
    pub kind: &'static str,
    /// Name and text of the bundled ones.
    pub bundled: &'static [(&'static str, &'static str)],
    /// The user's configuration directory; none means the bundled ones only.
    pub own: Option<&'a Path>,
}

/// One file, found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Its path, or the name of a bundled one.
    pub file: String,
    /// The whole text.
    pub text: String,
    /// It came with the program.
    pub bundled: bool,
}

/// The names that were followed to get here, the outermost first.
pub type Chain<'c> = &'c [String];

impl Shelf<'_> {
    /// The same shelf without the user's files.
    #[must_use]
    pub const fn bundled_only(self) -> Shelf<'static> {
        Shelf { own: None, noun: self.noun, kind: self.kind, bundled: self.bundled }
    }

    /// The bundled one of that name.
    #[must_use]
    pub fn bundled(&self, name: &str) -> Option<Sheet> {
        let (name, text) = self.bundled.iter().find(|(n, _)| *n == name)?;
        Some(Sheet { file: (*name).to_owned(), text: (*text).to_owned(), bundled: true })
    }

    /// The file called `name`, the user's own before the bundled one.
    ///
    /// # Errors
    /// A sentence: there is none of that name, or it can't be read.
    pub fn find(&self, name: &str) -> Result<Sheet, Text> {
        if let Some(own) = self.own
            && let Some((file, text)) = user_file::read(own, self.kind, name)?
        {
            return Ok(Sheet { file, text, bundled: false });
        }
        self.bundled(name).ok_or_else(|| {
            let names = self.names();
            let hint = did_you_mean(name, names.iter().map(String::as_str));
            Text::new(&format!("no {} \"{}\"{hint}", self.noun, Text::limited(name, 40)))
        })
    }

    /// What a file that was reached by `chain` inherits. A file of the user's
    /// that has a bundled one's name may begin with that one.
    ///
    /// # Errors
    /// There is no such file, or the chain leads back to itself.
    pub fn base(
        &self,
        source: Source<'_>,
        at: &Range<usize>,
        name: &str,
        chain: Chain<'_>,
    ) -> Result<Sheet, FileFault> {
        if chain.last().is_some_and(|me| me == name)
            && self.own.is_some()
            && let Some(sheet) = self.bundled(name)
        {
            return Ok(sheet);
        }
        if chain.iter().any(|n| n == name) || chain.len() >= MAX_CHAIN {
            let way = chain.join(" > ");
            let what = if chain.len() >= MAX_CHAIN {
                format!("{way} is too long a chain of files that inherit")
            } else {
                format!("inherits goes in a circle: {way} > {name}")
            };
            return source.refuse(at, what);
        }
        self.find(name).map_err(|why| source.fault(at, why.as_str()))
    }

    /// Every name, the bundled ones first, each once.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.bundled.iter().map(|(n, _)| (*n).to_owned()).collect();
        let own = self.own.map(|dir| user_file::names(dir, self.kind)).unwrap_or_default();
        names.extend(own.into_iter().filter(|n| !self.bundled.iter().any(|(b, _)| b == n)));
        names
    }
}
