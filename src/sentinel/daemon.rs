//! The daemon: from one cycle to the next until it is told to end. Nothing
//! that a cycle does ends it, a panic neither.

use super::book::Book;
use super::cycle::{Crew, Making, Outcome, Round};
use super::desk::Desk;
use super::eodhd::Eodhd;
use super::hub::Hub;
use super::left;
use super::log::Log;
use super::look::Look;
use super::memory::{Left, Memory, MemoryFault};
use super::metrics::Metrics;
use super::options::Options;
use super::report::Reporter;
use super::store::Store;
use super::tell::Teller;
use super::web::{self, Pages};
use crate::config::dirs;
use crate::domain::{Symbol, Text};
use crate::host::{Identity, clock};
use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};

/// How often it looks whether it shall end.
const LOOK: Duration = Duration::from_millis(50);
/// An order that is on its way gets so long when the end is wanted.
const PATIENCE: Duration = Duration::from_millis(500);
/// The last words get so long on each way.
const LAST_WORDS: Duration = Duration::from_millis(150);
/// Threads for what may hang: one order, and names that are looked up.
const HELPERS: usize = 8;

/// Why it can't start.
#[derive(Debug, Error)]
pub enum StartFault {
    /// Another one has this state.
    #[error(
        "a sentinel runs on this state already (process {pid}, {dir}); stop it, or give this one \
         another --state-dir"
    )]
    Running {
        /// Its process id, as it wrote it.
        pid: Text,
        /// The directory.
        dir: Text,
    },
    /// The directory can't be used.
    #[error("{0}")]
    Dir(#[from] dirs::DirError),
    /// The state file can't be used.
    #[error("{0}")]
    Memory(#[from] MemoryFault),
    /// Something could not be opened.
    #[error("{what}: {cause}")]
    Open {
        /// What.
        what: Text,
        /// The system's words.
        cause: Text,
    },
}

/// A sentinel that is ready to run.
pub struct Sentinel {
    crew: Arc<Crew>,
    reporter: Arc<Reporter>,
    web: Option<TcpListener>,
    /// Why its state file was set aside, if it was.
    damage: Option<String>,
    _alone: File,
}

/// How a cycle ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// What each symbol came to, in their order.
    pub outcomes: Vec<Outcome>,
    /// What was skipped or failed, in words; empty after a good one.
    pub wrong: Vec<String>,
}

impl Sentinel {
    /// Opens everything that it needs: state, log, sockets. With `serves` it
    /// has a web page and telemetry.
    ///
    /// # Errors
    /// [`StartFault`] with the cause and the next step.
    pub fn open(
        options: Options,
        look: Arc<Look>,
        desk: Arc<dyn Desk>,
        serves: bool,
    ) -> Result<Self, StartFault> {
        dirs::ensure_private(&options.dir)?;
        let alone = lock(&options.dir)?;
        let mut memory = Memory::open(&options.dir)?;
        let book = Arc::new(Book::new(&options, Arc::clone(&look)));
        let damage = damage(&memory);
        let market = Eodhd::new(&options.eodhd).map_err(|e| fault("bars", &e))?;
        let market = market.with_age(options.max_age_h, options.calendar.clone());
        let model = Hub::new(&options.hub).map_err(|e| fault("model", &e))?;
        let log = match &options.decision_log {
            Some(path) => {
                let what = format!("decision log {}", path.display());
                Some(Arc::new(Log::start(path).map_err(|e| fault(&what, &e))?))
            }
            None => None,
        };
        let web = match options.web.as_ref().filter(|_| serves) {
            Some((host, port)) => Some(bind(host, *port)?),
            None => None,
        };
        let teller = match options.events.as_ref().filter(|_| serves) {
            Some(at) => {
                let started = Teller::start(at, Arc::clone(&book), Arc::clone(&look), log.clone());
                Some(started.map_err(|e| fault(&format!("telemetry at {at}"), &e))?)
            }
            None => None,
        };
        let metrics = Arc::new(Metrics::default());
        let (me, counted) = (Identity::here(), Arc::clone(&metrics));
        let reporter = Arc::new(Reporter { metrics: counted, book, log, teller, me });
        // Last, since what fails before is tried again and must find them.
        for decision in left::decisions(&memory.left_behind()?, &options) {
            reporter.decision(&decision);
        }
        memory.told_all()?;
        warn(&reporter, damage.as_deref(), &memory.doubtful()?);
        let store = Store::start(memory).map_err(|e| fault("state file", &e))?;
        let crew = Crew {
            options,
            market,
            model,
            desk,
            store: Arc::new(store),
            metrics,
            look,
            turn: tokio::sync::Mutex::default(),
            ordering: Arc::default(),
            looking: AtomicBool::default(),
        };
        Ok(Self { crew: Arc::new(crew), reporter, web, damage, _alone: alone })
    }

