//! `[mission]`: the daemon of mission control that a console follows. What it
//! runs is not in here but in its `mission.toml`.

use super::load::Draft;
use super::section::Section;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Mission control, as a console follows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MissionSettings {
    /// Whether a console follows it, at the usual socket if no other is named.
    pub watch: bool,
    /// The daemon's socket; naming one is to follow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub socket: Option<PathBuf>,
}

impl MissionSettings {
    /// The socket to follow; none: the console knows nothing of a mission.
    /// Where none is named, a daemon of the same state directory has it.
    #[must_use]
    pub fn follows(&self, state_dir: &Path) -> Option<PathBuf> {
        let usual = || self.watch.then(|| Self::usual(state_dir));
        self.socket.clone().or_else(usual)
    }

    /// Where a daemon of this state directory listens, unless told otherwise.
    #[must_use]
    pub fn usual(state_dir: &Path) -> PathBuf {
        state_dir.join("mission").join("mission.sock")
    }
}

/// Reads the table.
pub fn mission(section: &mut Section<'_, '_>, draft: &mut Draft) {
    let watch = section.switch("watch", &mut draft.problems);
    let socket = section.path("socket", &mut draft.problems).map(|path| path.map(Some));
    draft.put("mission.watch", watch, |s| &mut s.mission.watch);
    draft.put("mission.socket", socket, |s| &mut s.mission.socket);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Flags, load::load_with};

    fn read(text: &str) -> Result<Option<PathBuf>, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        let flags = Flags { config: Some(path), ..Flags::default() };
        let loaded = load_with(&flags, &|_| None).strict();
        let loaded = loaded.map_err(|all| all[0].to_string())?;
        Ok(loaded.settings.mission.follows(Path::new("/state")))
    }

    #[test]
    fn nothing_is_followed_that_nobody_named() {
        assert_eq!(read(""), Ok(None));
        assert_eq!(read("[mission]\nwatch = false"), Ok(None));
        let usual = Some(PathBuf::from("/state/mission/mission.sock"));
        assert_eq!(read("[mission]\nwatch = true"), Ok(usual));
        let named = Some(PathBuf::from("/run/m.sock"));
        assert_eq!(read("[mission]\nsocket = '/run/m.sock'"), Ok(named));
        let why = read("[mission]\nsocket = 'm.sock'").unwrap_err();
        assert!(why.contains("mission.socket is not an absolute path"), "{why}");
        assert!(read("[mission]\nsocked = '/a'").unwrap_err().contains("did you mean \"socket\""));
    }
}
