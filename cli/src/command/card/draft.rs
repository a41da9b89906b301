//! What the commands that make a card share: the claims, and the card that the new one follows.

use std::path::Path;

use anyhow::{Result, bail};
use zegel::{Card, CardClaims, KemPublic, Status, rng};
use zeroize::Zeroizing;

use super::super::parties::read_card;
use crate::file::{self, Access};
use crate::keyfile::KeyFile;
use crate::{armour, clock};

/// A card before it is signed.
pub(super) struct Draft<'d> {
    pub(super) label: &'d str,
    pub(super) serial: u64,
    /// First second of validity, since 1970.
    pub(super) not_before: u64,
    pub(super) days: u64,
    pub(super) kem_keys: &'d [KemPublic],
    pub(super) status: Status,
}

impl Draft<'_> {
    /// The signed card.
    pub(super) fn sign(&self, keys: &KeyFile) -> Result<Vec<u8>> {
        if self.label.len() > zegel::MAX_LABEL || self.label.chars().any(char::is_control) {
            bail!("a label is up to {} bytes without control characters", zegel::MAX_LABEL);
        }
        let claims = CardClaims {
            serial: self.serial,
            not_before: self.not_before,
            expires: self.not_before.saturating_add(self.days.saturating_mul(DAY)),
            label: self.label,
            kem_keys: self.kem_keys,
            status: self.status,
        };
        Ok(Card::issue_to_vec(&claims, &keys.identity, &mut rng::SysRng)?)
    }
}

/// The card in a file that the next one is to replace; none where there is no file.
pub(super) fn previous(path: &Path, keys: &KeyFile) -> Result<Option<(Vec<u8>, Card)>> {
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    let (bytes, card) = read_card(path)?;
    if *card.id() != keys.identity.id() {
        bail!("{} is a card of somebody else: name another file", path.display());
    }
    Ok(Some((bytes, card)))
}

/// A serial above that of the last card: the time in milliseconds, unless that card was ahead of it.
pub(super) fn serial(previous: Option<&Card>) -> u64 {
    let next = previous.map_or(0, |card| card.serial().saturating_add(1));
    clock::now_in_milliseconds().max(next)
}

/// As text, to be pasted into a message, or the bare bytes.
pub(super) fn encode(card: &[u8], binary: bool) -> Result<Zeroizing<Vec<u8>>> {
    let text = || armour::encode(armour::CARD, card).map(|text| text.as_bytes().to_vec());
    Ok(Zeroizing::new(if binary { card.to_vec() } else { text()? }))
}

/// Puts the card in the place of the last one, whole.
pub(super) fn replace(path: &Path, card: &[u8], binary: bool) -> Result<()> {
    file::write(path, &encode(card, binary)?, Access::Replace)
}

pub(in crate::command) const DAY: u64 = 86_400;
