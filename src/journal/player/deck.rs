//! The thread that plays, and what its owner holds of it.

use super::{Move, Player, View};
use crate::domain::Text;
use crate::host::clock;
use crate::journal::{RecordingError, Source};
use crossbeam_channel as channel;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::Duration;

/// Least time between two views; longer where State is large.
const FRAME: Duration = Duration::from_millis(60);
/// Between two looks at a recording that grows.
const LOOK: Duration = Duration::from_millis(250);
/// A session that has not begun to be recorded by then is not being recorded.
const BEGINS: Duration = Duration::from_secs(4);
/// A copy of State may take one part in so many of the time.
const SHARE: u32 = 5;

/// Opens a recording; called on the player's thread, for a disk may hang.
pub type Opening = dyn Fn() -> Result<Box<dyn Source>, RecordingError> + Send + Sync;

/// How a player fares.
#[derive(Clone, Debug, Default)]
pub enum Stand {
    /// The recording is being opened.
    #[default]
    Opening,
    /// It can't be.
    Failed(Text),
    /// What is to be shown.
    Shows(Arc<View>),
}

/// A player on its own thread. Dropping it ends the thread.
pub struct Deck {
    moves: channel::Sender<Move>,
    stand: Arc<Mutex<Stand>>,
    news: channel::Receiver<()>,
}

impl Deck {
    /// Opens a recording and carries out `first`; `live` where it may grow.
    ///
    /// # Errors
    /// No thread is to be had.
    pub fn start(open: Arc<Opening>, live: bool, first: Vec<Move>) -> io::Result<Self> {
        let (moves, asked) = channel::unbounded();
        let (tell, news) = channel::bounded(1);
        let stand = Arc::<Mutex<Stand>>::default();
        let outlet = Outlet { stand: Arc::clone(&stand), tell };
        let mut first = first;
        Builder::new().name("player".to_owned()).spawn(move || {
            let begun = clock::now();
            let source = loop {
                match open() {
                    Ok(source) => break source,
                    // A session's first record is on the disk within a second.
                    Err(_) if live && clock::now().since(begun) < BEGINS => {}
                    Err(error) => {
                        return outlet.put(Stand::Failed(Text::new(&error.to_string())));
                    }
                }
                match asked.recv_timeout(LOOK) {
                    Ok(step) => first.push(step),
                    Err(channel::RecvTimeoutError::Timeout) => {}
                    Err(channel::RecvTimeoutError::Disconnected) => return,
                }
            };
            play(Player::new(source, live), first, live, &asked, &outlet);
        })?;
        Ok(Self { moves, stand, news })
    }

    /// Asks for a move; it is never waited for.
    pub fn go(&self, step: Move) {
        let _ = self.moves.send(step);
    }

    /// How it fares now.
    #[must_use]
    pub fn stand(&self) -> Stand {
        self.stand.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Holds something when [`Deck::stand`] has changed; to wait on, and to
    /// empty.
    #[must_use]
    pub const fn news(&self) -> &channel::Receiver<()> {
        &self.news
    }
}

struct Outlet {
    stand: Arc<Mutex<Stand>>,
    tell: channel::Sender<()>,
}

impl Outlet {
    fn put(&self, stand: Stand) {
        *self.stand.lock().unwrap_or_else(PoisonError::into_inner) = stand;
        let _ = self.tell.try_send(());
    }
}

fn play(
    mut player: Player,
    first: Vec<Move>,
    live: bool,
    asked: &channel::Receiver<Move>,
    outlet: &Outlet,
) {
    for step in first {
        player.take(step);
    }
    let (mut last, mut shown) = (clock::now(), None);
    let (mut pause, mut more) = (FRAME, false);
    loop {
        let now = clock::now();
        let due = shown.is_none_or(|at| now.since(at) >= pause);
        if due && !more || shown.is_none_or(|at| now.since(at) >= pause * 2) {
            let (view, differs) = player.view();
            if differs {
                outlet.put(Stand::Shows(Arc::new(view)));
                let took = clock::now().since(now);
                pause = FRAME.max(took * SHARE);
                shown = Some(now);
            }
        }
        let wait = match (more, player.is_moving(), live) {
            (true, ..) => Duration::ZERO,
            (false, true, _) => FRAME / 2,
            (false, false, true) => LOOK,
            (false, false, false) => Duration::MAX,
        };
        // A view that came too soon after the last one is still to be shown.
        let wait = if due { wait } else { wait.min(pause) };
        match asked.recv_timeout(wait.min(Duration::from_hours(1))) {
            Ok(step) => {
                player.take(step);
                for step in asked.try_iter() {
                    player.take(step);
                }
                last = clock::now();
            }
            Err(channel::RecvTimeoutError::Timeout) => {}
            Err(channel::RecvTimeoutError::Disconnected) => return,
        }
        let now = clock::now();
        more = player.advance(now.since(last));
        last = now;
    }
}
