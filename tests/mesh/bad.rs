//! What answers wrongly, or not at all: for each a cause in words and a next
//! step. Real loopback sockets, a row each.

use super::common::sandbox::Sandbox;
use super::services::{self, Authority, Dns, Keys, missing, port};
use crs::config::{Check, Profile, Settings};
use crs::domain::{Calendar, CheckResult, CheckStatus};
use crs::mesh::{Means, Memory, look, round};
use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// What a listener does with each connection.
type Manner = fn(TcpStream, &AtomicBool);

/// Somebody on a port.
struct Somebody {
    port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Somebody {
    fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        listener.set_nonblocking(true).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            std::thread::scope(|scope| {
                while !stopping.load(Ordering::SeqCst) {
                    let Ok((line, _)) = listener.accept() else {
                        std::thread::sleep(Duration::from_millis(2));
                        continue;
                    };
                    line.set_nonblocking(false).unwrap();
                    line.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
                    let stopping = &stopping;
                    scope.spawn(move || manner(line, stopping));
                }
            });
        });
        Self { port, stop, thread: Some(thread) }
    }
}

impl Drop for Somebody {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.take().map(JoinHandle::join);
    }
}

/// Until the other side is gone or the test ends.
fn hold(mut line: TcpStream, stop: &AtomicBool) {
    let mut got = [0_u8; 512];
    while !stop.load(Ordering::SeqCst) {
        match line.read(&mut got) {
            Ok(0) => return,
            Ok(_) => {}
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => return,
        }
    }
}

fn says(mut line: TcpStream, words: &[u8], stop: &AtomicBool) {
    let mut got = [0_u8; 512];
    while !stop.load(Ordering::SeqCst) && !matches!(line.read(&mut got), Ok(1..)) {}
    let _ = line.write_all(words);
    hold(line, stop);
}

/// Closes what was not read: the other side is reset.
fn resets(line: TcpStream, stop: &AtomicBool) {
    let mut first = [0_u8; 1];
    while !stop.load(Ordering::SeqCst) && !matches!(line.peek(&mut first), Ok(1..)) {}
    drop(line);
}

const PAGE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 27\r\n\r\n\
<html>who are you?</html>\r\n";
const HALF_PAGE: &[u8] = b"HTTP/1.1 200 OK\r\nConte";

/// One check, as a profile has it.
fn check(home: &Sandbox, kind: &str, keys: &str) -> Check {
    let text = format!(
        "[[node]]\nname = \"X\"\nhost = \"127.0.0.1\"\n[[check]]\nnode = \"X\"\nname = \"x\"\n\
         kind = \"{kind}\"\n{keys}\n"
    );
    let file = home.path().join("one.toml");
    fs::write(&file, text).unwrap();
    let settings = Settings::defaults(home.path().into(), home.path().into());
    Profile::load(Some(&file), &settings).unwrap().checks.remove(0)
}

fn means(home: &Sandbox) -> Means {
    let mut calendar = Calendar::default();
    calendar.market.always = true;
    Means::new(calendar, home.latch()).unwrap()
}

fn once(home: &Sandbox, kind: &str, keys: &str) -> CheckResult {
    look(&check(home, kind, keys), &means(home), &mut Memory::default())
}

fn expect(what: &str, result: &CheckResult, status: CheckStatus, words: &str) {
    assert_eq!(result.status, status, "{what}: {result:?}");
    let said = format!("{} {}", result.cause, result.next);
    assert!(said.contains(words), "{what}: no \"{words}\" in {result:?}");
    assert!(!result.cause.is_empty() && !result.next.is_empty(), "{what}: {result:?}");
}

