//! What a start puts into commands and environment: `{settings}`, `{crs}`,
//! `{dir}`, `{env:NAME}` and `{mode:KEY}`.

use crate::mission::hands::Vars;
use std::env;
use std::path::Path;

/// What is put in.
pub struct Fill<'a> {
    /// Of the mode in force.
    pub vars: &'a Vars,
    /// This program.
    pub crs: &'a Path,
    /// The daemon's directory.
    pub dir: &'a Path,
}

impl Fill<'_> {
    /// `text` with its braces filled. What is no such word stays as it is:
    /// JSON in an argument is full of braces.
    ///
    /// # Errors
    /// A word that has no value now, and what to do.
    pub fn fill(&self, text: &str) -> Result<String, String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let word =
                after.split_once('}').and_then(|(word, tail)| Some((self.word(word)?, tail)));
            if let Some((value, tail)) = word {
                out.push_str(&value?);
                rest = tail;
            } else {
                out.push('{');
                rest = after;
            }
        }
        out.push_str(rest);
        Ok(out)
    }

    fn word(&self, word: &str) -> Option<Result<String, String>> {
        let path = |path: &Path| Ok(path.to_string_lossy().into_owned());
        Some(match word.split_once(':') {
            None if word == "crs" => path(self.crs),
            None if word == "dir" => path(self.dir),
            None if word == "settings" => self.vars.settings.as_deref().map_or_else(
                || Err(String::from("{settings}: no mode is in force; launch one first")),
                path,
            ),
            Some(("env", name)) => env::var(name)
                .map_err(|_| format!("{{env:{name}}}: the daemon has no such variable; set it")),
            Some(("mode", key)) => self.vars.flags.get(key).cloned().ok_or_else(|| {
                format!("{{mode:{key}}}: the mode in force has no such flag; launch one that has")
            }),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    #[test]
    fn words_are_filled_and_other_braces_stay() {
        let flags = BTreeMap::from([(String::from("replay_mode"), String::from("true"))]);
        let vars = Vars { settings: Some(PathBuf::from("/s.json")), flags, ..Vars::default() };
        let fill = Fill { vars: &vars, crs: Path::new("/bin/crs"), dir: Path::new("/d") };
        for (text, want) in [
            ("--settings={settings}", "--settings=/s.json"),
            ("{crs} {dir}/x {mode:replay_mode}", "/bin/crs /d/x true"),
            (r#"{"a":{"b":1}}"#, r#"{"a":{"b":1}}"#),
            ("{", "{"),
            ("{{crs}", "{/bin/crs"),
        ] {
            assert_eq!(fill.fill(text).as_deref(), Ok(want));
        }
        for text in ["{env:CRS_NO_SUCH}", "{mode:none}"] {
            assert!(fill.fill(text).unwrap_err().contains(text), "{text}");
        }
        let none = Fill { vars: &Vars::default(), ..fill };
        assert!(none.fill("{settings}").is_err());
    }
}
