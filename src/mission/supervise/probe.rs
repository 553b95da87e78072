//! Probes: one thread for each, as long as its process runs. One that hangs
//! holds up nobody but itself.

use crate::config::Check;
use crate::config::Origin;
use crate::config::checks::{self, At, Http};
use crate::domain::{CheckStatus, Endpoint, Text};
use crate::mesh::{Means, Memory, look};
use crate::mission::lines::Reads;
use crate::mission::spec::{Look, Probe, Process};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Enough for a look over TLS.
const STACK: usize = 512 << 10;

/// What a probe found, once it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Of which start of the process.
    pub run: u64,
    /// A liveness probe.
    pub live: bool,
    /// Which of its kind.
    pub index: usize,
    /// It holds, or why it does not.
    pub holds: Result<(), Text>,
}

/// The probes of one run; dropping them ends them.
pub struct Probes {
    _stop: Vec<Sender<()>>,
}

/// What looks need.
#[derive(Clone)]
pub struct Eyes {
    /// None: this process has no sockets to look with.
    pub means: Option<Means>,
    /// For what a process has said.
    pub reads: Arc<dyn Reads>,
}

impl Probes {
    /// Looks at `process`, and tells what it finds.
    pub fn new(
        process: &Process,
        run: u64,
        eyes: &Eyes,
        tell: impl Fn(Found) + Clone + Send + 'static,
    ) -> Self {
        let ready = process.ready.iter().enumerate().map(|(n, probe)| (false, n, probe));
        let live = process.live.iter().enumerate().map(|(n, probe)| (true, n, probe));
        let mut stops = Vec::new();
        for (live, index, probe) in ready.chain(live) {
            let (stop, stopped) = bounded(0);
            let one = One {
                name: process.name.clone(),
                run,
                probe: probe.clone(),
                eyes: eyes.clone(),
                memory: Memory::default(),
                counter: None,
            };
            let told = tell.clone();
            let report = move |holds| told(Found { run, live, index, holds });
            let thread = std::thread::Builder::new().name(String::from("mission-probe"));
            let begun = thread.stack_size(STACK).spawn(move || one.watch(&stopped, report));
            match begun {
                Ok(_) => stops.push(stop),
                Err(e) => {
                    let why = format!("no thread to look with: {e}; `crs doctor` shows the limits");
                    tell(Found { run, live: false, index: 0, holds: Err(Text::new(&why)) });
                }
            }
        }
        Self { _stop: stops }
    }
}

struct One {
    name: String,
    run: u64,
    probe: Probe,
    eyes: Eyes,
    memory: Memory,
    counter: Option<u64>,
}

/// Over before `time` was.
fn stopped(stop: &Receiver<()>, time: Duration) -> bool {
    !matches!(stop.recv_timeout(time), Err(RecvTimeoutError::Timeout))
}

impl One {
    fn watch(mut self, stop: &Receiver<()>, report: impl Fn(Result<(), Text>)) {
        let (mut good, mut bad, mut said) = (0_u32, 0_u32, None);
        if stopped(stop, self.probe.delay) {
            return;
        }
        loop {
            match self.look() {
                Some(Ok(())) => {
                    (good, bad) = (good.saturating_add(1), 0);
                    if good >= self.probe.success && said != Some(true) {
                        said = Some(true);
                        report(Ok(()));
                    }
                }
                Some(Err(why)) => {
                    (good, bad) = (0, bad.saturating_add(1));
                    if bad >= self.probe.failure && said != Some(false) {
                        said = Some(false);
                        report(Err(why));
                    }
                }
                None => {}
            }
            if stopped(stop, self.probe.period.max(Duration::from_millis(1))) {
                return;
            }
        }
    }

