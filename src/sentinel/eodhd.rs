//! The data service: hourly bars of one symbol.
//!
//! `GET {base_url}/api/intraday/{SYMBOL}.FOREX?api_token=…&interval=1h&fmt=json`,
//! as the Python sentinel asks. The token is part of the address, so the
//! address is shown nowhere; of it all only the host is.

mod fault;

pub use crate::domain::Secret;
pub use fault::FetchFault;

use super::bars::mend::{Demand, Mended, mend};
use super::bars::{Bar, json};
use super::features::WINDOW;
use super::http::{Limits, answer, client};
use crate::config::{EodhdSettings, sources, token};
use crate::domain::{Calendar, Symbol, Text};
use crate::host::clock;
use reqwest::{Certificate, Client, Url};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Largest answer: three months of hours are a quarter of a megabyte.
const MAX_BYTES: usize = 8 * 1_024 * 1_024;
/// Largest file of authorities.
const MAX_CA_BYTES: u64 = 1_048_576;

/// Whom to ask, and as whom.
#[derive(Clone, Debug)]
pub struct EodhdOptions {
    /// Where its `/api` is: https, or http on this machine.
    pub base_url: String,
    /// What it knows us by.
    pub token: Secret,
    /// Longest wait for a whole answer.
    pub timeout: Duration,
    /// Authorities (PEM) to trust instead of the built-in ones.
    pub ca_file: Option<PathBuf>,
}

impl EodhdOptions {
    /// As configured.
    #[must_use]
    pub fn of(settings: &EodhdSettings, token: Secret) -> Self {
        Self {
            base_url: settings.base_url.clone(),
            token,
            timeout: Duration::from_secs(settings.timeout_s),
            ca_file: settings.ca_file.clone(),
        }
    }
}

/// The service. Bars older than 4 hours of open market are refused, unless
/// [`Eodhd::with_age`] says otherwise.
#[derive(Debug)]
pub struct Eodhd {
    client: Client,
    base: Url,
    /// Of the base address, without anything that could be secret.
    at: Text,
    token: Secret,
    timeout: Duration,
    calendar: Calendar,
    most_missing: u64,
}

/// Bars, and what was done to get them.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetched {
    /// In the order of their times, each hour once, at least a window of them;
    /// the last has ended.
    pub bars: Vec<Bar>,
    /// What was dropped or mended, in words.
    pub notes: Vec<Text>,
}

impl Eodhd {
    /// Ready to ask; nothing is sent yet.
    ///
    /// # Errors
    /// [`FetchFault`] where address, token or authorities can't be used.
    pub fn new(options: &EodhdOptions) -> Result<Self, FetchFault> {
        let unusable = |cause: &str, next: &str| FetchFault::Options {
            cause: cause.into(),
            next: next.into(),
        };
        sources::base_url(&options.base_url)
            .map_err(|(cause, next)| unusable(&format!("eodhd.base_url {cause}"), next))?;
        let base = Url::parse(&options.base_url)
            .map_err(|_| unusable("eodhd.base_url is no address", "correct it"))?;
        if !token::is_token(options.token.expose()) {
            let next = "give the token alone: letters, digits, points, dashes";
            return Err(unusable("the token for EODHD is empty or no token", next));
        }
        let roots = options.ca_file.as_deref().map(authorities).transpose()?;
        let client = client(roots).map_err(|why| {
            unusable(&format!("no HTTPS client can be made: {why}"), "see crs doctor")
        })?;
        let at = Text::limited(&base.origin().ascii_serialization(), 100);
        Ok(Self {
            client,
            base,
            at,
            token: options.token.clone(),
            timeout: options.timeout,
            calendar: Calendar::default(),
            most_missing: EodhdSettings::default().max_age_h,
        })
    }

    /// The same with another limit of age, in hours of open market since the
    /// last bar ended (0 for none), and with another calendar of openings.
    #[must_use]
    pub fn with_age(self, hours: u64, calendar: Calendar) -> Self {
        Self { calendar, most_missing: hours, ..self }
    }

