//! Opening: one message at a time, each in a transaction with what the application stores of it (SPEC §7).

mod place;
mod take;

use std::sync::Arc;

use zegel::{Agree, Id};

use crate::bytes;
use crate::failure::Failure;
use crate::kem::{Held, KemKey};
use crate::opened::Opened;
use crate::store::{Kind, Store};

use take::Manner;
pub use take::{Received, Taker};

/// Limits on what is accepted; absent ones do not limit (SPEC §7.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Acceptance {
    /// Most seconds between a measurement and its arrival.
    pub max_age: Option<u64>,
    /// Most seconds that a measurement's time may lie ahead.
    pub max_skew: Option<u64>,
    /// Most numbers that an arrival may pass over.
    pub max_jump: Option<u64>,
}

/// What an envelope says before its signature is checked.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Unproven {
    /// The hint of who sent it: 8 bytes.
    pub sender: Vec<u8>,
    /// Its number.
    pub sequence: u64,
    /// Its time, seconds since 1970.
    pub time: Option<u64>,
    /// A CoAP content format; 65,000 and above are of Zegel itself.
    pub format: u16,
    /// The body.
    pub body: Vec<u8>,
    /// How many zeros fill the envelope.
    pub pad_length: u64,
    /// The encoded statement, as it was signed.
    pub statement: Vec<u8>,
    /// The signature, unchecked: 64 bytes.
    pub signature: Vec<u8>,
}

/// Opens what was sealed for one identity.
#[derive(uniffi::Object)]
pub struct Opener {
    me: Id,
    keys: Vec<Held>,
    acceptance: zegel::Acceptance,
    store: Arc<Store>,
}

#[uniffi::export]
impl Opener {
    /// Opens for `me`, 32 bytes, with any of `keys`: the current one, and older ones in their grace period.
    #[uniffi::constructor]
    pub fn new(
        me: Vec<u8>,
        keys: Vec<Arc<KemKey>>,
        store: Arc<Store>,
        acceptance: Acceptance,
    ) -> Result<Arc<Self>, Failure> {
        let keys: Vec<Held> = keys.iter().map(|key| Held(key.agreeing())).collect();
        if let Kind::Rows(shelter) = store.kind() {
            let kids: Vec<_> = keys.iter().map(|key| key.public().kid()).collect();
            shelter.keep_keys_of(&kids)?;
        }
        let Acceptance { max_age, max_skew, max_jump } = acceptance;
        let acceptance = zegel::Acceptance { max_age, max_skew, max_jump };
        Ok(Arc::new(Self { me: bytes::id(&me)?, keys, acceptance, store }))
    }

    /// Opens what arrived on `topic`. `taker`, where there is one, gets what was opened before its number is taken:
    /// where it fails, nothing was taken. With `proven` it also gets what can be handed on since then.
    ///
    /// Fails with the errors of SPEC §7.1 in their order, and with `CALLBACK` when `taker` failed.
    pub fn open(
        &self,
        topic: String,
        now: Option<u64>,
        message: Vec<u8>,
        proven: bool,
        taker: Option<Arc<dyn Taker>>,
    ) -> Result<Opened, Failure> {
        take::open(self, &Manner { now, proven, taker }, &topic, message)
    }

    /// Opens as [`Opener::open`] does, and then what waited for it; what comes too early is kept, sealed and within a
    /// bound, until its keyframe or its sender's card is here (SPEC §10.3, §13).
    pub fn receive(
        &self,
        topic: String,
        now: Option<u64>,
        message: Vec<u8>,
        proven: bool,
        taker: Arc<dyn Taker>,
    ) -> Result<Received, Failure> {
        take::receive(self, &Manner { now, proven, taker: Some(taker) }, &topic, message)
    }

    /// Opens again all that waited for a card, after one was pinned or renewed.
    pub fn retry(&self, now: Option<u64>, proven: bool, taker: Arc<dyn Taker>) -> Result<Received, Failure> {
        take::retry(self, &Manner { now, proven, taker: Some(taker) })
    }

    /// Decrypts an envelope without believing it: no signature is checked, no number is taken.
    pub fn look(&self, topic: String, message: Vec<u8>) -> Result<Unproven, Failure> {
        let mut message = message;
        let unverified = self.core().look(&topic, &mut message)?;
        Ok(Unproven {
            sender: unverified.claimed_sender().0.to_vec(),
            sequence: unverified.claimed_sequence(),
            time: unverified.claimed_time(),
            format: unverified.claimed_format().0,
            body: unverified.claimed_body().to_vec(),
            pad_length: u64::try_from(unverified.pad_len()).map_err(|_| Failure::BAD_ARGUMENT)?,
            statement: unverified.statement().to_vec(),
            signature: unverified.signature().to_vec(),
        })
    }
}

impl Opener {
    fn core(&self) -> zegel::Opener<'_, Held> {
        zegel::Opener::new(self.me, &self.keys).with_acceptance(self.acceptance)
    }

    fn kind(&self) -> &Kind {
        self.store.kind()
    }
}
