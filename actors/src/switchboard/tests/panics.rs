//! Panics while lines are changed, and beside them.

use super::*;

/// Whether a panic in `work` was told to be one that the process cannot outlive.
fn ends_the_process(work: impl FnOnce(&SharedLines<Rc<Tape>>)) -> bool {
    let hub = hub();
    let lines = SharedLines::new(Lines::new(hub.clone()));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&lines))).is_err());
    hub.metrics().deaths.get_or_create(&ReasonLabel { reason: "ends_process" }).get() == 1
}

/// A line that writes to a socket in vain, with what it follows.
fn breaking(lines: &SharedLines<Rc<Tape>>) -> LineId {
    let tape = Tape::with_room(PLENTY);
    let id = following(&mut lines.borrow_mut(), &tape, &[Topic::All]);
    tape.breaks.set(true);
    id
}

#[test]
fn a_panic_while_the_lines_are_changed_ends_the_process_in_whosever_task_it_is() {
    assert!(ends_the_process(|lines| {
        breaking(lines);
        lines.borrow_mut().add(deliver("A", "change", &[Topic::All]));
        lines.borrow_mut().flush();
    }));
    // A session answers, while no actor's guard is near.
    assert!(ends_the_process(|lines| {
        let id = breaking(lines);
        lines.borrow_mut().send(id, Bytes::from_static(b"an answer"));
    }));
}

#[test]
fn a_panic_of_a_session_alone_harms_nobody_else() {
    struct Place<'a>(&'a SharedLines<Rc<Tape>>, LineId);
    impl Drop for Place<'_> {
        fn drop(&mut self) {
            self.0.try_borrow_mut().unwrap().remove(self.1);
        }
    }
    assert!(!ends_the_process(|lines| {
        let _place = Place(lines, breaking(lines));
        let _looking = lines.borrow().len();
        panic!("told to");
    }));
}
