//! What the paper gateway is started with, one field for each flag.
//!
//! What belongs here: the options, their defaults and their checks. What
//! does not: the command line itself, and configuration files.

use super::GatewayError;
use super::currency::Currency;
use crate::config::PaperSettings;
use crate::domain::mode::{PAPER_SERVER_PREFIX, SIM_SERVER_PREFIX};
use crate::domain::{Money, Symbol, Text};
use std::path::PathBuf;

/// Highest leverage that is believed to be meant.
const MAX_LEVERAGE: u32 = 5_000;
/// Most ticks per second that the simulator is asked for.
const MAX_RATE_HZ: u32 = 1_000_000;

/// Everything about one paper gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayOptions {
    /// Name in log lines and telemetry, `main` unless told otherwise.
    pub name: Text,
    /// Address to bind: loopback unless told otherwise.
    pub bind: String,
    /// Commands; 0 takes any free port.
    pub cmd_port: u16,
    /// Ticks; 0 takes any free port.
    pub data_port: u16,
    /// Telemetry; 0 takes any free port.
    pub events_port: u16,
    /// Where quotes come from.
    pub ticks: TickSource,
    /// The account it plays.
    pub account: AccountOptions,
    /// Where it remembers positions, orders and the kill; private to it.
    pub state_dir: PathBuf,
    /// A latch file it obeys: `OPEN_ORDER` is refused while it exists.
    pub latch: Option<PathBuf>,
}

/// The account. A gateway that finds its memory keeps the remembered balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountOptions {
    /// Deposit.
    pub balance: Money,
    /// Three capital letters, `USD`.
    pub currency: Text,
    /// 100 for 1:100.
    pub leverage: u32,
}

/// Where quotes come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TickSource {
    /// A random walk that calls itself a simulator.
    Simulator(SimOptions),
    /// A file with the columns `timestamp,symbol,bid,ask`.
    Csv(CsvOptions),
}

/// The simulator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimOptions {
    /// The same seed walks the same way.
    pub seed: u64,
    /// Instruments; a broker's suffix may follow (`EURUSD.s`).
    pub symbols: Vec<Symbol>,
    /// Ticks per second, all instruments together.
    pub rate_hz: u32,
}

/// A file of quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvOptions {
    /// The file.
    pub path: PathBuf,
    /// 1 keeps the file's own pace, 60 is a minute in a second.
    pub speed: u32,
    /// Starts again after the last row.
    pub repeat: bool,
}

impl Default for AccountOptions {
    fn default() -> Self {
        let paper = PaperSettings::default();
        Self { balance: paper.balance, currency: paper.currency, leverage: paper.leverage }
    }
}

impl Default for SimOptions {
    fn default() -> Self {
        let symbols = ["EURUSD", "GBPUSD", "USDJPY", "EURJPY"];
        Self {
            seed: 1,
            symbols: symbols.iter().filter_map(|s| Symbol::new(s).ok()).collect(),
            rate_hz: 20,
        }
    }
}

impl GatewayOptions {
    /// The configured gateway with its ticks and its memory.
    #[must_use]
    pub fn new(settings: &PaperSettings, ticks: TickSource, state_dir: PathBuf) -> Self {
        Self {
            name: Text::new("main"),
            bind: settings.bind.clone(),
            cmd_port: settings.cmd_port,
            data_port: settings.data_port,
            events_port: settings.events_port,
            ticks,
            account: AccountOptions {
                balance: settings.balance,
                currency: settings.currency.clone(),
                leverage: settings.leverage,
            },
            state_dir,
            latch: None,
        }
    }

    /// On free ports of the loopback, with simulated ticks: for `crs demo`,
    /// drills and tests.
    #[must_use]
    pub fn embedded(sim: SimOptions, state_dir: PathBuf) -> Self {
        Self {
            cmd_port: 0,
            data_port: 0,
            events_port: 0,
            ..Self::new(&PaperSettings::default(), TickSource::Simulator(sim), state_dir)
        }
    }

    /// What it calls itself in `server_name`: simulated ticks are named so.
    #[must_use]
    pub const fn server_name(&self) -> &'static str {
        match self.ticks {
            TickSource::Simulator(_) => SIM_SERVER_PREFIX,
            TickSource::Csv(_) => PAPER_SERVER_PREFIX,
        }
    }

    /// Checks what can be checked before anything is opened; gives back the
    /// account's currency.
    pub(super) fn check(&self) -> Result<Currency, GatewayError> {
        let wrong = |what: String| Err(GatewayError::Options(Text::new(&what)));
        let account = &self.account;
        let Some(currency) = Currency::parse(account.currency.as_str()) else {
            return wrong(format!(
                "account currency \"{}\" is not three capital letters such as USD",
                account.currency
            ));
        };
        if account.balance <= Money::ZERO {
            return wrong(format!("balance {} is not above 0", account.balance));
        }
        if !(1..=MAX_LEVERAGE).contains(&account.leverage) {
            return wrong(format!("leverage {} is not 1 to {MAX_LEVERAGE}", account.leverage));
        }
        match &self.ticks {
            TickSource::Simulator(sim) if sim.symbols.is_empty() => {
                wrong(String::from("the simulator has no symbols; name one, such as EURUSD"))
            }
            TickSource::Simulator(sim) if !(1..=MAX_RATE_HZ).contains(&sim.rate_hz) => {
                wrong(format!("{} ticks per second is not 1 to {MAX_RATE_HZ}", sim.rate_hz))
            }
            TickSource::Csv(csv) if csv.speed == 0 => wrong(String::from(
                "speed 0 would stand still; 1 is the file's own pace, N is N times faster",
            )),
            _ => Ok(currency),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn embedded() -> GatewayOptions {
        GatewayOptions::embedded(SimOptions::default(), PathBuf::from("state"))
    }

    #[test]
    fn the_defaults_are_a_named_simulator_on_loopback() {
        let options = embedded();
        assert_eq!((options.bind.as_str(), options.server_name()), ("127.0.0.1", "crs-paper-sim"));
        assert_eq!(options.check().map(|c| c.to_string()).unwrap(), "USD");
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let refused = |change: &dyn Fn(&mut GatewayOptions)| {
            let mut options = embedded();
            change(&mut options);
            options.check().unwrap_err().to_string()
        };
        assert!(refused(&|o| o.account.currency = Text::new("usd")).contains("\"usd\""));
        assert!(refused(&|o| o.account.balance = Money::ZERO).contains("balance 0"));
        assert!(refused(&|o| o.account.leverage = 0).contains("leverage 0"));
        let csv = CsvOptions { path: PathBuf::from("x.csv"), speed: 0, repeat: false };
        assert!(refused(&|o| o.ticks = TickSource::Csv(csv.clone())).contains("speed 0"));
        let sim = SimOptions { rate_hz: 0, ..SimOptions::default() };
        assert!(refused(&|o| o.ticks = TickSource::Simulator(sim.clone())).contains("0 ticks per"));
    }
}