#[test]
fn whoever_answers_wrongly_is_told_by_cause_and_next_step() {
    let home = Sandbox::new();
    let silent: Manner = hold;
    let rows: &[(&str, &str, Manner, &str)] = &[
        ("redis", "", silent, "says nothing within"),
        ("postgres", "", silent, "says nothing within"),
        ("http", "", silent, "says nothing within"),
        ("http", "tls = true", silent, "says nothing within"),
        ("mlflow", "", silent, "says nothing within"),
        ("heartbeat", "", silent, "does not speak ZeroMQ"),
        ("ticks", "", silent, "does not speak ZeroMQ"),
        ("redis", "", |l, s| says(l, b"+PO", s), "did not end it: \"+PO\""),
        ("postgres", "", |l, s| says(l, b"R\0\0\0\x08\0", s), "did not end it"),
        ("http", "", |l, s| says(l, HALF_PAGE, s), "did not end it: \"HTTP/1.1 200 OK\""),
        ("redis", "", |l, s| says(l, PAGE, s), "a web page came"),
        ("postgres", "", |l, s| says(l, PAGE, s), "a web page came"),
        ("http", "json = true", |l, s| says(l, PAGE, s), "a web page came"),
        ("http", "contains = \"sentinel_\"", |l, s| says(l, PAGE, s), "a web page came"),
        ("http", "status = 204", |l, s| says(l, PAGE, s), "HTTP 200, not 204"),
        ("http", "tls = true", |l, s| says(l, PAGE, s), "no TLS is spoken there"),
        ("redis", "", |l, s| says(l, b"SSH-2.0-OpenSSH\r\n", s), "not Redis: \"SSH-2.0-OpenSSH\""),
        ("postgres", "", |l, s| says(l, b"SSH-2.0-OpenSSH\r\n", s), "not PostgreSQL"),
        ("http", "", |l, s| says(l, b"SSH-2.0-OpenSSH\r\n", s), "not a web server"),
        ("heartbeat", "", |l, s| says(l, PAGE, s), "does not speak ZeroMQ"),
        ("redis", "", |l, s| says(l, b"-NOAUTH Authentication required.\r\n", s), "a password"),
        ("redis", "", |l, s| says(l, b"-LOADING it is\r\n", s), "loading its data"),
        ("redis", "", resets, "reset"),
        ("postgres", "", resets, "reset"),
        ("http", "", resets, "reset"),
        ("redis", "", |_, _| {}, "before the answer"),
    ];
    std::thread::scope(|scope| {
        for (kind, keys, manner, words) in rows {
            let home = &home;
            let somebody = Somebody::start(*manner);
            let keys = format!("port = {}\ntimeout_ms = 600\n{keys}", somebody.port);
            let check = check(home, kind, &keys);
            scope.spawn(move || {
                let result = look(&check, &means(home), &mut Memory::default());
                // Closing at once is a reset or an end, as it happens.
                let ends =
                    words == &"before the answer" && result.cause.as_str().contains("without");
                let words = if ends { "closed without an answer" } else { words };
                expect(&format!("{kind} {keys}"), &result, CheckStatus::Failed, words);
                drop(somebody);
            });
        }
    });
    let free = port();
    for kind in ["tcp", "redis", "postgres", "http", "mlflow", "heartbeat", "ticks"] {
        let result = once(&home, kind, &format!("port = {free}\ntimeout_ms = 600"));
        expect(kind, &result, CheckStatus::Failed, "connection refused");
    }
}

#[test]
fn all_at_once_within_the_slowest_one() {
    let home = Sandbox::new();
    let somebody = Somebody::start(hold);
    let keys = format!("port = {}\ntimeout_ms = 700", somebody.port);
    let checks: Vec<_> = (0..17).map(|_| check(&home, "redis", &keys)).collect();
    let mut come = Vec::new();
    let round = round::run(&checks, &mut Vec::new(), &means(&home), |_, n| come.push(n));
    assert_eq!(round.reports.len(), 17);
    assert_eq!(come, (1..=17).collect::<Vec<_>>());
    for report in &round.reports {
        // One that a loaded machine held up is given up: unknown, never good.
        assert_ne!(report.result.status, CheckStatus::Ok, "{report:?}");
    }
    // One after the other they would take 17 times as long.
    assert!(round.took < checks[0].timeout * 17 / 2, "{:?}", round.took);
    println!("17 looks of {:?} each took {:?}", checks[0].timeout, round.took);
}

