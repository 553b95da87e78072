//! What must hold for every input of every decoder of foreign bytes.
//!
//! What belongs here: one function a target, shared by the fuzz targets and
//! by `cargo test --test fuzz`. Each panics where a promise is broken and
//! says whether it met something that its decoder takes. What does not:
//! running them.

mod clean;
mod control;
mod decimal;
mod files;
mod imports;
mod lines;
mod logs;
mod mission;
mod recording;
mod sentinel;
mod ticks;
mod wire;

/// A target's name and its check.
pub type Target = (&'static str, fn(&[u8]) -> bool);

/// Every target. Each has a file in `fuzz_targets/`, an entry in Cargo.toml
/// and seeds in `corpus/`; the tests hold that together.
pub const TARGETS: &[Target] = &[
    ("text", clean::text),
    ("decimal", decimal::decimal),
    ("tick", ticks::tick),
    ("reply", wire::reply),
    ("request", wire::request),
    ("telemetry", wire::telemetry),
    ("agent", wire::agent),
    ("latch_body", logs::latch_body),
    ("audit", logs::audit),
    ("heads", logs::heads),
    ("decisions", logs::decisions),
    ("sentinel_log", logs::sentinel_log),
    ("config", files::config),
    ("keymap", files::keymap),
    ("theme", files::theme),
    ("columns", recording::columns),
    ("chunk", recording::chunk),
    ("import", imports::import),
    ("bars", sentinel::bars),
    ("hub", sentinel::hub),
    ("mission", mission::mission),
    ("lines", lines::lines),
    ("mission_json", mission::json),
    ("control", control::control),
];

/// Holds `data` to everything that target `name` promises; whether its
/// decoder took any of it.
pub fn run(name: &str, data: &[u8]) -> bool {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, check) = target.unwrap_or_else(|| panic!("no target {name}"));
    check(data)
}
