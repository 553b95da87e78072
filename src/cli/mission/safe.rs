//! `crs mission safe` and `restore`: the emergency shutdown and the way back.

use super::Reach;
use super::client::Client;
use super::follow::{self, REFUSED, follow};
use crate::cli::{Context, Exit, Failure, Outcome};
use crate::domain::mission::{Launch, LaunchPhase};
use crate::mission::api::page::{ConfirmBody, Done, SafeBody};
use crate::mission::launch::safe::proven;

/// Nothing proves that everything is closed.
const UNCONFIRMED: Exit = Exit(3);
/// Proven closed, and another step is not done.
const PARTIAL: Exit = Exit(4);

/// Why.
#[derive(Debug, clap::Args)]
pub struct SafeArgs {
    /// For the audit log and the latch
    #[arg(long, value_name = "TEXT", default_value = "emergency shutdown")]
    reason: String,
    #[command(flatten)]
    how: follow::How,
}

/// How to follow it.
#[derive(Debug, clap::Args)]
pub struct RestoreArgs {
    #[command(flatten)]
    how: follow::How,
}

/// Shuts down and follows it to the proof. The daemon says which words it wants.
pub(super) fn safe(args: &SafeArgs, reach: &Reach, ctx: &mut Context) -> Outcome {
    let launch = shut_down(args, reach, ctx).map_err(|mut failure| {
        if failure.exit == Exit::TIMEOUT {
            failure.text.push_str("\ncrs kill stops all trading, with or without a daemon");
        }
        failure
    })?;
    let (lines, exit) = end(&launch);
    if args.how.json {
        ctx.out.json(&launch);
        return Ok(exit);
    }
    for line in lines {
        ctx.out.line(line);
    }
    Ok(exit)
}

fn shut_down(args: &SafeArgs, reach: &Reach, ctx: &mut Context) -> Result<Launch, Failure> {
    let client = Client::new(reach, ctx)?;
    let body = |confirm| SafeBody { confirm, reason: args.reason.clone() };
    let done: Done = client.post_confirmed("/api/safe", body, REFUSED)?;
    follow(&client, done, args.how, ctx)
}

/// How it ended, what to do about it, and its status.
fn end(launch: &Launch) -> (Vec<String>, Exit) {
    let mode = if launch.mode.is_empty() { "emergency shutdown" } else { launch.mode.as_str() };
    let proven = proven(&launch.notes);
    let word = launch.phase.word();
    match launch.phase {
        LaunchPhase::Running => {
            let next = "crs mission ps follows it, crs status the switch";
            (vec![format!("{mode}: begun; {next}")], Exit::OK)
        }
        LaunchPhase::Complete if proven => (
            vec![
                format!("{mode}: complete, VERIFIED flat"),
                String::from("The way back, each with its own confirmation:"),
                String::from("  crs reset --reason \"…\"           clears the latch"),
                String::from("  crs gateway reset --reason \"…\"   a paper gateway, on its host"),
                String::from("  crs arm                           orders may pass again"),
                String::from("  crs mission restore               what ran before"),
            ],
            Exit::OK,
        ),
        _ if proven => {
            let lines = [
                format!("{mode}: {word}, VERIFIED flat; not done is what stands above"),
                String::from("  crs mission ps                what lives, and why"),
            ];
            (lines.into(), PARTIAL)
        }
        _ => {
            let lines = [
                format!("{mode}: {word}, UNCONFIRMED: nothing proves that everything is closed"),
                String::from(
                    "  crs kill --reason \"…\"       tries again, and waits for the proof",
                ),
                String::from("  crs positions               what the gateways say is open"),
                String::from("  crs status                  the switch, and who obeys it"),
            ];
            (lines.into(), UNCONFIRMED)
        }
    }
}

/// Restores and follows it.
pub(super) fn restore(args: &RestoreArgs, reach: &Reach, ctx: &mut Context) -> Outcome {
    let client = Client::new(reach, ctx)?;
    let body = |confirm| ConfirmBody { confirm };
    let done: Done = client.post_confirmed("/api/restore", body, REFUSED)?;
    let launch = follow(&client, done, args.how, ctx)?;
    if args.how.json {
        ctx.out.json(&launch);
    } else {
        ctx.out.line(follow::last(&launch));
    }
    Ok(follow::exit(launch.phase))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Text;

    fn ended(phase: LaunchPhase, note: &str) -> (String, Exit) {
        let notes = vec![Text::new(note)];
        let mode = Text::new("SAFE_MODE");
        let (lines, exit) = end(&Launch { mode, phase, notes, ..Launch::default() });
        (lines.join("\n"), exit)
    }

    #[test]
    fn only_the_proof_is_called_verified_and_doubt_names_what_to_do() {
        let flat = "kill path: VERIFIED: at main: flat";
        let (said, exit) = ended(LaunchPhase::Complete, flat);
        assert!(said.contains("complete, VERIFIED") && said.contains("crs reset"), "{said}");
        assert_eq!(exit, Exit::OK);
        let (said, exit) = ended(LaunchPhase::Partial, flat);
        assert!(said.contains("partial, VERIFIED") && said.contains("crs mission ps"), "{said}");
        assert_eq!(exit, PARTIAL);
        for note in ["kill path: NOT VERIFIED: at main: no answer", ""] {
            for phase in [LaunchPhase::Complete, LaunchPhase::Partial, LaunchPhase::Failed] {
                let (said, exit) = ended(phase, note);
                assert!(said.contains("UNCONFIRMED") && said.contains("crs kill"), "{said}");
                assert_eq!(exit, UNCONFIRMED);
            }
        }
    }
}