    /// None: it takes another look to know.
    fn look(&mut self) -> Option<Result<(), Text>> {
        let wrong = |why: &str| Some(Err(Text::new(why)));
        let probe = match &self.probe.look {
            Look::Log(text) => {
                let said = self.eyes.reads.has_said(&self.name, self.run, text);
                let why = || Text::new(&format!("it has not said \"{text}\" yet"));
                return Some(if said { Ok(()) } else { Err(why()) });
            }
            Look::Shm(name) => return self.advances(&name.clone()),
            Look::Exec(argv) => {
                checks::Probe::Command { argv: argv.clone(), contains: String::new() }
            }
            Look::Tcp(at) => checks::Probe::Tcp(place(at)),
            Look::Redis(at) => checks::Probe::Redis(place(at)),
            Look::Heartbeat(at) => checks::Probe::Heartbeat(place(at)),
            Look::Http(url) => match http(url) {
                Some(http) => checks::Probe::Http(http),
                None => return wrong(&format!("{url} is no URL; correct it")),
            },
        };
        let Some(means) = &self.eyes.means else {
            return wrong("no sockets to look with; `crs doctor` shows the limits");
        };
        let check = Check {
            node: Text::new(&self.name),
            name: Text::new("probe"),
            phase: None,
            critical: false,
            timeout: self.probe.timeout,
            period: self.probe.period,
            next: Text::default(),
            probe,
            at: Origin::Default,
        };
        let seen = look(&check, means, &mut self.memory);
        if seen.status != CheckStatus::Ok {
            return Some(Err(seen.cause));
        }
        let status = seen.said.as_str().strip_prefix("HTTP ").and_then(|s| s.parse::<u16>().ok());
        match (&check.probe, status) {
            (checks::Probe::Http(_), Some(200..=399)) => Some(Ok(())),
            (checks::Probe::Http(_), _) => Some(Err(seen.said)),
            _ => Some(Ok(())),
        }
    }

    fn advances(&mut self, name: &str) -> Option<Result<(), Text>> {
        let path = Path::new("/dev/shm").join(name.trim_start_matches('/'));
        let mut bytes = [0_u8; 8];
        let read = File::open(&path).and_then(|mut file| file.read_exact(&mut bytes));
        if let Err(e) = read {
            self.counter = None;
            return Some(Err(Text::new(&format!("{}: {e}", path.display()))));
        }
        let now = u64::from_le_bytes(bytes);
        let was = self.counter.replace(now)?;
        let still = || Text::new(&format!("{} stands at {now}", path.display()));
        Some(if now > was { Ok(()) } else { Err(still()) })
    }
}

fn place(at: &Endpoint) -> At {
    At { host: Some(at.host().to_owned()), port: Some(at.port()) }
}

/// `http://host:port/path`, `https://…`.
fn http(url: &str) -> Option<Http> {
    let (scheme, rest) = url.split_once("://")?;
    let tls = match scheme {
        "http" => false,
        "https" => true,
        _ => return None,
    };
    let (place, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let place = if place.ends_with(']') || !place.contains(':') {
        format!("{place}:{}", if tls { 443 } else { 80 })
    } else {
        place.to_owned()
    };
    let at: Endpoint = place.parse().ok()?;
    let plain = path.bytes().all(|b| b.is_ascii_graphic());
    plain.then(|| Http {
        at: At { host: Some(at.host().to_owned()), port: Some(at.port()) },
        tls,
        path: path.to_owned(),
        name: None,
        ca_file: None,
        status: None,
        contains: String::new(),
        json: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read() {
        let read = |url: &str| {
            let http = http(url)?;
            Some((http.at.host?, http.at.port?, http.path, http.tls))
        };
        let want =
            |host: &str, port, path: &str, tls| Some((host.to_owned(), port, path.to_owned(), tls));
        assert_eq!(
            read("http://127.0.0.1:8080/ok?x=1"),
            want("127.0.0.1", 8_080, "/ok?x=1", false)
        );
        assert_eq!(read("https://localhost"), want("localhost", 443, "/", true));
        for url in ["ftp://x/", "127.0.0.1:80", "http://", "http://a:1/b c", "http://a:99999/"] {
            assert_eq!(read(url), None, "{url}");
        }
    }
}
