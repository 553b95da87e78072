//! HTTP and HTTPS: one GET, and what counts as an answer. Redirects are
//! answers and are not followed: they lead to addresses that nobody gave.

use super::{endpoint, tls};
use crate::config::checks::Http;
use crate::domain::Text;
use crate::mesh::look::{Good, Seen, Wrong};
use crate::mesh::net::{Until, connect, half, hung_up, is_page, quoted, stranger};
use std::io::{Read, Write};
use std::time::{Duration, Instant};

/// Longest head of an answer, and longest answer, in bytes.
const HEAD: usize = 16_384;
const MOST: usize = 1 << 20;
const WHAT: &str = "a web server";

/// What came.
struct Answer {
    status: u16,
    html: bool,
    chunked: bool,
    body: Vec<u8>,
}

/// Asks.
pub fn look(http: &Http, until: Until) -> Seen {
    let to = endpoint(&http.at)?;
    let name = http.name.as_deref().unwrap_or_else(|| to.host());
    let begun = Instant::now();
    let mut line = connect(&to, until)?;
    let usual = if http.tls { 443 } else { 80 };
    let shown = if name.contains(':') { format!("[{name}]") } else { name.to_owned() };
    let shown = if to.port() == usual { shown } else { format!("{shown}:{}", to.port()) };
    let asked = format!(
        "GET {} HTTP/1.1\r\nHost: {shown}\r\nUser-Agent: crs/{}\r\nAccept: */*\r\n\
         Connection: close\r\n\r\n",
        http.path,
        env!("CARGO_PKG_VERSION"),
    );
    let wants_body = http.json || !http.contains.is_empty();
    let answer = if http.tls {
        let mut line = tls::over(line, name, http.ca_file.as_deref())?;
        exchange(&mut line, asked.as_bytes(), wants_body, until)
    } else {
        exchange(&mut line, asked.as_bytes(), wants_body, until)
    }?;
    judge(http, &answer, begun.elapsed())
}

fn exchange(
    line: &mut (impl Read + Write),
    asked: &[u8],
    wants_body: bool,
    until: Until,
) -> Result<Answer, Wrong> {
    line.write_all(asked).and_then(|()| line.flush()).map_err(|e| cut(&e, &[], until))?;
    let mut got = Vec::new();
    loop {
        let head = find(&got, b"\r\n\r\n").map(|at| at + 4);
        if let Some(head) = head {
            let answer = read(&got, head)?;
            let done = length(&got, head).is_some_and(|n| got.len() >= head.saturating_add(n));
            if !wants_body || done || got.len() >= MOST {
                return Ok(answer);
            }
        } else if !b"HTTP/1.".starts_with(got.get(..7).unwrap_or(&got)) {
            return Err(no_http(&got));
        } else if got.len() >= HEAD {
            return Err(stranger(WHAT, &got));
        }
        let mut chunk = [0_u8; 4_096];
        match line.read(&mut chunk) {
            Ok(0) if head.is_some() => return read(&got, head.unwrap_or_default()),
            Ok(0) if got.is_empty() => return Err(hung_up(WHAT)),
            Ok(0) => return Err(half(&got, WHAT)),
            Ok(n) => got.extend_from_slice(chunk.get(..n).unwrap_or_default()),
            // A server that ends TLS without saying so has still said all.
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof && head.is_some() => {
                return read(&got, head.unwrap_or_default());
            }
            Err(e) => return Err(cut(&e, &got, until)),
        }
    }
}

fn no_http(got: &[u8]) -> Wrong {
    // TLS answers a plain request with an alert (0x15) of its version 3.x.
    if got.starts_with(&[0x15, 0x03]) {
        return Wrong::failed("TLS is spoken there, not plain HTTP", "set tls = true");
    }
    stranger(WHAT, got)
}

