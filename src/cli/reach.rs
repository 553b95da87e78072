//! Which gateways a verb asks, and how long it waits.

use super::{Exit, Failure};
use crate::config::Settings;
use crate::domain::GatewayAddr;
use crate::link::AskError;
use crate::wire::Refusal;
use serde_json::value::RawValue;
use std::time::Duration;

/// Arguments of every verb that reads from gateways.
#[derive(Debug, clap::Args)]
pub struct Reading {
    /// Only this gateway, by its name in the configuration
    #[arg(long, value_name = "NAME")]
    pub on: Option<String>,
    /// Longest wait for each answer, in seconds
    #[arg(long, value_name = "S", default_value = "8", value_parser = seconds)]
    pub timeout: Duration,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// The gateways that are meant: the one of this name, else all.
///
/// # Errors
/// Status 64 when no gateway has this name.
pub fn chosen<'a>(
    settings: &'a Settings,
    on: Option<&str>,
) -> Result<Vec<&'a GatewayAddr>, Failure> {
    let all: Vec<&GatewayAddr> = settings.gateways.iter().collect();
    let Some(name) = on else { return Ok(all) };
    let found: Vec<_> = all.iter().copied().filter(|g| g.name.as_str() == name).collect();
    if found.is_empty() {
        let names: Vec<_> = all.iter().map(|g| g.name.as_str()).collect();
        let text = format!("no gateway is called \"{name}\"; there are: {}", names.join(", "));
        return Err(Failure::new(Exit::USAGE, text));
    }
    Ok(found)
}

/// The gateway that orders go to: the one of this name, else the first.
///
/// # Errors
/// Status 64 when no gateway has this name, 78 when there is none at all.
pub fn first<'a>(settings: &'a Settings, on: Option<&str>) -> Result<&'a GatewayAddr, Failure> {
    let none = || Failure::new(Exit::CONFIG, "no gateway is configured; see: crs config show");
    chosen(settings, on)?.first().copied().ok_or_else(none)
}

/// The gateway that holds what has a number: the one of this name, else the only
/// one. Numbers are the broker's, so of several none is taken for the one meant.
///
/// # Errors
/// Status 64 when no gateway has this name or several are configured and none is
/// named, 78 when there is none at all.
pub fn holder<'a>(settings: &'a Settings, on: Option<&str>) -> Result<&'a GatewayAddr, Failure> {
    if on.is_none() && settings.gateways.len() > 1 {
        let names: Vec<_> = settings.gateways.iter().map(|g| g.name.as_str()).collect();
        let names = names.join(", ");
        let text = format!(
            "several gateways are configured, and two may hold the same ticket: \
             name the one that is meant with --on NAME; there are: {names}"
        );
        return Err(Failure::new(Exit::USAGE, text));
    }
    first(settings, on)
}

/// The status that a failed question stands for.
#[must_use]
pub const fn exit_of(error: &AskError) -> Exit {
    match error {
        AskError::Refused { refusal: Refusal::Pending, .. } => Exit::TIMEOUT,
        AskError::NotV1 { .. } | AskError::Refused { .. } => Exit::FAILED,
        other if other.is_silence() => Exit::TIMEOUT,
        _ => Exit::FAILED,
    }
}

/// Parses seconds, `0.5` or `5`, up to an hour.
///
/// # Errors
/// Words for the command line.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let parsed = text.parse().ok().and_then(|s| Duration::try_from_secs_f64(s).ok());
    let fits = |d: &Duration| (1..=3_600_000).contains(&d.as_millis());
    parsed.filter(fits).ok_or_else(|| "give seconds, from 0.001 to 3600".to_owned())
}

/// Decimal text as a JSON number that never was a float.
#[must_use]
pub fn number(text: impl std::fmt::Display) -> Option<Box<RawValue>> {
    RawValue::from_string(text.to_string()).ok()
}

/// `12.3` for milliseconds.
#[must_use]
pub fn ms(rtt: Duration) -> String {
    crate::domain::fixed::format_scaled(i64::try_from(rtt.as_micros()).unwrap_or(i64::MAX), 3, 1)
}

/// Whole microseconds for JSON.
#[must_use]
pub fn us(rtt: Duration) -> u64 {
    u64::try_from(rtt.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Endpoint, Text};

    #[test]
    fn a_number_is_sought_at_one_gateway_only() {
        let mut settings = Settings::defaults("/nonexistent".into(), "/nonexistent".into());
        let at = Endpoint::new("127.0.0.1", 5_555).unwrap();
        let one = GatewayAddr { name: Text::new("one"), cmd: at.clone(), data: at };
        settings.gateways.push(one.clone());
        assert_eq!(holder(&settings, None).ok(), Some(&one));
        settings.gateways.push(GatewayAddr { name: Text::new("two"), ..one });
        let refused = holder(&settings, None).err().unwrap();
        assert_eq!(refused.exit, Exit::USAGE);
        assert!(refused.text.contains("--on NAME") && refused.text.contains("two"));
        assert_eq!(holder(&settings, Some("two")).ok(), settings.gateways.get(1));
    }

    #[test]
    fn seconds_in_every_form() {
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(seconds("5"), Ok(Duration::from_secs(5)));
        for text in ["", "0", "-1", "NaN", "inf", "1e9", "5s"] {
            assert!(seconds(text).is_err(), "{text}");
        }
        assert_eq!(ms(Duration::from_micros(12_345)), "12.3");
    }
}
