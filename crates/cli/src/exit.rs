//! How a command ends.

/// How a command ends, as the shell sees it. Wrong usage (2) is told by the parser of arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Done,
    /// The data, the model or the world is at fault, and it has been said how.
    Fault,
    /// Stopped by Ctrl-C or a signal.
    Interrupted,
}

impl Exit {
    /// The code.
    pub(crate) fn code(self) -> std::process::ExitCode {
        match self {
            Exit::Done => 0.into(),
            Exit::Fault => 1.into(),
            Exit::Interrupted => 130.into(),
        }
    }
}
