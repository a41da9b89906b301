//! What the receiver's look-ups cannot be made to do: a kid is only a hint, one key is tried and no more, and what is
//! not for us costs no key agreement (SPEC §7.1; threats, C-02, C-10, E-10).
#![cfg(feature = "alloc")]

mod support;

use std::cell::Cell;
use std::marker::PhantomData;

use support::random::Script;
use support::world::{NOW, Receiver, TOPIC, World, card_of, measurement, state};
use zegel::envelope::Envelope;
use zegel::{
    Acceptance, Agree, Arrival, Card, Error, FixedTrust, Identity, KemKey, KemPublic, Kid, MemorySequence,
    MemoryTrust, Opener, Padding, Sealer, Secret, Sender, Sign, Succession, TrustStore,
};

/// A KEM key that counts how often it is used.
struct Counting<'k> {
    key: &'k KemKey,
    uses: &'k Cell<u32>,
}

impl Agree for Counting<'_> {
    fn public(&self) -> &KemPublic {
        Agree::public(self.key)
    }

    fn agree(&self, peer: &[u8; 32]) -> Result<Secret<32>, Error> {
        self.uses.set(self.uses.get() + 1);
        self.key.agree(peer)
    }
}

/// A trust store that names one sender whatever the kid.
struct Always(Sender);

impl TrustStore for Always {
    fn sender(&self, _: &Kid) -> Result<Option<Sender>, Error> {
        Ok(Some(self.0))
    }
}

#[test]
fn a_kid_that_leads_to_another_key_is_rejected() {
    let world = World::new();
    let mallory = world.receiver().sender(&world.mallory.identity.id().kid()).unwrap().unwrap();
    let mut state = state(Always(mallory), Receiver::default());
    let mut envelope = world.envelope();
    let refused = world.pgo.opener().open(&mut state, TOPIC, Some(NOW), &mut envelope).map(|_| ());
    assert_eq!(refused, Err(Error::Rejected), "the full id is under the signature, whoever has the same kid");
    assert!(envelope.iter().all(|byte| *byte == 0));
}

#[test]
fn one_key_is_tried_and_only_for_what_is_ours() {
    let world = World::new();
    let uses = Cell::new(0);
    let keys = [&world.gp.keys[0], &world.pgo.keys[0], &world.mallory.keys[0]]
        .map(|key| Counting { key, uses: &uses });
    let opener = Opener::new(world.pgo.identity.id(), &keys);
    let open = |mut bytes: Vec<u8>, topic: &str| {
        uses.set(0);
        let verdict = opener.open(&mut world.receiver(), topic, Some(NOW), &mut bytes).map(|_| ());
        (verdict, uses.get())
    };

    let good = world.envelope();
    let mut changed = good.clone();
    if let Some(last) = changed.last_mut() {
        *last ^= 1;
    }
    assert_eq!(open(good.clone(), TOPIC), (Ok(()), 1));
    assert_eq!(open(changed, TOPIC), (Err(Error::Rejected), 1), "no second key after a failure");
    assert_eq!(open(good[..good.len() - 1].to_vec(), TOPIC), (Err(Error::Malformed), 0));
    assert_eq!(open(good, "a/#"), (Err(Error::InvalidTopic), 0));
    let elsewhere = world.sealed_by(&world.device, &world.device, 0, &measurement(b"x"), Padding::None);
    assert_eq!(open(elsewhere, TOPIC), (Err(Error::NotForMe), 0));
}

#[test]
fn a_giant_jump_is_reported_as_missing() {
    let world = World::new();
    let mut receiver = world.receiver();
    let mut envelope = world.sealed(1 << 40, &measurement(b"x"), Padding::None);
    let opener = world.pgo.opener().with_acceptance(Acceptance::ANYTHING);
    let opened = opener.open(&mut receiver, TOPIC, Some(NOW), &mut envelope).unwrap();
    assert_eq!(opened.arrival(), Arrival { missing: Some((0, (1 << 40) - 1)), late: false });
}

/// Tells whether a type is `Clone`: the inherent method is there only for those that are.
struct Copies<T>(PhantomData<T>);

trait CopiesNot {
    fn copies(&self) -> bool {
        false
    }
}

impl<T> CopiesNot for Copies<T> {}

impl<T: Clone> Copies<T> {
    fn copies(&self) -> bool {
        true
    }
}

#[test]
fn what_must_not_be_used_twice_has_no_copy() {
    assert!(Copies::<Kid>(PhantomData).copies(), "the question can be answered with yes");
    assert!(!Copies::<Sealer<'static, support::world::Counter>>(PhantomData).copies());
    assert!(!Copies::<Identity>(PhantomData).copies());
    assert!(!Copies::<KemKey>(PhantomData).copies());
    assert!(!Copies::<Secret<32>>(PhantomData).copies());
}

/// Threat D-12: what the broker delivers makes nobody trusted.
#[test]
fn a_card_from_the_broker_renews_and_never_introduces() {
    let world = World::new();
    let card = |serial| Card::from_bytes(&card_of(&world.pgo.identity, &[], serial, "PGO")).unwrap();
    let (first, second) = (card(1), card(2));
    let (mut fixed, mut memory) = (FixedTrust::<2>::new(), MemoryTrust::new());
    assert_eq!([fixed.renew(&first), memory.renew(&first)], [Err(Error::UnknownSender); 2]);
    assert!(fixed.get(first.id()).is_none() && memory.get(first.id()).is_none());
    assert_eq!([fixed.pin(&first), memory.pin(&first)], [Ok(Succession::New); 2]);
    assert_eq!([fixed.renew(&second), memory.renew(&second)], [Ok(Succession::Newer); 2]);
    assert_eq!([fixed.renew(&first), memory.renew(&first)], [Err(Error::Rollback); 2]);
}

/// A signer that is random by itself, as a secure element is, whatever noise it is given.
struct Element {
    identity: Identity,
    drawn: Cell<u8>,
}

impl Sign for Element {
    fn public_key(&self) -> &[u8; 32] {
        Sign::public_key(&self.identity)
    }

    fn hedge(&self) -> &Secret<32> {
        self.identity.hedge()
    }

    fn sign(&self, message: &[&[u8]], _: &Secret<32>) -> Result<[u8; 64], Error> {
        self.drawn.set(self.drawn.get() + 1);
        self.identity.sign(message, &Secret::new([self.drawn.get(); 32]))
    }
}

/// Threat C-03: a restored snapshot with a generator that repeats itself, and the same measurement again.
#[test]
fn two_signatures_of_one_statement_get_two_ephemeral_keys() {
    let world = World::new();
    let element = Element {
        identity: Identity::from_seed(&Secret::new(std::array::from_fn(|i| i as u8))).unwrap(),
        drawn: Cell::new(0),
    };
    let seal = || {
        let sealer = Sealer::new(&element, &world.pgo.card, None, MemorySequence::default());
        sealer.unwrap().seal_to_vec(TOPIC, &measurement(b"61"), &mut Script::constant(7)).unwrap()
    };
    let (first, again) = (seal(), seal());
    assert_ne!(Envelope::parse(&first).unwrap().ek(), Envelope::parse(&again).unwrap().ek());
}