    /// The hourly bars of `symbol`, up to the last hour that has ended.
    ///
    /// # Errors
    /// [`FetchFault`] where there is no answer, or none that a decision should
    /// be made on.
    pub async fn bars(&self, symbol: &str) -> Result<Fetched, FetchFault> {
        let named = Symbol::new(symbol).ok();
        let plain = symbol.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        let Some(named) = named.filter(|_| plain) else {
            return Err(FetchFault::Symbol(Text::limited(symbol, 40)));
        };
        let url = self.address(symbol);
        let limits = Limits { time: self.timeout, bytes: MAX_BYTES, secret: Some(&self.token) };
        let body = answer(self.client.get(url), limits)
            .await
            .map_err(|fault| FetchFault::Http { at: self.at.clone(), fault })?;
        let now = clock::utc().0.div_euclid(1_000_000);
        let market = self.calendar.hours(&named);
        let demand =
            Demand { need: WINDOW, market, now: Some(now), most_missing: self.most_missing };
        // The peer may have put the token into what it says.
        let body = self.token.struck_from(&String::from_utf8_lossy(&body));
        json::read(body.as_bytes())
            .and_then(|rows| mend(rows, &demand))
            .map(|Mended { bars, notes }| Fetched { bars, notes })
            .map_err(|fault| FetchFault::Bars { at: self.at.clone(), symbol: named, fault })
    }

    fn address(&self, symbol: &str) -> Url {
        let mut url = self.base.clone();
        // Every http address has a path.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["api", "intraday", &format!("{symbol}.FOREX")]);
        }
        url.query_pairs_mut()
            .append_pair("api_token", self.token.expose())
            .append_pair("interval", "1h")
            .append_pair("fmt", "json");
        url
    }
}

/// The certificates of a PEM file.
fn authorities(path: &Path) -> Result<Vec<Certificate>, FetchFault> {
    let shown = Text::new(&path.to_string_lossy());
    let unusable = |cause: &str| FetchFault::Options {
        cause: Text::new(&format!("eodhd.ca_file {shown} {cause}")),
        next: "name a PEM file with the authority's certificate".into(),
    };
    let is_file = std::fs::metadata(path).is_ok_and(|meta| meta.is_file());
    let mut pem = Vec::new();
    let file = std::fs::File::open(path).ok().filter(|_| is_file);
    let read = file.map(|file| file.take(MAX_CA_BYTES).read_to_end(&mut pem));
    if !matches!(read, Some(Ok(_))) {
        return Err(unusable("can't be read"));
    }
    let all = Certificate::from_pem_bundle(&pem).map_err(|_| unusable("is no sound PEM file"))?;
    if all.is_empty() { Err(unusable("holds no certificate")) } else { Ok(all) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(base_url: &str) -> EodhdOptions {
        let settings = EodhdSettings { base_url: base_url.to_owned(), ..Default::default() };
        EodhdOptions::of(&settings, Secret::new("secret.123"))
    }

    #[test]
    fn the_address_is_the_documented_one() {
        let told = "api/intraday/EURUSD.FOREX?api_token=secret.123&interval=1h&fmt=json";
        for (base, whole) in [
            ("https://eodhistoricaldata.com", "https://eodhistoricaldata.com/"),
            ("http://127.0.0.1:8000/mirror/", "http://127.0.0.1:8000/mirror/"),
            ("http://[::1]:8000/mirror", "http://[::1]:8000/mirror/"),
        ] {
            let eodhd = Eodhd::new(&options(base)).unwrap();
            assert_eq!(eodhd.address("EURUSD").as_str(), format!("{whole}{told}"));
            assert!(!format!("{eodhd:?}").contains("secret"), "{eodhd:?}");
        }
    }

    #[test]
    fn what_can_not_be_used_is_told_before_anything_is_sent() {
        let bad = [
            options("http://eodhd.example"),
            EodhdOptions { token: Secret::new("a b&c"), ..options("http://127.0.0.1:1") },
            EodhdOptions { ca_file: Some("/nonexistent".into()), ..options("http://127.0.0.1:1") },
            EodhdOptions { ca_file: Some("/dev/null".into()), ..options("http://127.0.0.1:1") },
        ];
        for options in bad {
            let fault = Eodhd::new(&options).unwrap_err();
            assert_eq!(fault.code(), "options");
            assert!(!fault.to_string().contains("a b&c"), "{fault}");
        }
    }
}
