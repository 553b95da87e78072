//! One connection to the daemon: WebSocket over its Unix socket.

use crate::domain::Text;
use crate::mission::api::message::{Asked, Initial, Inward, Message, Outward};
use std::io::{self, ErrorKind};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Error, HandshakeError, Message as Frame, WebSocket};

/// Longest wait for the handshake.
const HANDSHAKE: Duration = Duration::from_secs(3);
/// A look for what came; orders wait no longer than this.
const LOOK: Duration = Duration::from_millis(50);
/// A daemon that takes nothing for so long is gone.
const WRITE: Duration = Duration::from_secs(2);
/// Largest message: a status with every process, an alert for each.
const LARGEST: usize = 8 << 20;
/// Where the WebSocket is. The host's name is of no meaning on a Unix socket.
const URL: &str = "ws://localhost/ws";

/// A connection.
pub(super) struct Line {
    socket: WebSocket<UnixStream>,
}

impl Line {
    /// Connects and shakes hands.
    ///
    /// # Errors
    /// The cause and the next step, in one line.
    pub fn connect(path: &Path) -> Result<Self, Text> {
        let stream = UnixStream::connect(path).map_err(|e| away(path, &e))?;
        let set = stream
            .set_read_timeout(Some(HANDSHAKE))
            .and_then(|()| stream.set_write_timeout(Some(WRITE)));
        set.map_err(|e| away(path, &e))?;
        let limits = WebSocketConfig::default()
            .max_message_size(Some(LARGEST))
            .max_frame_size(Some(LARGEST));
        let (socket, _) = tungstenite::client::client_with_config(URL, stream, Some(limits))
            .map_err(|e| {
                let why = match e {
                    HandshakeError::Failure(e) => e.to_string(),
                    HandshakeError::Interrupted(_) => String::from("no answer within 3 s"),
                };
                let path = path.display();
                Text::new(&format!("{path} is no socket of mission control: {why}"))
            })?;
        socket.get_ref().set_read_timeout(Some(LOOK)).map_err(|e| away(path, &e))?;
        Ok(Self { socket })
    }

    /// Asks.
    ///
    /// # Errors
    /// Why the link is lost.
    pub fn send(&mut self, req_id: String, inward: Inward) -> Result<(), Text> {
        let json = serde_json::to_string(&Asked { req_id, inward })
            .map_err(|e| Text::new(&format!("can't be asked: {e}")))?;
        self.socket.send(Frame::text(json)).map_err(|e| lost(&e))
    }

    /// The next message; none when none came for a moment.
    ///
    /// # Errors
    /// Why the link is lost.
    pub fn receive(&mut self) -> Result<Option<Message>, Text> {
        match self.socket.read() {
            Ok(Frame::Text(text)) => match serde_json::from_str::<Outward>(&text) {
                Ok(outward) => Ok(Some(outward.message)),
                // A later daemon may say more than this console knows.
                Err(_) if is_foreign(&text) => Ok(None),
                Err(e) => Err(Text::new(&format!("it does not speak as we do: {e}"))),
            },
            Ok(Frame::Close(_)) => Err(Text::new("it closed the connection")),
            Ok(_) => Ok(None),
            Err(Error::Io(e)) if is_quiet(&e) => Ok(None),
            Err(e) => Err(lost(&e)),
        }
    }
}

/// A message of a kind that this program has no word for.
fn is_foreign(text: &str) -> bool {
    const KNOWN: [&str; 10] = [
        "initial_status",
        "status_update",
        "process_update",
        "host_update",
        "launch_update",
        "console_output",
        "console_lines",
        "alert",
        "lagged",
        "answer",
    ];
    let kind = serde_json::from_str::<serde_json::Value>(text).ok();
    let kind = kind.as_ref().and_then(|value| value.get("type")?.as_str());
    kind.is_some_and(|kind| !KNOWN.contains(&kind))
}

/// The first message of a new connection: one look, then gone.
///
/// # Errors
/// The cause and the next step, in one line.
pub fn initial(path: &Path, longest: Duration) -> Result<Initial, Text> {
    let end = Instant::now() + longest;
    let mut line = Line::connect(path)?;
    while Instant::now() < end {
        if let Some(Message::InitialStatus { data }) = line.receive()? {
            return Ok(*data);
        }
    }
    Err(Text::new(&format!("no status within {} s", longest.as_secs())))
}

fn is_quiet(e: &io::Error) -> bool {
    matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

fn away(path: &Path, e: &io::Error) -> Text {
    let shown = path.display();
    Text::new(&match e.kind() {
        ErrorKind::NotFound if !super::is_there(path) => {
            format!("no socket {shown}: is \"crs mission serve\" running?")
        }
        ErrorKind::ConnectionRefused => {
            format!("nobody listens at {shown}: is \"crs mission serve\" running?")
        }
        ErrorKind::PermissionDenied => format!("{shown} belongs to another user: {e}"),
        _ => format!("{shown}: {e}"),
    })
}

fn lost(e: &Error) -> Text {
    Text::new(&match e {
        Error::ConnectionClosed | Error::AlreadyClosed => String::from("it closed the connection"),
        Error::Protocol(e) => format!("the connection broke: {e}"),
        Error::Io(e) if is_quiet(e) => String::from("it takes nothing any more"),
        other => format!("the connection broke: {other}"),
    })
}
