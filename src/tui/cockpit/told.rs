//! What the screen does with words: the search of the help, verbs that take one.

use super::*;
use crate::tui::keymap::Keymap;
use crate::tui::theme::Theme;

fn drawn(cockpit: &mut Cockpit, state: &State) -> String {
    let (theme, keymap) = (Theme::default(), Keymap::default());
    let area = Rect::new(0, 0, 80, 24);
    let mut buf = Buffer::empty(area);
    let (pending, notice, prompt) = ("", "", None);
    let frame = Frame {
        state,
        theme: &theme,
        keymap: &keymap,
        pending,
        waits: false,
        prompt,
        notice,
        slow: false,
        now: state.now,
        past: None,
        time: None,
    };
    cockpit.draw(frame, area, &mut buf);
    buf.content.iter().map(ratatui::buffer::Cell::symbol).collect()
}

#[test]
fn the_help_is_searched_and_back_shows_all_of_it_again() {
    let (mut cockpit, state) = (Cockpit::default(), State::default());
    cockpit.search("FIRST row");
    assert_eq!(cockpit.context(), Context::Help);
    let found = drawn(&mut cockpit, &state);
    assert!(found.contains("To the first row.") && found.contains(":first-row"));
    assert!(!found.contains("Leave; agent and latch stay"));
    // What stops trading is always there.
    assert!(found.contains("Ctrl-K, y") && found.contains("BLOCK: deny new orders"));
    cockpit.search("no such words");
    assert!(drawn(&mut cockpit, &state).contains("nothing else has these words"));
    cockpit.act(Action::Back, &state);
    assert!(drawn(&mut cockpit, &state).contains("Leave; agent and latch stay"));
    cockpit.act(Action::Back, &state);
    assert_eq!(cockpit.context(), Context::Positions);
}

#[test]
fn a_pane_is_given_the_keys_by_its_word() {
    let (mut cockpit, state) = (Cockpit::default(), State::default());
    drawn(&mut cockpit, &state);
    for word in cockpit.choices(Action::Pane, &state) {
        assert_eq!(cockpit.tell(Action::Pane, &word, &state), Ok(()));
        assert_eq!(cockpit.ui.focus.word(), word);
        let places = cockpit.places(&state);
        assert!(places.pane(cockpit.ui.focus).is_some(), "{word} can't be seen");
    }
    assert!(cockpit.tell(Action::Pane, "nowhere", &state).is_err());
}

#[test]
fn rows_are_sorted_and_filtered_and_candles_chosen_by_a_word() {
    use crate::state::Period;
    use crate::tui::ui::{PositionKey, TickKey};
    let (mut cockpit, state) = (Cockpit::default(), State::default());
    let mut tell = |action, told: &str| cockpit.tell(action, told, &state).is_ok();
    assert!(tell(Action::Sort, "pnl") && tell(Action::Sort, "spread"));
    assert!(tell(Action::Filter, "EUR usd") && tell(Action::Period, "1m"));
    assert!(!tell(Action::Sort, "colour") && !tell(Action::Period, "7m"));
    assert_eq!(cockpit.ui.position_sort.key, PositionKey::Profit);
    assert_eq!(cockpit.ui.tick_sort.key, TickKey::Spread);
    assert_eq!((cockpit.ui.filter(Pane::Positions), cockpit.ui.period), ("EUR usd", Period::M1));
    // The same column once more turns the rows; a column of both is the focus's.
    cockpit.tell(Action::Sort, "pnl", &state).unwrap();
    assert!(cockpit.ui.position_sort.reversed);
    cockpit.ui.focus = Pane::Ticks;
    cockpit.tell(Action::Sort, "symbol", &state).unwrap();
    assert_eq!(cockpit.ui.tick_sort.key, TickKey::Symbol);
    assert_eq!(cockpit.ui.position_sort.key, PositionKey::Profit);
    cockpit.ui.focus = Pane::Lag;
    assert!(cockpit.tell(Action::Filter, "x", &state).is_err());
    for action in [Action::Sort, Action::Period] {
        for word in cockpit.choices(action, &state) {
            assert_eq!(cockpit.tell(action, &word, &state), Ok(()), "{word}");
        }
    }
}
