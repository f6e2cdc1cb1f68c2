//! Contract suites: one for each port, which every implementation must pass.
//!
//! A suite gets a function that opens stores. It opens a fresh store for each case, and opens the same one
//! again to test durability. The implementation decides how (a new folder, a new topic, closing the previous
//! store). Suites that need a server get its address from [`crate::services`].

pub mod archive;
pub mod change_log;
pub mod directory;
pub mod leases;
pub mod recorder;

/// What a suite wants opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Opening {
    /// An empty place.
    Fresh,
    /// The last place again, by a new handle, as after a restart. What was opened before is not
    /// used any more and may be closed.
    Again,
}
