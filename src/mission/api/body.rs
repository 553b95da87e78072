//! Reading a request: its body as JSON, its query, and work that may wait.

use super::fault::Fault;
use axum::body::to_bytes;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request};
use axum::http::header;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use std::time::Duration;

/// Bytes of a body.
pub const BODY: usize = 64 * 1_024;
/// Longest time for it to arrive.
const ARRIVES: Duration = Duration::from_secs(10);

/// What a path stands for, in errors.
pub fn thing(request: &Request) -> String {
    format!("{} {}", request.method(), request.uri().path())
}

/// The body, which is JSON.
///
/// # Errors
/// 400, 408, 413, 415 or 422.
pub async fn json<T: DeserializeOwned>(request: Request) -> Result<T, Fault> {
    let thing = thing(&request);
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let kind = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim());
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
        let next = "send JSON with Content-Type: application/json";
        return Err(Fault::of(415, "content_type", &thing, "its body is no JSON", next));
    }
    let read = tokio::time::timeout(ARRIVES, to_bytes(request.into_body(), BODY)).await;
    let Ok(read) = read else {
        let cause = format!("its body was not there within {} s", ARRIVES.as_secs());
        return Err(Fault::of(408, "slow", &thing, &cause, "send it again"));
    };
    let bytes = read.map_err(|e| {
        let text = e.to_string();
        if text.contains("length limit") {
            let cause = format!("its body has more than {BODY} bytes");
            Fault::of(413, "too_large", &thing, &cause, "send a smaller one")
        } else {
            Fault::of(400, "malformed", &thing, &text, "send the whole body")
        }
    })?;
    parse(&thing, &bytes)
}

/// JSON that is what is wanted.
///
/// # Errors
/// 400 where it is no JSON, 422 where it is another document.
pub fn parse<T: DeserializeOwned>(thing: &str, bytes: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(bytes).map_err(|e| {
        let next = "GET /api/openapi.json has the shape of every body";
        if e.classify() == Category::Data {
            return Fault::of(422, "invalid", thing, &e.to_string(), next);
        }
        Fault::of(400, "malformed", thing, &format!("its body is no JSON: {e}"), next)
    })
}

/// An order, on a thread of its own: however many looks hang, a stop is not
/// behind them.
///
/// # Errors
/// 503 where the system gives no thread.
pub async fn apart<T: Send + 'static>(
    thing: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("mission-order".to_owned());
    let failed = |cause: &str| Fault::of(503, "failed", thing, cause, "see `crs doctor`");
    thread
        .spawn(move || drop(tell.send(work())))
        .map_err(|e| failed(&format!("the system gives no thread: {e}")))?;
    told.await.map_err(|_| failed("it was not carried out to its end"))
}

/// The query.
///
/// # Errors
/// 400 for an unknown key, a missing one, or a value that is none.
pub fn query<T>(thing: &str, query: Result<Query<T>, QueryRejection>) -> Result<T, Fault> {
    query.map(|Query(query)| query).map_err(|e| {
        let next = "GET /api/openapi.json has the keys of every query";
        Fault::of(400, "query", thing, &e.body_text(), next)
    })
}

/// The number in the path.
///
/// # Errors
/// 400 where it is none.
pub fn number(thing: &str, path: Result<Path<u64>, PathRejection>) -> Result<u64, Fault> {
    path.map(|Path(id)| id).map_err(|e| {
        Fault::of(400, "path", thing, &e.body_text(), "GET /api/alerts has the numbers")
    })
}

/// Does what may wait on a thread of its own.
///
/// # Errors
/// 500 where it ended in a defect.
pub async fn beside<T: Send + 'static>(
    thing: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.map_err(|_| {
        let next = "the daemon's log has more; this is a defect to be reported";
        Fault::of(500, "defect", thing, "the daemon failed at this", next)
    })
}
