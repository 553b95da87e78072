//! The two PUB sockets. Neither ever waits: a subscriber that does not keep
//! up loses messages at its high-water mark, and nobody else notices.

use super::GatewayError;
use super::sockets::{self, Bound};
use super::ticks::Due;
use crate::domain::{Endpoint, UtcMicros};
use crate::wire::Telemetry;
use std::fmt::Write;

/// Ticks kept for one slow subscriber before it loses some.
const TICK_HWM: i32 = 10_000;
/// Telemetry kept for one slow subscriber.
const TELEMETRY_HWM: i32 = 100;

/// Ticks in shape T7, numbered: `symbol, bid, ask, timestamp, seq`, for a
/// file also `source_time`, and `source` with the gateway's own name.
pub struct TickPublisher {
    socket: zmq::Socket,
    seq: u64,
    source: &'static str,
    text: String,
}

impl TickPublisher {
    /// Binds.
    pub fn bind(
        context: &zmq::Context,
        address: &str,
        port: u16,
        source: &'static str,
    ) -> Result<(Self, Endpoint), GatewayError> {
        let Bound { socket, endpoint } =
            sockets::publisher(context, address, port, "ticks", TICK_HWM)?;
        Ok((Self { socket, seq: 0, source, text: String::new() }, endpoint))
    }

    /// Hands one tick to libzmq; whether it took it.
    pub fn publish(&mut self, due: &Due, now: UtcMicros) -> bool {
        self.seq += 1;
        self.text.clear();
        // Symbols are printable ASCII, but a quote or backslash may be in one.
        let symbol = serde_json::to_string(&due.symbol).unwrap_or_default();
        let mut written = write!(
            self.text,
            "{{\"symbol\":{symbol},\"bid\":{},\"ask\":{},\"timestamp\":{:.6},\"seq\":{}",
            due.quote.bid,
            due.quote.ask,
            now.as_wire_seconds(),
            self.seq,
        );
        if let Some(at) = due.source_time {
            written = written
                .and_then(|()| write!(self.text, ",\"source_time\":{:.6}", at.as_wire_seconds()));
        }
        let written = written.and_then(|()| write!(self.text, ",\"source\":\"{}\"}}", self.source));
        written.is_ok() && self.socket.send(self.text.as_bytes(), zmq::DONTWAIT).is_ok()
    }
}

/// Telemetry, two frames.
pub struct TelemetryPublisher {
    socket: zmq::Socket,
}

impl TelemetryPublisher {
    /// Binds.
    pub fn bind(
        context: &zmq::Context,
        address: &str,
        port: u16,
    ) -> Result<(Self, Endpoint), GatewayError> {
        let Bound { socket, endpoint } =
            sockets::publisher(context, address, port, "telemetry", TELEMETRY_HWM)?;
        Ok((Self { socket }, endpoint))
    }

    /// Hands one message to libzmq.
    pub fn publish(&self, message: &Telemetry) {
        match message.encode() {
            Ok(body) => {
                let frames = [message.topic().as_bytes(), &body];
                let _ = self.socket.send_multipart(frames, zmq::DONTWAIT);
            }
            Err(e) => tracing::error!("{e}"),
        }
    }
}
