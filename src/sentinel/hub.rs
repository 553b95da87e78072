//! The model server: features in, three probabilities out.
//!
//! `POST http://host:port/invocations` in MLflow's `dataframe_split` form. One
//! second and no second try: what comes later is about another moment.

pub mod answer;
mod fault;

pub use fault::HubFault;

use super::features::{Features, WIDTH};
use super::http::{self, Limits, client};
use crate::config::HubSettings;
use crate::domain::{Endpoint, Probabilities, Text};
use reqwest::{Client, Url, header};
use serde::Serialize;
use std::time::Duration;

/// Largest answer: three numbers and their brackets.
const MAX_BYTES: usize = 64 * 1_024;

/// Whom to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubOptions {
    /// Host name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Longest wait for an answer.
    pub timeout: Duration,
}

impl HubOptions {
    /// As configured.
    #[must_use]
    pub fn of(settings: &HubSettings) -> Self {
        Self {
            host: settings.host.clone(),
            port: settings.port,
            timeout: Duration::from_millis(settings.timeout_ms),
        }
    }
}

/// The model server. Keeps its connection between questions.
#[derive(Debug)]
pub struct Hub {
    client: Client,
    url: Url,
    at: Text,
    timeout: Duration,
}

/// One row of two columns, each cell an array.
#[derive(Serialize)]
struct Question<'a> {
    dataframe_split: Split<'a>,
}

#[derive(Serialize)]
struct Split<'a> {
    columns: [&'static str; 2],
    data: [(Tabular<'a>, Sequence<'a>); 1],
}

/// (1, 23).
type Tabular<'a> = [&'a [f64; WIDTH]; 1];
/// (60, 23).
type Sequence<'a> = &'a [[f32; WIDTH]];

/// What is sent: JSON in MLflow's `dataframe_split` form.
///
/// # Errors
/// Where a number has no form in JSON, which [`Features`] never hold.
pub fn question(features: &Features) -> Result<Vec<u8>, serde_json::Error> {
    let data = [([&features.tabular], features.sequence.as_slice())];
    let columns = ["X_tabular", "X_sequential"];
    serde_json::to_vec(&Question { dataframe_split: Split { columns, data } })
}

impl Hub {
    /// Ready to ask; nothing is sent yet.
    ///
    /// # Errors
    /// [`HubFault`] where the address can't be used.
    pub fn new(options: &HubOptions) -> Result<Self, HubFault> {
        let unusable = |cause: String| HubFault::Options(Text::new(&cause));
        let endpoint = Endpoint::new(&options.host, options.port)
            .map_err(|e| unusable(format!("hub: {e}")))?;
        let at = format!("http://{endpoint}");
        let url = Url::parse(&format!("{at}/invocations"))
            .map_err(|_| unusable(format!("hub: {at} is no address")))?;
        let client =
            client(None).map_err(|why| unusable(format!("no HTTP client can be made: {why}")))?;
        Ok(Self { client, url, at: Text::limited(&at, 100), timeout: options.timeout })
    }

    /// What the model makes of `features`.
    ///
    /// # Errors
    /// [`HubFault`] where there is no answer in time, or none that is three
    /// probabilities.
    pub async fn predict(&self, features: &Features) -> Result<Probabilities, HubFault> {
        let sent = question(features)
            .map_err(|_| HubFault::Options("a feature is no number; see crs features".into()))?;
        let request = self
            .client
            .post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .body(sent);
        let limits = Limits { time: self.timeout, bytes: MAX_BYTES, secret: None };
        let body = http::answer(request, limits)
            .await
            .map_err(|fault| HubFault::Http { at: self.at.clone(), fault })?;
        answer::read(&body).map_err(|fault| HubFault::Answer { at: self.at.clone(), fault })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn the_question_has_the_documented_shape() {
        let features =
            Features { last_bar: 0, tabular: [0.1; WIDTH], sequence: vec![[0.1; WIDTH]; 60] };
        let sent = question(&features).unwrap();
        let text = String::from_utf8(sent.clone()).unwrap();
        let start = r#"{"dataframe_split":{"columns":["X_tabular","X_sequential"],"data":[[[[0.1,"#;
        assert!(text.starts_with(start), "{text}");
        let json: Value = serde_json::from_slice(&sent).unwrap();
        let row = vec![json!(0.1); WIDTH];
        let wanted = json!([[[row], vec![row; 60]]]);
        assert_eq!(json["dataframe_split"]["data"], wanted);
    }

    #[test]
    fn an_address_that_is_none_is_told() {
        let settings = HubSettings { host: "a b".to_owned(), ..HubSettings::default() };
        let fault = Hub::new(&HubOptions::of(&settings)).unwrap_err();
        assert_eq!(fault.code(), "options");
        assert!(Hub::new(&HubOptions::of(&HubSettings::default())).is_ok());
    }
}