    /// Where metrics and health are served.
    #[must_use]
    pub fn web(&self) -> Option<SocketAddr> {
        self.web.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// Runs cycles until `stop`.
    ///
    /// # Errors
    /// The system's, when there is no runtime to be had.
    pub fn run(mut self, stop: &AtomicBool) -> io::Result<()> {
        let web = self.web.take();
        let runtime = runtime()?;
        runtime.block_on(self.serve(web, stop));
        // What hangs on a disk or a gateway holds up nobody.
        runtime.shutdown_background();
        self.reporter.end(LAST_WORDS);
        Ok(())
    }

    /// Runs one cycle now. None when `stop` came first.
    ///
    /// # Errors
    /// The system's, when there is no runtime to be had.
    pub fn once(self, stop: &AtomicBool) -> io::Result<Option<Ended>> {
        let runtime = runtime()?;
        let ended = runtime.block_on(self.cycle(stop));
        runtime.shutdown_background();
        self.reporter.end(LAST_WORDS);
        Ok(ended)
    }

    async fn serve(&self, web: Option<TcpListener>, stop: &AtomicBool) {
        if let Some(listener) = web {
            let (metrics, book) = (&self.reporter.metrics, &self.reporter.book);
            let (metrics, book) = (Arc::clone(metrics), Arc::clone(book));
            let pages = Pages { metrics, book, reporter: Arc::clone(&self.reporter) };
            tokio::spawn(async move {
                if let Err(e) = web::serve(listener, pages).await {
                    tracing::error!("metrics and health are not served any more: {e}");
                }
            });
        }
        let pace = self.crew.options.pace;
        while self.wait(stop).await {
            let began = clock::utc();
            if self.cycle(stop).await.is_none() {
                break;
            }
            let missed = pace.missed(began, clock::utc());
            if missed > 0 {
                tracing::warn!("the cycle took too long: {missed} were left out after it");
            }
        }
    }

    /// Until the next cycle is due; false when the end came first. By the wall
    /// clock, which may be set meanwhile.
    async fn wait(&self, stop: &AtomicBool) -> bool {
        let pace = self.crew.options.pace;
        let period = i64::try_from(pace.period().as_micros()).unwrap_or(i64::MAX);
        let mut next = pace.after(clock::utc());
        self.reporter.book.next(next);
        loop {
            if stop.load(Ordering::Acquire) {
                return false;
            }
            let left = next.0.saturating_sub(clock::utc().0);
            if left <= 0 {
                return true;
            }
            if left > period {
                next = pace.after(clock::utc());
                self.reporter.book.next(next);
                continue;
            }
            let left = Duration::from_micros(u64::try_from(left).unwrap_or(0));
            sleep(left.min(LOOK)).await;
        }
    }

    /// One cycle with all symbols; none when it was broken off for the end.
    async fn cycle(&self, stop: &AtomicBool) -> Option<Ended> {
        let began = Instant::now();
        let (crew, metrics) = (&self.crew, &self.reporter.metrics);
        metrics.cycles.inc();
        // What `all` has seen of a symbol it has told: it is not polled any
        // more, or it has just been.
        let mut whole = pin!(all(self, began));
        let (outcomes, unnumbered) = loop {
            match timeout(LOOK, &mut whole).await {
                Ok(ended) => break ended,
                Err(_) if stop.load(Ordering::Acquire) => {
                    let ordering = crew.ordering.load(Ordering::Acquire);
                    if ordering && let Ok(ended) = timeout(PATIENCE, &mut whole).await {
                        break ended;
                    }
                    tracing::warn!("a cycle is broken off: the end was asked for");
                    return None;
                }
                Err(_) => {}
            }
        };
        let failed = outcomes.iter().filter(|outcome| outcome.failed);
        let failed = failed
            .map(|Outcome { decision: d, .. }| format!("{} {}: {}", d.symbol, d.action, d.why));
        let wrong: Vec<String> = unnumbered.into_iter().chain(failed).collect();
        metrics.cycle(began.elapsed(), !wrong.is_empty());
        self.reporter.book.ended(Text::new(&wrong.join("; ")), self.reporter.lost());
        Some(Ended { outcomes, wrong })
    }
}

/// Every symbol of one cycle, side by side; a panic in one is that one's. Each
/// is told when it has ended, not when the slowest has. The second part is why
/// the cycle has no number.
async fn all(sentinel: &Sentinel, began: Instant) -> (Vec<Outcome>, Option<String>) {
    let (crew, reporter) = (&sentinel.crew, &sentinel.reporter);
    let period = crew.options.pace.period();
    let ask = |m: &mut Memory| Ok((m.begin_cycle()?, m.untold()?, m.doubtful()?));
    let (number, unnumbered) = match crew.store.remember(ask).await {
        Ok((number, untold, doubts)) => {
            for (order, decision) in untold.iter().zip(left::decisions(&untold, &crew.options)) {
                reporter.decision(&decision);
                told(crew, order.id.to_string());
            }
            warn(reporter, sentinel.damage.as_deref(), &doubts);
            crew.look_for(&doubts);
            (number, None)
        }
        Err(why) => {
            // Orders need the file too, and will say so themselves.
            let why = format!("the cycle has no number: {why}");
            tracing::error!("{why}");
            (0, Some(why))
        }
    };
    let round = Round { number, bars_by: began + period / 2, done_by: began + period * 9 / 10 };
    let mut tasks = JoinSet::new();
    let mut running = HashMap::new();
    for (place, symbol) in crew.options.symbols.iter().copied().enumerate() {
        let task = tasks.spawn(Arc::clone(crew).symbol(symbol, round));
        running.insert(task.id(), (place, symbol));
    }
    let mut ended = Vec::new();
    while let Some(next) = tasks.join_next_with_id().await {
        let (id, outcome) = match next {
            Ok((id, outcome)) => (id, Ok(outcome)),
            Err(e) => (e.id(), Err(panicked(e))),
        };
        let Some((place, symbol)) = running.remove(&id) else { continue };
        let outcome = outcome.unwrap_or_else(|why| lost(crew, symbol, number, &why));
        reporter.decision(&outcome.decision);
        if let Some(id) = outcome.order.clone() {
            told(crew, id);
        }
        ended.push((place, outcome));
    }
    ended.sort_by_key(|(place, _)| *place);
    (ended.into_iter().map(|(_, outcome)| outcome).collect(), unnumbered)
}

/// What became of this order is told, and the state file learns that.
fn told(crew: &Crew, id: String) {
    crew.store.leave(format!("{id} is told"), move |m| m.told(&id));
}

fn warn(reporter: &Reporter, damage: Option<&str>, doubts: &[Left]) {
    let words: Vec<String> =
        damage.map(str::to_owned).into_iter().chain(left::words(doubts)).collect();
    reporter.book.warn(Text::new(&words.join("; ")));
}

/// A symbol's cycle that ended in a panic.
fn lost(crew: &Crew, symbol: Symbol, number: u64, why: &Text) -> Outcome {
    Making::begin(&crew.options, symbol, number).end("ERROR", why)
}

/// What ended a task, in words.
pub(super) fn panicked(e: JoinError) -> Text {
    let Ok(payload) = e.try_into_panic() else { return Text::new("the cycle was ended") };
    let words = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
    let words = words.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
    Text::limited(&format!("panic: {words}"), 200)
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(HELPERS)
        .thread_name("sentinel-disk")
        .build()
}

/// Said as long as it holds; a damage as long as this run lasts.
fn damage(memory: &Memory) -> Option<String> {
    let why = memory.set_aside()?;
    let text = format!(
        "STATE FILE DAMAGED: {why}; no orders on the bars that are current now, since it is not \
         known any more what was ordered on them"
    );
    tracing::error!("{text}");
    Some(text)
}

/// One sentinel for each state; ends with the file.
fn lock(dir: &Path) -> Result<File, StartFault> {
    let path = dir.join("lock");
    let what = format!("lock {}", path.display());
    let opened = OpenOptions::new().create(true).read(true).append(true).open(&path);
    let mut file = opened.map_err(|e| fault(&what, &e))?;
    match file.try_lock() {
        Ok(()) => {
            let pid = std::process::id();
            let written = file.set_len(0).and_then(|()| writeln!(file, "{pid}"));
            written.map_err(|e| fault(&what, &e))?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let read = file.rewind().and_then(|()| file.take(20).read_to_string(&mut pid));
            let pid = Text::limited(read.map_or("?", |_| pid.trim()), 20);
            Err(StartFault::Running { pid, dir: Text::new(&dir.to_string_lossy()) })
        }
        Err(TryLockError::Error(e)) => Err(fault(&what, &e)),
    }
}

fn bind(host: &str, port: u16) -> Result<TcpListener, StartFault> {
    let what = format!("metrics at {host}:{port}");
    let bound = TcpListener::bind((host, port)).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    bound.map_err(|e| fault(&what, &e))
}

fn fault(what: &str, cause: &dyn std::fmt::Display) -> StartFault {
    StartFault::Open { what: Text::new(what), cause: Text::new(&cause.to_string()) }
}
