//! The server: one current-thread runtime on a thread of its own. What may
//! wait (an order, a plan, a look at the disk) runs on threads beside it.

use super::bind::Access;
use super::door::{AT_ONCE, FIRST, Peer};
use super::guard::{Rules, guard};
use super::routes;
use crate::domain::Text;
use crate::host::guest::Door;
use crate::mission::crew::Crew;
use crate::mission::hub::Hub;
use crate::mission::parts::{Alerts, Annals, Gauges, Lines, Modes, Orders, Zombies};
use crate::mission::ports::Switch;
use axum::middleware::from_fn_with_state;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::oneshot;

/// Threads for what may wait, at most.
const BESIDE: usize = 32;
/// At the end, answers on their way may still go out.
const LAST: Duration = Duration::from_millis(100);

/// The daemon's parts, as the API uses them.
#[derive(Clone)]
pub struct Parts {
    /// What holds now.
    pub hub: Arc<Hub>,
    /// Takes orders.
    pub orders: Arc<dyn Orders>,
    /// Says why a process is not up.
    pub crew: Arc<dyn Crew>,
    /// Modes and plans.
    pub modes: Arc<dyn Modes>,
    /// Lines at hand.
    pub lines: Arc<dyn Lines>,
    /// Alerts at hand.
    pub alerts: Arc<dyn Alerts>,
    /// What was left behind.
    pub zombies: Arc<dyn Zombies>,
    /// The audit.
    pub annals: Arc<dyn Annals>,
    /// Trades, profit, exposure.
    pub switch: Arc<dyn Switch>,
    /// Further figures for `/metrics`.
    pub gauges: Vec<Arc<dyn Gauges>>,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    /// Its TCP address, where it has one.
    pub at: Option<SocketAddr>,
    socket: PathBuf,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Binds, and serves from then on.
    ///
    /// # Errors
    /// An address can't be had, or the system gives no thread.
    pub fn start(access: Access, parts: Parts) -> Result<Self, Text> {
        let unix = access.bind_unix()?;
        let tcp = access.bind_tcp()?;
        let at = tcp.as_ref().and_then(|tcp| tcp.local_addr().ok());
        if let Some(at) = at.filter(|at| !at.ip().is_loopback()) {
            tracing::warn!("mission control listens at {at}, for other machines too");
        }
        let socket = access.socket.clone();
        let rules = Arc::new(Rules { access, port: at.map(|at| at.port()) });
        let no_thread = |e: std::io::Error| Text::new(&format!("the control API: {e}"));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(BESIDE)
            .thread_name("mission-order")
            .build()
            .map_err(no_thread)?;
        let (end, ended) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("mission-api".to_owned())
            .spawn(move || {
                runtime.block_on(serve(unix, tcp, rules, parts, ended));
                runtime.shutdown_timeout(Duration::from_secs(1));
            })
            .map_err(no_thread)?;
        Ok(Self { at, socket, end: Some(end), thread: Some(thread) })
    }

    /// Ends it; connections end with it.
    pub fn end(mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // A panic of it was told by itself.
            let _ = thread.join();
        }
        let _ = std::fs::remove_file(&self.socket);
    }
}

async fn serve(
    unix: std::os::unix::net::UnixListener,
    tcp: Option<std::net::TcpListener>,
    rules: Arc<Rules>,
    parts: Parts,
    ended: oneshot::Receiver<()>,
) {
    let app = routes::router(parts).layer(from_fn_with_state(rules, guard));
    let service = app.into_make_service_with_connect_info::<Peer>();
    match UnixListener::from_std(unix) {
        Ok(unix) => {
            let service = service.clone();
            let door = Door::new(unix, AT_ONCE, FIRST);
            tokio::spawn(async move { axum::serve(door, service).await });
        }
        Err(e) => tracing::error!("the control socket can't be served: {e}"),
    }
    if let Some(tcp) = tcp {
        match TcpListener::from_std(tcp) {
            Ok(tcp) => {
                let door = Door::new(tcp, AT_ONCE, FIRST);
                tokio::spawn(async move { axum::serve(door, service).await });
            }
            Err(e) => tracing::error!("the control port can't be served: {e}"),
        }
    }
    let _ = ended.await;
    tokio::time::sleep(LAST).await;
}
