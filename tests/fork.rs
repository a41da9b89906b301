//! A process that forks has two copies of everything, sessions included (threat C-03).
#![cfg(unix)]

mod support;

use support::random::Draws;
use support::world::{NOW, TOPIC, World, measurement};
use zegel::{Error, MemorySequence, Sealer, Session, SessionLimits};

#[test]
fn a_session_seals_only_in_the_process_that_began_it() {
    let world = World::new();
    let sealer =
        Sealer::new(&world.device.identity, &world.pgo.card, Some(NOW), MemorySequence::default()).unwrap();
    let (mut session, _) =
        Session::begin_to_vec(sealer, TOPIC, None, SessionLimits::default(), &mut Draws(1)).unwrap();
    // SAFETY: the child allocates and calls into this crate alone, and leaves without running anything else.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    let sealed = session.seal_to_vec(TOPIC, &measurement(b"x"), None).map(|_| ());
    if child == 0 {
        // SAFETY: ends this process, and nothing of the test harness with it.
        unsafe { libc::_exit(if sealed == Err(Error::SessionOver) { 0 } else { 1 }) };
    }
    assert_eq!(sealed, Ok(()));
    let mut status = -1;
    // SAFETY: `status` is an int, and the child is ours.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0, "the child was told that the session is over");
}
