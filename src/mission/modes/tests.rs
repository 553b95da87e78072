//! No mode leaves anything to the next one.

use super::*;
use crate::mission::file;

fn mission() -> Mission {
    file::load(None).unwrap()
}

#[test]
fn all_thirty_pairs_leave_no_residue() {
    let mission = mission();
    let dir = tempfile::tempdir().unwrap();
    let pen = Pen::default();
    let written = |mode: &ModeSpec| {
        let ticket = pen.order(dir.path(), FILE);
        Document::of(&mission, mode).write(&ticket).unwrap();
        std::fs::read(ticket.path()).unwrap()
    };
    let mut pairs = 0;
    for to in &mission.modes {
        let _ = std::fs::remove_file(dir.path().join(FILE));
        let alone = written(to);
        for from in mission.modes.iter().filter(|from| from.name != to.name) {
            let before = written(from);
            assert_ne!(before, alone, "{} and {}", from.name, to.name);
            assert_eq!(written(to), alone, "{} then {}", from.name, to.name);
            pairs += 1;
        }
    }
    assert_eq!(pairs, 30);
    let names: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, [FILE], "no half-written file is left");
}

#[test]
fn the_documented_flags_are_as_documented() {
    let mission = mission();
    // Logging, dump, signals, no broker, no prices, development, no paper, emergency, replay.
    for (mode, flags) in [
        ("LIVE", "111000100"),
        ("TANK_SEALED", "001111000"),
        ("TANK_BROADCASTING", "111101000"),
        ("REPLAY", "111111001"),
        ("PAPER", "111000000"),
        ("SAFE_MODE", "110101010"),
    ] {
        let document = Document::of(&mission, mission.mode(mode).unwrap());
        let keys = [
            "enable_intellisense_logging",
            "ENABLE_IPC_DATA_DUMP",
            "enable_trading_signals",
            "disable_broker",
            "disable_price_fetching_service",
            "development_mode",
            "disable_paper_trading",
            "emergency_mode_active",
            "replay_mode",
        ];
        let got: String = keys.iter().map(|key| if document.is(key) { '1' } else { '0' }).collect();
        assert_eq!(got, flags, "{mode}");
        assert_eq!(document.flags["risk_max_position_size"], Value::Number(10_000));
        assert_eq!(document.flags["risk_max_notional_per_trade"], Value::Number(25_000));
    }
}

#[test]
fn what_is_typed_for_live_shows_the_risk() {
    let mission = mission();
    let live = mission.mode("LIVE").unwrap();
    assert_eq!(Document::of(&mission, live).fill(&live.confirm), "LIVE 10000 25000");
}

#[test]
fn a_document_reads_back_and_says_what_changes() {
    let mission = mission();
    let of = |mode: &str| Document::of(&mission, mission.mode(mode).unwrap());
    let (paper, safe) = (of("PAPER"), of("SAFE_MODE"));
    let back: Document = serde_json::from_slice(&paper.bytes().unwrap()).unwrap();
    assert_eq!(back, paper);
    assert_eq!(paper.changes(Some(&paper)), []);
    let keys: Vec<String> = safe.changes(Some(&paper)).into_iter().map(|c| c.key).collect();
    let expected =
        ["development_mode", "disable_broker", "emergency_mode_active", "enable_trading_signals"];
    assert_eq!(keys, expected);
    assert_eq!(paper.vars(Path::new("/d")).flags["gateway_telemetry_port"], "5557");
}

#[test]
fn marks_are_ours_and_other_braces_are_not() {
    let text = "{print} {crs} {mode:a} {env:} {crs:x} {\"a\":{env:B}} {settings";
    assert_eq!(marks(text).collect::<Vec<_>>(), [("crs", ""), ("mode", "a"), ("env", "B")]);
}

#[test]
fn a_link_in_the_way_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let other = dir.path().join("other");
    std::fs::write(&other, "mine").unwrap();
    std::os::unix::fs::symlink(&other, dir.path().join("x.new")).unwrap();
    replace(dir.path(), "x", b"new").unwrap();
    assert_eq!(std::fs::read(&other).unwrap(), b"mine");
    assert_eq!(read(&dir.path().join("x")).unwrap().unwrap(), b"new");
    assert_eq!(read(&dir.path().join("none")).unwrap(), None);
}
