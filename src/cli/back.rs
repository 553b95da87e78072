//! The command that leads the latch of a session back, as typed in a shell.

use crate::config::{Settings, dirs};
use crate::domain::Text;
use std::path::Path;

/// `crs reset` for the latch and the state directory of `settings`, read with
/// `config` where the configuration was named on the command line. The latch is
/// always named: another shell may have another environment.
#[must_use]
pub fn command(settings: &Settings, config: Option<&Path>) -> Text {
    let mut line = String::from("crs reset --reason TEXT");
    let mut put = |flag: &str, path: &Path| {
        for word in [" ", flag, " ", &quoted(&path.to_string_lossy())] {
            line.push_str(word);
        }
    };
    put("--kill-switch-file", &settings.kill_switch_file);
    if settings.state_dir != dirs::state_dir() {
        put("--state-dir", &settings.state_dir);
    }
    if let Some(config) = config {
        put("--config", config);
    }
    Text::new(&line)
}

/// As a shell reads it as one word.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+:@%,".contains(c);
    if path.chars().all(plain) {
        return path.to_owned();
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn it_names_what_leads_to_this_latch_and_no_more() {
        let usual = Settings::defaults(PathBuf::from("/c"), dirs::state_dir());
        let usual = Settings { kill_switch_file: PathBuf::from("/run/a.lock"), ..usual };
        let line = "crs reset --reason TEXT --kill-switch-file /run/a.lock";
        assert_eq!(command(&usual, None).as_str(), line);
        let own = Settings { state_dir: PathBuf::from("/s/it's one"), ..usual };
        let line = format!(r"{line} --state-dir '/s/it'\''s one' --config c.toml");
        assert_eq!(command(&own, Some(Path::new("c.toml"))).as_str(), line);
    }
}
