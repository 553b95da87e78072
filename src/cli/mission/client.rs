//! One who asks the daemon, over its Unix socket or over TCP.

use super::Reach;
use crate::cli::{Context, Exit, Failure};
use crate::domain::{Secret, Text};
use crate::mission::api::fault::{Fault, Faulty};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Write as _;
use std::io::{BufRead, IsTerminal, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

/// Longest wait for an answer; a requirement on another machine takes its time.
const PATIENCE: Duration = Duration::from_secs(30);
/// Largest answer: ten thousand long lines.
const MOST: usize = 64 * 1_024 * 1_024;
/// HTTP status of an order that wants words typed.
const CONFIRM: u16 = 428;
/// The shortest token that the daemon takes.
const TOKEN: usize = 32;

/// The client.
pub struct Client {
    runtime: tokio::runtime::Runtime,
    http: reqwest::Client,
    base: String,
    token: Option<Secret>,
    place: String,
}

/// Why there is no answer, or not the wanted one.
pub enum Trouble {
    /// Nobody answers.
    Silent(Failure),
    /// The daemon refuses.
    Refused(Fault),
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Silent(failure) => failure,
            Trouble::Refused(fault) => Self::failed(told(&fault)),
        }
    }
}

impl Trouble {
    /// A refusal with this status.
    fn with(self, refused: Exit) -> Failure {
        match self {
            Self::Silent(failure) => failure,
            Self::Refused(fault) => Failure::new(refused, told(&fault)),
        }
    }

    /// The same of a verb that names modes or processes: a name that nobody has
    /// is a wrong command line, whichever verb it was given to.
    #[must_use]
    pub fn exit(self, refused: Exit) -> Failure {
        let unknown = matches!(&self, Self::Refused(f) if f.kind.as_str() == "unknown");
        self.with(if unknown { Exit::USAGE } else { refused })
    }
}

/// A refusal in the words of the command line: the daemon speaks to clients of
/// its API, who know paths and no verbs.
fn told(fault: &Fault) -> String {
    let request = ["GET ", "POST "].iter().any(|method| fault.thing.as_str().starts_with(method));
    let thing = if request { "the daemon" } else { fault.thing.as_str() };
    let cause = fault.cause.as_str().trim_end_matches('.');
    let next = match fault.kind.as_str() {
        // What there is stands in the cause.
        "unknown" if ["; there are ", "crs mission"].iter().any(|said| cause.contains(said)) => "",
        "unknown" => "crs mission ps and crs mission alerts show what there is",
        "conflict" => "crs mission ps shows how things stand",
        "invalid" => "correct the command and give it again",
        "late" => "it may still happen: crs mission ps shows how things stand",
        "path" => "crs mission alerts has the numbers",
        "token" => "name the file with the daemon's token: --token-file",
        _ if fault.next.as_str().contains("/api/") => {
            "crs --version, and that of the daemon: do they differ?"
        }
        _ => fault.next.as_str(),
    };
    if next.is_empty() {
        format!("{thing}: {cause}")
    } else {
        format!("{thing}: {cause}. Next: {next}")
    }
}

