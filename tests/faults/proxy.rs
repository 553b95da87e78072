//! A line between a client and a gateway that can be cut, silenced, slowed.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Default)]
struct Line {
    stop: AtomicBool,
    /// Bytes are taken and never delivered: the far end looks alive.
    silent: AtomicBool,
    /// Each piece arrives this late, in ms.
    delay: AtomicU64,
    open: Mutex<Vec<TcpStream>>,
}

/// A running one; ends with this value.
pub struct Proxy {
    pub port: u16,
    line: Arc<Line>,
}

impl Proxy {
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let own = listener.local_addr().unwrap().port();
        listener.set_nonblocking(true).unwrap();
        let line = Arc::new(Line::default());
        let accepting = Arc::clone(&line);
        std::thread::spawn(move || accept(&listener, port, &accepting));
        Self { port: own, line }
    }

    pub fn silence(&self, on: bool) {
        self.line.silent.store(on, Ordering::SeqCst);
    }

    pub fn delay(&self, ms: u64) {
        self.line.delay.store(ms, Ordering::SeqCst);
    }

    /// Drops every connection that stands.
    pub fn cut(&self) {
        for stream in self.line.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.line.stop.store(true, Ordering::SeqCst);
        self.cut();
    }
}

fn accept(listener: &TcpListener, port: u16, line: &Arc<Line>) {
    while !line.stop.load(Ordering::SeqCst) {
        let Ok((near, _)) = listener.accept() else {
            std::thread::sleep(Duration::from_millis(2));
            continue;
        };
        near.set_nonblocking(false).unwrap();
        let Ok(far) = TcpStream::connect(("127.0.0.1", port)) else { continue };
        let both = [near.try_clone().unwrap(), far.try_clone().unwrap()];
        line.open.lock().unwrap().extend(both);
        for (from, to) in [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)] {
            let line = Arc::clone(line);
            std::thread::spawn(move || carry(from, to, &line));
        }
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, line: &Line) {
    let mut piece = [0_u8; 4_096];
    while let Ok(n @ 1..) = from.read(&mut piece) {
        std::thread::sleep(Duration::from_millis(line.delay.load(Ordering::SeqCst)));
        if !line.silent.load(Ordering::SeqCst) && to.write_all(&piece[..n]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
