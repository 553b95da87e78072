//! `/metrics` and `/health`.

use super::book::Book;
use super::metrics::Metrics;
use super::report::Reporter;
use crate::host::guest::Door;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// Connections at once; further ones wait.
const AT_ONCE: usize = 16;
/// A connection is closed after this time, whatever it is doing.
const STAY: Duration = Duration::from_secs(5);

/// What the pages are made of.
#[derive(Clone)]
pub struct Pages {
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Health.
    pub book: Arc<Book>,
    /// Knows what was lost.
    pub reporter: Arc<Reporter>,
}

/// Serves for as long as it is polled.
///
/// # Errors
/// The system's, when the socket is of no use any more.
pub async fn serve(listener: std::net::TcpListener, pages: Pages) -> std::io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/health", get(health))
        .with_state(pages);
    axum::serve(Door::new(listener, AT_ONCE, STAY), router).await
}

async fn metrics(State(pages): State<Pages>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], pages.metrics.page()).into_response()
}

async fn health(State(pages): State<Pages>) -> Response {
    let health = pages.book.health(pages.reporter.lost());
    let well = health.causes.is_empty();
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health)).into_response()
}
