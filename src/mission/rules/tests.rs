//! The rules, and alerts with a crew and ports of the test's own.

use super::*;
use crate::domain::Text;
use crate::domain::mission::{Gravity, HostRecord, LineLevel, ProcessRecord, Recovery};
use crate::mission::crew::{Crew, Refused};
use crate::mission::hands::{Ident, Vars};
use crate::mission::lines::{Raise, Raises as _, Reads, Source};
use crate::mission::order::{Answer, Refusal};
use crate::mission::output::tests::{Heard, until};
use crate::mission::spec::{Daemon, Mission, Name, Restart, RuleSpec};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

fn own(name: &str, pattern: &str, sample: &str) -> RuleSpec {
    RuleSpec {
        name: name.to_owned(),
        pattern: pattern.to_owned(),
        unless: String::new(),
        severity: Gravity::High,
        title: Text::new(name),
        solution: Text::new("look"),
        strategy: Recovery::Manual,
        action: String::new(),
        samples: vec![sample.to_owned()],
        counter: Vec::new(),
        at: None,
    }
}

fn wrong(rules: &[RuleSpec]) -> String {
    let problems = RuleBook::new(rules).expect_err("it is refused");
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_documented_patterns_hold_their_samples() {
    let book = RuleBook::new(&[]).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(book.rules().len(), 13);
    let name = |line: &str| book.first(line.as_bytes()).map(|n| &*book.rules()[n].spec.name);
    assert_eq!(name("no errors today"), None);
    assert_eq!(name("memory usage 95%"), None);
    assert_eq!(name("[WinError 10048] in use"), Some("port-in-use"));
    assert_eq!(
        name("Error 111 connecting to redis:6379. Connection refused."),
        Some("redis-connection")
    );
    assert_eq!(name("connect 10.0.0.1:5555: Connection refused"), Some("connection-refused"));
    for rule in book.rules() {
        assert!(!rule.spec.counter.is_empty(), "{}", rule.spec.name);
    }
}

#[test]
fn a_rule_is_checked_when_it_is_read() {
    let said = wrong(&[own("a", "no such thing", "something else")]);
    assert!(said.contains("rule a does not match its sample \"something else\""), "{said}");
    let said = wrong(&[RuleSpec { counter: vec![String::from("abc")], ..own("a", "ab", "ab") }]);
    assert!(said.contains("rule a matches its counter-sample \"abc\""), "{said}");
    let said = wrong(&[own("a", "redis", "Redis connection lost")]);
    assert!(said.contains("is taken by redis-connection"), "{said}");
    assert!(wrong(&[own("a", "(", "x")]).contains("is no expression"));
    assert!(wrong(&[own("a", "x*", "x")]).contains("matches an empty line"));
    assert!(wrong(&[own("a", "(?:ab{900}){900}", "x")]).contains("rule a"));
    assert!(wrong(&[own("a", r"\Aab", "ab")]).contains("one line"));
    assert!(wrong(&[own("a", "ab", "ab"), own("a", "cd", "cd")]).contains("twice"));
    assert!(
        wrong(&[RuleSpec { action: String::from("rm"), ..own("a", "ab", "ab") }])
            .contains("no action")
    );
    assert!(
        wrong(&[RuleSpec { samples: Vec::new(), ..own("a", "ab", "ab") }]).contains("no samples")
    );
    let replaced = RuleBook::new(&[own("connection-refused", "refused", "order refused")]).unwrap();
    assert_eq!(replaced.rules().len(), 13);
    assert!(replaced.first(b"order refused").is_some());
}

#[test]
fn many_lines_at_once_give_what_each_alone_gives() {
    let book = RuleBook::new(&[own("tail", "ends here$", "it ends here")]).unwrap();
    let mut lines: Vec<String> = vec![String::from("quiet"), String::new()];
    for rule in book.rules() {
        lines.extend(rule.spec.samples.iter().chain(&rule.spec.counter).cloned());
        lines.push(String::from("between"));
    }
    let text = lines.join("\r\n") + "\r\n";
    let mut hits = Hits::default();
    book.hits(text.as_bytes(), &mut hits);
    let mut found: BTreeMap<usize, u64> = BTreeMap::new();
    for (rule, line, times) in hits.all(text.as_bytes()) {
        assert_eq!(book.first(line.strip_suffix(b"\r").unwrap()), Some(rule));
        found.insert(rule, times);
    }
    let mut want: BTreeMap<usize, u64> = BTreeMap::new();
    for n in lines.iter().filter_map(|line| book.first(line.as_bytes())) {
        *want.entry(n).or_default() += 1;
    }
    assert_eq!(found, want);
    assert_eq!(want.len(), 14);
}

#[derive(Default)]
struct TestCrew {
    restarted: Mutex<Vec<String>>,
    stopped: AtomicBool,
}

impl Crew for TestCrew {
    fn want(&self, _: &[Name], _: &Vars, _: &BTreeMap<Name, Restart>) {}
    fn start(&self, process: &str) -> Result<ProcessRecord, Refused> {
        self.restart(process)
    }
    fn stop(&self, process: &str, _: bool) -> Result<ProcessRecord, Refused> {
        self.restart(process)
    }
    fn restart(&self, process: &str) -> Result<ProcessRecord, Refused> {
        if process == "nobody" {
            return Err((Refusal::Unknown, Text::new("no such process")));
        }
        self.restarted.lock().unwrap().push(process.to_owned());
        Ok(ProcessRecord { name: Text::new(process), ..ProcessRecord::default() })
    }
    fn restart_if_wanted(&self, process: &str) -> Result<ProcessRecord, Refused> {
        if self.stopped.load(Ordering::SeqCst) {
            return Err((Refusal::Conflict, Text::new("it was stopped")));
        }
        self.restart(process)
    }
    fn records(&self) -> Vec<ProcessRecord> {
        vec![ProcessRecord { name: Text::new("Redis"), pid: Some(77), ..ProcessRecord::default() }]
    }
    fn hosts(&self) -> Vec<HostRecord> {
        Vec::new()
    }
    fn why(&self, _: &str) -> Result<Vec<Text>, Refused> {
        Ok(Vec::new())
    }
    fn reload(&self, _: Arc<Mission>, _: bool) -> Vec<Text> {
        Vec::new()
    }
    fn wait_down(&self, _: Duration) -> bool {
        true
    }
    fn shutdown(&self) {}
}

#[derive(Default)]
struct TestReads(Mutex<Vec<String>>);

impl Reads for TestReads {
    fn attach(&self, _: Source) {}
    fn ended(&self, _: &str, _: u64) {}
    fn has_said(&self, _: &str, _: u64, _: &str) -> bool {
        false
    }
    fn note(&self, process: &str, _: LineLevel, text: &Text) {
        self.0.lock().unwrap().push(format!("{process}: {text}"));
    }
}

#[derive(Default)]
struct TestPorts(Mutex<Vec<Holder>>);

impl Ports for TestPorts {
    fn of(&self, process: &str) -> Vec<u16> {
        if process == "engine" { vec![5_555] } else { Vec::new() }
    }
    fn holders(&self, port: u16) -> Result<Vec<Holder>, Text> {
        Ok(self.0.lock().unwrap().iter().filter(|h| h.port == port).cloned().collect())
    }
    fn end(&self, holder: &Holder) -> Result<(), Text> {
        self.0.lock().unwrap().retain(|other| other.who != holder.who);
        Ok(())
    }
}

fn holder(pid: u32, ours: Option<&str>, never: Option<&str>) -> Holder {
    Holder {
        port: 5_555,
        who: Ident { pid, start: 1, boot: Text::new("b") },
        program: Text::new("python"),
        ours: ours.map(str::to_owned),
        never: never.map(Text::new),
    }
}

struct Desk {
    heard: Arc<Heard>,
    deeds: Arc<Mutex<Vec<Deed>>>,
    crew: Arc<TestCrew>,
    reads: Arc<TestReads>,
    ports: Arc<TestPorts>,
    alerts: Arc<Alerts>,
    book: RuleBook,
}

impl Desk {
    fn new(daemon: Daemon) -> Self {
        let (heard, deeds) = (Arc::<Heard>::default(), Arc::<Mutex<Vec<Deed>>>::default());
        let at = Arc::clone(&deeds);
        let audited: Audited = Arc::new(move |deed: &Deed| at.lock().unwrap().push(deed.clone()));
        let mission = Mission { daemon, ..Mission::default() };
        let alerts = Alerts::start(&mission, Arc::clone(&heard) as _, audited).unwrap();
        let (crew, reads) = (Arc::<TestCrew>::default(), Arc::<TestReads>::default());
        let ports = Arc::<TestPorts>::default();
        alerts.tie(Ties {
            crew: Arc::downgrade(&crew) as Weak<dyn Crew>,
            reads: Arc::downgrade(&reads) as Weak<dyn Reads>,
            ports: Arc::clone(&ports) as _,
        });
        Self { heard, deeds, crew, reads, ports, alerts, book: RuleBook::new(&[]).unwrap() }
    }

    fn seen(&self, line: &str, process: &str) {
        let book = &self.book;
        let rule = book.first(line.as_bytes()).and_then(|n| book.rule(n)).unwrap();
        self.alerts.seen(rule, process, line.as_bytes(), 1);
    }

    fn restarted(&self) -> Vec<String> {
        self.crew.restarted.lock().unwrap().clone()
    }

    fn refusal(&self, action: &str, confirm: &str) -> (Refusal, String) {
        match self.alerts.act(1, action, confirm, &Text::new("root")) {
            Answer::Refused { kind, why } => (kind, why.to_string()),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_recovery_that_nobody_allowed_is_proposed_and_carried_out_when_asked() {
    let desk = Desk::new(Daemon::default());
    desk.seen("Connection refused", "engine");
    let alert = desk.alerts.list().pop().unwrap();
    assert_eq!((alert.strategy, alert.actions.len()), (Recovery::Guided, 1));
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(desk.restarted(), Vec::<String>::new());
    assert_eq!(desk.refusal("rm", "").0, Refusal::Invalid);
    let by = Text::new("root@inf");
    assert!(matches!(desk.alerts.act(1, "restart", "", &by), Answer::Process(_)));
    assert_eq!(desk.restarted(), ["engine"]);
    assert!(desk.alerts.list()[0].done.as_str().contains("root@inf"));
    assert!(matches!(desk.alerts.act(9, "restart", "", &by), Answer::Refused { .. }));
    assert!(matches!(desk.alerts.ack(1, &by), Answer::Accepted));
    assert_eq!(desk.alerts.open(), 0);
    let deeds: Vec<String> = desk.deeds.lock().unwrap().iter().map(|d| d.action.clone()).collect();
    assert_eq!(deeds, ["rm", "restart", "ack"]);
    let last = desk.heard.alerts.lock().unwrap().last().cloned().unwrap();
    assert_eq!(last.acknowledged.as_str(), "root@inf");
}

#[test]
fn an_allowed_recovery_is_announced_audited_and_done_once_at_a_time() {
    let desk = Desk::new(Daemon { automatic: vec![String::from("restart")], ..Daemon::default() });
    for _ in 0..100 {
        desk.seen("Connection refused", "engine");
    }
    until(|| desk.restarted().len() == 1, "it is restarted");
    until(|| !desk.deeds.lock().unwrap().is_empty(), "it is audited");
    let said = desk.reads.0.lock().unwrap().clone();
    assert!(said[0].starts_with("engine: Connection refused: recovery by the daemon"), "{said:?}");
    assert_eq!(desk.alerts.list()[0].count, 100);
    assert_eq!(desk.restarted().len(), 1);
    desk.seen("MemoryError", "nobody");
    until(|| desk.deeds.lock().unwrap().len() == 2, "a failure is audited too");
    assert!(desk.deeds.lock().unwrap()[1].outcome.as_str().contains("no such process"));
}

#[test]
fn what_was_stopped_is_not_recovered() {
    let desk = Desk::new(Daemon { automatic: vec![String::from("restart")], ..Daemon::default() });
    desk.crew.stopped.store(true, Ordering::SeqCst);
    desk.seen("Connection refused", "engine");
    until(|| !desk.deeds.lock().unwrap().is_empty(), "it is audited");
    let outcome = desk.deeds.lock().unwrap()[0].outcome.clone();
    assert_eq!(outcome.as_str(), "not done: it was stopped");
    assert_eq!(desk.restarted(), Vec::<String>::new());
}

#[test]
fn only_a_leftover_of_ours_is_ended_without_a_word() {
    let desk = Desk::new(Daemon::default());
    desk.seen("OSError: [Errno 98] Address already in use", "engine");
    let put = |holders: Vec<Holder>| *desk.ports.0.lock().unwrap() = holders;
    put(vec![holder(4711, None, None)]);
    let (kind, why) = desk.refusal("kill_port_and_retry", "");
    assert_eq!(kind, Refusal::Confirmation);
    assert!(why.contains("type \"kill 4711\""), "{why}");
    assert_eq!(desk.refusal("kill_port_and_retry", "yes").0, Refusal::Confirmation);
    put(vec![holder(77, Some("Redis"), None)]);
    assert!(
        desk.refusal("kill_port_and_retry", "").1.contains("Redis of this mission, which runs")
    );
    put(vec![holder(1, None, Some("it started this daemon"))]);
    assert_eq!(desk.refusal("kill_port_and_retry", "kill 1").0, Refusal::Conflict);
    assert_eq!(desk.ports.0.lock().unwrap().len(), 1, "nobody was ended");
    put(vec![holder(4712, Some("engine"), None)]);
    let by = Text::new("root");
    assert_eq!(desk.alerts.act(1, "kill_port_and_retry", "", &by), Answer::Accepted);
    until(|| desk.restarted().len() == 1, "freed and restarted");
    put(vec![holder(4711, None, None)]);
    assert_eq!(desk.alerts.act(1, "kill_port_and_retry", "kill 4711", &by), Answer::Accepted);
    until(|| desk.restarted().len() == 2, "confirmed, freed and restarted");
    assert_eq!(desk.ports.0.lock().unwrap().len(), 0);
}

#[test]
fn nothing_is_installed_and_a_secret_is_not_repeated() {
    let desk = Desk::new(Daemon::default());
    desk.seen("ModuleNotFoundError: No module named 'zmq'", "engine");
    let (kind, why) = desk.refusal("pip_install_and_retry", "");
    assert_eq!(kind, Refusal::Confirmation);
    assert!(why.contains("called zmq") && why.contains("\"installed\""), "{why}");
    let by = Text::new("root");
    assert!(matches!(
        desk.alerts.act(1, "pip_install_and_retry", "installed", &by),
        Answer::Process(_)
    ));
    desk.seen("broker login failed for account 1, password=hunter22, token: 'abcdef'", "engine");
    let message = desk.alerts.list()[1].message.to_string();
    assert!(!message.contains("hunter22") && !message.contains("abcdef"), "{message}");
}

#[test]
fn who_must_know_is_called() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().join("out");
    let script = format!("cat >> {}", at.display());
    let alert_command = ["sh", "-c", &script].map(str::to_owned).to_vec();
    let desk = Desk::new(Daemon { alert_command, ..Daemon::default() });
    let raise = Raise { kind: String::from("x"), strategy: Recovery::Escalate, ..Raise::default() };
    desk.alerts.raise(raise.clone());
    desk.alerts.raise(raise);
    until(|| desk.alerts.list()[0].done.as_str().ends_with("called"), "it is called");
    assert_eq!(std::fs::read_to_string(at).unwrap().lines().count(), 1);
    let quiet = Desk::new(Daemon::default());
    quiet.seen("Broker authentication failed: invalid account", "engine");
    assert!(quiet.alerts.list()[0].done.as_str().contains("no alert_command"));
}
