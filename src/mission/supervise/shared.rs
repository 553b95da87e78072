//! What the threads of the processes share.

use super::actor::Msg;
use super::machine::Standing;
use super::probe::Eyes;
use crate::domain::Text;
use crate::domain::mission::ProcessRecord;
use crate::mission::hands::Hands;
use crate::mission::lines::{Raises, Reads};
use crate::mission::spec::Name;
use crate::mission::told::{Hears, Told};
use crossbeam_channel::Sender;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Key of the daemon's own host among the hands.
pub const OWN: &str = "";

/// Hands by the name of their machine.
pub type HandsOf = BTreeMap<Name, Arc<dyn Hands>>;

/// The lock, also of a thread that panicked: what it guards is replaced as a
/// whole.
pub fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One process, as others see it.
pub struct Cell {
    /// To its thread.
    pub send: Sender<Msg>,
    /// How it stands.
    pub record: Mutex<ProcessRecord>,
    /// How it stands for those it has to do with.
    pub standing: Mutex<Standing>,
    /// Who hears when that changes.
    pub peers: Mutex<Vec<Name>>,
    /// Its thread.
    pub thread: Mutex<Option<JoinHandle<()>>>,
    /// Orders that were given to it.
    pub given: AtomicU64,
    /// Orders that its record knows of.
    pub taken: AtomicU64,
}

impl Cell {
    /// Gives it an order.
    pub fn order(&self, order: Msg) {
        self.given.fetch_add(1, Ordering::SeqCst);
        let _ = self.send.send(order);
    }

    /// Its record knows of so many orders.
    pub fn took(&self, orders: u64) {
        self.taken.store(orders, Ordering::SeqCst);
    }

    /// An order waits: its thread is busy with another machine, say. Its
    /// record is of the time before.
    pub fn waits(&self) -> bool {
        self.taken.load(Ordering::SeqCst) < self.given.load(Ordering::SeqCst)
    }
}

/// What the threads share.
pub struct Shared {
    /// Processes by name.
    pub cells: Mutex<BTreeMap<Name, Arc<Cell>>>,
    /// Hands of every machine.
    pub hands: HandsOf,
    /// Who reads output.
    pub reads: Arc<dyn Reads>,
    /// Who hears of trouble.
    pub raises: Arc<dyn Raises>,
    /// Who is told.
    pub hears: Arc<dyn Hears>,
    /// For probes.
    pub eyes: Eyes,
    /// Something moved.
    pub moved: (Mutex<u64>, Condvar),
}

impl Shared {
    /// The process of this name.
    pub fn cell(&self, name: &str) -> Option<Arc<Cell>> {
        lock(&self.cells).get(name).cloned()
    }

    /// Every process.
    pub fn all(&self) -> Vec<Arc<Cell>> {
        lock(&self.cells).values().cloned().collect()
    }

    /// Hands for a machine.
    ///
    /// # Errors
    /// Nobody has any.
    pub fn hands(&self, host: Option<&Name>) -> Result<Arc<dyn Hands>, Text> {
        let name = host.map_or(OWN, String::as_str);
        self.hands.get(name).cloned().ok_or_else(|| {
            Text::new(&format!("machine {name} is not known to this daemon; start the daemon anew"))
        })
    }

    /// Publishes how one stands.
    pub fn publish(&self, cell: &Cell, record: ProcessRecord, standing: &Standing) {
        let name = record.name.as_str().to_owned();
        let told = Arc::new(record.clone());
        *lock(&cell.record) = record;
        let was = std::mem::replace(&mut *lock(&cell.standing), standing.clone());
        if was != *standing {
            let peers = lock(&cell.peers).clone();
            for peer in peers.iter().filter_map(|peer| self.cell(peer)) {
                let _ = peer.send.send(Msg::Other(name.clone(), standing.clone()));
            }
        }
        self.hears.hear(Told::Process(told));
        let mut count = lock(&self.moved.0);
        *count = count.wrapping_add(1);
        self.moved.1.notify_all();
    }

    /// Waits until something moves, at most so long.
    pub fn pause(&self, longest: Duration) {
        let count = lock(&self.moved.0);
        drop(self.moved.1.wait_timeout(count, longest));
    }
}
