//! Malformed everything: each ends in a clear answer, and changes nothing.

use super::house::{House, Http};
use serde_json::Value;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

#[test]
fn malformed_requests_are_told_what_is_wrong() {
    let house = House::new();
    let http = Http::unix(&house);
    let doc = http.get("/api/openapi.json").json();
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let long = format!("{{\"mode\": \"{}\"}}", "x".repeat(70_000));
    let name = format!("{{\"mode\": \"{}\"}}", "\\u001b]0;x".repeat(20));
    let json = "application/json";
    for (method, path, kind, body, status) in [
        ("POST", "/api/launch", json, "", 400),
        ("POST", "/api/launch", json, "{", 400),
        ("POST", "/api/launch", json, "\u{0}", 400),
        ("POST", "/api/launch", json, &deep, 422),
        ("POST", "/api/launch", json, &long, 413),
        ("POST", "/api/launch", json, &name, 404),
        ("POST", "/api/launch", json, "{}", 422),
        ("POST", "/api/launch", json, "[]", 422),
        ("POST", "/api/launch", json, "null", 422),
        ("POST", "/api/launch", json, r#"{"mode": 5}"#, 422),
        ("POST", "/api/launch", json, r#"{"mode": "PAPER", "mod": 1}"#, 422),
        ("POST", "/api/launch", json, r#"{"mode": "PAPER", "mode": "LIVE"}"#, 422),
        ("POST", "/api/launch", json, r#"{"mode": "PAPER"} x"#, 400),
        ("POST", "/api/launch", "text/plain", r#"{"mode": "PAPER"}"#, 415),
        ("POST", "/api/launch", "", r#"{"mode": "PAPER"}"#, 415),
        ("POST", "/api/process/stop", json, r#"{"process": "engine", "dependants": "yes"}"#, 422),
        ("POST", "/api/alerts/x/ack", json, "{}", 400),
        ("POST", "/api/alerts/-1/ack", json, "{}", 400),
        ("POST", "/api/alerts/99999999999999999999/ack", json, "{}", 400),
        ("POST", "/api/status", json, "{}", 405),
        ("GET", "/api/launch", "", "", 405),
        ("DELETE", "/api/alerts/1/ack", "", "", 405),
        ("GET", "/api/plan", "", "", 400),
        ("GET", "/api/plan?mode=PAPER&x=1", "", "", 400),
        ("GET", "/api/logs?after=-1", "", "", 400),
        ("GET", "/api/logs?after=1&after=2", "", "", 400),
        ("GET", "/api/logs?after=9223372036854775808", "", "", 400),
        ("GET", "/api/logs?level=loud", "", "", 400),
        ("GET", "/api/logs?before=noon", "", "", 400),
        ("GET", "/api/logs?before=1.-1", "", "", 400),
        ("GET", "/api/logs?before=1&after=1", "", "", 400),
        ("GET", "/api/status?verbose=1", "", "", 400),
        ("GET", "/api/nothing", "", "", 404),
        ("GET", "/", "", "", 404),
        ("GET", "/../../etc/passwd", "", "", 404),
        ("GET", "/ws", "", "", 400),
    ] {
        let said = http.ask(method, path, |request| {
            let request =
                if kind.is_empty() { request } else { request.header("content-type", kind) };
            request.body(body.to_owned())
        });
        let shown = body.get(..60).unwrap_or(body);
        assert_eq!(said.status, status, "{method} {path} {shown}: {}", said.text);
        let error = said.json()["error"].clone();
        for part in ["kind", "thing", "cause", "next"] {
            let text = error[part].as_str().unwrap();
            assert!(!text.is_empty() && !text.contains('\u{1b}'), "{method} {path}: {error}");
        }
        // What is answered is described.
        let template = path.split('?').next().unwrap();
        let template = if template.contains("/alerts/") {
            format!("/api/alerts/{{id}}/{}", template.rsplit('/').next().unwrap())
        } else {
            template.to_owned()
        };
        if let Value::Object(methods) = &doc["paths"][&template]
            && let Some(described) = methods.get(&method.to_lowercase())
        {
            let known = described["responses"].get(status.to_string());
            assert!(known.is_some(), "{method} {path}: {status} is not described");
        }
    }
    assert_eq!(http.get("/api/status").json()["mode"], "", "nothing was launched");
}

/// Bytes as they are, and what comes back until the connection ends.
fn raw(house: &House, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(&house.socket).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // A server that has seen enough need not read the rest.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn what_is_no_http_harms_nobody() {
    let house = House::new();
    let many = format!("GET /api/status HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(5_000));
    let big = format!("GET /api/status HTTP/1.1\r\nHost: x\r\nA: {}\r\n\r\n", "b".repeat(20_000));
    let far = format!("GET /api/status?{} HTTP/1.1\r\nHost: x\r\n\r\n", "b".repeat(5_000));
    for (bytes, wanted) in [
        (&b"\xff\xfe\x00"[..], "HTTP/1.1 400"),
        (b"GET\r\n\r\n", "HTTP/1.1 400"),
        (many.as_bytes(), "HTTP/1.1 431"),
        (big.as_bytes(), "HTTP/1.1 431"),
        (far.as_bytes(), "HTTP/1.1 414"),
        (
            b"POST /api/launch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
           Content-Length: 50\r\n\r\n{\"mode\"",
            "",
        ),
        (b"", ""),
    ] {
        let answer = raw(&house, bytes);
        let shown = String::from_utf8_lossy(bytes.get(..40).unwrap_or(bytes));
        assert!(answer.starts_with(wanted), "{shown}: {answer}");
        assert!(!answer.contains("HTTP/1.1 2"), "{shown}: {answer}");
    }
    assert_eq!(Http::unix(&house).get("/api/status").status, 200);
}

#[test]
fn malformed_websocket_messages_are_answered_and_the_connection_lives() {
    let house = House::new();
    let mut ws = house.ws();
    for text in ["", "{", "[]", "5", r#"{"type":"dance","req_id":"x"}"#, r#"{"type":"launch"}"#] {
        ws.say(text);
        let answer = ws.next_of("answer");
        assert_eq!(answer["data"]["answer"], "refused", "{text}");
        assert_eq!(answer["data"]["kind"], "invalid", "{text}");
    }
    ws.0.send(tungstenite::Message::binary(vec![0, 159, 146, 150])).unwrap();
    assert_eq!(ws.next_of("answer")["data"]["kind"], "invalid");
    assert_eq!(ws.ask("p", r#"{"type":"ping","req_id":"p"}"#)["data"]["answer"], "accepted");
    // Too large: that connection ends, and no other.
    let huge = format!(r#"{{"type":"launch","mode":"{}"}}"#, "x".repeat(100_000));
    let mut other = house.ws();
    let _ = other.0.send(tungstenite::Message::text(huge));
    while other.0.read().is_ok() {}
    assert_eq!(ws.ask("q", r#"{"type":"ping","req_id":"q"}"#)["data"]["answer"], "accepted");
}
