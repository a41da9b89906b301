//! What a receiver keeps of the sessions of others (SPEC §10.3, §10.4).

use core::fmt;

use crate::error::Result;
use crate::guard::State;
use crate::key::id::Id;
use crate::session::keys::{SessionId, SessionKeys};
use crate::session::manifest::Manifest;
use crate::session::merkle::Hash;
use crate::session::record::SessionRecord;

/// Keeps sessions, and of each the leaves that wait for their manifest. What is durable here survives a restart;
/// keys are in memory alone, and derive again.
pub trait SessionStore {
    /// The session of this identifier, `None` when no keyframe was taken.
    fn session(&mut self, id: &SessionId) -> Result<Option<SessionRecord>>;

    /// Whether [`SessionStore::keep_session`] will keep this one; nothing changes.
    ///
    /// # Errors
    /// [`Error::Equivocation`](crate::error::Error::Equivocation) when another session has this identifier,
    /// [`Error::Full`](crate::error::Error::Full), [`Error::Storage`](crate::error::Error::Storage).
    fn admits(&mut self, session: &SessionRecord) -> Result<()>;

    /// Keeps a session. Beyond the bound for one sender, the one with the lowest number is given up, which may be
    /// this one.
    ///
    /// # Errors
    /// As [`SessionStore::admits`].
    fn keep_session(&mut self, session: &SessionRecord) -> Result<()>;

    /// The keys of a session, where they are in memory.
    fn keys(&mut self, id: &SessionId) -> Option<&SessionKeys>;

    /// Takes keys that were derived, for as long as there is room in memory.
    fn hold_keys(&mut self, keys: SessionKeys);

    /// Keeps the leaf of a message until [`SessionStore::release`].
    fn keep_leaf(&mut self, id: &SessionId, sequence: u64, leaf: &Hash) -> Result<()>;

    /// The leaf of a message, if it is still kept.
    fn leaf(&mut self, id: &SessionId, sequence: u64) -> Result<Option<Hash>>;

    /// Keeps a manifest whose block is not complete, or not handed on.
    fn keep_manifest(&mut self, id: &SessionId, manifest: &Manifest) -> Result<()>;

    /// The manifest whose block holds `sequence`, if one is kept.
    fn manifest(&mut self, id: &SessionId, sequence: u64) -> Result<Option<Manifest>>;

    /// Forgets the leaves and the manifest of a block: what they prove was handed on, or is not wanted.
    fn release(&mut self, id: &SessionId, manifest: &Manifest) -> Result<()>;

    /// Forgets all sessions of `sender`, keys included: it was revoked.
    fn forget_sessions(&mut self, sender: &Id) -> Result<()>;
}

/// Prints how much a store of sessions keeps.
pub(crate) fn show(f: &mut fmt::Formatter<'_>, name: &str, counts: [usize; 3]) -> fmt::Result {
    let [sessions, leaves, manifests] = counts;
    write!(f, "{name}({sessions} sessions, {leaves} leaves, {manifests} manifests)")
}

impl<T, R, X: SessionStore, W> SessionStore for State<T, R, X, W> {
    fn session(&mut self, id: &SessionId) -> Result<Option<SessionRecord>> {
        self.sessions.session(id)
    }

    fn admits(&mut self, session: &SessionRecord) -> Result<()> {
        self.sessions.admits(session)
    }

    fn keep_session(&mut self, session: &SessionRecord) -> Result<()> {
        self.sessions.keep_session(session)
    }

    fn keys(&mut self, id: &SessionId) -> Option<&SessionKeys> {
        self.sessions.keys(id)
    }

    fn hold_keys(&mut self, keys: SessionKeys) {
        self.sessions.hold_keys(keys);
    }

    fn keep_leaf(&mut self, id: &SessionId, sequence: u64, leaf: &Hash) -> Result<()> {
        self.sessions.keep_leaf(id, sequence, leaf)
    }

    fn leaf(&mut self, id: &SessionId, sequence: u64) -> Result<Option<Hash>> {
        self.sessions.leaf(id, sequence)
    }

    fn keep_manifest(&mut self, id: &SessionId, manifest: &Manifest) -> Result<()> {
        self.sessions.keep_manifest(id, manifest)
    }

    fn manifest(&mut self, id: &SessionId, sequence: u64) -> Result<Option<Manifest>> {
        self.sessions.manifest(id, sequence)
    }

    fn release(&mut self, id: &SessionId, manifest: &Manifest) -> Result<()> {
        self.sessions.release(id, manifest)
    }

    fn forget_sessions(&mut self, sender: &Id) -> Result<()> {
        self.sessions.forget_sessions(sender)
    }
}
