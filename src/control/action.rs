//! Every verb of the operator, once: name, help, danger.
//!
//! Keymaps, hints, the help overlay and the manual are made from this table,
//! so they can't disagree.

/// What may go wrong when a verb is run by accident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Danger {
    /// Nothing: it moves the screen, or reads.
    None,
    /// It acts on the account or on the latch: it needs a modified or a
    /// multi-key chord, and opens a guard that a second key must confirm, at
    /// once or when what it asks for is filled in.
    Guarded,
    /// It stops trading: its chord is built in, and no keymap can name it.
    Fixed,
}

/// What a verb may be told besides its name, on the command line: `theme
/// light`. The hint is what stands for it in help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// One word of a list that the screen has (`Screen::choices`); it must be
    /// given.
    Choice(&'static str),
    /// Any words, or none.
    Words(&'static str),
}

impl Takes {
    /// What stands for it in help: `NAME`; empty when there is nothing.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Choice(hint) | Self::Words(hint) => hint,
        }
    }
}

/// One row per verb: variant, name in keymaps and on the command line, danger,
/// help, and what it takes, if anything.
macro_rules! actions {
    (@takes) => { Takes::Nothing };
    (@takes $takes:ident $hint:literal) => { Takes::$takes($hint) };
    ($( $variant:ident = $name:literal, $danger:ident, $help:literal
        $(, $takes:ident($hint:literal))?; )+) => {
        /// A verb.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $( #[doc = $help] $variant, )+ }

        impl Action {
            /// Every verb.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in keymap files.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it does, in one line.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $(Self::$variant => $help),+ }
            }

            /// What it may be told besides its name.
            #[must_use]
            pub const fn takes(self) -> Takes {
                match self { $(Self::$variant => actions!(@takes $($takes $hint)?)),+ }
            }

            /// What may go wrong.
            #[must_use]
            pub const fn danger(self) -> Danger {
                match self { $(Self::$variant => Danger::$danger),+ }
            }
        }
    };
}

