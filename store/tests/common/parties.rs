//! A device that seals and a receiver whose store is closed and opened again, with the real core in between.

use std::path::PathBuf;

use tempfile::TempDir;
use zegel::rng::SysRng;
use zegel::{
    Card, CardClaims, Content, Error, Format, Id, Identity, KemKey, Measurement, MemorySequence, Opener,
    Sealer, Session, SessionLimits, Status,
};
use zegel_store::{Awaited, Proven, Store, StoreError};

use super::{card, identity, place};

pub(crate) const TOPIC: &str = "zegel/7f3a/1";

/// Who opens: its key is beside the store, as in a secure element.
pub(crate) struct Receiver {
    _directory: TempDir,
    pub(crate) path: PathBuf,
    pub(crate) identity: Identity,
    pub(crate) keys: [KemKey; 1],
    store: Option<Store>,
}

/// What a receiver saw in a message.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) origin: Option<(Id, zegel::Origin)>,
    pub(crate) came: Option<Awaited>,
    pub(crate) proven: Vec<Proven>,
}

impl Receiver {
    pub(crate) fn new() -> Self {
        let (directory, path) = place();
        let store = Some(Store::create(&path).unwrap());
        let keys = [KemKey::generate(&mut SysRng).unwrap()];
        Self { _directory: directory, path, identity: identity(), keys, store }
    }

    pub(crate) fn id(&self) -> Id {
        self.identity.id()
    }

    pub(crate) fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    /// Ends the process, as far as the store can tell.
    pub(crate) fn restart(&mut self) {
        self.store = None;
        self.store = Some(Store::open(&self.path).unwrap());
    }

    pub(crate) fn card(&self) -> Vec<u8> {
        let claims = CardClaims {
            serial: 1,
            not_before: 0,
            expires: 4_000_000_000,
            label: "",
            kem_keys: &[self.keys[0].public()],
            status: Status::Active,
        };
        Card::issue_to_vec(&claims, &self.identity, &mut SysRng).unwrap()
    }

    pub(crate) fn pin(&self, bytes: &[u8]) {
        let mut transaction = self.store().begin().unwrap();
        transaction.pin(bytes).unwrap();
        transaction.commit().unwrap();
    }

    /// Opens a message in a transaction of its own, which is dropped when the message is refused.
    pub(crate) fn open(&self, message: &[u8]) -> Result<Seen, Error> {
        self.open_on(TOPIC, message)
    }

    pub(crate) fn open_on(&self, topic: &str, message: &[u8]) -> Result<Seen, Error> {
        let mut message = message.to_vec();
        let mut transaction = self.store().begin().unwrap();
        let opener = Opener::new(self.id(), &self.keys);
        let opened = opener.open(&mut transaction, topic, None, &mut message)?;
        let mut seen = Seen { body: opened.body().map(<[u8]>::to_vec), ..Seen::default() };
        match opened.content() {
            Content::Evidence(custody) => {
                seen.body = Some(custody.evidence().body().to_vec());
                seen.origin = Some((*custody.origin(), custody.known()));
            }
            _ => {}
        }
        seen.came = transaction.settle(&opened).unwrap();
        seen.proven = transaction.evidence(&opened).unwrap();
        transaction.commit().unwrap();
        Ok(seen)
    }

    /// Commits what `work` does.
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&mut zegel_store::Transaction<'_>) -> Result<T, StoreError>,
    ) -> T {
        let mut transaction = self.store().begin().unwrap();
        let result = work(&mut transaction).unwrap();
        transaction.commit().unwrap();
        result
    }
}

/// Who seals.
pub(crate) struct Device {
    pub(crate) identity: Identity,
}

impl Device {
    /// A device that `receiver` has pinned.
    pub(crate) fn of(receiver: &Receiver) -> Self {
        let device = Self { identity: identity() };
        receiver.pin(&device.card(1, Status::Active));
        device
    }

    pub(crate) fn id(&self) -> Id {
        self.identity.id()
    }

    pub(crate) fn card(&self, serial: u64, status: Status) -> Vec<u8> {
        card(&self.identity, serial, "device", status)
    }

    /// A sealer that counts from 0: a second one is a clone.
    pub(crate) fn sealer(&self, receiver: &Receiver) -> Sealer<'_, MemorySequence> {
        let card = Card::from_bytes(&receiver.card()).unwrap();
        Sealer::new(&self.identity, &card, None, MemorySequence::default()).unwrap()
    }

    pub(crate) fn session(&self, receiver: &Receiver) -> (Session<'_, MemorySequence>, Vec<u8>) {
        begin(self.sealer(receiver))
    }
}

pub(crate) fn begin(sealer: Sealer<'_, MemorySequence>) -> (Session<'_, MemorySequence>, Vec<u8>) {
    Session::begin_to_vec(sealer, TOPIC, None, SessionLimits::default(), &mut SysRng).unwrap()
}

pub(crate) fn measured(body: &[u8]) -> Measurement<'_> {
    Measurement { time: None, format: Format::OCTET_STREAM, body }
}

pub(crate) fn message(session: &mut Session<'_, MemorySequence>, body: &[u8]) -> Vec<u8> {
    session.seal_to_vec(TOPIC, &measured(body), None).unwrap()
}

pub(crate) fn manifest(session: &mut Session<'_, MemorySequence>) -> Vec<u8> {
    session.manifest_to_vec(TOPIC, &mut SysRng).unwrap()
}
