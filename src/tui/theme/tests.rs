//! The bundled themes are whole, and faults say where they are.

use super::*;
use ratatui::style::Color;

fn fault_of(text: &str) -> String {
    Theme::parse("mine.toml", text, Depth::True, Charset::Unicode).unwrap_err().to_string()
}

fn bundled() -> &'static str {
    EMBEDDED[0].1
}

#[test]
fn every_bundled_theme_is_whole_under_its_own_name() {
    for (name, text) in EMBEDDED {
        let theme = Theme::parse(name, text, Depth::True, Charset::Unicode).unwrap();
        assert_eq!(theme.name().as_str(), *name);
        assert_eq!(
            Theme::load(name, Path::new("/nonexistent"), Depth::None, Charset::Ascii).1,
            None
        );
    }
}

#[test]
fn no_depth_sends_more_than_it_may() {
    for depth in [Depth::None, Depth::Ansi16, Depth::Ansi256, Depth::True] {
        let theme = Theme::embedded("dark", depth, Charset::Unicode).unwrap();
        for role in Role::ALL {
            let style = theme.style(*role);
            for color in [style.fg, style.bg].into_iter().flatten() {
                let needs = match color {
                    Color::Rgb(..) => Depth::True,
                    Color::Indexed(_) => Depth::Ansi256,
                    _ => Depth::Ansi16,
                };
                assert!(needs <= depth, "{} at {depth:?}: {color:?}", role.name());
            }
        }
    }
}

#[test]
fn without_colour_the_switch_and_the_modes_still_differ() {
    let theme = Theme::embedded("dark", Depth::None, Charset::Ascii).unwrap();
    assert_ne!(theme.style(Role::SwitchSafe), theme.style(Role::SwitchFired));
    assert_ne!(theme.style(Role::SwitchSafe), theme.style(Role::SwitchBlocked));
    assert_ne!(theme.style(Role::ModeLive), theme.style(Role::ModePaper));
    assert_ne!(theme.style(Role::TextNormal), theme.style(Role::Selection));
}

#[test]
fn faults_name_place_and_remedy() {
    let typo = bundled().replace("\"pnl.up\" ", "\"pnl.upp\" ");
    assert_eq!(
        fault_of(&typo),
        "mine.toml:46:1: unknown role \"pnl.upp\" (did you mean \"pnl.up\"?)"
    );
    let color =
        bundled().replace("\"pnl.up\"   = { fg = \"green\" }", "\"pnl.up\" = { fg = \"gren\" }");
    assert_eq!(
        fault_of(&color),
        "mine.toml:46:19: \"gren\" is not in the palette (did you mean \"green\"?)"
    );
    let word = bundled().replace("modifiers = [\"italic\"]", "modifiers = [\"italics\"]");
    assert!(fault_of(&word).ends_with("unknown modifier \"italics\" (did you mean \"italic\"?)"));
    let ansi = bundled().replace("\"light-cyan\"", "\"bright-cyan\"");
    assert!(fault_of(&ansi).contains("\"bright-cyan\" is none of the sixteen colours"));
    assert_eq!(fault_of("[role]"), "mine.toml:1:2: unknown key \"role\" (did you mean \"roles\"?)");
    assert_eq!(fault_of("name = \"x\""), "mine.toml:1:1: there is no [roles] table: add one");
    assert!(fault_of("name = \n").starts_with("mine.toml:1:"));
    assert!(fault_of("[roles]").contains("roles without a look: ui.background, ui.border,"));
}

#[test]
fn an_alarm_by_colour_alone_is_refused() {
    let quiet = bundled().replace(
        "\"health.bad\"     = { fg = \"red\", modifiers = [\"bold\"] }",
        "\"health.bad\" = { fg = \"red\" }",
    );
    assert!(
        fault_of(&quiet).ends_with(
            "role \"health.bad\" must stand out without colour: give it modifiers or mono"
        )
    );
}

#[test]
fn a_broken_user_theme_warns_and_the_bundled_one_stands_in() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("themes")).unwrap();
    std::fs::write(dir.path().join("themes/dark.toml"), "[roles]\n\"pnl.upp\" = {}\n").unwrap();
    let (theme, note) = Theme::load("dark", dir.path(), Depth::True, Charset::Unicode);
    assert_eq!(theme.style(Role::PnlUp), Theme::default().style(Role::PnlUp));
    let note = note.unwrap();
    assert!(note.as_str().contains("dark.toml:2:1: unknown role \"pnl.upp\""), "{note}");
    let (theme, note) = Theme::load("darc", dir.path(), Depth::True, Charset::Unicode);
    assert_eq!(theme.style(Role::PnlUp), Theme::default().style(Role::PnlUp));
    assert_eq!(
        note.unwrap().as_str(),
        "no theme \"darc\" (did you mean \"dark\"?): dark stands in"
    );
}
