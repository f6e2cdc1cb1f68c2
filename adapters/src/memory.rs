//! soon
/// A store that forgets with the process. A clone is another handle on the same.
#[derive(Clone, Default)]
pub struct Memory {}
