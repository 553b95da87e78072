//! `/ws`: everything that happens, as it happens, and orders inward.
//!
//! A client that does not read holds up its own task and nothing else: its
//! queue in the hub is bounded, and after [`STUCK`] it is let go.

mod inward;

use super::door::Peer;
use super::guard::PROTOCOL;
use super::message::{Asked, Initial, Inward, Lag, Message, Metrics, ModeShape, Output};
use super::message::{ProcessShape, Subscription};
use super::reads::shape;
use super::server::Parts;
use crate::domain::Text;
use crate::domain::mission::{ConsoleLine, ProcessRecord};
use crate::host::clock;
use crate::mission::hub::{Listener, News, Picked, Wants, Whole, Wire};
use crate::mission::order::{Answer, By, Refusal};
use crate::mission::parts::LineQuery;
use axum::extract::ws::{self, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection};
use axum::extract::{ConnectInfo, Extension, State};
use axum::response::{IntoResponse, Response};
use inward::Said;
use std::fmt::Write as _;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

/// A client that takes nothing for so long is let go.
const STUCK: Duration = Duration::from_secs(30);
/// A client that says nothing for so long, not even to a ping, is gone.
const GONE: Duration = Duration::from_mins(1);
/// Between two pings, and between two whole statuses when nothing moves.
const BEAT: Duration = Duration::from_secs(5);
/// Bytes of one inward message.
const INWARD: usize = 64 * 1_024;
/// Inward messages that wait for their answers, for each client.
const ASKED: usize = 64;
/// Lines in one message, where several are wanted.
const BATCH: usize = 256;

/// Opens one.
pub async fn open(
    State(parts): State<Parts>,
    Extension(by): Extension<By>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    match upgrade {
        Ok(upgrade) => upgrade
            .protocols([PROTOCOL])
            .max_message_size(INWARD)
            .max_frame_size(INWARD)
            .on_upgrade(move |socket| async move {
                peer.busy();
                Client::new(parts, by).talk(socket).await;
            }),
        Err(e) => {
            let next = "ask with a WebSocket client: GET, Upgrade: websocket, version 13";
            let status = e.status().as_u16();
            let cause = e.body_text();
            super::fault::Fault::of(status, "upgrade", "GET /ws", &cause, next).into_response()
        }
    }
}

/// The connection is over.
struct Over;

/// One client.
struct Client {
    parts: Parts,
    by: By,
    /// Messages sent.
    seq: u64,
    /// Lines up to this number were sent already.
    sent: u64,
    /// Several lines in one message.
    batch: bool,
    greeted: bool,
    /// A whole status that waits, as one went out just now.
    owed: Option<std::sync::Arc<crate::mission::hub::Shared<Whole>>>,
    last_whole: Instant,
}

impl Client {
    fn new(parts: Parts, by: By) -> Self {
        Self {
            parts,
            by,
            seq: 0,
            sent: 0,
            batch: false,
            greeted: false,
            owed: None,
            last_whole: Instant::now(),
        }
    }

    async fn talk(mut self, mut socket: WebSocket) {
        let listener = self.parts.hub.listen(Wants::everything());
        let (ask, asked) = mpsc::channel::<Asked>(ASKED);
        let (say, mut answers) = mpsc::channel::<Said>(ASKED);
        let hand = tokio::spawn(inward::hand(self.parts.clone(), self.by.clone(), asked, say));
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        loop {
            let owes = self.owed.is_some();
            let due = self.last_whole + self.gap();
            let came = tokio::select! {
                got = socket.recv() => match got {
                    Some(Ok(message)) => {
                        heard = Instant::now();
                        self.inward(&mut socket, &listener, &ask, message).await
                    }
                    Some(Err(_)) | None => Err(Over),
                },
                Some(said) = answers.recv() => self.answer(&mut socket, said).await,
                () = listener.rung() => self.news(&mut socket, &listener).await,
                () = tokio::time::sleep_until(due), if owes => self.whole(&mut socket).await,
                _ = beat.tick() => {
                    if heard.elapsed() > GONE { Err(Over) } else { self.beat(&mut socket).await }
                }
            };
            if came.is_err() {
                break;
            }
        }
        // An order that was given is carried out, whoever waits for its answer.
        drop(ask);
        drop(hand);
    }