actions! {
    Kill = "kill", Fixed, "Stop all trading and close every position.";
    Block = "block", Fixed, "Stop new orders; positions stay.";
    Quit = "quit", None, "Leave; agent and latch stay as they are.";
    Command = "command", None, "Open the command line.";
    Help = "help", None, "Show or hide the keys.";
    Search = "search", None, "Search the keys and commands.";
    Back = "back", None, "Close what lies on top, or leave the zoom.";
    FocusNext = "focus-next", None, "Give the keys to the next pane.";
    FocusPrevious = "focus-previous", None, "Give the keys to the pane before.";
    Pane = "pane", None, "Give the keys to a pane by its name.", Choice("NAME");
    RowDown = "row-down", None, "One row down.";
    RowUp = "row-up", None, "One row up.";
    PageDown = "page-down", None, "One page down.";
    PageUp = "page-up", None, "One page up.";
    FirstRow = "first-row", None, "To the first row.";
    LastRow = "last-row", None, "To the last row.";
    Zoom = "zoom", None, "Let the pane fill the screen, or back.";
    LogPage = "log-page", None, "Turn the log: events, or the program's diagnostics.";
    WhoObeys = "who-obeys", None, "Show who obeys the latch.";
    Proof = "proof", None, "Show the proof of flat, or put it away.";
    Alarms = "alarms", None, "Show the alarms, or go back.";
    Acknowledge = "acknowledge", None, "Take on the selected alarm.";
    AcknowledgeAll = "acknowledge-all", None, "Take on every alarm.";
    Silence = "silence", None, "Silence the selected alarm for TIME or 10 minutes, or no more.", Words("TIME");
    Flood = "flood", None, "List every alarm of a flood, or only the first.";
    SlowLine = "slow-line", None, "Few frames for a slow line, or the usual rate.";
    Card = "card", None, "Show or hide what to do by hand, the out-of-band card.";
    Redraw = "redraw", None, "Draw the whole screen anew.";
    Theme = "theme", None, "Change the theme, at the next start too.", Choice("NAME");
    Keymap = "keymap", None, "Change the keymap, at the next start too.", Choice("NAME");
    ProbeAgain = "probe-again", None, "Ask a gateway that is not v1.0 once more.";
    ClosePosition = "close-position", Guarded, "Close the selected position.";
    Arm = "arm", Guarded, "Let orders pass again.";
    StandDown = "stand-down", Guarded, "End the attempts of the running kill; the latch stays.";
    OrderTicket = "order-ticket", Guarded, "Fill in an order; it asks once more before it is sent.";
    PartialClose = "partial-close", Guarded, "Close part of the position, where its gateway can.";
    ModifyExits = "modify-exits", Guarded, "Change the position's SL and TP, where its gateway can.";
    RemoteStatus = "remote-status", None, "Ask how the gateway's process stands on its machine.";
    RemoteLocate = "remote-locate", None, "Ask where gateway and interpreters lie on its machine.";
    RemoteLogs = "remote-logs", None, "The last COUNT lines of the gateway's own log; 20 without.", Words("COUNT");
    RemoteStart = "remote-start", Guarded, "Start the gateway on its machine.";
    RemoteStop = "remote-stop", Guarded, "Stop the gateway on its machine.";
    RemoteRestart = "remote-restart", Guarded, "Stop the gateway on its machine and start it again.";
    PanePositions = "pane-positions", None, "To the positions; once more zooms.";
    PaneTicks = "pane-ticks", None, "To the ticks; once more zooms.";
    PaneChart = "pane-chart", None, "To the chart of the selected symbol; once more zooms.";
    PaneGateway = "pane-gateway", None, "To the gateway; once more zooms.";
    PaneKill = "pane-kill", None, "To the switch and the kill; once more zooms.";
    PaneMesh = "pane-mesh", None, "To the mesh; once more zooms.";
    PaneDecisions = "pane-decisions", None, "To the decisions; once more zooms.";
    PaneLag = "pane-lag", None, "To the lag; once more zooms.";
    PaneLog = "pane-log", None, "To the log; once more zooms.";
    Sort = "sort", None, "Sort the rows by a column, or turn them.", Choice("COLUMN");
    SortNext = "sort-next", None, "Sort the rows by the next column.";
    SortPrevious = "sort-previous", None, "Sort the rows by the column before.";
    SortReverse = "sort-reverse", None, "Turn the order of the rows.";
    Filter = "filter", None, "Show only rows that hold a text; Enter keeps it, Esc clears it.", Words("TEXT");
    LogLevel = "log-level", None, "Log: all lines, warnings and alarms, or alarms.";
    Period = "period", None, "Chart: candles of this length.", Choice("LENGTH");
    PeriodLonger = "period-longer", None, "Chart: the next longer candles.";
    PeriodShorter = "period-shorter", None, "Chart: the next shorter candles.";
    ChartStyle = "chart-style", None, "Chart: candles, or lines of bid and ask.";
    Past = "past", None, "Look back at what was recorded, from TIME or where it was left.", Words("TIME");
    Now = "now", None, "Back to now; in a recording, to its end.";
    Play = "play", None, "Past: play, or stand still.";
    Step = "step", None, "Past: COUNT records on; one without.", Words("COUNT");
    StepBack = "step-back", None, "Past: COUNT records back; one without.", Words("COUNT");
    StepBeat = "step-beat", None, "Past: one record on, beats counted.";
    StepBeatBack = "step-beat-back", None, "Past: one record back, beats counted.";
    Forward = "forward", None, "Past: TIME on; 10 s without.", Words("TIME");
    Rewind = "rewind", None, "Past: TIME back; 10 s without.", Words("TIME");
    ForwardMinute = "forward-minute", None, "Past: a minute on.";
    RewindMinute = "rewind-minute", None, "Past: a minute back.";
    ForwardFar = "forward-far", None, "Past: ten minutes on.";
    RewindFar = "rewind-far", None, "Past: ten minutes back.";
    ToStart = "to-start", None, "Past: to the first record.";
    ToEnd = "to-end", None, "Past: to the last record, and on as it grows.";
    At = "at", None, "Past: to a time (UTC) or a record: 14:05:30, 2026-01-14T14:05, 12345.", Choice("TIME");
    NextMark = "next-mark", None, "Past: to the next mark, of KIND or any.", Words("KIND");
    PreviousMark = "previous-mark", None, "Past: to the mark before, of KIND or any.", Words("KIND");
    NextKill = "next-kill", None, "Past: to the next kill.";
    PreviousKill = "previous-kill", None, "Past: to the kill before.";
    Faster = "faster", None, "Past: play faster.";
    Slower = "slower", None, "Past: play slower.";
    Speed = "speed", None, "Past: play so fast.", Choice("FACTOR");
    Find = "find", None, "Past: to the next record that holds a text, a symbol, a ticket.", Choice("TEXT");
    FindNext = "find-next", None, "Past: the same text once more.";
    FindPrevious = "find-previous", None, "Past: the same text, backwards.";
    Bookmark = "bookmark", None, "Mark this moment in the recording, with TEXT.", Words("TEXT");
    PaneProcesses = "pane-processes", None, "To the processes of mission control; once more zooms.";
    ProcessPage = "process-page", None, "Processes: turn the page: table, alerts, output, answer.";
    OnlyProcess = "only-process", None, "Processes: output of the selected one alone, or of all.";
    StartProcess = "start-process", Guarded, "Start the selected process, or NAME.", Words("NAME");
    StopProcess = "stop-process", Guarded, "Stop the selected process, or NAME.", Words("NAME");
    RestartProcess = "restart-process", Guarded, "Restart the selected process, or NAME.", Words("NAME");
    WhyProcess = "why", None, "Ask why the selected process, or NAME, is not up.", Words("NAME");
    PlanMode = "plan", None, "Show what a launch into MODE would do.", Choice("MODE");
    LaunchMode = "launch", Guarded, "Launch MODE; asks once more, by a typed text where MODE wants one.", Choice("MODE");
    AckAlert = "ack-alert", None, "Processes: acknowledge the selected alert.";
    ActAlert = "act-alert", Guarded, "Processes: do what the selected alert proposes.";
    MissionAudit = "mission-audit", None, "Show the last entries of mission control's audit.";
}

