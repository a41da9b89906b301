//! The flags that several commands share: who seals to whom, on which topic, and how.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use zegel::{Card, Format, Padding, Sealer};
use zegel_store::{Sequence, Store};

use crate::clock::Clock;
use crate::keyfile::KeyFile;
use crate::{armour, body, clock, file, state};

/// Whoever seals, and for whom.
#[derive(clap::Args)]
pub(super) struct Sealing {
    /// The sender's key file
    #[arg(short, long, value_name = "FILE")]
    identity: PathBuf,
    /// The recipient's card; where the state knows a newer one of the same identity, that one is used
    #[arg(short, long, value_name = "CARD")]
    recipient: PathBuf,
    /// Where the numbers are kept: never lose or copy it, a number used twice is an alarm
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// When it was measured: now, none, or seconds since 1970
    #[arg(long, default_value = "now", value_name = "TIME")]
    time: Clock,
    /// What the body is, a CoAP content format: a number, or senml+cbor, cbor, json, octet-stream, cose-sign1
    #[arg(long, default_value = "octet-stream", value_name = "FORMAT", value_parser = body::format)]
    format: Format,
    /// What of its length the broker may learn: a bucket, or all of it
    #[arg(long, default_value = "buckets", value_name = "PAD")]
    pad: Pad,
    /// Verify each signature before it leaves, against faults
    #[arg(long)]
    self_check: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Pad {
    Buckets,
    None,
}

/// The flags, read and checked.
pub(super) struct Sender {
    keys: KeyFile,
    pub(super) recipient: Card,
    pub(super) store: Store,
    padding: Padding,
    self_check: bool,
    time: Clock,
    format: Format,
}

impl Sealing {
    pub(super) fn prepare(&self) -> Result<Sender> {
        let keys = KeyFile::read(&self.identity)?;
        let name = || format!("card {}", self.recipient.display());
        let (_, named) = read_card(&self.recipient)?;
        let store = state::open_or_create(&self.state)?;
        let recipient = state::newest(&store, named).with_context(name)?;
        recipient.check_valid(Some(clock::now())).with_context(name)?;
        let padding = match self.pad {
            Pad::Buckets => Padding::Buckets,
            Pad::None => Padding::None,
        };
        let (self_check, time, format) = (self.self_check, self.time, self.format);
        Ok(Sender { keys, recipient, store, padding, self_check, time, format })
    }
}

impl Sender {
    pub(super) fn sealer(&self, recipient: &Card) -> Result<Sealer<'_, Sequence>> {
        let now = Some(clock::now());
        // One at a time: what a short run reserves and leaves would look like loss at the recipient.
        let numbers = self.store.sequence().ahead(1);
        let sealer = Sealer::new(&self.keys.identity, recipient, now, numbers)
            .context("cannot seal to this card")?
            .with_padding(self.padding);
        Ok(if self.self_check { sealer.with_self_check()? } else { sealer })
    }

    /// A measurement that is taken now, unless the flags say otherwise.
    pub(super) fn measurement<'b>(&self, body: &'b [u8]) -> zegel::Measurement<'b> {
        zegel::Measurement { time: self.time.seconds(), format: self.format, body }
    }
}

/// A card, in text armour or in binary, with its bytes; its own signature holds.
pub(super) fn read_card(path: &std::path::Path) -> Result<(Vec<u8>, Card)> {
    let name = || format!("card {}", path.display());
    let bytes = armour::card(&file::read(path, LARGEST_CARD).with_context(name)?).with_context(name)?;
    let card = Card::from_bytes(&bytes).with_context(name)?;
    Ok((bytes, card))
}

/// With text armour, and what mail programs put around it.
pub(super) const LARGEST_CARD: usize = 16 << 10;
