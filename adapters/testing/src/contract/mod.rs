//! What every answer to a port must do, whatever it is made of: one suite a port.
//!
//! A suite is given a way to open stores. It opens a fresh one for each of its cases, and where
//! durability is asked for, the same one again; whoever implements a port decides what that takes
//! (a new folder, a new topic; closing what was opened before). Those that need a server ask
//! [`crate::services`] for it.

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
