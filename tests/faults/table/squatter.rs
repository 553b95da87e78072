//! Programs that are no ZeroMQ peer, on the command port: each keeps every
//! byte it was sent, connection by connection.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An answer to every piece it is sent, as to a request that is none.
    Http,
    /// A banner at once.
    Ssh,
    /// Nothing, and it never hangs up.
    Silent,
    /// Bytes without end.
    Garbage,
    /// What it is sent.
    Echo,
    /// It hangs up at once.
    Shut,
}

const HTTP: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const SSH: &[u8] = b"SSH-2.0-OpenSSH_9.6\r\n";

/// A running one; ends with this value.
pub struct Squatter {
    pub port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    heard: Mutex<Vec<Vec<u8>>>,
}

impl Squatter {
    pub fn start(form: Form) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        listener.set_nonblocking(true).unwrap();
        let shared = Arc::new(Shared::default());
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            while !serving.stop.load(Ordering::SeqCst) {
                let Ok((stream, _)) = listener.accept() else {
                    std::thread::sleep(Duration::from_millis(2));
                    continue;
                };
                let serving = Arc::clone(&serving);
                std::thread::spawn(move || serve(stream, form, &serving));
            }
        });
        Self { port, shared }
    }

    /// The bytes that came, by connection.
    pub fn heard(&self) -> Vec<Vec<u8>> {
        self.shared.heard.lock().unwrap().clone()
    }
}

impl Drop for Squatter {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
    }
}

fn serve(mut stream: TcpStream, form: Form, shared: &Shared) {
    let own = {
        let mut heard = shared.heard.lock().unwrap();
        heard.push(Vec::new());
        heard.len() - 1
    };
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
    let opening = if form == Form::Ssh { SSH } else { b"" };
    if form == Form::Shut || stream.write_all(opening).is_err() {
        return;
    }
    let mut piece = [0_u8; 4_096];
    while !shared.stop.load(Ordering::SeqCst) {
        let got = match stream.read(&mut piece) {
            Ok(0) => return,
            Ok(n) => &piece[..n],
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => b"",
            Err(_) => return,
        };
        shared.heard.lock().unwrap()[own].extend_from_slice(got);
        let answer = match form {
            Form::Http if !got.is_empty() => HTTP,
            Form::Garbage => b"\xff\xfe\x00\x1b[31m\x80garbage\r\n",
            Form::Echo => got,
            _ => b"",
        };
        if stream.write_all(answer).is_err() || answer == HTTP {
            return;
        }
    }
}
