//! What the engine before this one sent in the last minute, by the audit log:
//! an end of the process must not end the rest of an order without an answer.

use crate::audit::OrderReader;
use crate::cli::{orders, wiring};
use crate::config::Settings;
use crate::domain::{OrderBy, OrderFate, OrderNews, Symbol, UtcMicros};
use crate::engine::limits::Limits;
use crate::host::clock;
use std::collections::BTreeMap;

/// Tells `limits` of them. What certainly never happened rests nothing.
///
/// # Errors
/// Why the log can't be read, with what follows from it.
pub(super) fn remember(settings: &Settings, limits: &mut Limits) -> Result<Vec<String>, String> {
    let audit = wiring::latch_home(settings).audit();
    let records = OrderReader::new(&audit).appended().map_err(|e| {
        let at = audit.display();
        format!(
            "what was ordered in the last minute can't be read ({at}: {e}), and no order could be \
             recorded; see: crs doctor"
        )
    })?;
    let mut orders: BTreeMap<String, OrderNews> = BTreeMap::new();
    for news in records.iter().filter_map(orders::news).filter(|n| n.by == OrderBy::Engine) {
        orders.insert(news.id.to_string(), news);
    }
    let mut left: Vec<OrderNews> =
        orders.into_values().filter(|news| news.fate != OrderFate::Failed).collect();
    left.sort_by_key(|news| news.at);
    let (now, now_ns) = (clock::utc(), clock::mono_ns());
    let mut said = Vec::new();
    for news in left {
        let (Ok(symbol), Some(side)) = (Symbol::new(news.symbol.as_str()), news.side) else {
            continue;
        };
        let ago = ago_ns(news.at, now);
        limits.remember(symbol, side, ago, now_ns);
        if limits.allow(symbol, side, now_ns).is_err() && ago < 60_000_000_000 {
            let seconds = ago / 1_000_000_000;
            said.push(format!(
                "{symbol} {} rests: an order of {seconds} s ago may have happened ({})",
                side.word(),
                news.id
            ));
        }
    }
    Ok(said)
}

/// By the wall clock, which may have been set back: then it is as if new.
fn ago_ns(at: Option<UtcMicros>, now: UtcMicros) -> u64 {
    let us = at.map_or(0, |at| now.0.saturating_sub(at.0));
    u64::try_from(us).unwrap_or(0).saturating_mul(1_000)
}
