//! One request over HTTP: bounded in time and size, to one host, by no proxy.
//!
//! What belongs here: what both services have in common. What does not: what
//! their answers mean. An error's words never hold the address that was
//! asked, since the token is part of it.

use crate::domain::{Secret, Text};
use reqwest::{Certificate, Client, RequestBuilder, Response, StatusCode, redirect};
use std::time::Duration;
use thiserror::Error;

/// What is read of an answer that tells of an error.
const MAX_ERROR_BYTES: usize = 4_096;
/// What is shown of it.
const SAID: usize = 160;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HttpFault {
    /// Not all of it was there in time.
    #[error("no whole answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The name of the host is not known.
    #[error("the name of the host can't be found ({0})")]
    Name(Text),
    /// Nobody listens, or no way leads there.
    #[error("no connection ({0})")]
    Connect(Text),
    /// Whoever answers can't prove who it is.
    #[error("no secure connection ({0})")]
    Tls(Text),
    /// The answer broke off, or is no HTTP.
    #[error("the connection ended before a whole answer ({0})")]
    Broken(Text),
    /// It sends us elsewhere.
    #[error("it sends us elsewhere, to {0}, which is not followed")]
    Elsewhere(Text),
    /// An error by its status.
    #[error("HTTP status {status}{}", quoted(.said))]
    Status {
        /// 400 and above, or one that no answer should have.
        status: u16,
        /// First line of the body.
        said: Text,
    },
    /// More than anybody expects.
    #[error("an answer of more than {0} bytes")]
    TooLarge(usize),
}

fn quoted(said: &Text) -> String {
    if said.is_empty() { String::new() } else { format!(" (\"{said}\")") }
}

impl HttpFault {
    /// One word of a closed list, for metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Timeout(_) => "timeout",
            Self::Name(_) => "dns",
            Self::Connect(_) => "connect",
            Self::Tls(_) => "tls",
            Self::Broken(_) => "broken",
            Self::Elsewhere(_) => "redirect",
            Self::TooLarge(_) => "too_large",
            Self::Status { status, .. } => match status {
                400 => "http_400",
                401 => "http_401",
                402 => "http_402",
                403 => "http_403",
                404 => "http_404",
                422 => "http_422",
                429 => "http_429",
                500 => "http_500",
                502 => "http_502",
                503 => "http_503",
                504 => "http_504",
                _ => "http_other",
            },
        }
    }
}

/// A client that trusts `roots`, or the built-in authorities.
///
/// # Errors
/// The cause in words.
pub fn client(roots: Option<Vec<Certificate>>) -> Result<Client, Text> {
    // An error means that a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let built_in = || {
        let all = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
        all.filter_map(|der| Certificate::from_der(der).ok()).collect()
    };
    Client::builder()
        .tls_certs_only(roots.unwrap_or_else(built_in))
        // A proxy of the environment was configured by nobody here.
        .no_proxy()
        .redirect(redirect::Policy::none())
        .referer(false)
        .http1_only()
        .tcp_nodelay(true)
        .user_agent(concat!("crs/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|e| innermost(&e))
}

/// What a request may cost, and what must not be in what is told of it.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'a> {
    /// Longest wait for the whole answer.
    pub time: Duration,
    /// Largest answer, in bytes.
    pub bytes: usize,
    /// Struck out of whatever the peer says.
    pub secret: Option<&'a Secret>,
}

/// Sends `request` and reads the whole answer, if it is a good one.
///
/// # Errors
/// [`HttpFault`].
pub async fn answer(request: RequestBuilder, limits: Limits<'_>) -> Result<Vec<u8>, HttpFault> {
    // One deadline for everything: name, connection, and a body that drips.
    let sent = request.timeout(limits.time).send().await;
    let mut response = sent.map_err(|e| fault(e, limits))?;
    let status = response.status();
    if status.is_redirection() {
        return Err(HttpFault::Elsewhere(elsewhere(&response, limits.secret)));
    }
    if status != StatusCode::OK {
        // Whatever can be had of it: the status is known already.
        let body = body(&mut response, limits, MAX_ERROR_BYTES, true).await.unwrap_or_default();
        let said = first_line(&body, limits.secret);
        return Err(HttpFault::Status { status: status.as_u16(), said });
    }
    body(&mut response, limits, limits.bytes, false).await
}

async fn body(
    response: &mut Response,
    limits: Limits<'_>,
    most: usize,
    cut: bool,
) -> Result<Vec<u8>, HttpFault> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| fault(e, limits))? {
        let room = most - body.len();
        if chunk.len() > room {
            if cut {
                body.extend(chunk.iter().take(room));
                return Ok(body);
            }
            return Err(HttpFault::TooLarge(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The first line that says something, cleaned and without the token.
fn first_line(body: &[u8], secret: Option<&Secret>) -> Text {
    let text = String::from_utf8_lossy(body);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    Text::limited(&struck(line, secret), SAID)
}

fn struck(text: &str, secret: Option<&Secret>) -> String {
    secret.map_or_else(|| text.to_owned(), |secret| secret.struck_from(text))
}

/// The host of a `Location`; what follows it repeats the token, and the host
/// may, too.
fn elsewhere(response: &Response, secret: Option<&Secret>) -> Text {
    let location = response.headers().get("location").and_then(|value| value.to_str().ok());
    let to = location.and_then(|text| response.url().join(text).ok());
    let host = to.as_ref().and_then(|url| Some((url.scheme(), url.host_str()?)));
    host.map_or_else(
        || Text::new("nowhere"),
        |(scheme, host)| Text::limited(&struck(&format!("{scheme}://{host}"), secret), SAID),
    )
}

fn fault(error: reqwest::Error, limits: Limits<'_>) -> HttpFault {
    let error = error.without_url();
    let why = Text::limited(&struck(innermost(&error).as_str(), limits.secret), SAID);
    if error.is_timeout() {
        HttpFault::Timeout(limits.time)
    } else if is_tls(&error) {
        HttpFault::Tls(why)
    } else if error.is_dns() {
        HttpFault::Name(why)
    } else if error.is_connect() {
        HttpFault::Connect(why)
    } else {
        HttpFault::Broken(why)
    }
}

/// The last cause: those before it say that there was an error, no more.
fn innermost(error: &reqwest::Error) -> Text {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    Text::limited(&cause.to_string(), SAID)
}

/// Whether the handshake is to blame; an `io::Error` hides what it holds from
/// the chain of sources.
fn is_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let held = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.is::<rustls::Error>()
        || held.is_some_and(|held| is_tls(held))
        || error.source().is_some_and(is_tls)
}