impl Action {
    /// It is mission control's, and of no use where none is followed.
    #[must_use]
    pub const fn is_mission(self) -> bool {
        matches!(
            self,
            Self::PaneProcesses
                | Self::ProcessPage
                | Self::OnlyProcess
                | Self::StartProcess
                | Self::StopProcess
                | Self::RestartProcess
                | Self::WhyProcess
                | Self::PlanMode
                | Self::LaunchMode
                | Self::AckAlert
                | Self::ActAlert
                | Self::MissionAudit
        )
    }

    /// The verb of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|a| a.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lead_back() {
        for action in Action::ALL {
            assert_eq!(Action::named(action.name()), Some(*action));
            assert!(action.help().ends_with('.'), "{}", action.name());
        }
    }

    /// A word is needed to parse a line at its first space.
    #[test]
    fn names_are_one_word_and_hints_are_loud() {
        for action in Action::ALL {
            assert!(action.name().chars().all(|c| c.is_ascii_lowercase() || c == '-'));
            let hint = action.takes().hint();
            assert!(hint.chars().all(|c| c.is_ascii_uppercase()), "{}", action.name());
            // Who acts is confirmed by what is selected, never by a word typed;
            // a process or a mode has its name, and its guard shows it.
            let named = action.is_mission();
            assert!(action.danger() == Danger::None || hint.is_empty() || named);
        }
    }

    #[test]
    fn what_stops_trading_is_out_of_a_keymaps_reach() {
        let fixed: Vec<_> =
            Action::ALL.iter().filter(|a| a.danger() == Danger::Fixed).copied().collect();
        assert_eq!(fixed, [Action::Kill, Action::Block]);
    }
}
