//! The documents as a newcomer types them: every `crs …` that they show
//! is a command line that this binary takes. `--help` at its end
//! makes the parser read it and do nothing.

#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;
#[cfg(test)]
mod faults;

#[cfg(test)]
mod tests {
    use super::common::sandbox::Sandbox;
    use std::collections::BTreeSet;
    use std::path::Path;
    use std::time::Duration;

    /// Not ARCHITECTURE.md, which also speaks of what is yet to be built.
    const DOCUMENTS: [&str; 4] =
        ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "tests/README.md"];

    /// Command lines of a Markdown text: in fenced blocks the part from `crs `
    /// to the end, a comment or a pipe; elsewhere whole `code spans`.
    fn commands(text: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut fenced = false;
        for line in text.lines() {
            if line.starts_with("```") {
                fenced = !fenced;
            } else if fenced {
                let from = if line.starts_with("crs ") { Some(0) } else { line.find(" crs ") };
                found.extend(from.and_then(|at| line.get(at..)).map(cut));
            } else {
                found.extend(
                    line.split('`').skip(1).step_by(2).filter(|s| s.starts_with("crs ")).map(cut),
                );
            }
        }
        found
    }

    fn cut(line: &str) -> String {
        let ends = [" #", " |", " >", " &&", ";"];
        let end = ends.iter().filter_map(|e| line.find(e)).min().unwrap_or(line.len());
        line[..end].trim().to_owned()
    }

    /// Words as a shell would split them, quotes removed.
    fn words(command: &str) -> Vec<String> {
        let mut out = vec![String::new()];
        let mut quoted = false;
        for c in command.chars() {
            match c {
                '"' => quoted = !quoted,
                ' ' if !quoted => out.push(String::new()),
                c => out.last_mut().unwrap().push(c),
            }
        }
        out.retain(|w| !w.is_empty());
        out.into_iter().skip(1).map(filled).collect()
    }

    /// CAPITALS stand for what the reader fills in.
    fn filled(word: String) -> String {
        match word.as_str() {
            "TICKET" | "N" | "S" => String::from("1"),
            _ => word,
        }
    }

    fn refused(home: &Sandbox, command: &str) -> Option<String> {
        let words = words(command);
        let mut args: Vec<&str> = words.iter().map(String::as_str).collect();
        args.push("--help");
        let outcome = home.run(&args, Duration::from_secs(30));
        (outcome.code != Some(0)).then(|| format!("{command}: {}", outcome.stderr))
    }

    #[test]
    fn every_command_of_the_documents_is_one() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let home = Sandbox::new();
        let texts = DOCUMENTS.iter().filter_map(|d| std::fs::read_to_string(root.join(d)).ok());
        let all: BTreeSet<String> = texts.flat_map(|text| commands(&text)).collect();
        assert!(all.len() > 15, "only {} commands were found", all.len());
        let wrong: Vec<String> = all.iter().filter_map(|c| refused(&home, c)).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn a_command_that_is_none_is_found() {
        let text =
            "`crs dance`\n```sh\ncrs kill --softly   # never\n*/5 * * * * crs status || x\n```";
        let found: Vec<String> = commands(text).into_iter().collect();
        assert_eq!(found, ["crs dance", "crs kill --softly", "crs status"]);
        let home = Sandbox::new();
        let wrong = |c: &str| refused(&home, c).is_some();
        assert!(wrong("crs dance") && wrong("crs kill --softly") && !wrong("crs status"));
    }
}
