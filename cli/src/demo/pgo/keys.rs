//! The PGO's keys: a new one, a card that says so, and the end of the old one (SPEC §8.4).

use anyhow::{Context as _, Result};
use bytes::Bytes;
use tokio::task::block_in_place;
use zegel::{Card, KemKey, KemPublic, Secret, Status, rng::SysRng};

use super::super::attack::Role;
use super::super::ledger::Sent;
use super::super::link::delivered;
use super::super::run::now;
use super::Pgo;

impl Pgo<'_> {
    /// Publishes its first card.
    pub(super) async fn publish_card(&self) -> Result<()> {
        self.retain(self.run.cast.pgo.encoded.clone()).await
    }

    /// A new key, on the disk before a card names it; then the card; then the old key's grace begins.
    pub(super) async fn rotate(&mut self) -> Result<()> {
        let secret = Secret::random(&mut SysRng)?;
        let (new, old) = (KemKey::from_bytes(&secret)?.public(), self.newest()?);
        self.change(|transaction| transaction.add_kem_key(&secret, now()).map(drop))?;
        self.receiver.read_keys()?;
        self.issue(&[new, old]).await?;
        self.change(|transaction| transaction.retire_kem_key(&old.kid(), now()).map(drop))?;
        self.run.ledger.count(|chain| chain.rotated += 1);
        Ok(())
    }

    /// The old key is erased, with all that it opens, and no card names it any more.
    pub(super) async fn erase(&mut self) -> Result<()> {
        let new = self.newest()?;
        self.issue(&[new]).await?;
        let store = self.receiver.store.clone();
        let erased = block_in_place(|| store.erase_retired(now() + 1)).context("cannot erase the old key")?;
        self.receiver.read_keys()?;
        self.run.ledger.count(|chain| chain.erased += erased);
        Ok(())
    }

    /// The key that the current card names first.
    fn newest(&self) -> Result<KemPublic> {
        self.run.card().kem_keys().next().copied().context("a card without a key")
    }

    async fn issue(&self, keys: &[KemPublic]) -> Result<()> {
        let card = self.run.cast.pgo.reissue(self.run.card().serial() + 1, keys, Status::Active)?;
        self.run.publish_card(Card::from_bytes(&card)?);
        self.retain(card).await
    }

    async fn retain(&self, card: Vec<u8>) -> Result<()> {
        let topic = &self.run.topics.cards[0];
        self.run.ledger.genuine(&[Role::Wearable], topic, &card, Sent::Card);
        delivered(self.out.publish(topic, Bytes::from(card), true).await?).await
    }

    fn change(
        &self,
        change: impl FnOnce(&mut zegel_store::Transaction<'_>) -> Result<(), zegel_store::StoreError>,
    ) -> Result<()> {
        block_in_place(|| {
            let mut transaction = self.receiver.store.begin()?;
            change(&mut transaction)?;
            Ok(transaction.commit()?)
        })
    }
}
