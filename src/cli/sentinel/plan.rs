//! From arguments and settings to what the sentinel is started with.

use super::Args;
use crate::cli::{Exit, Failure, reach};
use crate::config::{Flags, Settings, sentinel, token};
use crate::domain::{Endpoint, GatewayAddr, Ratio, Symbol, Text};
use crate::sentinel::eodhd::EodhdOptions;
use crate::sentinel::hub::HubOptions;
use crate::sentinel::{Options, Pace, pace};
use std::collections::BTreeSet;
use std::time::Duration;

/// Directory of the sentinel in the state directory.
const DIR: &str = "sentinel";

/// All that is needed.
pub struct Plan {
    /// Settings, which list the gateway.
    pub settings: Settings,
    /// Where orders go.
    pub gateway: GatewayAddr,
    /// The sentinel's own.
    pub options: Options,
    /// The configuration does not list the gateway.
    pub stranger: bool,
}

/// Puts it together: flags, then the environment, then the file.
///
/// # Errors
/// Status 2 for the threshold, 64 for other arguments, 78 where the
/// configuration lacks something.
pub fn plan(args: &Args, mut settings: Settings, flags: &Flags) -> Result<Plan, Failure> {
    let threshold = match &args.threshold {
        Some(text) => threshold(text)?,
        None => settings.sentinel.threshold,
    };
    let token = token::eodhd(&settings.eodhd).map_err(|e| Failure::new(Exit::CONFIG, e))?;
    let (gateway, stranger) = gateway(args, &settings, flags)?;
    if stranger {
        settings.gateways.push(gateway.clone());
    }
    let own = &settings.sentinel;
    let at = |port: u16| (port > 0).then(|| (own.bind.clone(), port));
    let events = match at(args.events_port.unwrap_or(own.events_port)) {
        Some((host, port)) => {
            Some(Endpoint::new(&host, port).map_err(|e| Failure::new(Exit::USAGE, e))?)
        }
        None => None,
    };
    let pace = match args.every {
        Some(period) => Pace::Every(period),
        None => Pace::Minute { second: args.second.unwrap_or(own.second) },
    };
    let log = args.decision_log.as_ref().map(|p| std::path::absolute(p).unwrap_or(p.clone()));
    let options = Options {
        symbols: if args.symbol.is_empty() { own.symbols.clone() } else { once_each(&args.symbol) },
        suffix: own.suffix.clone(),
        threshold,
        lots: args.lots.unwrap_or(own.lots),
        live: args.live && !args.dry_run,
        pace,
        dir: settings.state_dir.join(DIR),
        decision_log: log.or_else(|| own.decision_log.clone()),
        web: at(args.metrics_port.unwrap_or(own.metrics_port)),
        events,
        eodhd: EodhdOptions::of(&settings.eodhd, token),
        max_age_h: settings.eodhd.max_age_h,
        calendar: settings.calendar.clone(),
        hub: HubOptions {
            host: args.hub_host.clone().unwrap_or_else(|| settings.hub.host.clone()),
            port: args.hub_port.unwrap_or(settings.hub.port),
            ..HubOptions::of(&settings.hub)
        },
    };
    Ok(Plan { settings, gateway, options, stranger })
}

fn threshold(text: &str) -> Result<Ratio, Failure> {
    sentinel::threshold(text).ok_or_else(|| {
        let text = Text::limited(text, 40);
        let words = format!("--threshold {text} is no share: give a number from 0 to 1, 0.6 say");
        Failure::new(Exit(2), words)
    })
}

/// The gateway for orders, and whether the configuration does not list it.
/// `--gateway` is stronger than the environment's `GTW_HOST`, as every flag.
fn gateway(
    args: &Args,
    settings: &Settings,
    flags: &Flags,
) -> Result<(GatewayAddr, bool), Failure> {
    let first = reach::first(settings, None)?;
    let own = &settings.sentinel;
    let set_host = (flags.gateway.is_none() && !own.gtw_host.is_empty()).then_some(&own.gtw_host);
    let set_port = (flags.cmd_port.is_none() && own.gtw_port > 0).then_some(own.gtw_port);
    let host = args.gtw_host.as_ref().or(set_host).map_or(first.cmd.host(), String::as_str);
    let port = args.gtw_port.or(set_port).unwrap_or(first.cmd.port());
    let refused = |e| Failure::new(Exit::USAGE, format!("the gateway for orders: {e}"));
    let cmd = Endpoint::new(host, port).map_err(refused)?;
    if let Some(known) = settings.gateways.iter().find(|g| g.cmd == cmd) {
        return Ok((known.clone(), false));
    }
    let data = Endpoint::new(host, first.data.port()).map_err(refused)?;
    Ok((GatewayAddr { name: Text::new("gtw"), cmd, data }, true))
}

fn once_each(symbols: &[Symbol]) -> Vec<Symbol> {
    let mut seen = BTreeSet::new();
    symbols.iter().copied().filter(|symbol| seen.insert(*symbol)).collect()
}

/// Parses `10s`, `500ms` or `2m`.
///
/// # Errors
/// Words for the command line.
pub fn time(text: &str) -> Result<Duration, String> {
    let refused = || "give a time from 100ms to 1h, as 500ms, 10s or 2m".to_owned();
    let at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(refused)?;
    let (number, unit) = text.split_at_checked(at).ok_or_else(refused)?;
    let number: u64 = number.parse().map_err(|_| refused())?;
    let unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return Err(refused()),
    };
    let time = Duration::from_millis(number.saturating_mul(unit));
    let fits = (pace::SHORTEST..=Duration::from_hours(1)).contains(&time);
    if fits { Ok(time) } else { Err(refused()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_every_form() {
        assert_eq!(time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(
            (time("10s"), time("2m")),
            (Ok(Duration::from_secs(10)), Ok(Duration::from_mins(2)))
        );
        for text in ["", "s", "10", "1h", "99ms", "61m", "-1s", "1.5s", "99999999999999999999s"] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_threshold_that_is_no_share_ends_with_status_2() {
        for text in ["NaN", "1.01", "-0.5", "much"] {
            assert_eq!(threshold(text).unwrap_err().exit, Exit(2), "{text}");
        }
        assert_eq!(threshold("0.65"), Ok(Ratio::from_raw(6_500)));
    }
}
