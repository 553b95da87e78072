//! Every bundled theme, every role, as 24 bits and reduced to 256 colours.

use super::*;
use crate::tui::theme::Charset;

fn themes() -> impl Iterator<Item = Theme> {
    [Depth::True, Depth::Ansi256].into_iter().flat_map(|depth| {
        Theme::names().map(move |n| Theme::embedded(n, depth, Charset::Unicode).unwrap())
    })
}

#[test]
fn the_formula_is_that_of_the_guidelines() {
    let (black, white) = ((0, 0, 0), (255, 255, 255));
    assert!((ratio(black, white) - 21.0).abs() < 1e-9);
    assert!((ratio(white, white) - 1.0).abs() < 1e-9);
    // #777777 on white is the well-known grey that just fails level AA.
    assert!((ratio((0x77, 0x77, 0x77), white) - 4.48).abs() < 0.01);
    assert!((ratio(white, (0x76, 0x76, 0x76)) - 4.54).abs() < 0.01);
}

#[test]
fn every_role_of_every_bundled_theme_can_be_read() {
    let mut seen = 0;
    let mut wrong = Vec::new();
    for theme in themes() {
        let most = theme.name().as_str() == "high-contrast";
        for role in Role::ALL {
            let needs = match (most, role.is_graphic(), role.is_decoration()) {
                (true, false, _) => TEXT_AAA,
                (true, true, false) => TEXT,
                (true, true, true) => GRAPHIC,
                // No rule asks it, but a frame that nobody sees is none.
                (false, _, true) => 1.5,
                (false, ..) => needed(*role),
            };
            let has = least(&theme, *role).unwrap();
            if has < needs {
                let (name, depth) = (theme.name(), theme.depth());
                wrong.push(format!("{name} {depth:?} {}: {has:.2}, needs {needs}", role.name()));
            }
            seen += 1;
        }
        assert!(weak(&theme).iter().all(|(role, _)| wrong.join("").contains(role.name())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(seen, Theme::names().count() * 2 * Role::COUNT);
}

#[test]
fn of_sixteen_colours_nothing_is_claimed_but_no_text_has_its_grounds_colour() {
    for name in Theme::names() {
        let theme = Theme::embedded(name, Depth::Ansi16, Charset::Unicode).unwrap();
        for role in Role::ALL {
            assert_eq!(least(&theme, *role), None);
            let style = theme.style(*role);
            let grounds = [Role::Background, Role::Overlay].map(|r| theme.style(r).bg);
            let grounds = style.bg.map_or(grounds, |own| [Some(own); 2]);
            assert!(grounds.iter().all(|g| *g != style.fg), "{name}: {}", role.name());
        }
    }
}

/// As eyes with one kind of cone missing see a colour: G. M. Machado et al.,
/// "A Physiologically-based Model for Simulation of Color Vision Deficiency",
/// IEEE TVCG 15 (2009), matrices of severity 1.0 on linear light.
const MISSING: [(&str, [[f64; 3]; 3]); 3] = [
    (
        "protan",
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
    ),
    (
        "deutan",
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
    ),
    (
        "tritan",
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ),
];

/// CIE L*a*b* (D65) of linear sRGB.
fn lab(rgb: [f64; 3]) -> [f64; 3] {
    const XYZ: [[f64; 3]; 3] =
        [[0.4339, 0.3762, 0.1899], [0.2126, 0.7152, 0.0722], [0.0177, 0.1095, 0.8728]];
    let root = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    let [x, y, z] = XYZ.map(|row| root((0..3).map(|i| row[i] * rgb[i]).sum()));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// How far apart two colours are to such eyes; about 2 is the least step seen.
fn apart(matrix: &[[f64; 3]; 3], a: (u8, u8, u8), b: (u8, u8, u8)) -> f64 {
    let seen = |(r, g, b): (u8, u8, u8)| {
        let light = [linear(r), linear(g), linear(b)];
        lab(matrix.map(|row| (0..3).map(|i| row[i] * light[i]).sum::<f64>().clamp(0.0, 1.0)))
    };
    let (a, b) = (seen(a), seen(b));
    (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn well_and_unwell_differ_for_every_kind_of_colour_blindness() {
    let pairs = [
        (Role::PnlUp, Role::PnlDown),
        (Role::HealthGood, Role::HealthBad),
        (Role::SwitchSafe, Role::SwitchBlocked),
        (Role::KillVerified, Role::KillPartial),
        (Role::HealthStale, Role::HealthBad),
        (Role::LagGood, Role::LagBreach),
    ];
    let dark = |role| rgb(Theme::default().style(role).fg.unwrap()).unwrap();
    let deutan = MISSING[1].1;
    let usual = apart(&deutan, dark(Role::PnlUp), dark(Role::PnlDown));
    for theme in themes().filter(|t| t.name().as_str() == "colour-blind-safe") {
        let color = |role| rgb(theme.style(role).fg.unwrap()).unwrap();
        for (a, b) in pairs {
            for (kind, matrix) in &MISSING {
                let far = apart(matrix, color(a), color(b));
                assert!(far > 20.0, "{} and {}, {kind}: {far:.1}", a.name(), b.name());
            }
        }
        let far = apart(&deutan, color(Role::PnlUp), color(Role::PnlDown));
        assert!(far > 2.0 * usual, "{far:.1} is no gain over the {usual:.1} of dark");
    }
}
