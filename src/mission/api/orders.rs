//! What changes something.

use super::body::{apart, beside, json, number, thing};
use super::fault::Fault;
use super::page::{
    ActBody, ConfirmBody, Done, EndBody, LaunchBody, ProcessBody, SafeBody, ShutdownBody,
};
use super::server::Parts;
use crate::domain::Text;
use crate::mission::desk::words;
use crate::mission::order::{Answer, By, Order};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

type Came = Result<Response, Fault>;

/// Gives the order and puts its answer into HTTP.
async fn give(parts: Parts, by: By, order: Order, good: StatusCode) -> Came {
    let thing = words(&order);
    let answer = apart(&thing, move || parts.orders.order(&order, &by)).await?;
    let done = match answer {
        Answer::Accepted => Done { accepted: true, ..Done::default() },
        Answer::Launched(launch) => {
            Done { accepted: true, launch: Some(launch), ..Done::default() }
        }
        Answer::Process(record) => {
            Done { accepted: true, process: Some(record), ..Done::default() }
        }
        Answer::Refused { kind, why } => return Err(Fault::refused(&thing, kind, &why)),
    };
    Ok((good, Json(done)).into_response())
}

pub async fn launch(
    State(parts): State<Parts>,
    Extension(by): Extension<By>,
    request: Request,
) -> Came {
    let LaunchBody { mode, confirm, options } = json(request).await?;
    let confirm = if confirm.is_empty() { options.confirm } else { confirm };
    give(parts, by, Order::Launch { mode, confirm }, StatusCode::ACCEPTED).await
}

pub async fn start(
    State(parts): State<Parts>,
    Extension(by): Extension<By>,
    request: Request,
) -> Came {
    let ProcessBody { process, .. } = json(request).await?;
    give(parts, by, Order::Start { process }, StatusCode::OK).await
}

pub async fn stop(
    State(parts): State<Parts>,
    Extension(by): Extension<By>,
    request: Request,
) -> Came {
    let ProcessBody { process, dependants } = json(request).await?;
    give(parts, by, Order::Stop { process, dependants }, StatusCode::OK).await
}

pub async fn restart(
    State(parts): State<Parts>,
    Extension(by): Extension<By>,
    request: Request,
) -> Came {
    let ProcessBody { process, .. } = json(request).await?;
    give(parts, by, Order::Restart { process }, StatusCode::OK).await
}

pub async fn shutdown(
    State(parts): State<Parts>,
    Extension(by): Extension<By>,
    request: Request,
) -> Came {
    let ShutdownBody { daemon } = json(request).await?;
    let down = give(parts.clone(), by.clone(), Order::Down, StatusCode::ACCEPTED).await;
    // The daemon ends whatever became of that.
    if daemon { give(parts, by, Order::Shutdown, StatusCode::ACCEPTED).await } else { down }
}

pub async fn safe(
    State(parts): State<Parts>,
    Extension(by): Extension<By>,
    request: Request,
) -> Came {
    let SafeBody { confirm, reason } = json(request).await?;
    give(parts, by, Order::Safe { confirm, reason }, StatusCode::ACCEPTED).await
}

pub async fn restore(
    State(parts): State<Parts>,
    Extension(by): Extension<By>,
    request: Request,
) -> Came {
    let ConfirmBody { confirm } = json(request).await?;
    give(parts, by, Order::Restore { confirm }, StatusCode::ACCEPTED).await
}

pub async fn reload(
    State(parts): State<Parts>,
    Extension(by): Extension<By>,
    request: Request,
) -> Came {
    let ConfirmBody { .. } = json(request).await?;
    give(parts, by, Order::Reload, StatusCode::OK).await
}

pub async fn acknowledge(
    State(parts): State<Parts>,
    Extension(by): Extension<By>,
    id: Result<Path<u64>, PathRejection>,
    request: Request,
) -> Came {
    let alert = number(&thing(&request), id)?;
    let ConfirmBody { .. } = json(request).await?;
    give(parts, by, Order::Ack { alert }, StatusCode::OK).await
}

pub async fn act(
    State(parts): State<Parts>,
    Extension(by): Extension<By>,
    id: Result<Path<u64>, PathRejection>,
    request: Request,
) -> Came {
    let alert = number(&thing(&request), id)?;
    let ActBody { action, confirm } = json(request).await?;
    give(parts, by, Order::Act { alert, action, confirm }, StatusCode::OK).await
}

pub async fn end_zombie(
    State(parts): State<Parts>,
    Extension(by): Extension<By>,
    request: Request,
) -> Came {
    let EndBody { id, confirm } = json(request).await?;
    let thing = format!("end zombie {}", Text::limited(&id, 80));
    let came = beside(&thing, move || parts.zombies.end(&id, &confirm, &by)).await?;
    let said = came.map_err(|(kind, why)| Fault::refused(&thing, kind, &why))?;
    Ok(Json(Done { accepted: true, said, ..Done::default() }).into_response())
}
