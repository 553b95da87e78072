//! A launch, followed to its end: a line for each step, and its status.

use super::client::Client;
use crate::cli::{Context, Exit, Failure};
use crate::domain::mission::{Launch, LaunchPhase};
use crate::mission::api::message::Status;
use crate::mission::api::page::Done;
use signal_hook::consts::SIGINT;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Some processes are ready, some are not.
pub const PARTIAL: Exit = Exit(3);
/// None is.
pub const FAILED: Exit = Exit(4);
/// The daemon refuses it.
pub const REFUSED: Exit = Exit(5);
/// Ctrl-C: what was ordered goes on.
pub const LEFT: Exit = Exit(130);
/// How often the launch is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How to follow.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct How {
    /// Come back when it is accepted, don't follow it
    #[arg(long)]
    no_wait: bool,
    /// The launch as one JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// The status of a launch that was followed.
pub const fn exit(phase: LaunchPhase) -> Exit {
    match phase {
        LaunchPhase::Running | LaunchPhase::Complete => Exit::OK,
        LaunchPhase::Partial => PARTIAL,
        LaunchPhase::Failed | LaunchPhase::Superseded => FAILED,
        LaunchPhase::Refused => REFUSED,
    }
}

/// How a launch that was followed stands, in a line.
pub fn last(launch: &Launch) -> String {
    let word = launch.phase.word();
    let next = match launch.phase {
        LaunchPhase::Superseded => "; another launch took its place, crs mission ps shows it",
        LaunchPhase::Running => "; crs mission ps follows it",
        LaunchPhase::Partial | LaunchPhase::Failed => "; crs mission why NAME says more",
        LaunchPhase::Complete | LaunchPhase::Refused => "",
    };
    format!("{}: {word}{next}", launch.mode)
}

/// Tells what moves until the launch has ended; with `--no-wait`, the launch
/// as it began.
///
/// # Errors
/// The daemon is gone, or knows this launch no more; status 130 after Ctrl-C.
pub fn follow(client: &Client, done: Done, how: How, ctx: &mut Context) -> Result<Launch, Failure> {
    let launch = done.launch.ok_or_else(|| Failure::failed("the daemon named no launch"))?;
    if how.no_wait {
        return Ok(launch);
    }
    let left = Arc::new(AtomicBool::new(false));
    // A second Ctrl-C ends it where it is.
    let ends = signal_hook::flag::register_conditional_shutdown(
        SIGINT,
        i32::from(LEFT.0),
        Arc::clone(&left),
    );
    ends.and_then(|_| signal_hook::flag::register(SIGINT, Arc::clone(&left)))
        .map_err(Failure::failed)?;
    to_end(client, launch, &left, how.json, ctx)
}

fn to_end(
    client: &Client,
    mut launch: Launch,
    left: &AtomicBool,
    quiet: bool,
    ctx: &mut Context,
) -> Result<Launch, Failure> {
    let id = launch.id;
    let mut told = Vec::new();
    loop {
        for note in launch.notes.iter().filter(|_| !quiet) {
            if !told.contains(note) {
                ctx.out.line(format!("  {note}"));
                told.push(note.clone());
            }
        }
        if launch.phase != LaunchPhase::Running {
            return Ok(launch);
        }
        std::thread::sleep(LOOK);
        if left.load(Ordering::Acquire) {
            let mode = &launch.mode;
            let text =
                format!("launch {id} of {mode} goes on without you: crs mission ps shows it");
            return Err(Failure::new(LEFT, text));
        }
        let status: Status = client.get("/api/status", &[])?;
        match status.launch {
            Some(now) if now.id == id => launch = now,
            Some(_) => launch.phase = LaunchPhase::Superseded,
            None => {
                let text = "the daemon was started anew and knows this launch no more: \
                            crs mission ps shows what runs";
                return Err(Failure::new(FAILED, text));
            }
        }
    }
}
