//! A device, a PGO, a GP and Mallory, with their cards, and a receiver's state that shows whether it moved.

use std::ops::Range;

use zegel::{
    Agree, Arrival, Card, CardClaims, Error, Event, EventLog, ExactGuard, FixedSessions, Format, Id,
    Identity, KemKey, KemPublic, Kid, Manifest, Measurement, MemorySessions, MemoryTrust, Opened, Opener,
    Padding, ReplayGuard, Sealer, Sender, SequenceStore, SessionId, SessionKeys, SessionRecord, SessionStore,
    State, Status, Stream, TrustStore, Watch, WindowGuard,
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

/// A state of these parts, without sessions.
pub fn state<T, R>(trust: T, replay: R) -> State<T, R, FixedSessions<1>, EventLog> {
    State { trust, replay, sessions: FixedSessions::new(), events: EventLog::new() }
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

/// A receiver's whole state, with both guards and both session stores.
#[derive(Debug, Default)]
pub struct Receiver {
    pub trust: MemoryTrust,
    pub exact: ExactGuard,
    pub window: WindowGuard<4>,
    pub sessions: MemorySessions,
    pub fixed: Box<FixedSessions<16>>,
    pub events: Vec<Event>,
}

impl TrustStore for Receiver {
    fn sender(&self, kid: &Kid) -> Result<Option<Sender>, Error> {
        self.trust.sender(kid)
    }

    fn vouches(&self, forwarder: &Id, origin: &Id) -> Result<bool, Error> {
        self.trust.vouches(forwarder, origin)
    }
}

impl SessionStore for Receiver {
    fn session(&mut self, id: &SessionId) -> Result<Option<SessionRecord>, Error> {
        let (memory, fixed) = (self.sessions.session(id)?, self.fixed.session(id)?);
        assert_eq!(memory, fixed, "within the bounds the stores agree");
        Ok(memory)
    }

    fn admits(&mut self, session: &SessionRecord) -> Result<(), Error> {
        self.sessions.admits(session).and_then(|()| self.fixed.admits(session))
    }

    fn keep_session(&mut self, session: &SessionRecord) -> Result<(), Error> {
        self.sessions.keep_session(session)?;
        self.fixed.keep_session(session)
    }

    fn keys(&mut self, id: &SessionId) -> Option<&SessionKeys> {
        self.sessions.keys(id)
    }

    fn hold_keys(&mut self, keys: SessionKeys) {
        self.sessions.hold_keys(keys);
    }

    fn keep_leaf(&mut self, id: &SessionId, sequence: u64, leaf: &[u8; 32]) -> Result<(), Error> {
        self.sessions.keep_leaf(id, sequence, leaf)?;
        self.fixed.keep_leaf(id, sequence, leaf)
    }

    fn leaf(&mut self, id: &SessionId, sequence: u64) -> Result<Option<[u8; 32]>, Error> {
        self.sessions.leaf(id, sequence)
    }

    fn keep_manifest(&mut self, id: &SessionId, manifest: &Manifest) -> Result<(), Error> {
        self.sessions.keep_manifest(id, manifest)?;
        self.fixed.keep_manifest(id, manifest)
    }

    fn manifest(&mut self, id: &SessionId, sequence: u64) -> Result<Option<Manifest>, Error> {
        self.sessions.manifest(id, sequence)
    }

    fn release(&mut self, id: &SessionId, manifest: &Manifest) -> Result<(), Error> {
        self.sessions.release(id, manifest)?;
        self.fixed.release(id, manifest)
    }

    fn forget_sessions(&mut self, sender: &Id) -> Result<(), Error> {
        self.sessions.forget_sessions(sender)?;
        self.fixed.forget_sessions(sender)
    }
}

impl Watch for Receiver {
    fn notice(&mut self, event: &Event) -> Result<(), Error> {
        self.events.push(*event);
        Ok(())
    }
}

impl ReplayGuard for Receiver {
    fn next(&self, stream: &Stream) -> Result<u64, Error> {
        let (exact, window) = (self.exact.next(stream), self.window.next(stream));
        assert_eq!(exact, window);
        exact
    }

    fn take(&mut self, stream: &Stream, sequence: u64, digest: &[u8; 32]) -> Result<Arrival, Error> {
        let (exact, window) =
            (self.exact.take(stream, sequence, digest), self.window.take(stream, sequence, digest));
        assert_eq!(exact, window, "within the window the guards agree");
        exact
    }
}

impl Receiver {
    /// Opens `bytes` and gives what `see` makes of it, or the error, after checking what holds for every refusal:
    /// the buffer is wiped, and neither trust nor replay nor session state has moved.
    #[track_caller]
    pub fn attempt<T, K: Agree>(
        &mut self,
        opener: &Opener<'_, K>,
        topic: &str,
        now: Option<u64>,
        bytes: &[u8],
        see: impl FnOnce(&Opened<'_>) -> T,
    ) -> Result<T, Error> {
        let mut buffer = bytes.to_vec();
        let before = (self.exact.clone(), self.window.clone());
        let (trust, kept) = (format!("{:?}", self.trust), self.kept());
        let error = match opener.open(self, topic, now, &mut buffer) {
            Ok(opened) => return Ok(see(&opened)),
            Err(error) => error,
        };
        assert!(buffer.iter().all(|byte| *byte == 0), "the buffer is wiped after {error}");
        assert!(before.0 == self.exact && before.1 == self.window, "no number moves on {error}");
        assert_eq!(trust, format!("{:?}", self.trust), "no trust moves on {error}");
        assert_eq!(kept, self.kept(), "no session moves on {error}");
        Err(error)
    }

    /// The error that `bytes` get.
    #[track_caller]
    pub fn refuses<K: Agree>(
        &mut self,
        opener: &Opener<'_, K>,
        topic: &str,
        now: Option<u64>,
        bytes: &[u8],
    ) -> Error {
        let outcome = self.attempt(opener, topic, now, bytes, |opened| format!("{opened:?}"));
        outcome.expect_err("this is refused")
    }

    /// How much is kept of sessions. Keys do not count: they may be derived again at any time.
    pub fn kept(&self) -> String {
        format!("{:?} {:?}", self.sessions, self.fixed)
    }

    /// Opens what must open, and gives its body.
    #[track_caller]
    pub fn accepts<K: Agree>(&mut self, opener: &Opener<'_, K>, topic: &str, bytes: &[u8]) -> Vec<u8> {
        let body = |opened: &Opened<'_>| opened.body().unwrap_or_default().to_vec();
        self.attempt(opener, topic, Some(NOW), bytes, body).unwrap()
    }
}
