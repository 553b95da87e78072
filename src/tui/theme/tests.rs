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
fn without_colour_the_switch_and_the_modes_still_differ_in_every_theme() {
    for name in Theme::names() {
        let theme = Theme::embedded(name, Depth::None, Charset::Ascii).unwrap();
        for (a, b) in [
            (Role::SwitchSafe, Role::SwitchFired),
            (Role::SwitchSafe, Role::SwitchBlocked),
            (Role::ModeLive, Role::ModePaper),
            (Role::TextNormal, Role::Selection),
            (Role::HealthGood, Role::HealthStale),
            (Role::HealthGood, Role::HealthBad),
            (Role::KillVerified, Role::KillPartial),
            (Role::GuardKill, Role::Overlay),
            (Role::LagGood, Role::LagBreach),
            (Role::LogInfo, Role::LogAlarm),
        ] {
            assert_ne!(theme.style(a), theme.style(b), "{name}: {} {}", a.name(), b.name());
        }
    }
}

/// Alarms carry a modifier beside their colour, at every depth.
#[test]
fn an_alarm_is_never_told_by_colour_alone() {
    for name in Theme::names() {
        for depth in [Depth::None, Depth::Ansi16, Depth::Ansi256, Depth::True] {
            let theme = Theme::embedded(name, depth, Charset::Unicode).unwrap();
            for role in Role::ALL.iter().filter(|r| r.is_alarm()) {
                let style = theme.style(*role);
                assert!(!style.add_modifier.is_empty(), "{name} {depth:?}: {}", role.name());
            }
        }
    }
}

#[test]
fn a_theme_inherits_the_bundled_ones_and_the_users_own() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("themes")).unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(dir.path().join("themes").join(format!("{name}.toml")), text).unwrap();
    };
    let load = |name: &str| Theme::load(name, dir.path(), Depth::True, Charset::Unicode);
    // A colour of the palette changes every role that has it by name.
    write(
        "mine",
        "inherits = \"light\"\n[palette]\ngood = { rgb = \"#010203\", ansi = \"blue\" }\n",
    );
    write("ours", "inherits = \"mine\"\n[roles]\n\"pnl.down\" = { fg = \"good\" }\n");
    let (theme, note) = load("ours");
    assert_eq!((theme.name().as_str(), note), ("ours", None));
    let mine = Some(Color::Rgb(1, 2, 3));
    assert_eq!(theme.style(Role::PnlUp).fg, mine);
    assert_eq!(theme.style(Role::PnlDown).fg, mine);
    let light = Theme::embedded("light", Depth::True, Charset::Unicode).unwrap();
    assert_eq!(theme.style(Role::HealthBad), light.style(Role::HealthBad));
    // The user's file of a bundled name begins with the bundled one.
    write(
        "dark",
        "inherits = \"dark\"\n[palette]\ngood = { rgb = \"#010203\", ansi = \"blue\" }\n",
    );
    assert_eq!(load("dark").0.style(Role::PnlUp).fg, mine);
    // A bundled theme never changes because a user's file has its base's name.
    assert_eq!(load("high-contrast").0.style(Role::PnlUp).fg, Some(Color::Rgb(0x5f, 0xff, 0x87)));
    write("a", "inherits = \"b\"\n");
    write("b", "inherits = \"a\"\n");
    let note = load("a").1.unwrap();
    assert!(note.as_str().contains("b.toml:1:12: inherits goes in a circle: a > b > a"), "{note}");
    write("c", "inherits = \"c\"\n");
    assert!(load("c").1.unwrap().as_str().contains("circle: c > c"));
    write("d", "inherits = \"lihgt\"\n");
    let note = load("d").1.unwrap();
    assert!(
        note.as_str().contains("d.toml:1:12: no theme \"lihgt\" (did you mean \"light\"?)"),
        "{note}"
    );
    for n in 0..9 {
        write(&format!("n{n}"), &format!("inherits = \"n{}\"\n", n + 1));
    }
    assert!(load("n0").1.unwrap().as_str().contains("too long a chain"));
}

#[test]
fn faults_name_place_and_remedy() {
    let typo = bundled().replace("\"pnl.up\" ", "\"pnl.upp\" ");
    assert_eq!(
        fault_of(&typo),
        "mine.toml:51:1: unknown role \"pnl.upp\" (did you mean \"pnl.up\"?)"
    );
    let color =
        bundled().replace("\"pnl.up\"   = { fg = \"good\" }", "\"pnl.up\" = { fg = \"goood\" }");
    assert_eq!(
        fault_of(&color),
        "mine.toml:51:19: \"goood\" is not in the palette (did you mean \"good\"?)"
    );
    let word = bundled().replace("modifiers = [\"italic\"]", "modifiers = [\"italics\"]");
    assert!(fault_of(&word).ends_with("unknown modifier \"italics\" (did you mean \"italic\"?)"));
    let ansi = bundled().replace("\"light-cyan\"", "\"bright-cyan\"");
    assert!(fault_of(&ansi).contains("\"bright-cyan\" is none of the sixteen colours"));
    assert_eq!(fault_of("[role]"), "mine.toml:1:2: unknown key \"role\" (did you mean \"roles\"?)");
    assert_eq!(
        fault_of("name = \"x\""),
        "mine.toml:1:1: there is no [roles] table: add one, or inherits"
    );
    assert!(fault_of("name = \n").starts_with("mine.toml:1:"));
    assert!(fault_of("[roles]").contains("roles without a look: ui.background, ui.border,"));
}

#[test]
fn an_alarm_by_colour_alone_is_refused() {
    let quiet = bundled().replace(
        "\"health.bad\"     = { fg = \"bad\", modifiers = [\"bold\"] }",
        "\"health.bad\" = { fg = \"bad\" }",
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
        "no theme \"darc\" (did you mean \"dark\"?); the bundled theme dark stands in"
    );
}
