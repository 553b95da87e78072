//! The whole mesh on loopback: 17 of 17, and each service that stops turns
//! exactly its own checks red, and back.

use super::common::paper::Paper;
use super::common::sandbox::{Outcome, Sandbox};
use super::common::wait::until;
use super::services::{self, Authority, Dns, Keys, LONG, missing, port, run};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

const NEEDS: &[&str] =
    &["redis-server", "initdb", "setpriv", "sshd", "ssh", "openssl", "git", "python3", "ping"];

/// What the checks look at, and where `crs` is told so.
struct Mesh {
    home: Sandbox,
    root: PathBuf,
    config: String,
}

impl Mesh {
    fn verify(&self, args: &[&str]) -> Outcome {
        let all = [&["--config", &self.config, "verify"], args].concat();
        self.home.run(&all, LONG)
    }

    /// Which of the 17 are not ok, as `NODE name`.
    fn red(&self) -> Vec<String> {
        let report = self.verify(&["--json"]).json();
        let checks = report["checks"].as_array().unwrap();
        let of_them: Vec<_> = checks.iter().filter(|check| check["counts"] == true).collect();
        assert_eq!(of_them.len(), 17);
        let bad = of_them.into_iter().filter(|check| check["status"] != "ok");
        let name = |check: &serde_json::Value| {
            assert!(!check["cause"].as_str().unwrap().is_empty(), "{check}");
            assert!(!check["next"].as_str().unwrap().is_empty(), "{check}");
            format!("{} {}", check["node"].as_str().unwrap(), check["name"].as_str().unwrap())
        };
        bad.map(name).collect()
    }

    fn expect(&self, what: &str, wanted: &[&str]) {
        let mut red = Vec::new();
        // What was just started may need a moment for its first answer.
        let came = until(LONG, || {
            red = self.red();
            (red == wanted).then_some(())
        });
        assert!(came.is_some(), "{what}: {red:?}, not {wanted:?}");
    }
}

/// The project's directory as the documents have it.
fn project(home: &Sandbox) -> PathBuf {
    let root = home.path().join("project");
    fs::create_dir_all(root.join("src/data_nexus")).unwrap();
    fs::create_dir(root.join("scripts")).unwrap();
    for file in [".env", "scripts/project_cli.py", "requirements.txt"] {
        fs::write(root.join(file), "").unwrap();
    }
    run("git", &["init", "-q"], &root);
    let hook = root.join(".git/hooks/post-commit");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    root
}

fn check(node: &str, name: &str, phase: u8, kind: &str, keys: &str) -> String {
    format!(
        "[[check]]\nnode = \"{node}\"\nname = \"{name}\"\nphase = {phase}\nkind = \"{kind}\"\n{keys}\n"
    )
}

/// The embedded profile, with the ports of this test.
fn configured(
    root: &std::path::Path,
    paper: &Paper,
    keys: &Keys,
    authority: &Authority,
    ports: [u16; 6],
) -> String {
    let [redis_port, postgres_port, ssh_port, github_port, notion_port, dns_port] = ports;
    let web = |port: u16| {
        let ca = authority.file();
        format!("host = \"localhost\"\nport = {port}\ntls = true\nca_file = \"{ca}\"\n")
    };
    [
        format!("[mesh]\nroot = \"{}\"\n", root.display()),
        format!(
            "[[gateway]]\nname = \"gtw\"\nhost = \"127.0.0.1\"\ncmd_port = {}\ndata_port = {}\n",
            paper.port("commands"),
            paper.port("ticks")
        ),
        check("INF", "redis", 1, "redis", &format!("port = {redis_port}")),
        check("INF", "postgres", 1, "postgres", &format!("port = {postgres_port}")),
        check("GTW", "ssh", 1, "ssh", &keys.toml(ssh_port, "key")),
        check("GITHUB", "https", 3, "http", &web(github_port)),
        check("NOTION", "https", 3, "http", &web(notion_port)),
        check(
            "NET",
            "dns",
            4,
            "dns",
            &format!(
                "lookup = \"api.example\"\nserver = \"127.0.0.1:{dns_port}\"\ntimeout_ms = 1500"
            ),
        ),
        // Beside the 17: this host's latch over SSH, and whether it is seen.
        format!(
            "[[check]]\nnode = \"HUB\"\nname = \"latch\"\nkind = \"latch\"\n{}",
            keys.toml(ssh_port, "key")
        ),
    ]
    .join("\n")
}