    /// The more clients there are, the rarer a whole status goes to each; what
    /// moved goes out at once all the same.
    fn gap(&self) -> Duration {
        let clients = u64::try_from(self.parts.hub.audience()).unwrap_or(u64::MAX);
        Duration::from_millis((clients / 2).min(1_000))
    }

    /// Sends a message whose body (`{…}`) is there already.
    async fn send(&mut self, socket: &mut WebSocket, body: &str) -> Result<(), Over> {
        self.seq += 1;
        let mut text = String::with_capacity(body.len() + 32);
        // Writing into a string does not fail.
        let _ = write!(text, "{{\"seq\":{},{}", self.seq, body.get(1..).unwrap_or("}"));
        self.post(socket, ws::Message::Text(text.into())).await
    }

    async fn post(&self, socket: &mut WebSocket, message: ws::Message) -> Result<(), Over> {
        match tokio::time::timeout(STUCK, socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Over),
            Err(_) => {
                tracing::info!("{} took nothing for {} s and is let go", self.by, STUCK.as_secs());
                Err(Over)
            }
        }
    }

    async fn news(&mut self, socket: &mut WebSocket, listener: &Listener) -> Result<(), Over> {
        for news in listener.take() {
            match news {
                News::Status(whole) => {
                    self.owed = Some(whole);
                    if !self.greeted {
                        self.greet(socket).await?;
                    } else if self.last_whole.elapsed() >= self.gap() {
                        self.whole(socket).await?;
                    }
                }
                News::Process(p) => self.send(socket, &p.wire(process)).await?,
                News::Host(h) => {
                    let wire = h.wire(|h| json(&Message::HostUpdate { data: h.clone() }));
                    self.send(socket, &wire).await?;
                }
                News::Launch(l) => {
                    let wire = l.wire(|l| json(&Message::LaunchUpdate { data: l.clone() }));
                    self.send(socket, &wire).await?;
                }
                News::Alert(a) => {
                    let wire = a.wire(|a| json(&Message::Alert { data: a.clone() }));
                    self.send(socket, &wire).await?;
                }
                News::Lagged { lines, others } => {
                    let data = Lag { lines, others };
                    self.send(socket, &json(&Message::Lagged { data })).await?;
                }
                News::Lines(picked) => self.lines(socket, &picked).await?,
            }
        }
        Ok(())
    }

    /// The first message.
    async fn greet(&mut self, socket: &mut WebSocket) -> Result<(), Over> {
        self.greeted = true;
        let modes = self.parts.modes.clone();
        let modes = tokio::task::spawn_blocking(move || modes.modes()).await.unwrap_or_default();
        let modes = modes.into_iter().map(|mode| ModeShape {
            name: mode.name,
            description: mode.description,
            confirm: mode.confirm,
            live: mode.live,
        });
        let modes = modes.collect();
        let Some(whole) = self.owed.take() else { return Ok(()) };
        let data = Box::new(Initial { status: shape(&whole.told), modes });
        self.last_whole = Instant::now();
        self.send(socket, &json(&Message::InitialStatus { data })).await
    }

    /// The whole status that is owed.
    async fn whole(&mut self, socket: &mut WebSocket) -> Result<(), Over> {
        let Some(whole) = self.owed.take() else { return Ok(()) };
        self.last_whole = Instant::now();
        let make = |w: &Whole| json(&Message::StatusUpdate { data: Box::new(shape(w)) });
        self.send(socket, &whole.wire(make)).await
    }

    async fn beat(&mut self, socket: &mut WebSocket) -> Result<(), Over> {
        self.post(socket, ws::Message::Ping(Vec::new().into())).await?;
        if self.greeted && self.last_whole.elapsed() >= BEAT {
            self.owed = Some(self.parts.hub.status());
            self.whole(socket).await?;
        }
        Ok(())
    }

    async fn lines(&mut self, socket: &mut WebSocket, picked: &Picked) -> Result<(), Over> {
        let mut wires = Vec::new();
        for at in picked.places() {
            let fresh = picked.batch.lines.get(at).is_some_and(|line| line.seq > self.sent);
            if fresh {
                wires.extend(picked.batch.wire(at, line));
            }
        }
        self.wires(socket, &wires).await
    }

    async fn wires(&mut self, socket: &mut WebSocket, wires: &[Wire]) -> Result<(), Over> {
        if self.batch {
            for some in wires.chunks(BATCH) {
                let body = format!(r#"{{"type":"console_lines","data":[{}]}}"#, some.join(","));
                self.send(socket, &body).await?;
            }
        } else {
            for wire in wires {
                let body = format!(r#"{{"type":"console_output","data":{wire}}}"#);
                self.send(socket, &body).await?;
            }
        }
        Ok(())
    }

    async fn answer(&mut self, socket: &mut WebSocket, said: Said) -> Result<(), Over> {
        let Said { req_id, data, lines } = said;
        self.send(socket, &json(&Message::Answer { req_id, data, lines })).await
    }

    async fn inward(
        &mut self,
        socket: &mut WebSocket,
        listener: &Listener,
        ask: &mpsc::Sender<Asked>,
        message: ws::Message,
    ) -> Result<(), Over> {
        let text = match message {
            ws::Message::Text(text) => text,
            ws::Message::Binary(_) => {
                let said = Said::refused("", Refusal::Invalid, "a message is text, and JSON");
                return self.answer(socket, said).await;
            }
            ws::Message::Close(_) => return Err(Over),
            ws::Message::Ping(_) | ws::Message::Pong(_) => return Ok(()),
        };
        let asked = match inward::read(&text) {
            Ok(asked) => asked,
            Err(said) => return self.answer(socket, *said).await,
        };
        if let Inward::Subscribe { to } = &asked.inward {
            let said = Said::new(&asked.req_id, Answer::Accepted);
            self.answer(socket, said).await?;
            return self.subscribe(socket, listener, to).await;
        }
        match ask.try_send(asked) {
            Ok(()) => Ok(()),
            Err(
                mpsc::error::TrySendError::Full(asked) | mpsc::error::TrySendError::Closed(asked),
            ) => {
                let why = "too many questions at once; wait for their answers";
                let said = Said::refused(&asked.req_id, Refusal::Failed, why);
                self.answer(socket, said).await
            }
        }
    }

    /// Other lines from now on; those at hand first, where they are wanted.
    async fn subscribe(
        &mut self,
        socket: &mut WebSocket,
        listener: &Listener,
        to: &Subscription,
    ) -> Result<(), Over> {
        self.batch = to.batch;
        let only = to.processes.iter().map(|name| Text::limited(name, 64)).collect();
        let only = (!to.processes.is_empty()).then_some(only);
        let wants = Wants { lines: to.lines, processes: only, level: to.level };
        listener.want(wants.clone());
        let (Some(after), true) = (to.after, to.lines) else { return Ok(()) };
        let query = LineQuery { level: to.level, after, most: usize::MAX, ..LineQuery::default() };
        let lines = self.parts.lines.clone();
        let had = tokio::task::spawn_blocking(move || lines.lines(&query)).await;
        let had = had.unwrap_or_default();
        let wires: Vec<Wire> = had.iter().filter(|l| wants.line(l)).map(line).collect();
        self.sent = had.last().map_or(self.sent, |line| line.seq);
        self.wires(socket, &wires).await
    }
}

/// A message of ours; it always has a form.
fn json(message: &Message) -> Wire {
    serde_json::to_string(message).unwrap_or_else(|_| "{}".to_owned()).into()
}

/// A line, without what is around it in a message.
fn line(line: &ConsoleLine) -> Wire {
    serde_json::to_string(&Output::from(line)).unwrap_or_else(|_| "{}".to_owned()).into()
}

fn process(record: &ProcessRecord) -> Wire {
    let now = clock::utc();
    json(&Message::ProcessUpdate {
        process: record.name.clone(),
        state: Text::new(record.state.word()),
        metrics: Metrics::of(record),
        record: Box::new(ProcessShape::of(record, now)),
    })
}
