//! What processes write: bytes to lines, their level, the rules.

use super::clean::clean;
use crs::domain::Text;
use crs::mission::output::level::{level, plain};
use crs::mission::output::split::{Carry, Chunk, trimmed};
use crs::mission::rules::{Hits, RuleBook};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// A line without its end, and whether it was cut.
type Line = (Vec<u8>, bool);

/// The first byte says in how large pieces the rest comes.
pub fn lines(data: &[u8]) -> bool {
    let Some((first, raw)) = data.split_first() else { return false };
    let whole = split(raw, raw.len().max(1));
    assert_eq!(split(raw, usize::from(*first) + 1), whole, "pieces make other lines");
    let mut again: Vec<u8> = Vec::new();
    for (line, cut) in &whole {
        again.extend_from_slice(line);
        again.extend_from_slice(if *cut { b"" } else { b"\n" });
    }
    assert_eq!(again, raw, "a byte is lost or made up");
    for (line, _) in &whole {
        let line = trimmed(line);
        let said = level(line);
        assert_eq!(level(&[line, b"\n"].concat()), said, "its end changes the level");
        let shown = plain(line).unwrap_or_else(|| line.to_vec());
        clean(Text::from_bytes(&shown).as_str());
    }
    rules(raw);
    !whole.is_empty()
}

fn split(raw: &[u8], size: usize) -> Vec<Line> {
    let mut all: Vec<Line> = Vec::new();
    let mut carry = Carry::default();
    let mut take = |chunk: Chunk<'_>| match chunk {
        Chunk::Lines(lines) => {
            let lines = lines.strip_suffix(b"\n").unwrap();
            all.extend(lines.split(|b| *b == b'\n').map(|line| (line.to_vec(), false)));
        }
        Chunk::Piece { bytes, first: true, cut } => all.push((bytes.to_vec(), cut)),
        Chunk::Piece { bytes, cut, .. } => {
            let last = all.last_mut().unwrap();
            last.0.extend_from_slice(bytes);
            last.1 = cut;
        }
    };
    for block in raw.chunks(size) {
        carry.feed(block, &mut take);
    }
    carry.finish(&mut take);
    all
}

/// Many lines at once are what each is alone.
fn rules(raw: &[u8]) {
    static BOOK: OnceLock<RuleBook> = OnceLock::new();
    let book = BOOK.get_or_init(|| RuleBook::new(&[]).unwrap());
    let mut hits = Hits::default();
    book.hits(raw, &mut hits);
    let found: BTreeMap<usize, u64> = hits.all(raw).map(|(rule, _, times)| (rule, times)).collect();
    let mut alone = BTreeMap::new();
    for rule in raw.split(|b| *b == b'\n').filter_map(|line| book.first(line)) {
        *alone.entry(rule).or_default() += 1;
    }
    assert_eq!(found, alone, "a line among others has another rule");
}
