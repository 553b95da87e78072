//! Gateways that are down, frozen, slow, blind or lie, seen by a kill.

use super::{Came, Row};
use crate::scene::Scene;
use std::time::Duration;

pub const ROWS: &[Row] = &[Row {
    number: 10,
    fault: "blind gateway: no positions, 0 of 0, account in error",
    outcome: "never VERIFIED",
    timed: "",
    bound: None,
    alone: false,
    run: blind,
}];

fn blind(_seed: u64) -> Came {
    let mut scene = Scene::with(&["blind"]);
    let mut command = scene.command();
    let ms = scene.never_verified(Duration::from_millis(1_200));
    crate::common::sandbox::end(&mut command);
    Came::held(Duration::from_millis(ms))
}
