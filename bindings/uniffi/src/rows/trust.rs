//! Who is trusted: pinned cards, ended identities, and whom somebody vouches for (SPEC §7.2, §8.3, §11.3).

use zegel::{
    Card, Error, Event, Id, Introduction, Kid, Pinned, Sender, Status, Succession, TrustStore,
    UnverifiedIntroduction, succeed,
};

use crate::rows::{PAGE, Rows, number};

impl Rows<'_> {
    /// The pinned card under a key identifier, and its bytes.
    pub(crate) fn pinned(&self, kid: &Kid) -> Result<Option<(Card, Vec<u8>)>, Error> {
        let Some(bytes) = self.get(&key(b'c', &kid.0))? else { return Ok(None) };
        let mut cards = self.shared.cards.borrow_mut();
        if let Some((known, card)) = cards.get(kid)
            && *known == bytes
        {
            return Ok(Some((card.clone(), bytes)));
        }
        // A card carries its own signature: damage to it shows.
        let card =
            Card::from_bytes(&bytes).ok().filter(|card| card.id().kid() == *kid).ok_or(Error::Storage)?;
        if cards.len() >= REMEMBERED {
            cards.clear();
        }
        cards.insert(*kid, (bytes.clone(), card.clone()));
        Ok(Some((card, bytes)))
    }

    /// Takes a card by the one rule for all of them. `known_only` is for cards that come over the broker.
    pub(crate) fn take_card(
        &mut self,
        card: &Card,
        bytes: &[u8],
        known_only: bool,
    ) -> Result<Succession, Error> {
        let id = card.id();
        let before = self.pinned(&id.kid())?.map(|(card, _)| card);
        let verdict = self.judge(before.as_ref(), card, known_only);
        if verdict == Err(Error::Equivocation) {
            self.shared.pending.push(Event::Equivocation { id: *id });
        }
        let succession = verdict?;
        if succession != Succession::Same {
            self.over.put(&key(b'c', &id.kid().0), bytes);
        }
        if succession == Succession::Newer {
            let changed = before.is_some_and(|before| !before.kem_keys().eq(card.kem_keys()));
            if known_only && changed {
                self.shared.pending.push(Event::KeyChanged { id: *id, serial: card.serial() });
            }
            if card.status() == Status::Withdrawn {
                self.end(id)?;
            }
        }
        Ok(succession)
    }

    /// Ends `id` for good, also when it was never pinned.
    pub(crate) fn revoke(&mut self, id: &Id) -> Result<(), Error> {
        self.over.put(&key(b'r', &id.0), &[]);
        self.end(id)
    }

    /// Everyone who is pinned: card, bytes, and whether they have ended.
    pub(crate) fn peers(&self) -> Result<Vec<(Card, Vec<u8>, bool)>, Error> {
        let (mut peers, mut from) = (Vec::new(), vec![b'c']);
        loop {
            let rows = self.scan(b"c", &from, PAGE)?;
            for row in &rows {
                let kid =
                    row.key.get(1..).and_then(|kid| kid.try_into().ok()).map(Kid).ok_or(Error::Storage)?;
                let (card, bytes) = self.pinned(&kid)?.ok_or(Error::Storage)?;
                let ended = self.is_ended(card.id())?;
                peers.push((card, bytes, ended));
            }
            match rows.last() {
                Some(last) if rows.len() == PAGE => from = [&last.key[..], &[0]].concat(),
                _ => return Ok(peers),
            }
        }
    }

    /// Takes an introduction: the whole set of whom `forwarder` vouches for.
    pub(crate) fn introduce(
        &mut self,
        forwarder: &Id,
        sequence: u64,
        cards: &Introduction<'_>,
    ) -> Result<(), Error> {
        let latest = self.get(&key(b'w', &forwarder.0))?;
        if latest.is_some() && number(latest.as_deref())? >= sequence {
            return Ok(());
        }
        let wire: Vec<&[u8]> = cards.wire().collect();
        self.over.put(&key(b'w', &forwarder.0), &sequence.to_be_bytes());
        self.over.put(&key(b'i', &forwarder.0), &Introduction::to_vec(&wire)?);
        Ok(())
    }

    /// The cards of those for whom `forwarder` vouches, without who has ended.
    pub(crate) fn introduced(&self, forwarder: &Id) -> Result<Vec<Card>, Error> {
        let Some(bytes) = self.get(&key(b'i', &forwarder.0))? else { return Ok(Vec::new()) };
        let cards = UnverifiedIntroduction::parse(&bytes).and_then(UnverifiedIntroduction::verify);
        let cards = cards.map_err(|_| Error::Storage)?;
        let mut standing = Vec::new();
        for (id, card) in cards.ids().zip(cards.wire()) {
            if !self.is_ended(&id)? {
                standing.push(Card::from_bytes(card)?);
            }
        }
        if self.is_ended(forwarder)? { Ok(Vec::new()) } else { Ok(standing) }
    }

    fn judge(&self, before: Option<&Card>, card: &Card, known_only: bool) -> Result<Succession, Error> {
        let revoked = self.is_revoked(card.id())?;
        match before {
            None if revoked => Err(Error::Revoked),
            None if known_only => Err(Error::UnknownSender),
            None => succeed(None, card),
            Some(before) if before.id() != card.id() => Err(Error::Equivocation),
            Some(before) => {
                let ended = revoked || before.status() == Status::Withdrawn;
                succeed(Some(&Pinned { serial: before.serial(), digest: *before.digest(), ended }), card)
            }
        }
    }

    /// Forgets what was kept of `id` for what is to come: nothing is.
    fn end(&mut self, id: &Id) -> Result<(), Error> {
        self.close_sessions(id)?;
        self.over.remove(&key(b'i', &id.0));
        Ok(())
    }

    fn is_revoked(&self, id: &Id) -> Result<bool, Error> {
        Ok(self.get(&key(b'r', &id.0))?.is_some())
    }

    fn is_ended(&self, id: &Id) -> Result<bool, Error> {
        let pinned = self.pinned(&id.kid())?.filter(|(card, _)| card.id() == id);
        let withdrawn = pinned.is_some_and(|(card, _)| card.status() == Status::Withdrawn);
        Ok(withdrawn || self.is_revoked(id)?)
    }
}

impl TrustStore for Rows<'_> {
    fn sender(&self, kid: &Kid) -> Result<Option<Sender>, Error> {
        let Some((card, _)) = self.pinned(kid)? else { return Ok(None) };
        Ok(Some(Sender::new(&card, self.is_revoked(card.id())?)))
    }

    fn vouches(&self, forwarder: &Id, origin: &Id) -> Result<bool, Error> {
        if self.is_ended(origin)? {
            return Err(Error::Revoked);
        }
        let Some(bytes) = self.get(&key(b'i', &forwarder.0))? else { return Ok(false) };
        let cards = UnverifiedIntroduction::parse(&bytes).and_then(UnverifiedIntroduction::verify);
        let named = cards.map_err(|_| Error::Storage)?.ids().any(|id| id == *origin);
        Ok(named && !self.is_ended(forwarder)?)
    }
}

fn key(kind: u8, name: &[u8]) -> Vec<u8> {
    [&[kind][..], name].concat()
}

/// Cards kept in memory at most: some megabytes.
const REMEMBERED: usize = 4096;