#[test]
fn seventeen_of_seventeen_and_each_service_turns_its_own_checks_red() {
    if missing(NEEDS) {
        return;
    }
    let home = Sandbox::new();
    let root = project(&home);
    let keys = Keys::new(&home);
    let authority = Authority::new(&home, "authority", "authority of a test");
    let paper = Paper::start(&home, &[]);
    let ports = [(); 6].map(|()| port());
    let [redis_port, postgres_port, ssh_port, github_port, notion_port, dns_port] = ports;
    let config = configured(&root, &paper, &keys, &authority, ports);
    let file = home.path().join("config.toml");
    fs::write(&file, config).unwrap();
    let mesh = Mesh { config: file.display().to_string(), root, home };
    let mut paper = Some(paper);
    let mut redis = Some(services::redis(&mesh.home, redis_port, None));
    let mut postgres = Some(services::postgres(postgres_port));
    let mut sshd = Some(services::sshd(&keys, ssh_port));
    let mut github = Some(authority.server("localhost", 2, github_port));
    let mut notion = Some(authority.server("localhost", 2, notion_port));
    let mut dns = Some(Dns::start(dns_port, true));

    mesh.expect("all run", &[]);
    let all = mesh.verify(&[]);
    assert_eq!(all.code, Some(0), "{all:#?}");
    for words in
        ["Total checks: 17", "Passed: 17", "Success rate: 100.0 %", "PHASE 1: LOCAL (9 checks)"]
    {
        assert!(all.stdout.contains(words), "{words}: {}", all.stdout);
    }
    assert!(all.stderr.is_empty(), "no progress where no terminal is: {}", all.stderr);

    // The documented figures: one of 17, and three of them.
    let hook = mesh.root.join(".git/hooks/post-commit");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o644)).unwrap();
    mesh.expect("the hook may not be run", &["INF git hook"]);
    let one = mesh.verify(&[]);
    assert_eq!(one.code, Some(1), "{one:#?}");
    assert!(one.stdout.contains("Success rate: 94.1 %"), "{}", one.stdout);
    let env = mesh.root.join(".env");
    fs::remove_file(&env).unwrap();
    fs::remove_dir(mesh.root.join("src/data_nexus")).unwrap();
    mesh.expect("two more are gone", &["INF git hook", "INF .env", "INF data_nexus"]);
    let three = mesh.verify(&[]);
    assert_eq!(three.code, Some(2), "{three:#?}");
    assert!(three.stdout.contains("Success rate: 82.4 %"), "{}", three.stdout);
    fs::create_dir(mesh.root.join("src/data_nexus")).unwrap();
    fs::write(&env, "").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    mesh.expect("all is back", &[]);

    drop(redis.take());
    mesh.expect("no redis", &["INF redis"]);
    redis = Some(services::redis(&mesh.home, redis_port, None));
    drop(postgres.take());
    mesh.expect("redis is back, no postgres", &["INF postgres"]);
    postgres = Some(services::postgres(postgres_port));
    drop(sshd.take());
    mesh.expect("postgres is back, no sshd", &["GTW ssh"]);
    sshd = Some(services::sshd(&keys, ssh_port));
    drop(github.take());
    mesh.expect("sshd is back, no github", &["GITHUB https"]);
    github = Some(authority.server("localhost", 2, github_port));
    drop(notion.take());
    mesh.expect("github is back, no notion", &["NOTION https"]);
    notion = Some(authority.server("localhost", 2, notion_port));
    drop(dns.take());
    mesh.expect("notion is back, no name server", &["NET dns"]);
    dns = Some(Dns::start(dns_port, true));
    paper.take().map(|mut paper| paper.stop());
    mesh.expect("the name server is back, no gateway", &["GTW heartbeat", "GTW ticks"]);

    // The other host, which is this one, sees the latch that holds here.
    let latch = |mesh: &Mesh| {
        let report = mesh.verify(&["--json"]).json();
        let all = report["checks"].as_array().unwrap().clone();
        all.into_iter().find(|c| c["node"] == "HUB" && c["name"] == "latch").unwrap()
    };
    assert_eq!(latch(&mesh)["said"], "sees none");
    fs::write(mesh.home.latch(), "").unwrap();
    assert_eq!(latch(&mesh)["said"], "sees it ENGAGED");
    drop((redis, postgres, sshd, github, notion, dns));
}
