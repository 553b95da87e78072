//! The latch: any object at its path engages, everywhere, at once.

use super::eyes::{Eye, engaged, obeys};
use super::under::{NOBODY, Under, phases};
use super::{Came, Row};
use crate::common::console::{Console, SOON};
use rustix::fs::{CWD, Mode, Uid};
use serde_json::{Value, json};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, Instant};

/// Other processes see it.
const W: Duration = Duration::from_millis(250);
const OUTCOME: &str =
    "ENGAGED for agent, console, status and gateway; OPEN_ORDER denied, positions stand";
const TIMED: &str = "file made to its sight by the last of agent, console and gateway";

pub const ROWS: &[Row] = &[
    row(22, "lock file empty, garbage, huge, or in another's words", |_| {
        let forms: [Make; 5] = [empty, garbage, huge, partial, foreign_words];
        came(forms.map(|make| engages(make, false)).into_iter().chain([flattens()]))
    }),
    row(23, "lock file a symlink: to a file, dangling, a loop", |_| {
        let forms: [Make; 3] = [link_to_file, link_to_nothing, link_to_itself];
        came(forms.map(|make| engages(make, false)))
    }),
    row(24, "lock file a FIFO, a directory, a socket", |_| {
        let forms: [Make; 3] = [fifo, directory, socket];
        came(forms.map(|make| engages(make, false)))
    }),
    row(25, "lock file unreadable, or of another owner", |_| {
        if !rustix::process::geteuid().is_root() {
            return Came::NotHere("only root can give a file another owner".to_owned());
        }
        let forms: [Make; 2] = [unreadable, of_another];
        came(forms.map(|make| engages(make, true)))
    }),
];

const fn row(number: u8, fault: &'static str, run: fn(u64) -> Came) -> Row {
    Row { number, fault, outcome: OUTCOME, timed: TIMED, bound: Some(W), alone: false, run }
}

/// The worst of several.
pub(super) fn came(times: impl IntoIterator<Item = Duration>) -> Came {
    let times: Vec<Duration> = times.into_iter().collect();
    let cases = u64::try_from(times.len()).unwrap();
    Came::Held { took: times.into_iter().max().unwrap(), cases }
}

/// Puts something at the path; the second is a directory of one's own.
type Make = fn(&Path, &Path);

fn empty(latch: &Path, _: &Path) {
    File::create_new(latch).unwrap();
}

fn garbage(latch: &Path, _: &Path) {
    fs::write(latch, b"\xff\0\x1b]52;c;AAAA\x07{\"reason\":\x80").unwrap();
}

/// Sparse, and far more than any reader may take.
fn huge(latch: &Path, _: &Path) {
    File::create_new(latch).unwrap().set_len(64 << 30).unwrap();
}

/// Cut in the middle of its words.
fn partial(latch: &Path, _: &Path) {
    fs::write(latch, b"{\"timestamp\":\"2026-01-14T13:56:58.2715").unwrap();
}

fn foreign_words(latch: &Path, _: &Path) {
    let words = json!({"timestamp": "2026-01-14T13:56:58", "reason": "by hand", "metadata": {}});
    fs::write(latch, words.to_string()).unwrap();
}

fn link_to_file(latch: &Path, own: &Path) {
    fs::write(own.join("elsewhere"), "{}").unwrap();
    symlink(own.join("elsewhere"), latch).unwrap();
}

fn link_to_nothing(latch: &Path, own: &Path) {
    symlink(own.join("nowhere"), latch).unwrap();
}

fn link_to_itself(latch: &Path, _: &Path) {
    symlink(latch, latch).unwrap();
}

/// Whoever opens it for reading, without `O_NONBLOCK`, hangs.
fn fifo(latch: &Path, _: &Path) {
    rustix::fs::mkfifoat(CWD, latch, Mode::from_raw_mode(0o644)).unwrap();
}

fn directory(latch: &Path, _: &Path) {
    fs::create_dir(latch).unwrap();
}

fn socket(latch: &Path, _: &Path) {
    drop(UnixListener::bind(latch).unwrap());
}

/// Moved there whole: it is never there in another state.
fn unreadable(latch: &Path, own: &Path) {
    mine(latch, own, NOBODY);
}

fn of_another(latch: &Path, own: &Path) {
    mine(latch, own, 0);
}

fn mine(latch: &Path, own: &Path, owner: u32) {
    let made = own.join("made");
    fs::write(&made, "{\"reason\":\"secret\"}").unwrap();
    fs::set_permissions(&made, Permissions::from_mode(0o000)).unwrap();
    rustix::fs::chown(&made, Some(Uid::from_raw(owner)), None).unwrap();
    fs::rename(&made, latch).unwrap();
}

/// A gateway with a position, an agent and a console, all of one mind: SAFE.
pub(super) fn trading(under: &mut Under) -> (Console, Eye, Eye) {
    under.gateway();
    let console = under.console();
    console.wait_for("SAFE", SOON, |t| t.contains("SAFE") && t.contains("v1.0"));
    let bought = under.run(&["order", "EURUSD", "buy", "0.1", "--yes", "--json"]);
    assert_eq!(bought.code, Some(0), "{bought:#?}");
    let (agent, gateway) = (under.hear_agent(), Eye::telemetry(under.ports[2]));
    agent.first("SAFE", None, |said| said["say"] == "latch" && said["phase"] == "SAFE");
    gateway.first("a free gateway", None, |said| said[1]["engaged"] == false);
    (console, agent, gateway)
}