#[test]
fn a_name_server_that_says_nothing_is_told() {
    let home = Sandbox::new();
    let dns = Dns::start(port(), false);
    let keys =
        format!("lookup = \"a.example\"\nserver = \"127.0.0.1:{}\"\ntimeout_ms = 300", dns.port);
    expect("silent", &once(&home, "dns", &keys), CheckStatus::Failed, "does not answer within");
    let free = port();
    let keys = format!("lookup = \"a.example\"\nserver = \"127.0.0.1:{free}\"\ntimeout_ms = 300");
    expect("nobody", &once(&home, "dns", &keys), CheckStatus::Failed, "no name server listens");
}

#[test]
fn certificates_that_must_not_be_believed_are_not() {
    if missing(&["openssl"]) {
        return;
    }
    let home = Sandbox::new();
    let authority = |name, subject| Authority::new(&home, name, subject);
    let (ours, theirs) = (authority("ours", "ours"), authority("theirs", "theirs"));
    let namesake = authority("namesake", "ours").file();
    let good = ours.server("localhost", 2, port());
    let past = ours.server("localhost", 0, port());
    let keys = |port: u16, ca: &str, name: &str| {
        format!("port = {port}\ntls = true\nca_file = \"{ca}\"\nserver_name = \"{name}\"")
    };
    let (ca, other) = (ours.file(), theirs.file());
    let sound = once(&home, "http", &keys(good.port, &ca, "localhost"));
    assert_eq!(sound.status, CheckStatus::Ok, "{sound:?}");
    // It ends in the second in which it begins.
    std::thread::sleep(Duration::from_millis(1_100));
    for (port, ca, name, words) in [
        (good.port, &ca, "api.example", "for another name than api.example"),
        (good.port, &other, "localhost", "an authority that is not trusted"),
        (good.port, &namesake, "localhost", "not signed by the authority that it names"),
        (past.port, &ca, "localhost", "has expired"),
    ] {
        let result = once(&home, "http", &keys(port, ca, name));
        expect(words, &result, CheckStatus::Failed, words);
    }
    let unset = format!("port = {}\ntls = true\nserver_name = \"localhost\"", good.port);
    let result = once(&home, "http", &unset);
    expect("well-known ones only", &result, CheckStatus::Failed, "not trusted");
    let nowhere = keys(good.port, "/nonexistent/ca.pem", "localhost");
    expect("no file", &once(&home, "http", &nowhere), CheckStatus::Unknown, "/nonexistent/ca.pem");
    let plain = format!("port = {}", good.port);
    expect("plain", &once(&home, "http", &plain), CheckStatus::Failed, "");
}

#[test]
fn a_redis_that_wants_a_password_is_told_so() {
    if missing(&["redis-server"]) {
        return;
    }
    let home = Sandbox::new();
    let redis = services::redis(&home, port(), Some("of-this-test"));
    let result = once(&home, "redis", &format!("port = {}", redis.port));
    expect("password", &result, CheckStatus::Failed, "wants a password");
}

#[test]
fn a_login_that_is_refused_is_told_by_its_cause() {
    if missing(&["sshd", "ssh", "ssh-keygen"]) {
        return;
    }
    let home = Sandbox::new();
    let keys = Keys::new(&home);
    let sshd = services::sshd(&keys, port());
    let good = once(&home, "ssh", &keys.toml(sshd.port, "key"));
    assert_eq!(good.status, CheckStatus::Ok, "{good:?}");
    let refused = once(&home, "ssh", &keys.toml(sshd.port, "other"));
    expect("another key", &refused, CheckStatus::Failed, "takes no key of this user");
    let stranger = Somebody::start(|l, s| says(l, PAGE, s));
    let keys = format!("timeout_ms = 1500\n{}", keys.toml(stranger.port, "key"));
    expect("no sshd", &once(&home, "ssh", &keys), CheckStatus::Failed, "");
}

