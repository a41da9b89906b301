//! What a receiver's policy refuses, and that it refuses without a trace (SPEC §7.5).

use zegel::{Acceptance, Error, Padding};

use super::support::world::{NOW, TOPIC, World, measurement};

#[test]
fn stale_early_and_jumping_measurements_are_refused_by_name() {
    let world = World::new();
    let mut receiver = world.receiver();
    let policy = Acceptance { max_age: Some(100), max_skew: Some(10), max_jump: Some(5) };
    let opener = world.pgo.opener().with_acceptance(policy);
    let envelope = world.sealed(0, &measurement(b"x"), Padding::None);
    assert_eq!(receiver.refuses(&opener, TOPIC, Some(NOW + 101), &envelope), Error::Stale);
    assert_eq!(receiver.refuses(&opener, TOPIC, Some(NOW - 11), &envelope), Error::Ahead);
    let far = world.sealed(6, &measurement(b"x"), Padding::None);
    assert_eq!(receiver.refuses(&opener, TOPIC, Some(NOW), &far), Error::Jump);
    for envelope in [&envelope, &world.sealed(6, &measurement(b"x"), Padding::None)] {
        assert_eq!(receiver.accepts(&opener, TOPIC, envelope), b"x");
    }
}

/// Threat C-10: the default keeps a faulty device from ending its own stream.
#[test]
fn a_giant_jump_is_refused_by_default_and_taken_on_demand() {
    let world = World::new();
    let mut receiver = world.receiver();
    let far = world.sealed((1 << 20) + 1, &measurement(b"x"), Padding::None);
    assert_eq!(receiver.refuses(&world.pgo.opener(), TOPIC, Some(NOW), &far), Error::Jump);
    let anything = world.pgo.opener().with_acceptance(Acceptance::ANYTHING);
    assert_eq!(receiver.accepts(&anything, TOPIC, &far), b"x");
}
