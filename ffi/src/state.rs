//! A receiver's state over memory that C has given, and over the program's durable store where it has one.

use core::ffi::c_int;

use zegel::{
    Arrival, Card, Error, Event, EventLog, FixedSessions, FixedTrust, Id, Kid, Manifest, ReplayGuard,
};
use zegel::{Result, Sender, SessionId, SessionKeys, SessionRecord, SessionStore, Stream, Succession};
use zegel::{TrustStore, Watch, WindowGuard};

use crate::bridge::Room;
use crate::bytes::joined;
use crate::outside::answered;
use crate::types::{zegel_peer, zegel_session, zegel_state};

/// One sender, and a window for each of two of its streams: to this receiver alone, and to one group.
pub(crate) struct Peer {
    trust: FixedTrust<1>,
    id: Option<Id>,
    guards: [WindowGuard<1>; 2],
}

impl Peer {
    pub(crate) const fn new() -> Self {
        Self { trust: FixedTrust::new(), id: None, guards: [const { WindowGuard::new() }; 2] }
    }
}

/// The state, for one call.
pub(crate) struct State<'s> {
    pub(crate) me: Id,
    pub(crate) peers: &'s mut [Room<zegel_peer>],
    pub(crate) sessions: &'s mut [Room<zegel_session>],
    pub(crate) durable: Option<&'s zegel_state>,
    pub(crate) events: &'s mut EventLog<4>,
    /// A session that the program keeps and no place is for, while one of its messages is opened.
    pub(crate) passing: Option<Passing>,
}

/// Its messages open as others do, but none waits here for its manifest.
pub(crate) struct Passing {
    record: SessionRecord,
    keys: Option<SessionKeys>,
}

