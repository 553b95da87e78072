//! The reader, by what it refuses and how it says so.

use super::*;
use crate::config::problem::Problem;
use std::collections::{BTreeMap, BTreeSet};

fn problems(text: &str) -> Vec<String> {
    let told = |problem: &Problem| format!("{}: {}", problem.at, problem.cause);
    parse("mission.toml", text).unwrap_err().iter().map(told).collect()
}

fn sound(text: &str) -> Mission {
    parse("mission.toml", text).unwrap_or_else(|all| panic!("{all:#?}"))
}

const ONE: &str = "[process.a]\ncmd = [\"x\"]\n";

#[test]
fn the_embedded_file_is_sound_and_stays_on_this_machine() {
    let mission = load(None).unwrap_or_else(|all| panic!("{all:#?}"));
    let modes: Vec<&str> = mission.modes.iter().map(|mode| mode.name.as_str()).collect();
    let six = ["LIVE", "TANK_SEALED", "TANK_BROADCASTING", "REPLAY", "PAPER", "SAFE_MODE"];
    assert_eq!(modes, six);
    assert!(mission.processes.iter().all(|process| process.host.is_none()));
    assert_eq!(commands::warnings(&mission), []);
    let live: Vec<&str> = mission
        .modes
        .iter()
        .filter(|mode| modes::Document::of(&mission, mode).is_live())
        .map(|mode| mode.name.as_str())
        .collect();
    assert_eq!(live, ["LIVE"]);
    // No process that can send is in a mode without a broker.
    for mode in ["TANK_SEALED", "TANK_BROADCASTING", "REPLAY", "SAFE_MODE"] {
        let mode = mission.mode(mode).unwrap();
        for process in mode.processes.iter().map(|name| mission.process(name).unwrap()) {
            assert!(!process.cmd.iter().any(|word| word == "--live"), "{}", process.name);
        }
    }
    // What trades on paper names its address itself.
    for name in &mission.mode("PAPER").unwrap().processes {
        let cmd = mission.process(name).unwrap().cmd.join(" ");
        assert!(cmd.contains("127.0.0.1"), "{cmd}");
    }
}

