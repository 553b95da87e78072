//! The agent's clients: a reader and a writer thread each, and a mailbox
//! between, so that a stopped client stops nobody else.

use super::core::Msg;
use crate::control::kill::protocol::{FromAgent, line, messages};
use crossbeam_channel as channel;
use std::collections::BTreeMap;
use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::time::Duration;

/// Messages a slow client may owe; then it is dropped and may come again.
const MAILBOX: usize = 256;

/// Everyone connected.
#[derive(Debug, Default)]
pub(super) struct Clients {
    all: BTreeMap<u64, channel::Sender<Arc<Vec<u8>>>>,
}

impl Clients {
    /// Takes a new connection.
    pub fn add(&mut self, id: u64, stream: &UnixStream, core: &channel::Sender<Msg>) {
        let (mail, inbox) = channel::bounded::<Arc<Vec<u8>>>(MAILBOX);
        let (Ok(read), Ok(mut write)) = (stream.try_clone(), stream.try_clone()) else { return };
        let _ = write.set_write_timeout(Some(Duration::from_secs(2)));
        let spawned = std::thread::Builder::new().name("client-out".to_owned()).spawn(move || {
            for text in inbox {
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
        if spawned.is_ok() && reading.is_ok() {
            self.all.insert(id, mail);
        }
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

/// Accepts until the socket goes away.
pub(super) fn accept(listener: &UnixListener, core: &channel::Sender<Msg>) {
    for (id, stream) in (1_u64..).zip(listener.incoming()) {
        match stream {
            Ok(stream) => {
                if core.send(Msg::Came(id, stream)).is_err() {
                    return;
                }
            }
            // Out of descriptors: those that are connected go on.
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}
