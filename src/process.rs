//! Which process this is, where there are processes: a fork has two of everything, reserved numbers and session keys
//! included (threat C-03).

/// The process that something belongs to. Without an operating system there is one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process(#[cfg(feature = "std")] u32);

impl Process {
    /// The process that asks.
    pub(crate) fn this() -> Self {
        Self(
            #[cfg(feature = "std")]
            std::process::id(),
        )
    }
}
