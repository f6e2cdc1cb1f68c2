//! Panics during a change of the connections, and elsewhere.

use super::*;

/// Whether a panic in `work` is reported as one that ends the process.
fn ends_the_process(work: impl FnOnce(&SharedConnections<Rc<FakeSocket>>)) -> bool {
    let hub = hub();
    let connections = SharedConnections::new(Connections::new(hub.clone()));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&connections))).is_err());
    hub.metrics().panics.get_or_create(&ReasonLabel { reason: "ends_process" }).get() == 1
}

/// A connection whose socket panics when it is written to.
fn breaking(connections: &SharedConnections<Rc<FakeSocket>>) -> ConnectionId {
    let socket = FakeSocket::with_room(PLENTY);
    let id = following(&mut connections.borrow_mut(), &socket, &[Topic::All]);
    socket.breaks.set(true);
    id
}

#[test]
fn a_panic_during_a_change_of_connections_ends_the_process_in_any_task() {
    assert!(ends_the_process(|connections| {
        breaking(connections);
        connections.borrow_mut().add(broadcast("A", "change", &[Topic::All]));
        connections.borrow_mut().flush();
    }));
    // A session replies, outside of any actor with a guard.
    assert!(ends_the_process(|connections| {
        let id = breaking(connections);
        connections.borrow_mut().send(id, Bytes::from_static(b"an answer"));
    }));
}

#[test]
fn a_panic_of_a_session_affects_no_other_connection() {
    struct RemoveOnDrop<'a>(&'a SharedConnections<Rc<FakeSocket>>, ConnectionId);
    impl Drop for RemoveOnDrop<'_> {
        fn drop(&mut self) {
            self.0.try_borrow_mut().unwrap().remove(self.1);
        }
    }
    assert!(!ends_the_process(|connections| {
        let _removal = RemoveOnDrop(connections, breaking(connections));
        let _looking = connections.borrow().len();
        panic!("test");
    }));
}