/// Everything that must hold of an object at the path; the time to its last
/// first sight.
fn engages(put: Make, dropped: bool) -> Duration {
    let mut under = Under::new("");
    if dropped {
        under.as_nobody();
        // As in /tmp: what another owns there can't be removed.
        let run = under.home.path().join("run");
        rustix::fs::chown(&run, Some(Uid::ROOT), None).unwrap();
        fs::set_permissions(&run, Permissions::from_mode(0o1777)).unwrap();
    }
    let (console, agent, gateway) = trading(&mut under);
    let (latch, own) = (under.home.latch(), under.home.path().join("tmp"));
    let since = Instant::now();
    put(&latch, &own);
    let before = fs::symlink_metadata(&latch).unwrap();
    let screen = seen_on(&console);
    let sights = [
        screen,
        agent.first("engaged agent", Some(since), engaged),
        gateway.first("obeying gateway", Some(since), obeys),
    ];
    let took = sights.into_iter().max().unwrap() - since;

    console.see("ENGAGED EXT");
    let external = |said: &Value| said["phase"] == "ENGAGED_EXTERNAL";
    agent.first("ENGAGED_EXTERNAL", Some(since), external);
    let told = |said: &Value| said["say"] == "alarm" && said.to_string().contains("from outside");
    agent.first("alarm", Some(since), told);
    let status = under.run(&["status", "--json"]);
    assert_eq!(status.code, Some(1), "{status:#?}");
    assert_eq!((&status.out["state"], &status.out["is_safe"]), (&json!("ENGAGED"), &json!(false)));
    assert!(!status.out.to_string().contains("secret"), "{status:#?}");
    under.denied();
    refuses(under.ports[0]);
    std::thread::sleep(Duration::from_millis(500));
    untouched(&gateway, since);
    let after = fs::symlink_metadata(&latch).unwrap();
    let id = |meta: &fs::Metadata| (meta.ino(), meta.mode(), meta.uid(), meta.size(), meta.mtime());
    assert_eq!(id(&before), id(&after), "what lies there is nobody's to change");

    // Nothing of it hangs or stops a kill, and the first latch stays.
    let kill = under.kill();
    assert_eq!(kill.code, Some(0), "{kill:#?}");
    gateway.first("flat", Some(since), |said| {
        said[0] == "gateway.status" && said[1]["killed"] == true
    });
    assert_eq!(id(&before), id(&fs::symlink_metadata(&latch).unwrap()));
    took
}

/// The configured exception: a touched file closes positions.
fn flattens() -> Duration {
    let mut under = Under::new("flatten_on_external = true");
    let (_console, agent, _gateway) = trading(&mut under);
    let made = Instant::now();
    empty(&under.home.latch(), under.home.path());
    let took = agent.first("engaged agent", Some(made), engaged) - made;
    under.until("flat, as configured", |s| phases(s) == ["VERIFIED"]);
    let open = under.run(&["positions", "--json"]).out;
    assert_eq!(open["gateways"][0]["positions"], json!([]), "{open:#}");
    took
}

/// When the console's screen first says so; looked at without a pause.
fn seen_on(console: &Console) -> Instant {
    let end = Instant::now() + SOON;
    loop {
        let text = console.text();
        if text.contains("ENGAGED") || text.contains("LATCHED") {
            return Instant::now();
        }
        assert!(Instant::now() < end, "never on the screen:\n{text}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The gateway itself denies an order that no `crs` stopped.
fn refuses(port: u16) {
    let socket = zmq::Context::new().socket(zmq::REQ).unwrap();
    socket.set_linger(0).unwrap();
    socket.set_rcvtimeo(20_000).unwrap();
    socket.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
    let order = json!({"symbol": "EURUSD", "volume": 0.1, "type": "BUY", "price": 0.0});
    let request =
        json!({"action": "OPEN_ORDER", "req_id": "rogue-1", "timestamp": 1.0, "payload": order});
    socket.send(request.to_string().as_bytes(), 0).unwrap();
    let reply: Value = serde_json::from_slice(&socket.recv_bytes(0).unwrap()).unwrap();
    assert_eq!((&reply["req_id"], &reply["data"]["status"]), (&json!("rogue-1"), &json!("ERROR")));
    assert!(reply["data"]["error"].to_string().contains("engaged"), "{reply}");
}

/// The one position stands, no kill was read.
fn untouched(gateway: &Eye, since: Instant) {
    let last = |said: &Value| said[0] == "gateway.status" && said[1]["orders_refused"] == 1;
    gateway.first("status after the refusal", Some(since), last);
    for said in gateway.since(since).iter().filter(|said| said[0] == "gateway.status") {
        let (open, killed) = (&said[1]["positions"], &said[1]["killed"]);
        assert_eq!((open, killed), (&json!(1), &json!(false)), "{said}");
    }
}
