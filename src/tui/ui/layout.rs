//! How a screen was left: what of [`Ui`] outlives a session.
//!
//! Where the keys are, what is zoomed, how rows are sorted and filtered, which
//! candles, which symbol. What does not: the position that is selected, for a
//! verb that closes goes by it, and rows, overlays and texts half typed.

use super::order::Key;
use super::{ChartStyle, Pane, PositionKey, Sort, TickKey, Ui};
use crate::domain::{Symbol, Text};
use crate::event::Level;
use crate::state::Period;
use serde_json::{Map, Value, json};

/// How a screen was left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    focus: Pane,
    zoom: bool,
    guest: Option<Pane>,
    /// Those that hide something, by pane.
    filters: Vec<(Pane, Text)>,
    log_level: Level,
    tick_sort: Sort<TickKey>,
    position_sort: Sort<PositionKey>,
    symbol: Option<Symbol>,
    period: Period,
    style: ChartStyle,
}

impl Layout {
    /// How `ui` stands now.
    #[must_use]
    pub fn of(ui: &Ui) -> Self {
        let filters = Pane::ALL.into_iter().zip(&ui.filters);
        let filters = filters.filter(|(_, filter)| !filter.is_empty());
        Self {
            focus: ui.focus,
            zoom: ui.zoom,
            guest: ui.guest,
            filters: filters.map(|(pane, filter)| (pane, filter.clone())).collect(),
            log_level: ui.log_level,
            tick_sort: ui.tick_sort,
            position_sort: ui.position_sort,
            symbol: ui.symbol,
            period: ui.period,
            style: ui.style,
        }
    }

    /// Puts `ui` so.
    pub fn put(&self, ui: &mut Ui) {
        (ui.focus, ui.zoom, ui.guest) = (self.focus, self.zoom, self.guest);
        for (pane, filter) in &self.filters {
            ui.set_filter(*pane, filter.as_str());
        }
        ui.log_level = self.log_level;
        (ui.tick_sort, ui.position_sort) = (self.tick_sort, self.position_sort);
        (ui.symbol, ui.period, ui.style) = (self.symbol, self.period, self.style);
    }

    /// What hides rows, for the log; none when nothing does.
    #[must_use]
    pub fn hides(&self) -> Option<Text> {
        let mut hidden: Vec<String> = self
            .filters
            .iter()
            .map(|(pane, filter)| format!("{} by \"{filter}\"", pane.title()))
            .collect();
        if self.log_level > Level::Info {
            hidden.push(format!("{} by level \"{}\"", Pane::Log.title(), level(self.log_level)));
        }
        let told = || format!("filtered as it was left: {}", hidden.join(", "));
        (!hidden.is_empty()).then(|| Text::new(&told()))
    }

