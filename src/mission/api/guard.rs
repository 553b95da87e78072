//! Before every request: who asks, from where, and how much of it there is.

use super::bind::Access;
use super::door::{Peer, Who};
use super::fault::{Fault, Faulty};
use crate::mission::order::By;
use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of all headers.
const HEADERS: usize = 16 * 1_024;
/// Bytes of path and query.
const TARGET: usize = 4 * 1_024;
/// Longest time for one answer.
const ANSWER: Duration = Duration::from_secs(30);
/// The subprotocol that a browser's WebSocket names beside `crs.token.TOKEN`.
pub const PROTOCOL: &str = "crs";

/// What the guard knows.
#[derive(Debug)]
pub struct Rules {
    /// Where and by whom the daemon may be asked.
    pub access: Access,
    /// The TCP port that was bound.
    pub port: Option<u16>,
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(Faulty { error: self })).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let bearer = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
        }
        response
    }
}

/// Lets a request in, or says why not.
pub async fn guard(
    State(rules): State<Arc<Rules>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    peer.busy();
    let origin = request.headers().get(header::ORIGIN).cloned();
    let websocket = request.headers().contains_key(header::UPGRADE);
    let admitted = admit(&rules, &peer, &request);
    // Who has shown nothing keeps no seat that others may need.
    let leaves = admitted.is_err() || is_preflight(&request);
    let mut response = match admitted {
        Err(fault) => fault.into_response(),
        Ok(()) if is_preflight(&request) => preflight(),
        Ok(()) => {
            request.extensions_mut().insert::<By>(peer.by());
            let thing = format!("{} {}", request.method(), request.uri().path());
            match tokio::time::timeout(ANSWER, next.run(request)).await {
                Ok(response) => response,
                Err(_) => late(&thing).into_response(),
            }
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    // Whoever is not listed may not read the answer, not even why.
    if let Some(origin) = origin.filter(|origin| listed(&rules, origin)) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    if leaves {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        peer.leaving();
    } else if !(websocket && response.status() == StatusCode::SWITCHING_PROTOCOLS) {
        peer.waiting();
    }
    response
}

fn late(thing: &str) -> Fault {
    let cause = format!("no answer within {} s", ANSWER.as_secs());
    Fault::of(504, "late", thing, &cause, "it may still happen: look at GET /api/status")
}

fn listed(rules: &Rules, origin: &HeaderValue) -> bool {
    rules.access.origins.iter().any(|listed| listed.as_bytes() == origin.as_bytes())
}

fn admit(rules: &Rules, peer: &Peer, request: &Request) -> Result<(), Fault> {
    let headers = request.headers();
    let size: usize = headers.iter().map(|(k, v)| k.as_str().len() + v.len() + 4).sum();
    let thing = format!("{} {}", request.method(), request.uri().path());
    if size > HEADERS {
        let cause = format!("its headers have {size} bytes, at most {HEADERS} are read");
        return Err(Fault::of(431, "headers", &thing, &cause, "send fewer headers"));
    }
    let target = request.uri().path_and_query().map_or(0, |p| p.as_str().len());
    if target > TARGET {
        let cause = format!("its path and query have {target} bytes, at most {TARGET} are read");
        return Err(Fault::of(414, "target", "the request", &cause, "ask for less at once"));
    }
    if let Some(origin) = headers.get(header::ORIGIN)
        && !listed(rules, origin)
    {
        let next = "list it under [daemon] origins, if pages from there may control this system";
        return Err(Fault::of(403, "origin", &thing, "a page from elsewhere asks", next));
    }
    match peer.who {
        Who::Local(uid) => {
            let own = rustix::process::getuid().as_raw();
            if uid.is_some_and(|uid| uid == own || uid == 0) {
                return Ok(());
            }
            let next = "ask as the user that the daemon runs as";
            Err(Fault::of(403, "user", &thing, "another user asks", next))
        }
        Who::Remote(_) => {
            if !host_is_ours(rules, headers) {
                let next = "ask by the address that the daemon listens at";
                return Err(Fault::of(403, "host", &thing, "its Host is not this daemon", next));
            }
            if is_preflight(request) || token(headers).is_some_and(|t| rules.access.admits(t)) {
                return Ok(());
            }
            let next = "send Authorization: Bearer with the token of token_file";
            Err(Fault::of(401, "token", &thing, "no token, or not the right one", next))
        }
    }
}

/// By name only this machine: a name of somebody else's that leads here is how
/// a page from elsewhere would come in.
fn host_is_ours(rules: &Rules, headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|h| h.to_str().ok()) else {
        return false;
    };
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port.parse().ok()),
        _ => (host, Some(80)),
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let listen = rules.access.listen.as_ref();
    let ours = name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok()
        || listen.is_some_and(|at| at.host().eq_ignore_ascii_case(name));
    ours && port == rules.port
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    if let Some(bearer) = bearer {
        let (scheme, token) = bearer.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then_some(token.trim());
    }
    // A browser can't give a WebSocket another header than this.
    let all = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let all = all.filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','));
    all.map(str::trim).find_map(|protocol| protocol.strip_prefix("crs.token."))
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight() -> Response {
    let allow: [(HeaderName, &str); 3] = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    (StatusCode::NO_CONTENT, allow).into_response()
}
