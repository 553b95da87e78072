//! What only looks.

use super::body::{beside, query};
use super::fault::Fault;
use super::message::{Output, Status};
use super::metrics as figures;
use super::page::{AlertsPage, AuditPage, LogsPage, ModesPage, WhyPage, ZombiesPage};
use super::server::Parts;
use crate::domain::Text;
use crate::domain::mission::{ConsoleLine, LineLevel};
use crate::mission::crew::unknown;
use crate::mission::hub::Whole;
use crate::mission::parts::{LineQuery, Lines, OlderQuery, Place, PlanRecord};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

/// The description of everything here.
pub const OPENAPI: &str = include_str!("openapi.json");
/// Lines of one answer.
const LINES: usize = 10_000;
/// Older lines of one answer, where nobody says how many.
const OLDER: usize = 1_000;
/// Entries of one answer.
const ENTRIES: usize = 10_000;

type Asked<T> = Result<Query<T>, QueryRejection>;

/// No query at all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanQuery {
    mode: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhyQuery {
    process: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertsQuery {
    #[serde(default)]
    all: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    last: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogsQuery {
    process: Option<String>,
    level: Option<LineLevel>,
    q: Option<String>,
    after: Option<u64>,
    before: Option<String>,
    last: Option<usize>,
    limit: Option<usize>,
}

/// The status as it goes out.
pub fn shape(whole: &Whole) -> Status {
    Status::of(&whole.status, whole.open.iter().map(|alert| (**alert).clone()).collect())
}

/// A count of the query.
///
/// # Errors
/// 400 where it is more than one answer holds: given less, a client would take
/// a part for the whole.
fn at_most(
    thing: &str,
    key: &str,
    count: Option<usize>,
    most: usize,
) -> Result<Option<usize>, Fault> {
    match count {
        Some(count) if count > most => {
            let cause = format!("{key}={count} is more than one answer holds");
            Err(Fault::of(400, "query", thing, &cause, &format!("ask for at most {most}")))
        }
        count => Ok(count),
    }
}

pub async fn status(
    State(parts): State<Parts>,
    asked: Asked<Nothing>,
) -> Result<Json<Status>, Fault> {
    query("GET /api/status", asked)?;
    Ok(Json(shape(&parts.hub.status().told)))
}

pub async fn modes(
    State(parts): State<Parts>,
    asked: Asked<Nothing>,
) -> Result<Json<ModesPage>, Fault> {
    query("GET /api/modes", asked)?;
    let mode = parts.hub.status().told.status.mode.clone();
    let modes = beside("GET /api/modes", move || parts.modes.modes()).await?;
    Ok(Json(ModesPage { mode, modes }))
}

pub async fn plan(
    State(parts): State<Parts>,
    asked: Asked<PlanQuery>,
) -> Result<Json<PlanRecord>, Fault> {
    let PlanQuery { mode } = query("GET /api/plan", asked)?;
    let thing = format!("the plan of {}", Text::limited(&mode, 80));
    let plan = beside(&thing, move || parts.modes.plan(&mode)).await?;
    plan.map(Json).map_err(|(kind, why)| Fault::refused(&thing, kind, &why))
}

pub async fn why(
    State(parts): State<Parts>,
    asked: Asked<WhyQuery>,
) -> Result<Json<WhyPage>, Fault> {
    let WhyQuery { process } = query("GET /api/why", asked)?;
    let name = Text::limited(&process, 80);
    let thing = format!("process {name}");
    let whole = parts.hub.status();
    let record = whole.told.status.processes.iter().find(|p| p.name == name);
    let ready = record.is_some_and(|p| p.state.ready());
    let lines = beside(&thing, move || parts.reasons(&process)).await?;
    let lines = lines.map_err(|(kind, why)| Fault::refused(&thing, kind, &why))?;
    Ok(Json(WhyPage { process: name, ready, lines }))
}

pub async fn alerts(
    State(parts): State<Parts>,
    asked: Asked<AlertsQuery>,
) -> Result<Json<AlertsPage>, Fault> {
    let AlertsQuery { all } = query("GET /api/alerts", asked)?;
    let alerts = beside("GET /api/alerts", move || parts.alerts.alerts()).await?;
    let alerts = alerts.into_iter().filter(|a| all || a.acknowledged.is_empty()).collect();
    Ok(Json(AlertsPage { alerts }))
}

pub async fn audit(
    State(parts): State<Parts>,
    asked: Asked<AuditQuery>,
) -> Result<Json<AuditPage>, Fault> {
    let AuditQuery { last } = query("GET /api/audit", asked)?;
    let last = at_most("GET /api/audit", "last", last, ENTRIES)?.unwrap_or(100);
    let entries = beside("GET /api/audit", move || parts.annals.last(last)).await?;
    let entries = entries.map_err(|why| {
        Fault::of(503, "failed", "the audit", why.as_str(), "crs audit verify says more")
    })?;
    Ok(Json(AuditPage { entries }))
}

pub async fn zombies(
    State(parts): State<Parts>,
    asked: Asked<Nothing>,
) -> Result<Json<ZombiesPage>, Fault> {
    query("GET /api/zombies", asked)?;
    let found = beside("GET /api/zombies", move || parts.zombies.find()).await?;
    Ok(Json(ZombiesPage { found }))
}

pub async fn logs(
    State(parts): State<Parts>,
    asked: Asked<LogsQuery>,
) -> Result<Json<LogsPage>, Fault> {
    let asked = query("GET /api/logs", asked)?;
    at_most("GET /api/logs", "last", asked.last, LINES)?;
    at_most("GET /api/logs", "limit", asked.limit, LINES)?;
    let before = asked.before.as_deref().map(place).transpose()?;
    if before.is_some() && asked.after.is_some() {
        let cause = "before and after exclude each other";
        return Err(Fault::of(400, "query", "GET /api/logs", cause, "give one of them"));
    }
    if let Some(after) = asked.after.filter(|after| i64::try_from(*after).is_err()) {
        // The description promises 63 bits, and no line has such a number.
        let cause = format!("after={after} is no number of a line");
        let next = "give the `next` of the answer before";
        return Err(Fault::of(400, "query", "GET /api/logs", &cause, next));
    }
    let names: Vec<String> = asked.process.as_deref().map(names).unwrap_or_default();
    let whole = parts.hub.status();
    let known = |name: &String| whole.told.status.processes.iter().any(|p| p.name.as_str() == name);
    if let Some(stranger) = names.iter().find(|name| !known(name)) {
        let thing = format!("process {}", Text::limited(stranger, 80));
        let all = whole.told.status.processes.iter().map(|p| p.name.as_str());
        let (kind, why) = unknown(stranger, all);
        return Err(Fault::refused(&thing, kind, &why));
    }
    let page = move || match before {
        Some(before) => older(&*parts.lines, asked, names, before),
        None => page(&*parts.lines, &asked, &names),
    };
    Ok(Json(beside("GET /api/logs", page).await?))
}

/// `before` of the query.
fn place(text: &str) -> Result<Place, Fault> {
    text.parse().map_err(|_| {
        let cause = format!("before={} is no place", Text::limited(text, 80));
        let next = "give microseconds of UTC, or what an answer has as older";
        Fault::of(400, "query", "GET /api/logs", &cause, next)
    })
}

fn older(lines: &dyn Lines, asked: LogsQuery, names: Vec<String>, before: Place) -> LogsPage {
    let most = asked.last.or(asked.limit).unwrap_or(OLDER).min(asked.limit.unwrap_or(LINES));
    let older = lines.older(&OlderQuery {
        processes: names,
        level: asked.level.unwrap_or(LineLevel::Trace),
        contains: asked.q.unwrap_or_default(),
        before,
        most,
    });
    LogsPage {
        lines: older.lines.iter().map(Output::from).collect(),
        next: lines.newest(),
        oldest: lines.oldest(),
        older: older.older.map(|place| place.to_string()).unwrap_or_default(),
        notes: older.notes,
    }
}

/// `a,b` as names.
fn names(text: &str) -> Vec<String> {
    text.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn page(lines: &dyn Lines, asked: &LogsQuery, names: &[String]) -> LogsPage {
    // Asked first: a line that comes meanwhile is the next page's.
    let newest = lines.newest();
    let most = asked.limit.unwrap_or(LINES);
    let one = if let [one] = names { Some(one.clone()) } else { None };
    let wanted = LineQuery {
        process: one,
        level: asked.level.unwrap_or(LineLevel::Trace),
        contains: asked.q.clone().unwrap_or_default(),
        after: asked.after.unwrap_or(0),
        most: usize::MAX,
    };
    let mut all: Vec<ConsoleLine> = lines.lines(&wanted);
    if names.len() > 1 {
        all.retain(|line| names.iter().any(|name| name == line.process.as_str()));
    }
    let mut next = newest.max(wanted.after);
    if let Some(last) = asked.last {
        let skip = all.len().saturating_sub(last.min(most));
        all.drain(..skip);
    } else if all.len() > most {
        all.truncate(most);
        next = all.last().map_or(next, |line| line.seq);
    }
    next = next.max(all.last().map_or(0, |line| line.seq));
    // Fewer than asked for: whatever is at hand was looked through.
    let all_of_them = asked.last.is_some_and(|last| last > 0 && all.len() >= last.min(most));
    let first = all.first().filter(|_| all_of_them);
    let older = if asked.after.is_some() { None } else { lines.place(first) };
    LogsPage {
        lines: all.iter().map(Output::from).collect(),
        next,
        oldest: lines.oldest(),
        older: older.map(|place| place.to_string()).unwrap_or_default(),
        notes: Vec::new(),
    }
}

pub async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

pub async fn metrics(State(parts): State<Parts>) -> Result<Response, Fault> {
    let page = beside("GET /metrics", move || figures::page(&parts)).await?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], page).into_response())
}
