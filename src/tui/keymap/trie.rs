//! Sequences of keys, so that `g g` and `g e` can live together.

use super::key::Key;
use crate::control::Action;

/// What a sequence leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is bound.
    Run(Action),
    /// Longer sequences begin like this.
    Prefix,
    /// Nothing.
    Nothing,
}

/// Why a sequence can't be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clash {
    /// It is bound already.
    Same,
    /// A shorter one is bound, so this one could never be finished.
    Shadowed(Vec<Key>),
    /// Longer ones begin like this, so they could never be finished.
    Shadows,
}

/// A tree of keys. Children are few: a list is quicker than a map.
#[derive(Clone, Debug, Default)]
pub struct Trie {
    run: Option<Action>,
    next: Vec<(Key, Trie)>,
}

impl Trie {
    /// An empty one.
    #[must_use]
    pub const fn new() -> Self {
        Self { run: None, next: Vec::new() }
    }

    /// Follows `keys`.
    #[must_use]
    pub fn find(&self, keys: &[Key]) -> Found {
        let mut node = self;
        for key in keys {
            match node.next.iter().find(|(k, _)| k == key) {
                Some((_, child)) => node = child,
                None => return Found::Nothing,
            }
        }
        match node.run {
            Some(action) => Found::Run(action),
            None if node.next.is_empty() => Found::Nothing,
            None => Found::Prefix,
        }
    }

    /// Adds a sequence.
    ///
    /// # Errors
    /// It could not be told from one that is there.
    pub fn add(&mut self, keys: &[Key], action: Action) -> Result<(), Clash> {
        for n in 1..keys.len() {
            let shorter = keys.get(..n).unwrap_or(keys);
            if matches!(self.find(shorter), Found::Run(_)) {
                return Err(Clash::Shadowed(shorter.to_vec()));
            }
        }
        match self.find(keys) {
            Found::Run(_) => return Err(Clash::Same),
            Found::Prefix => return Err(Clash::Shadows),
            Found::Nothing => {}
        }
        self.insert(keys, action);
        Ok(())
    }

    fn insert(&mut self, keys: &[Key], action: Action) {
        let Some((first, rest)) = keys.split_first() else {
            self.run = Some(action);
            return;
        };
        if let Some((_, child)) = self.next.iter_mut().find(|(k, _)| k == first) {
            child.insert(rest, action);
        } else {
            let mut child = Self::new();
            child.insert(rest, action);
            self.next.push((*first, child));
        }
    }
}
