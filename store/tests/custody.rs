//! Measurements that are handed on, and for whom a forwarder vouches: over restarts, until somebody ends (threat E-11).

mod common;

use common::parties::{Device, Receiver, TOPIC, measured};
use common::{card, identity};
use zegel::rng::SysRng;
use zegel::{Error, Introduction, Origin, Sealer, Status};
use zegel_store::Awaited;

/// A PGO as its GP sees it: evidence and introductions of one device.
struct Pgo {
    receiver: Receiver,
    device: Device,
}

impl Pgo {
    fn new() -> Self {
        let receiver = Receiver::new();
        let device = Device::of(&receiver);
        Self { receiver, device }
    }

    fn sealer(&self, gp: &Receiver) -> Sealer<'_, zegel::MemorySequence> {
        let card = zegel::Card::from_bytes(&gp.card()).unwrap();
        Sealer::new(&self.receiver.identity, &card, None, zegel::MemorySequence::default()).unwrap()
    }

    fn evidence(&self, bodies: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut sealer = self.device.sealer(&self.receiver);
        let mut proven = bodies.iter().map(|body| {
            let envelope = sealer.seal_to_vec(TOPIC, &measured(body), &mut SysRng).unwrap();
            self.receiver.open(&envelope).unwrap().proven.remove(0).evidence
        });
        proven.by_ref().collect()
    }

    fn introduction(&self) -> Vec<u8> {
        Introduction::to_vec(&[&self.device.card(1, Status::Active)]).unwrap()
    }
}

#[test]
fn a_device_is_vouched_for_until_it_is_not() {
    let (pgo, mut gp) = (Pgo::new(), Receiver::new());
    gp.pin(&card(&pgo.receiver.identity, 1, "PGO", Status::Active));
    let evidence = pgo.evidence(&[b"1", b"2", b"3", b"4"]);
    let (mut sealer, device) = (pgo.sealer(&gp), pgo.device.id());
    let mut forward = |n: usize| sealer.forward_to_vec(TOPIC, None, &evidence[n], &mut SysRng).unwrap();
    let (first, second) = (forward(0), forward(1));
    assert_eq!(gp.open(&first).unwrap_err(), Error::UnknownSender);
    let introduction = sealer.introduce_to_vec(TOPIC, None, &pgo.introduction(), &mut SysRng).unwrap();
    assert_eq!(gp.open(&introduction).unwrap().came, Some(Awaited::Card));
    gp.restart();
    let seen = gp.open(&first).unwrap();
    assert_eq!((seen.body.unwrap(), seen.origin), (b"1".to_vec(), Some((device, Origin::Vouched))));
    assert!(seen.proven.is_empty(), "what was meant for the PGO is not the GP's to hand on");
    let ids: Vec<_> =
        gp.store().introduced(&pgo.receiver.id()).unwrap().iter().map(|card| *card.id()).collect();
    assert_eq!(ids, [device]);
    assert!(gp.store().card(&device).unwrap().is_none(), "an introduction pins nobody");
    // Somebody else's word is nobody's.
    assert!(gp.store().introduced(&device).unwrap().is_empty());

    gp.pin(&pgo.device.card(1, Status::Active));
    assert_eq!(gp.open(&second).unwrap().origin, Some((device, Origin::Pinned)));
    let none = Introduction::to_vec(&[]).unwrap();
    let last = sealer.introduce_to_vec(TOPIC, None, &none, &mut SysRng).unwrap();
    gp.open(&last).unwrap();
    assert!(gp.store().introduced(&pgo.receiver.id()).unwrap().is_empty());
}

#[test]
fn the_highest_number_counts_in_any_order() {
    let (pgo, gp) = (Pgo::new(), Receiver::new());
    gp.pin(&card(&pgo.receiver.identity, 1, "PGO", Status::Active));
    let (one, none) = (pgo.introduction(), Introduction::to_vec(&[]).unwrap());
    let mut sealer = pgo.sealer(&gp);
    let sent =
        [&none, &one, &none].map(|set| sealer.introduce_to_vec(TOPIC, None, set, &mut SysRng).unwrap());
    for (n, known) in [(1, 1), (0, 1), (2, 0)] {
        gp.open(&sent[n]).unwrap();
        assert_eq!(gp.store().introduced(&pgo.receiver.id()).unwrap().len(), known, "{n}");
    }
}

/// Threat E-11: nobody vouches for who is revoked or has withdrawn, and who is revoked vouches for nobody.
#[test]
fn an_end_is_stronger_than_any_word() {
    for ended in 0..3 {
        let (pgo, mut gp) = (Pgo::new(), Receiver::new());
        gp.pin(&card(&pgo.receiver.identity, 1, "PGO", Status::Active));
        let evidence = pgo.evidence(&[b"1"]);
        let mut sealer = pgo.sealer(&gp);
        let introduction = sealer.introduce_to_vec(TOPIC, None, &pgo.introduction(), &mut SysRng).unwrap();
        gp.open(&introduction).unwrap();
        assert_eq!(gp.store().introduced(&pgo.receiver.id()).unwrap().len(), 1);
        gp.write(|transaction| match ended {
            0 => transaction.revoke(&pgo.device.id()),
            1 => {
                transaction.pin(&pgo.device.card(1, Status::Active))?;
                transaction.renew(&pgo.device.card(2, Status::Withdrawn)).map(drop)
            }
            _ => transaction.revoke(&pgo.receiver.id()),
        });
        gp.restart();
        assert!(gp.store().introduced(&pgo.receiver.id()).unwrap().is_empty());
        let forwarded = sealer.forward_to_vec(TOPIC, None, &evidence[0], &mut SysRng).unwrap();
        assert_eq!(gp.open(&forwarded).unwrap_err(), Error::Revoked, "{ended}");
    }
}

#[test]
fn a_stranger_introduces_nobody() {
    let (pgo, gp) = (Pgo::new(), Receiver::new());
    let introduction =
        pgo.sealer(&gp).introduce_to_vec(TOPIC, None, &pgo.introduction(), &mut SysRng).unwrap();
    assert_eq!(gp.open(&introduction).unwrap_err(), Error::UnknownSender);
    gp.pin(&card(&identity(), 1, "", Status::Active));
    assert!(gp.store().introduced(&pgo.receiver.id()).unwrap().is_empty());
}
