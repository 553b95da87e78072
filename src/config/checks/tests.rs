//! The embedded profile, and what the configuration lays over it.

use super::{EMBEDDED, Probe, Profile};
use crate::config::{Flags, Settings, load::load_with};
use std::path::Path;

fn settings(text: &str) -> Settings {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    let flags = Flags { config: Some(path), ..Flags::default() };
    load_with(&flags, &|_| None).strict().unwrap().settings
}

fn profile(text: &str) -> Profile {
    Profile::load(None, &settings(text)).unwrap()
}

fn hosts(profile: &Profile) -> Vec<String> {
    let all = profile.checks.iter().cloned();
    all.filter_map(|mut check| check.probe.at_mut()?.host.clone()).collect()
}

#[test]
fn the_embedded_one_is_sound_and_knows_only_this_host() {
    let profile = profile("");
    assert_eq!(profile.checks.iter().filter(|check| check.phase.is_some()).count(), 17);
    assert!(hosts(&profile).iter().all(|host| host == "127.0.0.1"), "{profile:?}");
    assert!(!EMBEDDED.contains("172."));
}

#[test]
fn the_configuration_gives_nodes_their_addresses() {
    let profile = profile(
        "[mesh]\nroot = \"/srv/x\"\n[[gateway]]\nhost = \"gtw.example\"\ncmd_port = 6555\n\
         [[node]]\nname = \"HUB\"\nhost = \"hub.example\"\n\
         [[check]]\nnode = \"INF\"\nname = \"redis\"\nphase = 1\nkind = \"redis\"\nport = 7\n",
    );
    let of = |node: &str, name: &str| {
        let same = |c: &&super::Check| c.node.as_str() == node && c.name.as_str() == name;
        profile.checks.iter().find(same).unwrap().probe.clone()
    };
    let Probe::Heartbeat(at) = of("GTW", "heartbeat") else { panic!() };
    assert_eq!(at.endpoint().unwrap().to_string(), "gtw.example:6555");
    let Probe::Ticks(at) = of("GTW", "ticks") else { panic!() };
    assert_eq!(at.endpoint().unwrap().to_string(), "gtw.example:5556");
    let Probe::Icmp(at) = of("HUB", "icmp") else { panic!() };
    assert_eq!(at.host.as_deref(), Some("hub.example"));
    let Probe::Redis(at) = of("INF", "redis") else { panic!() };
    assert_eq!(at.endpoint().unwrap().to_string(), "127.0.0.1:7");
    assert_eq!(of("INF", ".env"), Probe::File("/srv/x/.env".into()));
    assert_eq!(
        profile.checks.len(),
        super::Profile::load(None, &settings("")).unwrap().checks.len()
    );
}

#[test]
fn a_file_that_is_none_is_told() {
    let problems = Profile::load(Some(Path::new("/nonexistent")), &settings("")).unwrap_err();
    assert!(problems[0].to_string().starts_with("/nonexistent: can't be read"), "{problems:?}");
}
