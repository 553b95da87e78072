//! Profiles: the file of checks that is embedded, or one of the operator's,
//! put together with what the configuration says of nodes and checks.

use super::{Check, Node, Probe, read};
use crate::config::problem::nearest;
use crate::config::section::{Document, Section};
use crate::config::{Problem, Settings, file, load};
use crate::domain::Text;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// The 17 documented checks and some beside them, every host 127.0.0.1.
pub const EMBEDDED: &str = include_str!("../../../profiles/mesh.toml");
/// How the embedded profile is called where a place in it is named.
const EMBEDDED_NAME: &str = "profiles/mesh.toml";

/// What is to be checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Where it came from, as people say it.
    pub source: Text,
    /// The checks, addresses and paths complete, in the order of the file.
    pub checks: Vec<Check>,
}

/// A profile file, before the configuration has spoken.
#[derive(Default)]
struct Parsed {
    root: Option<PathBuf>,
    nodes: Vec<Node>,
    checks: Vec<Check>,
}

impl Profile {
    /// The profile of `file`, else of the settings, else the embedded one;
    /// over it the nodes and checks of the settings.
    ///
    /// # Errors
    /// Everything that is wrong with the file, each with its place.
    pub fn load(file: Option<&Path>, settings: &Settings) -> Result<Self, Vec<Problem>> {
        let mesh = &settings.mesh;
        let mut problems = Vec::new();
        let (source, parsed) = match file.or(mesh.profile.as_deref()) {
            None => (Text::new("embedded"), parse(EMBEDDED_NAME, EMBEDDED, &mut problems)),
            Some(path) => {
                let shown = path.to_string_lossy();
                let text = load::read_text(path).map_err(|problem| vec![problem])?;
                (Text::new(&shown), parse(&shown, &text, &mut problems))
            }
        };
        let Parsed { root, mut nodes, mut checks } = parsed;
        for node in &mesh.nodes {
            match nodes.iter_mut().find(|known| known.name == node.name) {
                Some(known) => {
                    known.host = node.host.clone().or(known.host.take());
                    // A host of its own wins over the gateway's.
                    known.gateway = node.gateway || (known.gateway && node.host.is_none());
                }
                None => nodes.push(node.clone()),
            }
        }
        for check in &mesh.checks {
            let same = |known: &&mut Check| known.node == check.node && known.name == check.name;
            match checks.iter_mut().find(same) {
                Some(known) => *known = check.clone(),
                None => checks.push(check.clone()),
            }
        }
        let root = mesh.root.clone().or(root).unwrap_or_else(|| PathBuf::from("/"));
        for check in &mut checks {
            complete(check, &nodes, &root, settings, &mut problems);
        }
        problems.sort();
        if problems.is_empty() { Ok(Self { source, checks }) } else { Err(problems) }
    }
}

fn parse(path: &str, text: &str, out: &mut Vec<Problem>) -> Parsed {
    let doc = Document::new(path, text);
    let (table, broken) = DeTable::parse_recoverable(text);
    let mut section = Section::root(&doc, &table);
    let root = section.path("root", out).map(|path| path.value);
    let nodes = section.sections("node", out);
    let checks = section.sections("check", out);
    section.finish(out);
    let (nodes, checks) = (read::nodes(nodes, out), read::checks(checks, out));
    for error in broken {
        file::not_toml(&doc, &error, out);
    }
    if checks.is_empty() && out.is_empty() {
        let next = "list at least one [[check]]; README.md shows how";
        out.push(Problem::new(file::whole(path), "there is no check in it", next));
    }
    Parsed { root, nodes, checks }
}

/// Fills in what the node, the gateway and the root say.
fn complete(
    check: &mut Check,
    nodes: &[Node],
    root: &Path,
    settings: &Settings,
    out: &mut Vec<Problem>,
) {
    let Some(node) = nodes.iter().find(|node| node.name == check.node) else {
        let hint = nearest(check.node.as_str(), nodes.iter().map(|node| node.name.as_str()))
            .map_or_else(String::new, |meant| format!(" (did you mean \"{meant}\"?)"));
        let cause = format!("no node is called \"{}\"{hint}", check.node);
        out.push(Problem::new(check.at.clone(), cause, "list it as a [[node]] with its host"));
        return;
    };
    if let Some(path) = check.probe.path_mut() {
        *path = root.join(&path);
    }
    let first = settings.gateways.first().filter(|_| node.gateway);
    let ports = first.map_or((5_555, 5_556), |g| (g.cmd.port(), g.data.port()));
    let usual = match check.probe {
        Probe::Heartbeat(_) => ports.0,
        Probe::Ticks(_) => ports.1,
        _ => read::GATEWAYS,
    };
    let Some(at) = check.probe.at_mut() else { return };
    if at.port == Some(read::GATEWAYS) {
        at.port = Some(usual);
    }
    if at.host.is_none() {
        let gateway = first.map(|g| g.cmd.host().to_owned());
        at.host = gateway.or_else(|| node.host.clone());
    }
    if at.host.is_none() {
        let cause = format!("node \"{}\" has no host", node.name);
        let next = "add: host = \"127.0.0.1\", or whatever its address is";
        out.push(Problem::new(node.at.clone(), cause, next));
    }
}
