//! The panes of the screen.

/// The panes, in the order of the focus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pane {
    /// Open positions and the account.
    #[default]
    Positions,
    /// Quotes.
    Ticks,
    /// Candles of the symbol that is selected in Ticks.
    Chart,
    /// The gateways' links, identities and counters.
    Gateway,
    /// The switch, and the kill that runs.
    Kill,
    /// Proof of flat.
    Proof,
    /// Who obeys the latch.
    Obey,
    /// Every node of the mesh and what is known of it.
    Mesh,
    /// What automatic traders decided.
    Decisions,
    /// How late everything is.
    Lag,
    /// What mission control runs.
    Processes,
    /// What happened.
    Log,
    /// What needs an operator.
    Alarms,
}

impl Pane {
    /// All of them, in the order of the focus.
    pub const ALL: [Self; 13] = [
        Self::Positions,
        Self::Ticks,
        Self::Chart,
        Self::Gateway,
        Self::Kill,
        Self::Proof,
        Self::Obey,
        Self::Mesh,
        Self::Decisions,
        Self::Lag,
        Self::Processes,
        Self::Log,
        Self::Alarms,
    ];

    /// Its title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Positions => "Positions",
            Self::Ticks => "Ticks",
            Self::Chart => "Chart",
            Self::Gateway => "Gateway",
            Self::Kill => "Kill",
            Self::Proof => "Proof of flat",
            Self::Obey => "Who obeys",
            Self::Mesh => "Mesh",
            Self::Decisions => "Decisions",
            Self::Lag => "Lag",
            Self::Processes => "Processes",
            Self::Log => "Log",
            Self::Alarms => "Alarms",
        }
    }

    /// Whether its newest row is the last one, so that the view stays there
    /// until it is scrolled away.
    #[must_use]
    pub const fn follows(self) -> bool {
        matches!(self, Self::Chart | Self::Decisions | Self::Log)
    }

    /// Whether its rows can be filtered by a text.
    #[must_use]
    pub const fn filters(self) -> bool {
        matches!(
            self,
            Self::Positions
                | Self::Ticks
                | Self::Mesh
                | Self::Decisions
                | Self::Processes
                | Self::Log
        )
    }

    /// Whether it is there: the processes only where a mission is `followed`.
    #[must_use]
    pub fn is_there(self, followed: bool) -> bool {
        self != Self::Processes || followed
    }

    /// Its title as one word, for the command line: `proof-of-flat`.
    #[must_use]
    pub fn word(self) -> String {
        self.title().to_lowercase().replace(' ', "-")
    }

    /// The next one.
    #[must_use]
    pub fn next(self) -> Self {
        self.stepped(1)
    }

    /// The one before.
    #[must_use]
    pub fn previous(self) -> Self {
        self.stepped(Self::ALL.len() - 1)
    }

    fn stepped(self, by: usize) -> Self {
        let at = (self as usize + by) % Self::ALL.len();
        Self::ALL.get(at).copied().unwrap_or_default()
    }
}
