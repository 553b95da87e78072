//! Processes shot, stopped, starved, and clocks that jump.

use super::{Row, clocks, operators, steps, stopped};

pub const ROWS: &[Row] = &[
    Row {
        number: 31,
        fault: "kill -9 at every step of command, console and agent",
        outcome: "a kill that was taken ends VERIFIED and is never safe meanwhile; one that was \
                  not taken left nothing",
        timed: "from the start, or the key, to VERIFIED",
        bound: None,
        alone: false,
        run: steps::shot,
    },
    Row {
        number: 32,
        fault: "two operators at once",
        outcome: "one latch with the first reason, both reasons on record",
        timed: "from the first start until both have ended",
        bound: None,
        alone: false,
        run: operators::race,
    },
    Row {
        number: 33,
        fault: "a reset of the old decision races a new one",
        outcome: "a decision taken after the reset was asked for stays engaged; the reset ends the old one or is refused",
        timed: "from the first start until the latch names what is in force",
        bound: None,
        alone: false,
        run: operators::reset,
    },
    Row {
        number: 42,
        fault: "SIGSTOP of the console up to 3 s after the key, every power of ten as often",
        outcome: "taken: the agent ends it VERIFIED; not taken: it goes on when it wakes",
        timed: "from the key to VERIFIED, console stopped",
        bound: None,
        alone: false,
        run: stopped::console,
    },
    Row {
        number: 46,
        fault: "the clock jumps by a day to and fro, and over the change of summer time",
        outcome: "waits, attempts and guard keep their times; VERIFIED",
        timed: "from the gateway's return to VERIFIED",
        bound: None,
        alone: false,
        run: clocks::jump,
    },
];
