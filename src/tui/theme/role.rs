//! Meanings that have a look.

/// One row per role: variant, its name in theme files, what it is for.
macro_rules! roles {
    ($( $variant:ident = $name:literal, $doc:literal; )+) => {
        /// A meaning that a view may show. The name in theme files is dotted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Role { $( #[doc = $doc] $variant, )+ }

        impl Role {
            /// Every role, in the order of [`Role::index`].
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name in theme files.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it is for, in one line.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $doc),+ }
            }
        }
    };
}

roles! {
    Background = "ui.background", "The whole screen beneath everything.";
    BorderNormal = "ui.border", "Border of a pane.";
    BorderFocus = "ui.border.focus", "Border of the pane that takes the keys.";
    BorderAlarm = "ui.border.alarm", "Border of a pane with bad news.";
    Title = "ui.title", "Title of a pane.";
    TitleFocus = "ui.title.focus", "Title of the pane that takes the keys.";
    Accent = "ui.accent", "The one accent.";
    Key = "ui.key", "A key in hints and help.";
    Selection = "ui.selection", "The selected row.";
    Overlay = "ui.overlay", "The ground of what lies over the panes.";
    Bar = "ui.bar", "The filled part of a bar.";
    BarRest = "ui.bar.rest", "The empty part of a bar.";
    Spark = "ui.spark", "Sparklines and histograms.";
    TextNormal = "text.normal", "Plain text.";
    TextDim = "text.dim", "Labels, units, what is not proven now.";
    TextStrong = "text.strong", "The number that matters.";
    PnlUp = "pnl.up", "Profit, or a price that rose.";
    PnlDown = "pnl.down", "Loss, or a price that fell.";
    PnlFlat = "pnl.flat", "Neither.";
    HealthGood = "health.good", "Answers, in time.";
    HealthStale = "health.stale", "Older than it should be.";
    HealthBad = "health.bad", "Down, refused, wrong.";
    HealthUnknown = "health.unknown", "Not known yet, or not provable.";
    SwitchSafe = "switch.safe", "Orders pass.";
    SwitchDisarmed = "switch.disarmed", "Proven absent, waits for an operator.";
    SwitchBlocked = "switch.blocked", "Can't be proven safe: orders denied.";
    SwitchArmed = "switch.armed", "A guard is open, the next key decides.";
    SwitchFired = "switch.fired", "The latch is engaged.";
    KillTrying = "kill.trying", "A kill under way, nothing confirmed.";
    KillClaimed = "kill.claimed", "A claim, not an effect.";
    KillPartial = "kill.partial", "Positions survive.";
    KillVerified = "kill.verified", "Proven flat.";
    LagGood = "lag.good", "Within the documented limit.";
    LagBreach = "lag.breach", "Above the documented limit.";
    ModeSim = "mode.sim", "Everything embedded.";
    ModePaper = "mode.paper", "Our paper gateway.";
    ModeDemo = "mode.demo", "A broker's demo account.";
    ModeLive = "mode.live", "Real money, or nobody knows.";
    ModeDrill = "mode.drill", "A rehearsal of the kill.";
    ModeReplay = "mode.replay", "A recording.";
    GuardKill = "guard.kill", "The open guard of the kill.";
    GuardBlock = "guard.block", "The open guard of BLOCK.";
    GuardOther = "guard.other", "The open guard of anything else.";
    LogInfo = "log.info", "Nothing to do.";
    LogWarn = "log.warn", "Look when you can.";
    LogAlarm = "log.alarm", "Look now.";
}

impl Role {
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// Its place in [`Role::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The role of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|r| r.name() == name)
    }

    /// Whether a theme must give it a modifier, so that it stands out where
    /// there are no colours, or none that this reader can tell apart.
    #[must_use]
    pub const fn is_alarm(self) -> bool {
        matches!(
            self,
            Self::BorderAlarm
                | Self::Selection
                | Self::HealthBad
                | Self::SwitchBlocked
                | Self::SwitchArmed
                | Self::SwitchFired
                | Self::KillTrying
                | Self::KillPartial
                | Self::LagBreach
                | Self::ModeLive
                | Self::ModeDrill
                | Self::GuardKill
                | Self::GuardBlock
                | Self::GuardOther
                | Self::LogAlarm
        )
    }

    /// Lines and bars rather than words.
    #[must_use]
    pub const fn is_graphic(self) -> bool {
        matches!(
            self,
            Self::BorderNormal
                | Self::BorderFocus
                | Self::BorderAlarm
                | Self::Bar
                | Self::BarRest
                | Self::Spark
        )
    }

    /// Lines that carry no meaning: what they part is known by its place.
    #[must_use]
    pub const fn is_decoration(self) -> bool {
        matches!(self, Self::BorderNormal | Self::BarRest)
    }
}