    /// As it is kept: what is as ever is left out.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let usual = Self::default();
        let mut kept = Map::new();
        let mut put = |key: &str, differs: bool, value: Value| {
            if differs {
                kept.insert(key.to_owned(), value);
            }
        };
        put("focus", self.focus != usual.focus, json!(self.focus.word()));
        put("zoom", self.zoom, json!(true));
        put("guest", self.guest.is_some(), json!(self.guest.map(Pane::word)));
        let filters = self.filters.iter().map(|(pane, filter)| (pane.word(), json!(filter)));
        put("filters", !self.filters.is_empty(), Value::Object(filters.collect()));
        put("log_level", self.log_level != usual.log_level, json!(level(self.log_level)));
        let mut sorts = Map::new();
        sorted(&mut sorts, Pane::Ticks, self.tick_sort);
        sorted(&mut sorts, Pane::Positions, self.position_sort);
        put("sorts", !sorts.is_empty(), Value::Object(sorts));
        put("symbol", self.symbol.is_some(), json!(self.symbol.as_ref().map(Symbol::as_str)));
        put("period", self.period != usual.period, json!(self.period.word()));
        put("style", self.style != usual.style, json!(style(self.style)));
        Value::Object(kept)
    }

    /// Reads what was kept. A name that this program doesn't know costs only
    /// itself, and is told in the second part.
    #[must_use]
    pub fn from_json(kept: &Value) -> (Self, Vec<Text>) {
        let (mut layout, mut notes) = (Self::default(), Vec::new());
        let Value::Object(kept) = kept else {
            return (layout, vec![ignored("layout", kept)]);
        };
        for (key, value) in kept {
            if layout.read(key, value, &mut notes).is_none() {
                notes.push(ignored(key, value));
            }
        }
        // So many would be no work of ours.
        notes.truncate(20);
        (layout, notes)
    }

    /// None where the key or its value is unknown.
    fn read(&mut self, key: &str, value: &Value, notes: &mut Vec<Text>) -> Option<()> {
        let text = || value.as_str();
        match key {
            "focus" => self.focus = pane(text()?)?,
            "zoom" => self.zoom = value.as_bool()?,
            "guest" => self.guest = Some(pane(text()?)?),
            "log_level" => self.log_level = named(LEVELS, level, text()?)?,
            "symbol" => self.symbol = Some(Symbol::new(text()?).ok()?),
            "period" => self.period = named(Period::ALL, Period::word, text()?)?,
            "style" => {
                self.style = named([ChartStyle::Candles, ChartStyle::Lines], style, text()?)?;
            }
            "filters" => {
                for (name, filter) in value.as_object()? {
                    match (pane(name).filter(|pane| pane.filters()), filter.as_str()) {
                        (Some(pane), Some(filter)) => {
                            self.filters.push((pane, Text::limited(filter, super::FILTER)));
                        }
                        _ => notes.push(ignored(&format!("filters.{name}"), filter)),
                    }
                }
            }
            "sorts" => {
                for (name, sort) in value.as_object()? {
                    if self.sort(name, sort).is_none() {
                        notes.push(ignored(&format!("sorts.{name}"), sort));
                    }
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn sort(&mut self, name: &str, value: &Value) -> Option<()> {
        match pane(name)? {
            Pane::Ticks => self.tick_sort = sort(value)?,
            Pane::Positions => self.position_sort = sort(value)?,
            _ => return None,
        }
        Some(())
    }
}

const LEVELS: [Level; 3] = [Level::Info, Level::Warn, Level::Alarm];

const fn level(level: Level) -> &'static str {
    match level {
        Level::Info => "all",
        Level::Warn => "warnings and alarms",
        Level::Alarm => "alarms",
    }
}

const fn style(style: ChartStyle) -> &'static str {
    match style {
        ChartStyle::Candles => "candles",
        ChartStyle::Lines => "lines",
    }
}

fn pane(word: &str) -> Option<Pane> {
    Pane::ALL.into_iter().find(|pane| pane.word() == word)
}

fn named<T: Copy>(
    all: impl IntoIterator<Item = T>,
    word: impl Fn(T) -> &'static str,
    wanted: &str,
) -> Option<T> {
    all.into_iter().find(|one| word(*one) == wanted)
}

fn sorted<K: Key>(sorts: &mut Map<String, Value>, pane: Pane, sort: Sort<K>) {
    if sort != Sort::default() {
        let kept = json!({"by": sort.key.word(), "turned": sort.reversed});
        sorts.insert(pane.word(), kept);
    }
}

fn sort<K: Key>(kept: &Value) -> Option<Sort<K>> {
    let key = named(K::ALL.iter().copied(), K::word, kept.get("by")?.as_str()?)?;
    let reversed = kept.get("turned").is_some_and(|turned| turned == &Value::Bool(true));
    Some(Sort { key, reversed })
}

fn ignored(key: &str, value: &Value) -> Text {
    let (key, value) = (Text::limited(key, 40), Text::limited(&value.to_string(), 60));
    Text::new(&format!("kept {key} = {value} is unknown, ignored"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved() -> Ui {
        let mut ui = Ui {
            focus: Pane::Ticks,
            zoom: true,
            guest: Some(Pane::Mesh),
            log_level: Level::Warn,
            tick_sort: Sort { key: TickKey::Change, reversed: true },
            position_sort: Sort { key: PositionKey::Profit, reversed: false },
            symbol: Symbol::new("EURUSD").ok(),
            period: Period::M5,
            style: ChartStyle::Lines,
            ..Ui::default()
        };
        for pane in Pane::ALL.into_iter().filter(|pane| pane.filters()) {
            ui.set_filter(pane, pane.title());
        }
        ui
    }

    #[test]
    fn what_is_kept_comes_back() {
        for pane in Pane::ALL {
            let ui = Ui { focus: pane, ..moved() };
            let (layout, notes) = Layout::from_json(&Layout::of(&ui).to_json());
            assert_eq!(notes, [], "{pane:?}");
            let mut again = Ui::default();
            layout.put(&mut again);
            assert_eq!(again, ui);
        }
        assert_eq!(Layout::of(&Ui::default()).to_json(), json!({}));
        assert_eq!(Layout::of(&Ui::default()).hides(), None);
        let told = Layout::of(&moved()).hides().unwrap();
        assert!(told.as_str().contains("Positions by \"Positions\", Ticks by"), "{told}");
        assert!(told.as_str().ends_with("Log by level \"warnings and alarms\""), "{told}");
    }

    #[test]
    fn a_selected_position_is_not_kept() {
        let ui = Ui { position: Some((0, crate::domain::Ticket(7))), ..Ui::default() };
        assert_eq!(Layout::of(&ui), Layout::default());
    }

    #[test]
    fn what_is_unknown_costs_only_itself_and_is_told_in_clean_words() {
        let kept = json!({
            "focus": "radar", "zoom": "yes", "guest": 7, "colour": "red", "period": "7m",
            "symbol": "\u{1b}[2J", "style": null, "log_level": "loud",
            "filters": {"positions": "EUR", "lag": "x", "radar": "y", "ticks": 3},
            "sorts": {"ticks": {"by": "age", "turned": true}, "positions": {"by": "colour"},
                      "lag": {"by": "age"}, "log": 7},
        });
        let (layout, notes) = Layout::from_json(&kept);
        let filters = vec![(Pane::Positions, Text::new("EUR"))];
        let tick_sort = Sort { key: TickKey::Age, reversed: true };
        assert_eq!(layout, Layout { filters, tick_sort, ..Layout::default() });
        assert_eq!(notes.len(), 14, "{notes:#?}");
        let all = notes.iter().map(Text::as_str).collect::<Vec<_>>().join("\n");
        for named in ["focus = \"radar\"", "sorts.positions = {\"by\":\"colour\"}", "filters.lag"] {
            assert!(all.contains(named), "{named}: {all}");
        }
        for other in [json!(null), json!([]), json!("x"), json!(7)] {
            let (layout, notes) = Layout::from_json(&other);
            assert_eq!((layout, notes.len()), (Layout::default(), 1));
        }
    }

    #[test]
    fn a_hostile_filter_is_clean_and_short() {
        let kept = json!({"filters": {"log": format!("\u{1b}]52;c;aGk=\u{7}{}", "x".repeat(900))}});
        let (layout, _) = Layout::from_json(&kept);
        let mut ui = Ui::default();
        layout.put(&mut ui);
        // A mark at its end says that it was cut.
        let filter = ui.filter(Pane::Log);
        assert!(filter.chars().count() <= super::super::FILTER + 1, "{filter}");
        assert!(!filter.contains('\u{1b}'), "{filter:?}");
    }
}
