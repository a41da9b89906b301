//! The state that an `Opener` works on, as a transaction has it: trust, numbers, sessions and events (SPEC §7).

use zegel::{
    Arrival, Error, Event, Id, Kid, Manifest, ReplayGuard, Sender, SessionId, SessionKeys, SessionRecord,
    SessionStore, Stream, TrustStore, Watch,
};

use crate::transaction::Transaction;
use crate::{events, introductions, replay, sessions, trust};

impl TrustStore for Transaction<'_> {
    fn sender(&self, kid: &Kid) -> Result<Option<Sender>, Error> {
        self.keep(trust::sender(self.tables(), &self.base.verified, kid))
    }

    fn vouches(&self, forwarder: &Id, origin: &Id) -> Result<bool, Error> {
        self.keep(introductions::vouches(self.tables(), &self.base.verified, forwarder, origin))
    }
}

impl ReplayGuard for Transaction<'_> {
    fn take(&mut self, stream: &Stream, sequence: u64, digest: &[u8; 32]) -> Result<Arrival, Error> {
        self.keep(replay::take(self.tables(), stream, sequence, digest))
    }

    fn next(&self, stream: &Stream) -> Result<u64, Error> {
        self.keep(replay::next(self.tables(), stream))
    }
}

impl Watch for Transaction<'_> {
    /// Also an event of a transaction that is never committed is kept.
    fn notice(&mut self, event: &Event) -> Result<(), Error> {
        self.keep(events::note(self.base, self.tables(), event))
    }
}

impl SessionStore for Transaction<'_> {
    fn session(&mut self, id: &SessionId) -> Result<Option<SessionRecord>, Error> {
        self.keep(sessions::get(self.tables(), id))
    }

    fn admits(&mut self, session: &SessionRecord) -> Result<(), Error> {
        self.keep(sessions::admits(self.tables(), session))
    }

    fn keep_session(&mut self, session: &SessionRecord) -> Result<(), Error> {
        let given_up = self.keep(sessions::keep(self.tables(), session))?;
        self.drop_keys(&given_up);
        Ok(())
    }

    fn keys(&mut self, id: &SessionId) -> Option<&SessionKeys> {
        let session = self.session(id).ok()??;
        self.lent = self.derived.get(&session).or_else(|| self.base.keyring.get(&session));
        self.lent.as_deref()
    }

    fn hold_keys(&mut self, keys: SessionKeys) {
        if let Ok(Some(session)) = self.session(&keys.id()) {
            self.derived.hold(session, keys);
        }
    }

    fn keep_leaf(&mut self, id: &SessionId, sequence: u64, leaf: &[u8; 32]) -> Result<(), Error> {
        self.keep(sessions::keep_leaf(self.tables(), id, sequence, leaf))
    }

    fn leaf(&mut self, id: &SessionId, sequence: u64) -> Result<Option<[u8; 32]>, Error> {
        self.keep(sessions::leaf(self.tables(), id, sequence))
    }

    fn keep_manifest(&mut self, id: &SessionId, manifest: &Manifest) -> Result<(), Error> {
        self.keep(sessions::keep_manifest(self.tables(), id, manifest))
    }

    fn manifest(&mut self, id: &SessionId, sequence: u64) -> Result<Option<Manifest>, Error> {
        self.keep(sessions::manifest(self.tables(), id, sequence))
    }

    fn release(&mut self, id: &SessionId, manifest: &Manifest) -> Result<(), Error> {
        self.keep(sessions::release(self.tables(), id, manifest))
    }

    fn forget_sessions(&mut self, sender: &Id) -> Result<(), Error> {
        let theirs = self.keep(sessions::of(self.tables(), sender))?;
        self.drop_keys(&theirs);
        self.keep(sessions::forget(self.tables(), &theirs))
    }
}
