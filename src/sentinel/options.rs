//! What a sentinel is started with.

use super::eodhd::EodhdOptions;
use super::hub::HubOptions;
use super::pace::Pace;
use crate::domain::{Calendar, Endpoint, Lots, Ratio, Symbol, Text};
use std::path::PathBuf;

/// Everything about one sentinel.
#[derive(Clone, Debug)]
pub struct Options {
    /// Instruments, as EODHD names them.
    pub symbols: Vec<Symbol>,
    /// What the broker adds to their names.
    pub suffix: String,
    /// It acts above this share.
    pub threshold: Ratio,
    /// Volume of one order.
    pub lots: Lots,
    /// Orders leave the process; else a dry run.
    pub live: bool,
    /// When cycles begin.
    pub pace: Pace,
    /// Its directory, private to this user.
    pub dir: PathBuf,
    /// JSON line for each decision, if anywhere.
    pub decision_log: Option<PathBuf>,
    /// Address and port of metrics and health, if any.
    pub web: Option<(String, u16)>,
    /// Where telemetry is published, if anywhere.
    pub events: Option<Endpoint>,
    /// Where bars come from.
    pub eodhd: EodhdOptions,
    /// Bars older than so many hours of open market are refused; 0 takes any.
    pub max_age_h: u64,
    /// When the market is open.
    pub calendar: Calendar,
    /// The model server.
    pub hub: HubOptions,
}

impl Options {
    /// As the operator reads it: `EURUSD, USDJPY`.
    #[must_use]
    pub fn names(&self) -> Text {
        let names: Vec<&str> = self.symbols.iter().map(Symbol::as_str).collect();
        Text::new(&names.join(", "))
    }

    /// The broker's name of `symbol`.
    #[must_use]
    pub fn at_broker(&self, symbol: Symbol) -> Option<Symbol> {
        Symbol::new(&format!("{symbol}{}", self.suffix)).ok()
    }

    /// The model server's address.
    #[must_use]
    pub fn hub_url(&self) -> String {
        format!("http://{}:{}", self.hub.host, self.hub.port)
    }
}
