//! Who is who in a run, with everybody's keys.

use anyhow::Result;
use zegel::{Card, CardClaims, Identity, KemKey, KemPublic, Secret, Status, rng::SysRng};

use super::run::now;

/// Everybody's keys. In the process of the demo they are all at hand; on the wire only cards are.
pub(super) struct Cast {
    pub(super) wearable: Holder,
    pub(super) pgo: Holder,
    pub(super) gp: Holder,
    pub(super) carer: Holder,
    /// Was trusted by the PGO and the GP, and is not any more.
    pub(super) revoked: Holder,
    /// Trusted, with a card that has run out.
    pub(super) expired: Holder,
    /// A device of the patient's that the PGO trusts and ought not to.
    pub(super) bad: Holder,
    /// Another PGO, which the GP trusts and ought not to.
    pub(super) rival: Holder,
    /// A carer of former days, who has withdrawn his card.
    pub(super) former: Holder,
    /// Nobody trusts him.
    pub(super) mallory: Holder,
}

/// One role's keys.
pub(super) struct Holder {
    pub(super) identity: Identity,
    pub(super) kem: KemKey,
    /// The secret of the KEM key, for a store of one's own.
    pub(super) kem_secret: Secret<32>,
    pub(super) card: Card,
    /// The card on the wire.
    pub(super) encoded: Vec<u8>,
}

impl Cast {
    pub(super) fn new() -> Result<Self> {
        let now = now();
        let valid = (now - 3600, now + 86_400);
        Ok(Self {
            wearable: Holder::new("Wearable", valid)?,
            pgo: Holder::new("PGO", valid)?,
            gp: Holder::new("GP", valid)?,
            carer: Holder::new("Carer", valid)?,
            revoked: Holder::new("Lost wearable", valid)?,
            expired: Holder::new("Old wearable", (now - 7200, now - 3600))?,
            bad: Holder::new("Broken scale", valid)?,
            rival: Holder::new("Other PGO", valid)?,
            former: Holder::new("Former carer", valid)?,
            mallory: Holder::new("Wearable", valid)?,
        })
    }
}

impl Holder {
    fn new(label: &str, valid: (u64, u64)) -> Result<Self> {
        let identity = Identity::generate(&mut SysRng)?;
        let kem_secret = Secret::random(&mut SysRng)?;
        let kem = KemKey::from_bytes(&kem_secret)?;
        let keys = [kem.public()];
        let encoded = issue(&identity, label, valid, 1, &keys, Status::Active)?;
        let card = Card::from_bytes(&encoded)?;
        Ok(Self { identity, kem, kem_secret, card, encoded })
    }

    /// The next card of this holder, or one that claims to be.
    pub(super) fn reissue(&self, serial: u64, keys: &[KemPublic], status: Status) -> Result<Vec<u8>> {
        let valid = (self.card.not_before(), self.card.expires());
        issue(&self.identity, self.card.label(), valid, serial, keys, status)
    }
}

fn issue(
    identity: &Identity,
    label: &str,
    (not_before, expires): (u64, u64),
    serial: u64,
    kem_keys: &[KemPublic],
    status: Status,
) -> Result<Vec<u8>> {
    let claims = CardClaims { serial, not_before, expires, label, kem_keys, status };
    Ok(Card::issue_to_vec(&claims, identity, &mut SysRng)?)
}
