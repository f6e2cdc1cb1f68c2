//! Questions that wait until the pace allows their answer.

use super::Asked;
use std::collections::VecDeque;

/// From so many questions on, those whose askers have left are taken out before another is added, and
/// again when there are twice as many as were left: so there are never more than twice as many as
/// listeners, each of whom asks one thing at a time, but may leave and come back with another.
const SWEPT_FROM: usize = 1024;

/// In the order in which they came.
pub(super) struct Waiting {
    questions: VecDeque<Asked>,
    swept_at: usize,
}

impl Default for Waiting {
    fn default() -> Self {
        Self { questions: VecDeque::new(), swept_at: SWEPT_FROM }
    }
}

impl Waiting {
    pub(super) fn add(&mut self, asked: Asked) {
        if self.questions.len() >= self.swept_at {
            self.questions.retain(|asked| !asked.answer.is_closed());
            self.swept_at = SWEPT_FROM.max(2 * self.questions.len());
        }
        self.questions.push_back(asked);
    }

    /// The next whose asker is still there.
    pub(super) fn next(&mut self) -> Option<Asked> {
        while let Some(asked) = self.questions.pop_front() {
            if !asked.answer.is_closed() {
                return Some(asked);
            }
        }
        None
    }

    /// Puts the next back in its place: its time has not come.
    pub(super) fn put_back(&mut self, asked: Asked) {
        self.questions.push_front(asked);
    }
}

#[cfg(test)]
mod tests {
    use super::super::GetSnapshot;
    use super::*;
    use tokio::sync::oneshot;

    #[test]
    fn who_asks_and_leaves_again_and_again_is_not_kept() {
        let mut waiting = Waiting::default();
        let question = || GetSnapshot { since: None, limit_bytes: 0 };
        let mut listeners = Vec::new();
        for n in 0..100 * SWEPT_FROM {
            let (answer, answered) = oneshot::channel();
            waiting.add(Asked { question: question(), answer });
            if n % 100 == 0 {
                listeners.push(answered);
            }
            assert!(waiting.questions.len() <= SWEPT_FROM.max(2 * listeners.len()), "{n}");
        }
        let kept = std::iter::from_fn(|| waiting.next()).count();
        assert_eq!(kept, listeners.len(), "and nobody who waits is forgotten");
    }
}
