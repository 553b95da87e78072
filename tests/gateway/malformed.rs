//! What is no request, and the documented words for it.

use crate::peer::{Peer, start};
use serde_json::{Value, json};

/// `(sent, req_id, error)`.
const GOLDEN: [(&str, &str, &str); 17] = [
    ("{}", "unknown", "Invalid request structure"),
    ("[]", "unknown", "Invalid request structure"),
    ("null", "unknown", "Invalid request structure"),
    ("\"HEARTBEAT\"", "unknown", "Invalid request structure"),
    (r#"{"req_id":"a"}"#, "a", "Invalid request structure"),
    (
        r#"{"action":"HEARTBEAT","timestamp":1.0,"payload":{}}"#,
        "unknown",
        "Invalid request structure",
    ),
    (r#"{"action":"HEARTBEAT","req_id":"a","payload":{}}"#, "a", "Invalid request structure"),
    (r#"{"action":"HEARTBEAT","req_id":"a","timestamp":1.0}"#, "a", "Invalid request structure"),
    (r#"{"req_id":"a","timestamp":1.0,"payload":{}}"#, "a", "Invalid request structure"),
    (
        r#"{"action":"HEARTBEAT","req_id":7,"timestamp":1.0,"payload":{}}"#,
        "unknown",
        "Invalid request structure",
    ),
    (
        r#"{"action":"KILL_SWITCH","req_id":"k","timestamp":"now","payload":{}}"#,
        "k",
        "Invalid request structure",
    ),
    (
        r#"{"action":"KILL_SWITCH","req_id":"k","timestamp":1.0,"payload":[]}"#,
        "k",
        "Invalid request structure",
    ),
    (r#"{"action":"HALT","req_id":"a","timestamp":1.0,"payload":{}}"#, "a", "Unknown action: HALT"),
    (
        r#"{"action":"kill_switch","req_id":"a","timestamp":1.0,"payload":{}}"#,
        "a",
        "Unknown action: kill_switch",
    ),
    (
        r#"{"action":"CLOSE_POSITION","req_id":"a","timestamp":1.0,"payload":{}}"#,
        "a",
        "Missing 'ticket' in payload",
    ),
    ("", "unknown", "EOF while parsing a value at line 1 column 0"),
    (
        r#"{"action":"HEARTBEAT","req_id":"a","timestamp":NaN,"payload":{}}"#,
        "unknown",
        "expected value at line 1 column 48",
    ),
];

#[test]
fn golden_refusals() {
    let (dir, context) = (tempfile::tempdir().unwrap(), zmq::Context::new());
    let gateway = start(dir.path());
    let peer = Peer::new(&context, &gateway);
    for (sent, req_id, error) in GOLDEN {
        let reply: Value = serde_json::from_str(&peer.say(sent)).unwrap();
        let timestamp = reply["timestamp"].clone();
        assert!(timestamp.is_f64());
        let golden = json!({
            "req_id": req_id, "status": "ERROR", "timestamp": timestamp, "data": null, "error": error,
        });
        assert_eq!(reply, golden, "{sent}");
    }
    assert_eq!(gateway.counts().malformed, GOLDEN.len() as u64);
    assert!(!gateway.is_killed(), "a malformed kill is refused, not half done");
}

#[test]
fn hostile_frames_hurt_only_their_sender() {
    let (dir, context) = (tempfile::tempdir().unwrap(), zmq::Context::new());
    let gateway = start(dir.path());
    let hostile = context.socket(zmq::DEALER).unwrap();
    hostile.set_linger(0).unwrap();
    hostile.set_rcvtimeo(crate::peer::PATIENCE_MS).unwrap();
    hostile.connect(&gateway.addresses().cmd.zmq()).unwrap();
    let heard = |frames: &[&[u8]]| {
        hostile.send_multipart(frames, 0).unwrap();
        let reply = hostile.recv_multipart(0).unwrap();
        String::from_utf8(reply.last().unwrap().clone()).unwrap()
    };
    assert!(heard(&[b"", b"{}", b"{}"]).contains("EOF while parsing"), "two bodies");
    assert!(heard(&[b"", b"\xff\xfe"]).contains("\"req_id\":\"unknown\""), "no UTF-8");
    assert!(heard(&["[".repeat(60_000).as_bytes()]).contains("recursion limit"), "no delimiter");
    // Nothing comes back for these.
    hostile.send_multipart(["a"; 200], 0).unwrap();
    hostile.send(vec![b' '; 100_000], 0).unwrap();

    let peer = Peer::new(&context, &gateway);
    assert_eq!(peer.ask("HEARTBEAT", &json!({}))["status"], "alive");
    // It was disconnected for the frame above 64 KiB, and may come back.
    let big = json!({"x": "y".repeat(60_000)});
    assert_eq!(peer.ask("HEARTBEAT", &big)["status"], "alive");
}