impl State<'_> {
    /// Pins a card that the user decided to trust.
    pub(crate) fn pin(&mut self, card: &Card) -> Result<()> {
        let known = self.peer(card.id());
        let kid = card.id().kid();
        if known.is_none() && self.sender(&kid)?.is_some() {
            self.events.notice(&Event::Equivocation { id: *card.id() })?;
            return Err(Error::Equivocation);
        }
        let free = || self.peers.iter().position(|peer| peer.value().id.is_none());
        let place = known.or_else(free).ok_or(Error::Full)?;
        let peer = self.peers.get_mut(place).ok_or(Error::Full)?.value_mut();
        peer.trust.pin(card)?;
        peer.id = Some(*card.id());
        Ok(())
    }

    /// Takes a newer card, and notes what a person has to see.
    pub(crate) fn renew(&mut self, card: &Card) -> Result<()> {
        let place = self.peer(card.id()).ok_or(Error::UnknownSender)?;
        let peer = self.peers.get_mut(place).ok_or(Error::UnknownSender)?.value_mut();
        let same = peer.trust.get(card.id()).is_some_and(|pinned| pinned.kem_keys().eq(card.kem_keys()));
        match peer.trust.renew(card) {
            Ok(Succession::Newer) if !same => {
                self.events.notice(&Event::KeyChanged { id: *card.id(), serial: card.serial() })
            }
            Err(Error::Equivocation) => {
                self.events.notice(&Event::Equivocation { id: *card.id() })?;
                Err(Error::Equivocation)
            }
            other => other.map(|_| ()),
        }
    }

    /// Ends the trust in somebody, and their sessions.
    pub(crate) fn revoke(&mut self, id: &Id) -> Result<()> {
        let place = self.peer(id).ok_or(Error::UnknownSender)?;
        self.peers.get_mut(place).ok_or(Error::UnknownSender)?.value_mut().trust.revoke(id)?;
        self.forget_sessions(id)
    }

    fn peer(&self, id: &Id) -> Option<usize> {
        self.peers.iter().position(|peer| peer.value().id == Some(*id))
    }

    /// The window of a stream. A new one has that of its kind, so that two groups take none from what is for this
    /// receiver alone.
    fn guard(&mut self, stream: &Stream) -> Option<&mut WindowGuard<1>> {
        let (place, me) = (self.peer(&stream.sender)?, self.me);
        let guards = &mut self.peers.get_mut(place)?.value_mut().guards;
        let known = guards.iter().position(|guard| guard.next(stream) != Ok(0));
        guards.get_mut(known.unwrap_or_else(|| usize::from(*stream != Stream::new(stream.sender, &me))))
    }

    /// The place that has this session: in memory, or found again where the program keeps it. Whoever may publish can
    /// name a session that was kept, so this is no way to anybody's only place, and never [`Error::Full`].
    fn slot(&mut self, id: &SessionId) -> Result<Option<&mut Followed>> {
        let has = |slot: &Room<zegel_session>| {
            slot.value().record.as_ref().is_some_and(|record| record.id() == *id)
        };
        let mut place = self.sessions.iter().position(has);
        if place.is_none()
            && self.passes(id).is_none()
            && let Some(record) = self.find(id)?
        {
            place = self.place(&record).filter(|_| self.peer(record.sender()).is_some());
            match place {
                Some(place) => self.follow(place, &record)?,
                None => self.passing = Some(Passing { record, keys: None }),
            }
        }
        Ok(place.and_then(|place| self.sessions.get_mut(place)).map(Room::value_mut))
    }

    fn passes(&mut self, id: &SessionId) -> Option<&mut Passing> {
        self.passing.as_mut().filter(|passing| passing.record.id() == *id)
    }

    /// The place where something of this session is to be kept, or none when it passes.
    fn kept(&mut self, id: &SessionId) -> Result<Option<&mut Followed>> {
        if self.passes(id).is_some() {
            return Ok(None);
        }
        self.slot(id)?.ok_or(Error::UnknownSession).map(Some)
    }

    fn find(&self, id: &SessionId) -> Result<Option<SessionRecord>> {
        let Some((state, find)) = self.durable.and_then(|state| Some((state, state.find?))) else {
            return Ok(None);
        };
        let mut bytes = [0; SessionRecord::BYTES];
        match find(state.user, id.0.as_ptr(), bytes.as_mut_ptr(), bytes.len()) {
            // What is no record, or another session's, is trouble of the store and not of the envelope.
            0 => match SessionRecord::from_bytes(&bytes) {
                Ok(record) if record.id() == *id => Ok(Some(record)),
                _ => Err(Error::Storage),
            },
            status if status == c_int::from(Error::UnknownSession.code()) => Ok(None),
            _ => Err(Error::Storage),
        }
    }

    /// Where a session goes: a free place, that of its sender's oldest session if it is newer, or that of the oldest
    /// of whoever has most, but nobody's only one (SPEC §10.3).
    fn place(&self, session: &SessionRecord) -> Option<usize> {
        let records = || self.sessions.iter().map(|slot| slot.value().record.as_ref());
        let count = |of: &Id| records().flatten().filter(|record| record.sender() == of).count();
        let own = count(session.sender()) > 0;
        let mut gives: Option<(usize, &SessionRecord, usize)> = None;
        for (place, record) in records().enumerate() {
            let Some(record) = record else { return Some(place) };
            let (has, number) = (count(record.sender()), record.sequence());
            let may = if own {
                record.sender() == session.sender() && number < session.sequence()
            } else {
                has > 1
            };
            if may
                && gives
                    .is_none_or(|(most, oldest, _)| has > most || has == most && number < oldest.sequence())
            {
                gives = Some((has, record, place));
            }
        }
        gives.map(|(_, _, place)| place)
    }

    fn follow(&mut self, place: usize, session: &SessionRecord) -> Result<()> {
        let slot = self.sessions.get_mut(place).ok_or(Error::Full)?.value_mut();
        if let Some(given_up) = &slot.record {
            slot.session.forget_sessions(given_up.sender())?;
        }
        slot.session.keep_session(session)?;
        slot.record = Some(*session);
        Ok(())
    }

    /// Whether a session that no place is for may be taken: it is found when a message of it comes, or came so late
    /// that its sender has newer ones, and begins nothing.
    fn goes_without(&self, session: &SessionRecord) -> bool {
        let mut records = self.sessions.iter().filter_map(|slot| slot.value().record.as_ref());
        self.durable.is_some_and(|state| state.keep.is_some())
            || records.any(|record| record.sender() == session.sender())
    }
}

/// One session, and the leaves and manifests that wait in it.
pub(crate) struct Followed {
    record: Option<SessionRecord>,
    session: FixedSessions<1>,
}

impl Followed {
    pub(crate) fn new() -> Self {
        Self { record: None, session: FixedSessions::default() }
    }
}

impl TrustStore for State<'_> {
    fn sender(&self, kid: &Kid) -> Result<Option<Sender>> {
        let mut found = self.peers.iter().map(|peer| peer.value().trust.sender(kid));
        found.find_map(Result::transpose).transpose()
    }

    fn vouches(&self, forwarder: &Id, origin: &Id) -> Result<bool> {
        match self.durable.and_then(|state| Some((state, state.vouches?))) {
            Some((state, vouches)) => match vouches(state.user, forwarder.0.as_ptr(), origin.0.as_ptr()) {
                0 => Ok(true),
                status if status == c_int::from(Error::UnknownSender.code()) => Ok(false),
                status if status == c_int::from(Error::Revoked.code()) => Err(Error::Revoked),
                _ => Err(Error::Storage),
            },
            None => Ok(false),
        }
    }
}

