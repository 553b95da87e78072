//! Over TCP: the token, the Host, the Origin.

use super::house::{House, Http, ORIGIN, TOKEN};
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;
use tungstenite::client::IntoClientRequest;

#[test]
fn without_the_token_nothing_is_told() {
    let house = House::new();
    let http = Http::tcp(&house);
    let short = &TOKEN[..TOKEN.len() - 1];
    let longer = format!("{TOKEN}x");
    for path in ["/api/status", "/metrics", "/api/openapi.json", "/ws", "/nothing"] {
        for token in ["", short, &longer, &TOKEN.to_uppercase(), "Bearer"] {
            let said =
                http.ask("GET", path, |r| if token.is_empty() { r } else { r.bearer_auth(token) });
            assert_eq!(said.status, 401, "{path} {token}");
            assert_eq!(said.headers["www-authenticate"], "Bearer");
            assert!(
                !said.text.contains(TOKEN) && said.text.contains("token_file"),
                "{}",
                said.text
            );
        }
    }
    let basic = http.ask("GET", "/api/status", |r| r.basic_auth(TOKEN, Some(TOKEN)));
    assert_eq!(basic.status, 401);
    assert_eq!(http.ask("GET", "/api/status", |r| r.bearer_auth(TOKEN)).status, 200);
    let body = json!({"process": "engine"});
    let start = |r: reqwest::RequestBuilder| r.json(&body);
    assert_eq!(http.ask("POST", "/api/process/start", start).status, 401);
    let said = http.ask("POST", "/api/process/start", |r| r.bearer_auth(TOKEN).json(&body));
    assert_eq!(said.status, 200);
    let audit = http.ask("GET", "/api/audit", |r| r.bearer_auth(TOKEN)).json();
    assert!(audit["entries"].as_array().unwrap().iter().all(|e| !e.to_string().contains(TOKEN)));
}

#[test]
fn a_name_of_somebody_elses_that_leads_here_is_refused() {
    let house = House::new();
    let http = Http::tcp(&house);
    let port = house.at.port();
    for (host, status) in [
        (format!("127.0.0.1:{port}"), 200),
        (format!("localhost:{port}"), 200),
        (format!("[::1]:{port}"), 200),
        ("127.0.0.1".to_owned(), 403),
        (format!("evil.test:{port}"), 403),
        (format!("localhost.evil.test:{port}"), 403),
        (format!("127.0.0.1:{}", port.wrapping_add(1)), 403),
    ] {
        let said =
            http.ask("GET", "/api/status", |r| r.bearer_auth(TOKEN).header("host", host.clone()));
        assert_eq!(said.status, status, "{host}: {}", said.text);
    }
}

#[test]
fn pages_come_from_listed_origins_only() {
    let house = House::new();
    for http in [Http::tcp(&house), Http::unix(&house)] {
        let from = |origin: &str| {
            http.ask("GET", "/api/status", |r| r.bearer_auth(TOKEN).header("origin", origin))
        };
        let good = from(ORIGIN);
        assert_eq!(
            (good.status, &good.headers["access-control-allow-origin"]),
            (200, &ORIGIN.parse().unwrap())
        );
        for origin in [
            "null",
            "http://evil.test",
            "http://dashboard.test:3000.evil.test",
            "https://dashboard.test:3000",
        ] {
            let said = from(origin);
            assert_eq!(said.status, 403, "{origin}");
            assert!(!said.headers.contains_key("access-control-allow-origin"), "{origin}");
        }
        let ask = |origin: &str| {
            http.ask("OPTIONS", "/api/launch", |r| {
                r.header("origin", origin).header("access-control-request-method", "POST")
            })
        };
        let flight = ask(ORIGIN);
        assert_eq!(flight.status, 204);
        assert!(
            flight.headers["access-control-allow-headers"]
                .to_str()
                .unwrap()
                .contains("authorization")
        );
        assert_eq!(ask("http://evil.test").status, 403);
    }
}

#[test]
fn a_websocket_shows_its_token_as_a_header_or_as_a_subprotocol() {
    let house = House::new();
    let open = |header: Option<(&'static str, String)>| {
        let stream = TcpStream::connect(house.at).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut request = format!("ws://{}/ws", house.at).into_client_request().unwrap();
        if let Some((name, value)) = header {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        tungstenite::client(request, stream).map_err(|e| e.to_string())
    };
    assert!(open(None).is_err());
    assert!(open(Some(("authorization", "Bearer nonsense".to_owned()))).is_err());
    assert!(open(Some(("origin", "http://evil.test".to_owned()))).is_err());
    for header in [
        ("authorization", format!("Bearer {TOKEN}")),
        ("sec-websocket-protocol", format!("crs, crs.token.{TOKEN}")),
    ] {
        let (mut ws, answer) = open(Some(header)).unwrap();
        assert!(!format!("{answer:?}").contains(TOKEN));
        let first = ws.read().unwrap();
        assert!(first.to_text().unwrap().contains("initial_status"));
    }
}

/// They send no second request, read nothing and stay, as far as it is up to
/// them.
#[test]
fn who_has_not_the_token_keeps_no_seat() {
    let house = House::new();
    let ask = |token: &str| {
        format!(
            "GET /api/status HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\r\n",
            house.at
        )
    };
    let open = |token: &str| {
        let mut stream = TcpStream::connect(house.at).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(ask(token).as_bytes()).unwrap();
        stream
    };
    let mut strangers: Vec<TcpStream> = (0..200).map(|_| open("nonsense")).collect();
    let mut good = open(TOKEN);
    let mut said = Vec::new();
    let mut answers = |good: &mut TcpStream, count: usize| {
        let mut chunk = [0; 4_096];
        while String::from_utf8_lossy(&said).matches("HTTP/1.1 200 OK").count() < count {
            let n = good.read(&mut chunk).unwrap();
            assert!(n > 0, "it was let go");
            said.extend(&chunk[..n]);
        }
    };
    answers(&mut good, 1);
    for stranger in &mut strangers {
        let mut said = String::new();
        // Its end, which is the daemon's doing.
        stranger.read_to_string(&mut said).unwrap();
        assert!(said.starts_with("HTTP/1.1 401"), "{said}");
        assert!(said.to_ascii_lowercase().contains("\r\nconnection: close"), "{said}");
    }
    // Who has shown it keeps its connection.
    good.write_all(ask(TOKEN).as_bytes()).unwrap();
    answers(&mut good, 2);
}
