//! The cost of watching a mesh: 200 nodes with 10 checks each, at the periods
//! that they have unless told otherwise; a report, no judgement.
//!
//! `cargo bench --bench mesh` watches for 60 s (`CRS_MESH_SECONDS`,
//! `CRS_MESH_NODES`). What is looked at runs in a process of its own, so that
//! only the looking counts: CPU time of this process, of the `ping` and other
//! programs that it ran, and the memory that it has more than before.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench reports to whoever runs it"
)]

use crs::config::{PaperSettings, Profile, Settings};
use crs::domain::{Calendar, CheckStatus, Symbol};
use crs::event::{Event, channel_pair};
use crs::gateway::{Gateway, GatewayOptions, SimOptions, TickSource};
use crs::mesh::{Means, Watch};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn main() {
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        // `cargo test --benches` and `cargo bench --no-run` only want to know
        // that it builds.
        Some("--test") => {}
        Some("--serve") => serve(),
        _ => watch(),
    }
}

/// A line of TCP for each connection, answered by `answer` until it ends.
fn tcp(answer: fn(&[u8]) -> &'static [u8]) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut line in listener.incoming().flatten() {
            let mut got = [0_u8; 512];
            line.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
            if let Ok(n @ 1..) = line.read(&mut got) {
                let _ = line.write_all(answer(got.get(..n).unwrap_or_default()));
            }
        }
    });
    port
}

/// What is looked at, until the other end of standard input goes.
fn serve() {
    let redis = tcp(|_| b"+PONG\r\n");
    let postgres = tcp(|_| b"R\0\0\0\x08\0\0\0\0");
    let web = tcp(|_| b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let dns = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    let dns_port = dns.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut asked = [0_u8; 512];
        while let Ok((n, from)) = dns.recv_from(&mut asked) {
            let mut answer = asked.get(..n).unwrap_or_default().to_vec();
            answer.splice(2..3, [0x81]);
            answer.splice(7..8, [1]);
            let _ = dns.send_to(&answer, from);
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let gateway = gateway(dir.path());
    let at = gateway.addresses();
    let (cmd, data) = (at.cmd.port(), at.data.port());
    println!("{redis} {postgres} {web} {dns_port} {cmd} {data}");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

fn gateway(dir: &std::path::Path) -> crs::gateway::RunningGateway {
    let symbols = vec![Symbol::new("EURUSD").unwrap()];
    let ticks = TickSource::Simulator(SimOptions { seed: 1, symbols, rate_hz: 20 });
    let mut options = GatewayOptions::new(&PaperSettings::default(), ticks, dir.join("gateway"));
    (options.cmd_port, options.data_port, options.events_port) = (0, 0, 0);
    Gateway::start(&options).unwrap()
}

fn started() -> (Child, Vec<u16>) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("--serve").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line.split_whitespace().map(|port| port.parse().unwrap()).collect())
}

fn watch() {
    let number =
        |key: &str, or: u64| std::env::var(key).ok().and_then(|v| v.parse().ok()).unwrap_or(or);
    let (nodes, seconds) = (number("CRS_MESH_NODES", 200), number("CRS_MESH_SECONDS", 60));
    let (mut child, ports) = started();
    let [redis, postgres, web, dns, cmd, data] = ports[..] else { panic!("{ports:?}") };
    let mut text = String::new();
    for n in 0..nodes {
        writeln!(text, "[[node]]\nname = \"N{n}\"\nhost = \"127.0.0.1\"").unwrap();
        for (kind, keys) in [
            ("tcp", format!("port = {redis}")),
            ("icmp", String::new()),
            ("dns", format!("lookup = \"a.example\"\nserver = \"127.0.0.1:{dns}\"")),
            ("http", format!("port = {web}")),
            ("heartbeat", format!("port = {cmd}")),
            ("ticks", format!("port = {data}")),
            ("redis", format!("port = {redis}")),
            ("postgres", format!("port = {postgres}")),
            ("file", String::from("path = \"/etc/hostname\"")),
            ("memory", String::from("min_free_mb = 1")),
        ] {
            let head = format!("[[check]]\nnode = \"N{n}\"\nname = \"{kind}\"");
            writeln!(text, "{head}\nkind = \"{kind}\"\n{keys}").unwrap();
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mesh.toml");
    std::fs::write(&file, text).unwrap();
    let settings = Settings::defaults(dir.path().into(), dir.path().into());
    let checks = Profile::load(Some(&file), &settings).unwrap().checks;
    let count = checks.len();
    let means = Means::new(Calendar::default(), dir.path().join("latch")).unwrap();
    let (sender, receiver) = channel_pair();
    let before = resident_kb();
    let watch = Watch::start(checks, means, sender).unwrap();
    // The first looks come close together; what is measured is afterwards.
    let warm = Instant::now() + Duration::from_secs(20);
    let (mut most, mut sampled) = (0, Instant::now());
    let mut bad = 0_u64;
    let mut hear = |until: Instant| {
        let mut looks = 0_u64;
        while Instant::now() < until {
            if let Ok(Event::Check(report)) =
                receiver.urgent.recv_timeout(Duration::from_millis(50))
            {
                looks += 1;
                bad += u64::from(report.result.status != CheckStatus::Ok);
            }
            if sampled.elapsed() >= Duration::from_secs(1) {
                most = most.max(resident_kb());
                sampled = Instant::now();
            }
        }
        looks
    };
    hear(warm);
    let (own, theirs, begun) = (cpu_ticks(), child_ticks(), Instant::now());
    let looks = hear(begun + Duration::from_secs(seconds));
    let took = begun.elapsed().as_millis().max(1);
    let percent = |ticks: u64| u128::from(ticks) * 10_000 * 100 / took;
    let shown =
        |hundredths: u128| format!("{}.{:02} %", hundredths / 1_000, hundredths % 1_000 / 10);
    let (own, theirs) = (cpu_ticks() - own, child_ticks() - theirs);
    println!("{nodes} nodes, {count} checks, {seconds} s: {looks} looks, {bad} of all not ok");
    println!(
        "CPU of one core: {} looking, {} in programs that were run",
        shown(percent(own)),
        shown(percent(theirs))
    );
    println!("memory: {} KB before, at most {} KB more", before, most.saturating_sub(before));
    drop(watch);
    drop(child.stdin.take());
    let _ = child.wait();
}

/// Fields of this process: user and system time, then the same of those that
/// it waited for, in hundredths of a second.
fn ticks(first: usize) -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
    fields.skip(first).take(2).map(|field| field.parse::<u64>().unwrap()).sum()
}

fn cpu_ticks() -> u64 {
    ticks(11)
}

fn child_ticks() -> u64 {
    ticks(13)
}

fn resident_kb() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
