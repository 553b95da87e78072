//! The out-of-band card in print: what a human does when no wire does it.

use crate::config::Card;

/// Its lines, or what stands in the place of one that nobody wrote.
pub(super) fn lines(card: &Card) -> Vec<String> {
    let written = card.lines();
    if written.is_empty() {
        return vec![format!("CARD:    {}", Card::NONE)];
    }
    let rows = written.iter().map(|(label, words)| format!("  {label:<12} {words}"));
    std::iter::once("CARD:    act by hand".to_owned()).chain(rows).collect()
}
