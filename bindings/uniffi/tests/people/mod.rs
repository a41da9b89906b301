//! People with keys and cards, and what they say to each other, for the bridge's tests.

use std::sync::Arc;

use zegel_uniffi::{
    Acceptance, Card, CardClaims, Failure, Identity, KemKey, Measurement, Opened, Opener, Sealer,
    SealerOptions, Store,
};

pub(crate) const OPTIONS: SealerOptions =
    SealerOptions { padded: true, self_check: false, precompute: false };
pub(crate) const ANYTHING: Acceptance = Acceptance { max_age: None, max_skew: None, max_jump: None };
pub(crate) const TOPIC: &str = "zegel/7f3a/1";

pub(crate) fn number(failure: Failure) -> i8 {
    let Failure::Refused { number, .. } = failure;
    number
}

pub(crate) struct Person {
    pub(crate) identity: Arc<Identity>,
    pub(crate) key: Arc<KemKey>,
    pub(crate) card: Arc<Card>,
}

pub(crate) fn person(label: &str) -> Person {
    let (identity, key) = (Identity::generate().unwrap(), KemKey::generate().unwrap());
    let card = Card::issue(&identity, claims(label, 1, &key)).unwrap();
    Person { identity, key, card }
}

pub(crate) fn claims(label: &str, serial: u64, key: &KemKey) -> CardClaims {
    let (not_before, expires, label) = (0, 4_000_000_000, label.into());
    CardClaims { serial, not_before, expires, label, kem_keys: vec![key.public_key()], withdrawn: false }
}

pub(crate) fn beat(body: &[u8]) -> Measurement {
    Measurement { time: Some(1_764_000_000), format: 42, body: body.to_vec() }
}

pub(crate) fn memory() -> Arc<Store> {
    Store::memory()
}

impl Person {
    pub(crate) fn sealer(&self, to: &Person) -> Arc<Sealer> {
        Sealer::new(&self.identity, &to.card, None, &memory(), OPTIONS).unwrap()
    }

    pub(crate) fn opener(&self, store: &Arc<Store>) -> Arc<Opener> {
        Opener::new(self.identity.id(), vec![Arc::clone(&self.key)], Arc::clone(store), ANYTHING).unwrap()
    }
}

/// Runs a story over a file and over rows.
pub(crate) fn both(story: impl Fn(Arc<Store>)) {
    let folder = tempfile::tempdir().unwrap();
    story(Store::file(folder.path().join("state").to_str().unwrap().into()).unwrap());
    story(memory());
}

pub(crate) fn open(opener: &Opener, message: &[u8]) -> Result<Opened, Failure> {
    opener.open(TOPIC.into(), None, message.to_vec(), true, None)
}
