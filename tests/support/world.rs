//! A device, a PGO, a GP and Mallory, with their cards, and a receiver's state that shows whether it moved.

use std::ops::Range;

use zegel::{
    Agree, Arrival, Card, CardClaims, Error, ExactGuard, Format, Identity, KemKey, KemPublic, Kid,
    Measurement, MemoryTrust, Opener, Padding, ReplayGuard, Sealer, Sender, SequenceStore, Status, Stream,
    TrustStore, WindowGuard,
};

use super::random::Draws;

pub const TOPIC: &str = "zegel/7f3a/1";
pub const NOW: u64 = 1_764_000_000;

/// Somebody with an identity, a KEM key and a card that holds both.
pub struct Person {
    pub identity: Identity,
    pub keys: [KemKey; 1],
    pub wire: Vec<u8>,
    pub card: Card,
}

impl Person {
    pub fn new(seed: u64, label: &str) -> Self {
        let mut draws = Draws(seed);
        let identity = Identity::generate(&mut draws).unwrap();
        let keys = [KemKey::generate(&mut draws).unwrap()];
        let wire = card_of(&identity, &[keys[0].public()], 1, label);
        let card = Card::from_bytes(&wire).unwrap();
        Self { identity, keys, wire, card }
    }

    pub fn opener(&self) -> Opener<'_> {
        Opener::new(self.identity.id(), &self.keys)
    }
}

/// The bytes of an active card that is valid at [`NOW`].
pub fn card_of(identity: &Identity, kem_keys: &[KemPublic], serial: u64, label: &str) -> Vec<u8> {
    let claims = CardClaims {
        serial,
        not_before: NOW - 1000,
        expires: NOW + 1000,
        label,
        kem_keys,
        status: Status::Active,
    };
    Card::issue_to_vec(&claims, identity, &mut Draws(serial)).unwrap()
}

/// Everybody. Mallory is a legitimate sender too, which gives him the most to work with.
pub struct World {
    pub device: Person,
    pub pgo: Person,
    pub gp: Person,
    pub mallory: Person,
}

impl World {
    pub fn new() -> Self {
        Self {
            device: Person::new(1, "device"),
            pgo: Person::new(2, "PGO"),
            gp: Person::new(3, "GP"),
            mallory: Person::new(4, "Mallory"),
        }
    }

    /// A receiver that trusts the device and Mallory, and has seen nothing.
    pub fn receiver(&self) -> Receiver {
        let mut receiver = Receiver::default();
        receiver.trust.pin(&self.device.card).unwrap();
        receiver.trust.pin(&self.mallory.card).unwrap();
        receiver
    }

    /// Seals from the device to the PGO under one number.
    pub fn sealed(&self, sequence: u64, measurement: &Measurement<'_>, padding: Padding) -> Vec<u8> {
        self.sealed_by(&self.device, &self.pgo, sequence, measurement, padding)
    }

    pub fn sealed_by(
        &self,
        from: &Person,
        to: &Person,
        sequence: u64,
        measurement: &Measurement<'_>,
        padding: Padding,
    ) -> Vec<u8> {
        let mut sealer = Sealer::new(&from.identity, &to.card, Some(NOW), Counter(sequence))
            .unwrap()
            .with_padding(padding);
        sealer.seal_to_vec(TOPIC, measurement, &mut Draws(sequence ^ 0x5ea1)).unwrap()
    }

    /// An ordinary envelope under number 0, unpadded.
    pub fn envelope(&self) -> Vec<u8> {
        self.sealed(0, &measurement(b"61 beat/min"), Padding::None)
    }
}

/// An ordinary measurement.
pub fn measurement(body: &[u8]) -> Measurement<'_> {
    Measurement { time: Some(NOW), format: Format::OCTET_STREAM, body }
}

/// A store in memory that shows its first free number, and can be set back.
#[derive(Clone, Debug)]
pub struct Counter(pub u64);

impl SequenceStore for Counter {
    fn reserve(&mut self, _: &Stream) -> Result<Range<u64>, Error> {
        self.0 += 1;
        Ok(self.0 - 1..self.0)
    }
}

/// A receiver's whole state, with both guards.
#[derive(Clone, Debug, Default)]
pub struct Receiver {
    pub trust: MemoryTrust,
    pub exact: ExactGuard,
    pub window: WindowGuard<4>,
}

impl TrustStore for Receiver {
    fn sender(&self, kid: &Kid) -> Result<Option<Sender>, Error> {
        self.trust.sender(kid)
    }
}

impl ReplayGuard for Receiver {
    fn take(&mut self, stream: &Stream, sequence: u64, digest: &[u8; 32]) -> Result<Arrival, Error> {
        let (exact, window) =
            (self.exact.take(stream, sequence, digest), self.window.take(stream, sequence, digest));
        assert_eq!(exact, window, "within the window the guards agree");
        exact
    }
}

impl Receiver {
    /// The error that `bytes` get, after checking what holds for every refusal: the buffer is wiped and
    /// neither trust nor replay state has moved.
    #[track_caller]
    pub fn refuses<K: Agree>(
        &mut self,
        opener: &Opener<'_, K>,
        topic: &str,
        now: Option<u64>,
        bytes: &[u8],
    ) -> Error {
        let mut buffer = bytes.to_vec();
        let before = (self.exact.clone(), self.window.clone());
        let trust = format!("{:?}", self.trust);
        let error = match opener.open(self, topic, now, &mut buffer) {
            Ok(opened) => panic!("{opened:?} was accepted"),
            Err(error) => error,
        };
        assert!(buffer.iter().all(|byte| *byte == 0), "the buffer is wiped after {error}");
        assert!(before.0 == self.exact && before.1 == self.window, "no number moves on {error}");
        assert_eq!(trust, format!("{:?}", self.trust), "no trust moves on {error}");
        error
    }

    /// Opens what must open, and gives its body.
    #[track_caller]
    pub fn accepts<K: Agree>(&mut self, opener: &Opener<'_, K>, topic: &str, bytes: &[u8]) -> Vec<u8> {
        let mut buffer = bytes.to_vec();
        opener.open(self, topic, Some(NOW), &mut buffer).unwrap().body().to_vec()
    }
}