#[test]
fn every_mistake_is_told_at_once_and_in_its_place() {
    let text = "\
[daemon]
ringg = 5
listen = \"127.0.0.1:9000\"
[process.a]
cmd = [\"x\"]
depends = { c = \"ready\", b = \"reddy\" }
hots = \"BEAST\"
host = \"BEST\"
restart = { first = \"1 day\", factor = 0.5 }
[process.b]
display_name = 5
[process.\"-z\"]
cmd = []
[host.BEAST]
ssh = \"-oProxyCommand=x\"
[mode.LIVE]
processes = [\"a\", \"bb\"]
settings = { disable_brokr = true, replay_mode = 3 }
confirm = \"{risk}\"
";
    let told = problems(text);
    let expected = [
        "mission.toml:2:1: unknown key \"ringg\" (did you mean \"ring\"?)",
        "mission.toml:3:10: daemon.listen is given without daemon.token_file",
        "mission.toml:6:13: no process is called \"c\" (did you mean \"a\"?)",
        "mission.toml:6:30: no condition is \"reddy\" (did you mean \"ready\"?)",
        "mission.toml:7:1: unknown key \"hots\" (did you mean \"host\"?)",
        "mission.toml:8:8: no host is called \"BEST\" (did you mean \"BEAST\"?)",
        "mission.toml:9:21: process.a.restart.first = \"1 day\" is no duration",
        "mission.toml:9:39: process.a.restart.factor is no factor",
        "mission.toml:11:16: process.b.display_name is a whole number, not a string",
        "mission.toml:12:10: \"-z\" is no name of a process",
        "mission.toml:13:7: process.-z.cmd names no program",
        "mission.toml:15:7: \"-oProxyCommand=x\" is no host of ssh",
        "mission.toml:17:19: no process is called \"bb\" (did you mean \"b\"?)",
        "mission.toml:18:14: unknown setting \"disable_brokr\" (did you mean \"disable_broker\"?)",
        "mission.toml:18:50: mode.LIVE.settings.replay_mode is a whole number",
        "mission.toml:19:11: unknown setting \"risk\"",
    ];
    assert_eq!(told, expected, "{told:#?}");
}

#[test]
fn a_circle_is_named_whole() {
    let text = "[process.a]\ncmd=['x']\ndepends = { b = 'ready' }\n[process.b]\ncmd=['x']\n\
        depends = { c = 'ready' }\n[process.c]\ncmd=['x']\ndepends = { b = 'started', d = 'ready' }\n\
        [process.d]\ncmd=['x']\ndepends = { d = 'ready' }\n";
    let told = problems(text);
    assert_eq!(
        told,
        [
            "mission.toml:9:13: processes wait for each other: b → c → b",
            "mission.toml:12:13: processes wait for each other: d → d",
        ]
    );
}

#[test]
fn a_long_chain_is_no_circle_and_no_stack() {
    use std::fmt::Write as _;
    let mut text = String::from("[process.p0]\ncmd=['x']\n");
    for n in 1..5_000 {
        let before = n - 1;
        writeln!(text, "[process.p{n}]\ncmd=['x']\ndepends={{p{before}='ready'}}").unwrap();
    }
    assert_eq!(sound(&text).processes.len(), 5_000);
}

#[test]
fn ports_clash_within_a_mode_and_a_machine_only() {
    let two = |b_host: &str, modes: &str| {
        format!(
            "[host.B]\nssh='b'\n[process.a]\ncmd=['x']\nports=[7]\n[process.b]\ncmd=['x']\n\
             ports=[7]\n{b_host}\n{modes}"
        )
    };
    let both = "[mode.M]\nprocesses=['a','b']\n";
    assert_eq!(
        problems(&two("", both)),
        ["mission.toml:6:1: a and b of mode M both listen at port 7 of this machine"]
    );
    sound(&two("host='B'", both));
    sound(&two("", "[mode.M]\nprocesses=['a']\n[mode.N]\nprocesses=['b']\n"));
}

#[test]
fn what_trades_real_money_must_demand_and_be_typed() {
    let live = "settings = { enable_trading_signals = true, disable_paper_trading = true }\n";
    let text = format!("{ONE}[mode.L]\nprocesses=['a']\n{live}");
    assert_eq!(problems(&text).len(), 3, "{:?}", problems(&text));
    let demands = "confirm = 'L'\nrequire = { kill_switch_clear = true, live_armed = true }\n";
    sound(&format!("{text}{demands}"));
    let told = problems(&format!("{text}{demands}engage = true\n"));
    assert_eq!(
        told,
        ["mission.toml:3:1: mode L engages the breaker, and it trades real money by its settings"]
    );
    let emergency = format!("{ONE}[mode.S]\nsettings = {{ emergency_mode_active = true }}\n");
    assert_eq!(problems(&emergency).len(), 1);
    sound(&format!("{emergency}engage = true\n"));
}

#[test]
fn secrets_stay_out_of_commands_and_latches_out_of_locks() {
    let told = problems(
        "[process.a]\ncmd = ['x', '{env:KEY}', '{mode:replay}', '{print}']\n\
         secret_command = { KEY = ['pass'] }\nlocks = ['/tmp/mt5_crs_kill_switch.lock']\n",
    );
    assert_eq!(told.len(), 3, "{told:#?}");
    assert!(
        told[0].contains("is a secret") && told[1].contains("no setting of a mode"),
        "{told:?}"
    );
    assert!(told[2].contains("a latch is no lock file"), "{told:?}");
}

#[test]
fn a_rule_is_held_to_its_own_lines() {
    let rule = "[[rule]]\nname = 'r'\npattern = 'port \\d+ in use'\n";
    sound(&format!("{ONE}{rule}samples = ['Port 80 in use']\ncounter = ['port x']\n"));
    let told = problems(&format!("{ONE}{rule}samples = ['port x']\ncounter = ['port 8 in use']\n"));
    assert_eq!(told.len(), 2, "{told:?}");
    let told = problems(&format!("{ONE}[[rule]]\nname='r'\npattern='('\n"));
    assert!(told[0].starts_with("mission.toml:5:9: this is no regular expression"), "{told:?}");
}

#[test]
fn everything_that_can_be_written_is_read() {
    let text = "\
[daemon]\ndir='/d'\nsocket='/d/s'\nlisten='127.0.0.1:1'\ntoken_file='/t'\norigins=['http://x']
log_size='1MiB'\nlog_files=2\nring=500\nautomatic=['restart']\nalert_command=['a','b']\nports=[1]
[host.B]\nssh='u@b'\nssh_config='/c'\nplatform='windows'\ndir='C:\\m'
[process.a]\ndisplay_name='A'\ncmd=['x']\ncheck=['y']\ncwd='/'\nenv={K='v'}
secret_file={S='/s'}\nsecret_command={T=['t']}\nports=[2]\nshm=['q']\nlocks=['/l']\nfiles=['{dir}/f']
restart={on='always',first='2s',factor=1.5,cap='3s',max=1,window='4m',reset='5s'}
stop={signal='SIGINT',timeout='0s'}\non_daemon_death='keep'
limits={memory='1GiB',cpu_percent=150,nice=-5,affinity=[0,2],nofile=64}
growth={percent=5,window='1h'}
live=[{tcp='127.0.0.1:3'},{redis='h:4'},{heartbeat='h:5'},{shm='c'},{log='up'}]
[[process.a.ready]]\nexec=['t']\ndelay='0s'\nperiod='10ms'\ntimeout='20ms'\nsuccess=2\nfailure=4
[[process.a.ready]]\nhttp='https://h/x'
[mode.M]\nkeeps=['a']\nrequire={credentials=['/k'],reachable=['B'],disk_free='1B',memory_free='2B'}
restart_override={a={on='never'}}\nconfirm='M {replay_mode}'\n";
    let mission = sound(text);
    let a = mission.process("a").unwrap();
    assert_eq!((a.ready.len(), a.live.len()), (2, 5));
    assert_eq!((a.restart.factor_pct, a.stop.signal, a.limits.nice), (150, 2, Some(-5)));
    assert_eq!(a.secrets["S"], ["cat", "/s"]);
    assert_eq!(mission.mode("M").unwrap().require.len(), 4);
    assert_eq!(mission.sha.len(), 64);
}

#[test]
fn files_that_are_none_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("m.toml");
    let told = |path: &Path| load(Some(path)).unwrap_err()[0].to_string();
    assert!(told(&path).contains("can't be read"));
    assert!(told(dir.path()).contains("is not a file"));
    std::fs::write(&path, b"a = 1\nb = \"\xff\"\n").unwrap();
    assert!(told(&path).contains("m.toml:2:6: is not UTF-8"), "{}", told(&path));
    std::fs::write(&path, "").unwrap();
    assert!(told(&path).contains("there is no process in it"));
    std::fs::write(&path, vec![b'#'; 1_048_577]).unwrap();
    assert!(told(&path).contains("larger than 1 MiB"));
    std::fs::write(&path, ONE).unwrap();
    assert_eq!(load(Some(&path)).unwrap().path, path);
}

#[test]
fn a_program_that_is_not_found_is_a_warning() {
    let mission =
        sound("[process.a]\ncmd=['no-such-program-here']\n[process.b]\ncmd=['/bin/sh']\n");
    let told: Vec<String> = commands::warnings(&mission).iter().map(Problem::to_string).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("mission.toml:1:1: a: no program \"no-such-program-here\""));
}

/// Keys of a table as the reader itself lists them, by being asked for one
/// that it does not know.
fn known(text: &str) -> BTreeSet<String> {
    let all = parse("m", text).unwrap_err();
    let next = all.iter().find(|p| p.cause.as_str().contains("\"zzzzzzzz\"")).unwrap();
    let (_, list) = next.next.as_str().split_once("may hold: ").unwrap();
    list.split(", ").map(str::to_owned).collect()
}

#[test]
fn schema_and_reader_know_the_same_keys() {
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
    let tables: BTreeMap<&str, String> = [
        ("", String::from("zzzzzzzz=1\n")),
        ("daemon", String::from("[daemon]\nzzzzzzzz=1\n")),
        ("host", String::from("[host.h]\nzzzzzzzz=1\n")),
        ("process", String::from("[process.p]\nzzzzzzzz=1\n")),
        ("probe", String::from("[[process.p.live]]\nzzzzzzzz=1\n")),
        ("restart", String::from("[process.p.restart]\nzzzzzzzz=1\n")),
        ("stop", String::from("[process.p.stop]\nzzzzzzzz=1\n")),
        ("limits", String::from("[process.p.limits]\nzzzzzzzz=1\n")),
        ("growth", String::from("[process.p.growth]\nzzzzzzzz=1\n")),
        ("mode", String::from("[mode.m]\nzzzzzzzz=1\n")),
        ("require", String::from("[mode.m.require]\nzzzzzzzz=1\n")),
        ("rule", String::from("[[rule]]\nzzzzzzzz=1\n")),
    ]
    .into();
    let listed = |name: &str| -> BTreeSet<String> {
        let path = if name.is_empty() {
            "/properties".into()
        } else {
            format!("/$defs/{name}/properties")
        };
        let table = schema.pointer(&path).unwrap_or_else(|| panic!("no {path}"));
        table.as_object().unwrap().keys().cloned().collect()
    };
    for (name, text) in &tables {
        assert_eq!(known(text), listed(name), "[{name}]");
    }
    // No table of the schema is left out above.
    let closed = schema["$defs"].as_object().unwrap().iter();
    let closed =
        closed.filter(|(_, def)| def["additionalProperties"] == false).map(|(name, _)| name);
    for name in closed {
        assert!(tables.contains_key(name.as_str()), "{name}");
    }
}
