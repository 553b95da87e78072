//! A login by key: the system's `ssh`, which asks nobody for anything.

use super::host;
use crate::config::checks::Ssh;
use crate::domain::Text;
use crate::mesh::child::{self, Done};
use crate::mesh::look::{Good, Seen, Wrong};
use crate::mesh::net::Until;
use std::time::{Duration, Instant};

/// What `ssh` itself ends with when there was no session.
const NO_SESSION: i32 = 255;

/// Logs in and out again. `exit` is a word of every shell, cmd.exe's too.
pub fn look(ssh: &Ssh, until: Until) -> Seen {
    let begun = Instant::now();
    let done = run(ssh, "exit", until)?;
    if done.code != Some(0) {
        let cause =
            format!("the login works, but its shell ends with {}: {}", done.how(), done.words());
        return Err(Wrong::failed(cause, "log in by hand and see what its shell says"));
    }
    Ok(Good { said: String::from("login by key"), took: Some(begun.elapsed()) })
}

/// Runs `remote` over there, which that host's shell reads.
pub fn run(ssh: &Ssh, remote: &str, until: Until) -> Result<Done, Wrong> {
    let to = host(&ssh.at)?;
    let patience = until.left().max(Duration::from_secs(1)).as_secs();
    let mut options = vec![
        String::from("BatchMode=yes"),
        String::from("PasswordAuthentication=no"),
        String::from("KbdInteractiveAuthentication=no"),
        String::from("ForwardAgent=no"),
        String::from("ForwardX11=no"),
        String::from("ControlMaster=no"),
        String::from("LogLevel=ERROR"),
        format!("ConnectTimeout={patience}"),
    ];
    if ssh.identity.is_some() {
        options.push(String::from("IdentitiesOnly=yes"));
    }
    let port = ssh.at.port.map(|port| port.to_string());
    let identity = ssh.identity.as_ref().map(|path| path.to_string_lossy());
    let config = ssh.config.as_ref().map(|path| path.to_string_lossy());
    let mut argv = vec!["ssh", "-T"];
    for option in &options {
        argv.extend(["-o", option]);
    }
    for (flag, value) in
        [("-p", port.as_deref()), ("-i", identity.as_deref()), ("-F", config.as_deref())]
    {
        argv.extend(value.into_iter().flat_map(|value| [flag, value]));
    }
    if !ssh.user.is_empty() {
        argv.extend(["-l", &ssh.user]);
    }
    argv.extend(["--", to, remote]);
    let done = child::run(&argv, until)?;
    if done.code == Some(NO_SESSION) { Err(no_session(to, &done)) } else { Ok(done) }
}

fn no_session(to: &str, done: &Done) -> Wrong {
    let to = Text::limited(to, 60);
    let all = &done.stderr;
    let has = |words: &str| all.contains(words);
    let (cause, next) = if has("Permission denied") {
        (
            format!("{to} takes no key of this user"),
            format!("put the public key there: ssh-copy-id {to}"),
        )
    } else if has("IDENTIFICATION HAS CHANGED") {
        (
            format!("{to} shows another host key than before"),
            format!("find out why before anything else; then: ssh-keygen -R {to}"),
        )
    } else if has("Host key verification failed") {
        (
            format!("the host key of {to} is not known here"),
            format!("log in once by hand and compare it: ssh {to}"),
        )
    } else if has("Could not resolve") {
        (format!("the name {to} can't be looked up"), String::from("correct the host of its node"))
    } else if has("Connection refused") {
        (
            format!("no SSH server listens at {to}"),
            String::from("start sshd there, or correct the port"),
        )
    } else if has("timed out") || has("No route") || has("unreachable") {
        (format!("{to} can't be reached"), String::from("is it up, does a firewall stand between?"))
    } else if has("Connection reset") || has("Connection closed") || has("banner") {
        (
            format!("{to} cut the connection before a login"),
            String::from("is it an SSH server? Its log says why"),
        )
    } else {
        (format!("ssh {to}: {}", done.words()), format!("try by hand: ssh {to}"))
    };
    Wrong::failed(cause, next)
}
