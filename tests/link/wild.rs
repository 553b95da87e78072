//! Publishers that speak raw bytes: what libzmq itself would never send.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// A TCP listener that does something to each connection, in turn.
pub struct Wild {
    pub port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Wild {
    /// `act` is told how many connections there were before.
    pub fn start(act: impl Fn(usize, &mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut held = Vec::new();
            while !ends.load(Ordering::Relaxed) {
                let Ok((mut stream, _)) = listener.accept() else {
                    std::thread::sleep(Duration::from_millis(5));
                    continue;
                };
                stream.set_nonblocking(false).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
                act(held.len(), &mut stream);
                held.push(stream);
            }
        });
        Self { port, stop, thread: Some(thread) }
    }
}

impl Drop for Wild {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// ZMTP 3.0's greeting and READY of a publisher; afterwards frames may go.
pub fn greet(stream: &mut TcpStream) {
    greet_as(stream, b"PUB");
}

/// The same for a socket of any kind.
pub fn greet_as(stream: &mut TcpStream, kind: &[u8]) {
    let mut greeting = [0_u8; 64];
    greeting[0] = 0xff;
    greeting[9] = 0x7f;
    greeting[10] = 3;
    greeting[12..16].copy_from_slice(b"NULL");
    let _ = stream.write_all(&greeting);
    let _ = stream.read_exact(&mut [0; 64]);
    let mut ready = b"\x05READY\x0bSocket-Type".to_vec();
    ready.extend(u32::try_from(kind.len()).unwrap().to_be_bytes());
    ready.extend(kind);
    let size = u8::try_from(ready.len()).unwrap();
    let _ = stream.write_all(&[&[0x04, size][..], &ready].concat());
    // Their READY and their subscription, which nobody needs to understand.
    std::thread::sleep(Duration::from_millis(100));
}

/// One message of one short frame.
pub fn frame(stream: &mut TcpStream, body: &[u8]) {
    let size = u8::try_from(body.len()).unwrap();
    let _ = stream.write_all(&[&[0, size][..], body].concat());
}

/// A frame that announces `size` bytes, and the first few of them.
pub fn announce(stream: &mut TcpStream, size: u64) {
    let _ = stream.write_all(&[&[0x02][..], &size.to_be_bytes(), &[b'x'; 4_096]].concat());
}