fn cut(e: &std::io::Error, got: &[u8], until: Until) -> Wrong {
    use std::io::ErrorKind::{ConnectionReset, TimedOut, UnexpectedEof, WouldBlock};
    match e.kind() {
        TimedOut | WouldBlock if !got.is_empty() => half(got, WHAT),
        TimedOut | WouldBlock => Wrong::failed(
            format!("it takes the connection and says nothing within {}", until.words()),
            "is this a web server? It hangs, or something else holds the port (`ss -tlnp`)",
        ),
        ConnectionReset => Wrong::failed(
            "the connection was reset before the answer",
            "the server or something between cut it: see its log and the firewall",
        ),
        UnexpectedEof => hung_up(WHAT),
        kind => Wrong::failed(format!("the connection failed: {kind}"), "see the server's log"),
    }
}

fn read(got: &[u8], head: usize) -> Result<Answer, Wrong> {
    let (lines, body) = got.split_at_checked(head).unwrap_or((got, &[]));
    let lines = String::from_utf8_lossy(lines).to_ascii_lowercase();
    let status = lines.split_whitespace().nth(1).and_then(|code| code.parse().ok());
    let Some(status) = status.filter(|code| (100..=599).contains(code)) else {
        return Err(stranger(WHAT, got));
    };
    let has = |name: &str, word: &str| {
        lines
            .lines()
            .filter_map(|line| line.split_once(':'))
            .any(|(n, v)| n == name && v.contains(word))
    };
    let html = has("content-type", "text/html") || is_page(body);
    Ok(Answer { status, html, chunked: has("transfer-encoding", "chunked"), body: body.to_vec() })
}

/// `Content-Length`, where the answer has one.
fn length(got: &[u8], head: usize) -> Option<usize> {
    let lines = String::from_utf8_lossy(got.get(..head)?).to_ascii_lowercase();
    let found = lines.lines().filter_map(|line| line.split_once(':'));
    found.into_iter().find(|(name, _)| *name == "content-length")?.1.trim().parse().ok()
}

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    within.windows(what.len()).position(|part| part == what)
}

fn judge(http: &Http, answer: &Answer, took: Duration) -> Seen {
    let status = answer.status;
    if let Some(wanted) = http.status
        && status != wanted
    {
        let next = match status {
            300..=399 => "it sends elsewhere: give the address that it names",
            401 | 403 => "it wants to know who asks: let this host in, or check another path",
            404 => "correct the path, or see whether another program holds the port",
            407 => "a proxy stands between and wants a login",
            502..=504 => "a proxy stands between, and what is behind it does not answer",
            _ => "see the log of the service",
        };
        return Err(Wrong::failed(format!("HTTP {status}, not {wanted}"), next));
    }
    let body = if answer.chunked { unchunked(&answer.body) } else { answer.body.clone() };
    if http.json && serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_err() {
        return Err(if answer.html {
            stranger("a service with JSON", b"<html")
        } else {
            Wrong::failed(
                format!("HTTP {status}, but its answer is no JSON: \"{}\"", quoted(&body)),
                "see whether path and service are the right ones",
            )
        });
    }
    if !http.contains.is_empty() && find(&body, http.contains.as_bytes()).is_none() {
        let wanted = Text::limited(&http.contains, 40);
        return Err(if answer.html {
            stranger(&format!("\"{wanted}\""), b"<html")
        } else {
            Wrong::failed(
                format!("HTTP {status}, but \"{wanted}\" is not in its answer"),
                "see whether path and service are the right ones",
            )
        });
    }
    Ok(Good { said: format!("HTTP {status}"), took: Some(took) })
}

/// The body of a chunked answer, as far as it came.
fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = find(rest, b"\r\n") {
        let line = String::from_utf8_lossy(rest.get(..end).unwrap_or_default());
        let size = line.split(';').next().and_then(|n| usize::from_str_radix(n.trim(), 16).ok());
        let Some(size) = size.filter(|size| *size > 0) else { break };
        let Some(data) = rest.get(end + 2..) else { break };
        body.extend_from_slice(data.get(..size.min(data.len())).unwrap_or_default());
        rest = data.get(size.saturating_add(2)..).unwrap_or_default();
    }
    body
}
