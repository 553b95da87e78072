//! Each fault of the way there, with its cause and the next step, and what it
//! does not change.

use crate::common::sandbox::free_port;
use crate::host::{Host, LONG};
use std::fs;

/// Every verb meets the fault in the same words.
fn met(host: &Host, words: &[&str]) {
    for args in [&["start"][..], &["logs"], &["stop", "--yes"], &["locate"]] {
        let outcome = host.gateway(args);
        assert_eq!(outcome.code, Some(1), "{args:?}: {outcome:#?}");
        for word in words {
            assert!(outcome.stderr.contains(word), "{args:?} lacks {word}: {outcome:#?}");
        }
    }
    let status = host.gateway(&["status"]);
    assert_eq!(status.code, Some(2), "{status:#?}");
    assert!(status.stdout.contains(words[0]), "{status:#?}");
    assert_eq!(host.audit(), "", "nothing was done there");
}

#[test]
fn a_key_that_is_refused() {
    let Some(host) = Host::start("a_key_that_is_refused") else { return };
    host.client(host.any_port(), "other_key", "127.0.0.1");
    met(&host, &["it takes none of our keys", "ssh-copy-id gtw"]);
}

#[test]
fn a_host_key_that_changed_stops_everything_and_stays() {
    let Some(host) = Host::start("a_host_key_that_changed_stops_everything_and_stays") else {
        return;
    };
    host.knows("other_host");
    let before = fs::read(host.at("known")).unwrap();
    met(&host, &["THE KEY OF THIS HOST HAS CHANGED", "ssh-keygen -R gtw"]);
    assert_eq!(fs::read(host.at("known")).unwrap(), before);
}

#[test]
fn a_host_key_that_is_not_known_is_not_learnt() {
    let Some(host) = Host::start("a_host_key_that_is_not_known_is_not_learnt") else { return };
    host.knows("");
    met(&host, &["the key of this host is not known", "compare the fingerprint"]);
    assert_eq!(fs::read(host.at("known")).unwrap(), b"");
}

#[test]
fn a_host_that_is_not_there() {
    let Some(host) = Host::start("a_host_that_is_not_there") else { return };
    host.client(free_port(), "key", "127.0.0.1");
    met(&host, &["no connection", "is the machine on"]);
}

#[test]
fn a_host_without_an_address() {
    let Some(host) = Host::start("a_host_without_an_address") else { return };
    // Longer than a label of a name may be, so that no server is asked for it.
    host.client(22, "key", &"x".repeat(70));
    met(&host, &["this name has no address", "remote.host"]);
}

#[test]
fn a_machine_without_ssh() {
    let Some(host) = Host::start("a_machine_without_ssh") else { return };
    let config = host.config().display().to_string();
    let mut command = host.home.crs(&["--config", &config, "remote", "gateway", "start"]);
    command.env("PATH", host.home.path().join("tmp"));
    let out = command.output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert!(said.contains("there is no ssh on this machine; install openssh-client"), "{said}");
}

#[test]
fn noise_before_and_after_an_answer_does_no_harm() {
    let force = "echo 'Welcome to GTW'; echo 'crs-0000 begin'; printf 'you have mail'\n\
                 eval \"$SSH_ORIGINAL_COMMAND\"; echo bye; exit 7";
    let Some(host) = Host::with("noise_before_and_after_an_answer_does_no_harm", Some(force))
    else {
        return;
    };
    host.up();
    let logs = host.gateway(&["logs"]);
    assert!(logs.stdout.contains("paper money") && !logs.stdout.contains("mail"), "{logs:#?}");
    assert_eq!(host.gateway(&["stop", "--yes"]).code, Some(0));
}

#[test]
fn an_answer_that_is_none_to_the_question() {
    let force = "echo 'HTTP/1.1 403 Forbidden'; printf '\\033[2J proxy says no\\n'";
    let Some(host) = Host::with("an_answer_that_is_none_to_the_question", Some(force)) else {
        return;
    };
    met(&host, &["its answer is none to our question (·[2J proxy says no)", "ssh gtw echo hello"]);
}

/// The session's sshd is shot once the gateway was started, in the middle of
/// the answer: it runs all the same, and the probe says so.
#[test]
fn a_session_cut_after_the_start_is_decided_by_the_probe() {
    let force = "out=$(eval \"$SSH_ORIGINAL_COMMAND\")\n\
                 case $out in *' started '*) printf '%s\\n' \"$out\" | head -n 2; kill -9 $PPID;;\n\
                 *) printf '%s\\n' \"$out\";; esac";
    let name = "a_session_cut_after_the_start_is_decided_by_the_probe";
    let Some(host) = Host::with(name, Some(force)) else { return };
    let outcome = host.gateway(&["start"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let step = outcome.stdout.lines().find(|line| line.starts_with("step start")).unwrap();
    assert!(step.contains(" NO ") && step.contains("cut in the middle"), "{step}");
    host.pid();
    assert_eq!(host.gateway(&["stop", "--yes"]).code, Some(0));
}

/// Shot before: nothing runs, and that is found out, not assumed.
#[test]
fn a_session_cut_before_the_start_leaves_nothing() {
    let force = "case $SSH_ORIGINAL_COMMAND in *setsid*) kill -9 $PPID; exit 1;; esac\n\
                 eval \"$SSH_ORIGINAL_COMMAND\"";
    let Some(host) = Host::with("a_session_cut_before_the_start_leaves_nothing", Some(force))
    else {
        return;
    };
    host.configure("ready_within_s = 2");
    let outcome = host.gateway(&["start"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert_eq!(host.status()["standing"], "free");
    assert!(host.audit().contains(" failed "), "{}", host.audit());
}

/// Where nobody wrote the card's line, it is the command and what stands for it.
#[test]
fn the_card_names_the_remote_stop() {
    let home = crate::common::sandbox::Sandbox::new();
    let file = home.path().join("crs.toml");
    let config = file.display().to_string();
    let card = |text: &str| {
        fs::write(&file, text).unwrap();
        home.run(&["--config", &config, "card"], LONG).stdout
    };
    let made = card("[remote]\nhost = \"gtw\"\n");
    for words in ["crs remote gateway stop; without crs: ssh gtw", "taskkill /F /PID <pid>"] {
        assert!(made.contains(words), "{made}");
    }
    let written = card("[remote]\nhost = \"gtw\"\n[card]\nremote_stop = \"pull the plug\"\n");
    assert!(written.contains("pull the plug") && !written.contains("taskkill"), "{written}");
}

#[test]
fn without_a_host_there_is_nothing_to_control() {
    let home = crate::common::sandbox::Sandbox::new();
    let outcome = home.run(&["remote", "gateway", "status"], LONG);
    assert_eq!(outcome.code, Some(78), "{outcome:#?}");
    assert!(outcome.stderr.contains("no host is configured"), "{outcome:#?}");
}