impl ReplayGuard for State<'_> {
    fn take(&mut self, stream: &Stream, sequence: u64, digest: &[u8; 32]) -> Result<Arrival> {
        let Some((state, take)) = self.durable.and_then(|state| Some((state, state.take?))) else {
            return self.guard(stream).ok_or(Error::UnknownSender)?.take(stream, sequence, digest);
        };
        let (mut missing, mut late) = ([u64::MAX; 2], 0);
        let (stream, digest) = (name(stream), digest.as_ptr());
        match take(state.user, stream.as_ptr(), sequence, digest, missing.as_mut_ptr(), &raw mut late) {
            0 => {
                let [first, last] = missing;
                Ok(Arrival {
                    missing: (first <= last && last < sequence).then_some((first, last)),
                    late: late != 0,
                })
            }
            status => Err(refusal(status)),
        }
    }

    fn next(&self, stream: &Stream) -> Result<u64> {
        let Some((state, next)) = self.durable.and_then(|state| Some((state, state.next?))) else {
            let place = self.peer(&stream.sender).and_then(|place| self.peers.get(place));
            let next = |guard: &WindowGuard<1>| guard.next(stream).ok();
            return Ok(place.and_then(|peer| peer.value().guards.iter().filter_map(next).max()).unwrap_or(0));
        };
        let mut number = 0;
        answered(next(state.user, name(stream).as_ptr(), &raw mut number), Error::Storage).map(|()| number)
    }
}

impl SessionStore for State<'_> {
    fn session(&mut self, id: &SessionId) -> Result<Option<SessionRecord>> {
        let kept = self.slot(id)?.and_then(|slot| slot.record);
        Ok(kept.or_else(|| self.passes(id).map(|passing| passing.record)))
    }

    fn admits(&mut self, session: &SessionRecord) -> Result<()> {
        match self.session(&session.id())? {
            Some(known) if known == *session => Ok(()),
            Some(_) => Err(Error::Equivocation),
            None if self.place(session).is_some() || self.goes_without(session) => Ok(()),
            None => Err(Error::Full),
        }
    }

    fn keep_session(&mut self, session: &SessionRecord) -> Result<()> {
        self.admits(session)?;
        if let Some((state, keep)) = self.durable.and_then(|state| Some((state, state.keep?))) {
            let bytes = session.to_bytes();
            let status = keep(state.user, session.id().0.as_ptr(), bytes.as_ptr(), bytes.len());
            answered(status, Error::Storage)?;
        }
        if self.session(&session.id())?.is_some() {
            return Ok(());
        }
        self.place(session).map_or(Ok(()), |place| self.follow(place, session))
    }

    fn keys(&mut self, id: &SessionId) -> Option<&SessionKeys> {
        if self.passes(id).is_some() {
            return self.passing.as_ref()?.keys.as_ref();
        }
        self.slot(id).ok().flatten()?.session.keys(id)
    }

    fn hold_keys(&mut self, keys: SessionKeys) {
        if let Some(passing) = self.passes(&keys.id()) {
            passing.keys = Some(keys);
        } else if let Ok(Some(slot)) = self.slot(&keys.id()) {
            slot.session.hold_keys(keys);
        }
    }

    fn keep_leaf(&mut self, id: &SessionId, sequence: u64, leaf: &[u8; 32]) -> Result<()> {
        self.kept(id)?.map_or(Ok(()), |slot| slot.session.keep_leaf(id, sequence, leaf))
    }

    fn leaf(&mut self, id: &SessionId, sequence: u64) -> Result<Option<[u8; 32]>> {
        self.slot(id)?.map_or(Ok(None), |slot| slot.session.leaf(id, sequence))
    }

    fn keep_manifest(&mut self, id: &SessionId, manifest: &Manifest) -> Result<()> {
        self.kept(id)?.map_or(Ok(()), |slot| slot.session.keep_manifest(id, manifest))
    }

    fn manifest(&mut self, id: &SessionId, sequence: u64) -> Result<Option<Manifest>> {
        self.slot(id)?.map_or(Ok(None), |slot| slot.session.manifest(id, sequence))
    }

    fn release(&mut self, id: &SessionId, manifest: &Manifest) -> Result<()> {
        self.slot(id)?.map_or(Ok(()), |slot| slot.session.release(id, manifest))
    }

    fn forget_sessions(&mut self, sender: &Id) -> Result<()> {
        for slot in self.sessions.iter_mut().map(Room::value_mut) {
            if slot.record.as_ref().is_some_and(|record| record.sender() == sender) {
                *slot = Followed::new();
            }
        }
        Ok(())
    }
}

impl Watch for State<'_> {
    fn notice(&mut self, event: &Event) -> Result<()> {
        self.events.notice(event)
    }
}

/// A stream as C knows it: the sender's id, and the hash of the audience.
fn name(stream: &Stream) -> [u8; 64] {
    joined(&[&stream.sender.0, &stream.audience])
}

/// What a program may say to a number that it does not take; anything else is trouble of its own.
fn refusal(status: c_int) -> Error {
    let known = [Error::Duplicate, Error::TooOld, Error::Conflict, Error::Full];
    known.into_iter().find(|error| c_int::from(error.code()) == status).unwrap_or(Error::Storage)
}