impl Client {
    /// For the daemon that the command line means.
    ///
    /// # Errors
    /// Status 78 for a wrong configuration, 64 for an address or a token file
    /// that is of no use.
    pub fn new(reach: &Reach, ctx: &Context) -> Result<Self, Failure> {
        // An error means that a provider is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let usage = |text: String| Failure::new(Exit::USAGE, text);
        let mut builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .http1_only()
            .user_agent(concat!("crs/", env!("CARGO_PKG_VERSION")));
        let (base, token, place);
        if let Some(url) = &reach.url {
            let parsed = reqwest::Url::parse(url).ok();
            let fits = parsed.filter(|u| {
                matches!(u.scheme(), "http" | "https")
                    && u.username().is_empty()
                    && u.password().is_none()
                    && u.path() == "/"
                    && u.query().is_none()
            });
            let fits = fits.ok_or_else(|| {
                usage(format!("--url {url}: give it as http://HOST:PORT, nothing more"))
            })?;
            base = fits.as_str().trim_end_matches('/').to_owned();
            place = base.clone();
            token = reach.token_file.as_deref().map(read_token).transpose().map_err(usage)?;
            let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
            let roots = roots.filter_map(|der| reqwest::Certificate::from_der(der).ok());
            builder = builder.tls_certs_only(roots);
        } else {
            let socket = reach.socket(&ctx.loaded().settings);
            base = "http://mission".to_owned();
            place = socket.display().to_string();
            token = None;
            builder = builder.tls_certs_only([]).unix_socket(socket);
        }
        let http = builder.build().map_err(Failure::failed)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Failure::failed)?;
        Ok(Self { runtime, http, base, token, place })
    }

    /// Asks for a document.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, Trouble> {
        self.ask(self.http.get(self.url(path, query)))
    }

    /// Gives an order.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Trouble> {
        self.ask(self.http.post(self.url(path, &[])).json(body))
    }

    /// Gives an order that may want words: where the daemon says which, they
    /// are typed on the terminal and sent along.
    ///
    /// # Errors
    /// Refusals end with the status `refused`; 64 where there is no terminal to
    /// ask on, 1 where nothing was typed.
    pub fn post_confirmed<T: DeserializeOwned, B: Serialize>(
        &self,
        path: &str,
        body: impl Fn(String) -> B,
        refused: Exit,
    ) -> Result<T, Failure> {
        let mut words = String::new();
        // A slip of the finger is asked again, once.
        for before in ["", "That was not it. "] {
            match self.post(path, &body(words)) {
                Err(Trouble::Refused(fault)) if fault.status == CONFIRM => {
                    words = typed(&fault, before)?;
                }
                other => return other.map_err(|trouble| trouble.with(refused)),
            }
        }
        match self.post(path, &body(words)) {
            Err(Trouble::Refused(fault)) if fault.status == CONFIRM => {
                let why = "not confirmed: other words were typed than asked for, nothing was done";
                Err(Failure::failed(why))
            }
            other => other.map_err(|trouble| trouble.with(refused)),
        }
    }

    fn url(&self, path: &str, query: &[(&str, String)]) -> String {
        let mut url = format!("{}{path}", self.base);
        for (at, (key, value)) in query.iter().enumerate() {
            url.push(if at == 0 { '?' } else { '&' });
            url.push_str(key);
            url.push('=');
            for byte in value.bytes() {
                if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
                    url.push(char::from(byte));
                } else {
                    // Writing into a string does not fail.
                    let _ = write!(url, "%{byte:02X}");
                }
            }
        }
        url
    }

    fn ask<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T, Trouble> {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        };
        let asked = self.runtime.block_on(async {
            tokio::time::timeout(PATIENCE, async {
                let mut answer = request.send().await?;
                let status = answer.status().as_u16();
                let mut bytes = Vec::new();
                while let Some(more) = answer.chunk().await? {
                    bytes.extend_from_slice(&more);
                    if bytes.len() > MOST {
                        break;
                    }
                }
                Ok::<_, reqwest::Error>((status, bytes))
            })
            .await
        });
        let silent = |text: String| Trouble::Silent(Failure::new(Exit::TIMEOUT, text));
        let (status, bytes) = match asked {
            Ok(Ok(answer)) => answer,
            Ok(Err(e)) if e.is_connect() => {
                return Err(silent(format!(
                    "no mission control at {} ({}): start it with crs mission serve",
                    self.place,
                    innermost(&e)
                )));
            }
            Ok(Err(e)) => {
                let why = innermost(&e);
                return Err(silent(format!("{} did not answer ({why})", self.place)));
            }
            Err(_) => {
                let s = PATIENCE.as_secs();
                return Err(silent(format!("{} gave no answer within {s} s", self.place)));
            }
        };
        if (200..300).contains(&status) {
            return serde_json::from_slice(&bytes).map_err(|e| {
                let text = format!("{} answered what this crs does not know ({e})", self.place);
                Trouble::Silent(Failure::failed(text))
            });
        }
        Err(match serde_json::from_slice::<Faulty>(&bytes) {
            Ok(Faulty { error }) => Trouble::Refused(error),
            Err(_) => silent(format!(
                "{} answered with HTTP status {status}: is that a mission control?",
                self.place
            )),
        })
    }
}

fn innermost(e: &reqwest::Error) -> Text {
    let mut cause: &dyn std::error::Error = e;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    Text::new(&cause.to_string())
}

/// The token of a file that nobody else may read.
fn read_token(path: &Path) -> Result<Secret, String> {
    let shown = path.display();
    let meta = std::fs::metadata(path).map_err(|e| format!("token file {shown}: {e}"))?;
    if meta.mode() & 0o077 != 0 {
        return Err(format!("token file {shown}: others may read it; chmod 600 {shown}"));
    }
    let text = std::fs::read_to_string(path).map_err(|e| format!("token file {shown}: {e}"))?;
    let token = text.trim();
    if token.len() < TOKEN || token.bytes().any(|b| !b.is_ascii_graphic()) {
        return Err(format!(
            "token file {shown}: a token is one word of at least {TOKEN} printable characters"
        ));
    }
    Ok(Secret::new(token))
}

/// What an operator types when the daemon asks for words.
fn typed(fault: &Fault, before: &str) -> Result<String, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        let text = format!("{}: {}. No terminal to ask on", fault.thing, fault.cause);
        return Err(Failure::new(Exit::USAGE, text));
    }
    let mut stderr = std::io::stderr().lock();
    let _ = write!(stderr, "{before}{}: {}\n> ", fault.thing, fault.cause);
    let _ = stderr.flush();
    let mut words = String::new();
    let read = stdin.lock().read_line(&mut words);
    let words = words.trim().to_owned();
    if read.is_err() || words.is_empty() {
        return Err(Failure::failed("not confirmed: nothing was done"));
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_verbs_and_no_paths() {
        let fault = |kind: &str, thing: &str, next: &str| Fault {
            kind: Text::new(kind),
            thing: Text::new(thing),
            cause: Text::new("why."),
            next: Text::new(next),
            ..Fault::default()
        };
        for fault in [
            fault("unknown", "process x", "GET /api/status has all"),
            fault("conflict", "stop x", "look at GET /api/status, then ask again"),
            fault("query", "GET /api/logs", "GET /api/openapi.json has the keys"),
            fault("token", "GET /api/status", "send it as a bearer token"),
            fault("new", "start x", "see GET /api/other"),
        ] {
            let said = told(&fault);
            assert!(said.contains(": why. Next: ") && !said.contains("/api/"), "{said}");
        }
        let requirement = told(&fault("requirement", "launch LIVE", "see to it, then ask again"));
        assert_eq!(requirement, "launch LIVE: why. Next: see to it, then ask again");
        let exit = |kind| Trouble::Refused(fault(kind, "x", "")).exit(Exit(5)).exit;
        assert_eq!((exit("unknown"), exit("conflict")), (Exit::USAGE, Exit(5)));
    }
}