/// A server that lives on the gateway's port and is none.
#[test]
fn a_peer_that_is_no_gateway_is_asked_once() {
    let home = Sandbox::new();
    let zmq = zmq::Context::new();
    let rep = zmq.socket(zmq::REP).unwrap();
    rep.set_rcvtimeo(20).unwrap();
    rep.set_linger(0).unwrap();
    rep.bind("tcp://127.0.0.1:*").unwrap();
    let port = rep.get_last_endpoint().unwrap().unwrap();
    let port = port.rsplit(':').next().unwrap().to_owned();
    let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let thread = {
        let (stop, asked) = (Arc::clone(&stop), Arc::clone(&asked));
        std::thread::spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                if rep.recv_bytes(0).is_ok() {
                    asked.fetch_add(1, Ordering::SeqCst);
                    rep.send("OK_ACK", 0).unwrap();
                }
            }
        })
    };
    let check = check(&home, "heartbeat", &format!("port = {port}"));
    let (means, mut memory) = (means(&home), Memory::default());
    for _ in 0..3 {
        let result = look(&check, &means, &mut memory);
        expect("stranger", &result, CheckStatus::Failed, "no v1.0 gateway");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1, "it was sent more after it was refused");
    stop.store(true, Ordering::SeqCst);
    thread.join().unwrap();
    // Who took the port is gone soon, and with him what was known of him.
    let refused = super::common::wait::until(Duration::from_secs(10), || {
        let result = look(&check, &means, &mut memory);
        result.cause.as_str().contains("connection refused").then_some(result)
    });
    expect("gone", &refused.unwrap(), CheckStatus::Failed, "connection refused");
}

#[test]
fn local_things_are_told_by_what_is_wrong_with_them() {
    let home = Sandbox::new();
    let at = |name: &str| home.path().join(name).display().to_string();
    fs::write(at("plain"), "").unwrap();
    std::os::unix::fs::symlink(at("nowhere"), at("dangling")).unwrap();
    let path = |name: &str| format!("path = \"{}\"", at(name));
    for (kind, keys, status, words) in [
        ("file", path("absent"), CheckStatus::Failed, "is not there"),
        ("file", path("dangling"), CheckStatus::Failed, "is a link to something"),
        ("executable", path("plain"), CheckStatus::Failed, "chmod +x"),
        ("command", String::from("argv = [\"false\"]"), CheckStatus::Failed, "status 1"),
        (
            "command",
            String::from("argv = [\"crs-no-such\"]"),
            CheckStatus::Unknown,
            "not installed",
        ),
        (
            "command",
            String::from("argv = [\"sleep\", \"60\"]\ntimeout_ms = 200"),
            CheckStatus::Failed,
            "did not end within 200 ms",
        ),
        (
            "command",
            String::from("argv = [\"echo\", \"one\"]\ncontains = \"two\""),
            CheckStatus::Failed,
            "does not say \"two\"",
        ),
        (
            "disk",
            format!("{}\nmin_free_mb = 1000000000", path("plain")),
            CheckStatus::Failed,
            "make room",
        ),
        ("memory", String::from("min_free_mb = 1000000000"), CheckStatus::Failed, "available"),
        ("git-hook", format!("repo = \"{}\"", at("run")), CheckStatus::Failed, "no git repository"),
    ] {
        let git = kind == "git-hook" && missing(&["git"]);
        if !git {
            expect(&format!("{kind} {keys}"), &once(&home, kind, &keys), status, words);
        }
    }
    // No shell reads it, so this is one word and no second command.
    let kept = once(&home, "command", "argv = [\"echo\", \"a; touch b && $(id)\"]");
    assert_eq!(kept.said.as_str(), "a; touch b && $(id)");
}
