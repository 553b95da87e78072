//! The agent's clients: a reader and a writer thread each, and a mailbox
//! between, so that a stopped client stops nobody else.

use super::core::Msg;
use crate::control::kill::protocol::{FromAgent, line, messages};
use crate::domain::Text;
use crate::host::clock;
use crossbeam_channel as channel;
use rustix::event::{PollFd, PollFlags, Timespec};
use std::collections::BTreeMap;
use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::time::Duration;

/// Messages a slow client may owe; then it is dropped and may come again.
const MAILBOX: usize = 256;

/// An agent that can let nobody in for so long (ns) gives up the election.
const DEAF: u64 = 2_000_000_000;

/// Everyone connected.
#[derive(Debug, Default)]
pub(super) struct Clients {
    all: BTreeMap<u64, channel::Sender<Arc<Vec<u8>>>>,
    pub deaf: Deaf,
}

impl Clients {
    /// Takes a new connection.
    ///
    /// # Errors
    /// The system's, when it has no more descriptors or threads: the client
    /// is let go.
    pub fn add(
        &mut self,
        id: u64,
        stream: &UnixStream,
        core: &channel::Sender<Msg>,
    ) -> std::io::Result<()> {
        let (mail, inbox) = channel::bounded::<Arc<Vec<u8>>>(MAILBOX);
        let (read, mut write) = (stream.try_clone()?, stream.try_clone()?);
        let _ = write.set_write_timeout(Some(Duration::from_secs(2)));
        let spawned = std::thread::Builder::new().name("client-out".to_owned()).spawn(move || {
            for text in inbox {
                tracing::trace!("agent: {} bytes for a client", text.len());
                if write.write_all(&text).is_err() {
                    break;
                }
            }
            let _ = write.shutdown(Shutdown::Both);
        });
        let core = core.clone();
        let reading = std::thread::Builder::new().name("client-in".to_owned()).spawn(move || {
            for said in messages(read) {
                if core.send(Msg::Said(id, said)).is_err() {
                    return;
                }
            }
            let _ = core.send(Msg::Gone(id));
        });
        if let Err(e) = spawned.and(reading) {
            let _ = stream.shutdown(Shutdown::Both);
            return Err(e);
        }
        self.all.insert(id, mail);
        Ok(())
    }

    /// Forgets one.
    pub fn remove(&mut self, id: u64) {
        self.all.remove(&id);
    }

    /// To one.
    pub fn tell(&mut self, id: u64, message: &FromAgent) {
        let text = Arc::new(line(message));
        if self.all.get(&id).is_some_and(|mail| mail.try_send(text).is_err()) {
            self.all.remove(&id);
        }
    }

    /// To all.
    pub fn tell_all(&mut self, message: &FromAgent) {
        let text = Arc::new(line(message));
        self.all.retain(|_, mail| mail.try_send(Arc::clone(&text)).is_ok());
    }

    /// Whether anybody is there.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// Accepts until the socket goes away, or until nobody who waits could be let
/// in for [`DEAF`]: such an agent holds the election and hears nothing.
pub(super) fn accept(listener: &UnixListener, core: &channel::Sender<Msg>) {
    let (mut id, mut deaf) = (0_u64, Deaf::default());
    loop {
        let heard = match listener.accept() {
            Ok((stream, _)) => {
                (id, deaf) = (id.saturating_add(1), Deaf::default());
                core.send(Msg::Came(id, stream)).is_ok()
            }
            Err(e) => {
                // Out of descriptors: those that are connected go on. The
                // system says so even where nobody waits.
                std::thread::sleep(Duration::from_millis(100));
                let why = deaf.failed(&e);
                match why.filter(|_| is_waited_for(listener)) {
                    Some(why) => core.send(Msg::Deaf(why)).is_ok(),
                    None => true,
                }
            }
        };
        if !heard {
            return;
        }
    }
}

fn is_waited_for(listener: &UnixListener) -> bool {
    let mut fds = [PollFd::new(listener, PollFlags::IN)];
    rustix::event::poll(&mut fds, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}

/// Since when nobody could be let in.
#[derive(Debug, Default)]
pub(super) struct Deaf(Option<u64>);

impl Deaf {
    /// Once more; why this is no agent any longer, after [`DEAF`] of it.
    pub fn failed(&mut self, why: &std::io::Error) -> Option<Text> {
        let now = clock::mono_ns();
        let since = *self.0.get_or_insert(now);
        let long = now.saturating_sub(since) > DEAF;
        long.then(|| Text::new(&format!("nobody can be let in for 2 s: {why}")))
    }
}
