//! HPKE (RFC 9180) with this crate's suite and keys, for what a protocol beside the envelope needs: base
//! and PSK mode, any number of messages in order, and the exporter (SPEC §5.1).
//!
#![cfg_attr(feature = "std", doc = "```")]
#![cfg_attr(not(feature = "std"), doc = "```ignore")]
//! use zegel::{KemKey, hpke, rng::SysRng};
//! let recipient = KemKey::generate(&mut SysRng)?;
//! let (enc, mut sender) = hpke::sender(&recipient.public(), b"info", None, &mut SysRng)?;
//! let mut message = *b"secret ................";
//! sender.seal_in_place(b"aad", &mut message)?; // the last 16 bytes take the tag
//! let mut receiver = hpke::receiver(&recipient, &enc, b"info", None)?;
//! assert_eq!(receiver.open_in_place(b"aad", &mut message)?, b"secret ");
//! # Ok::<(), zegel::Error>(())
//! ```

use rand_core::TryCryptoRng;

use crate::crypto::kem::{self, Peer};
use crate::crypto::schedule::Schedule;
use crate::error::{Error, Result};
use crate::key::kem::{Agree, KemPublic};
use crate::secret::{Secret, Wipe};

#[cfg(test)]
mod official;

pub use crate::crypto::schedule::Psk;

/// `SetupBaseS` and `SetupPSKS`: `enc` for the wire, and the sender's context.
pub fn sender<R: TryCryptoRng + ?Sized>(
    recipient: &KemPublic,
    info: &[u8],
    psk: Option<Psk<'_>>,
    rng: &mut R,
) -> Result<([u8; 32], SenderContext)> {
    let sent = kem::encap(&Peer::new(*recipient.as_bytes()), &Secret::random(rng)?)?;
    Ok((sent.enc, SenderContext(Context::new(&sent.shared, info, psk)?)))
}

/// `SetupBaseR` and `SetupPSKR`: the receiver's context.
pub fn receiver(
    key: &impl Agree,
    enc: &[u8; 32],
    info: &[u8],
    psk: Option<Psk<'_>>,
) -> Result<ReceiverContext> {
    Ok(ReceiverContext(Context::new(&decap(key, enc)?, info, psk)?))
}

/// `Decap(enc, skR)`.
pub(crate) fn decap(key: &impl Agree, enc: &[u8; 32]) -> Result<Secret<32>> {
    // A key that something else holds may not have checked (RFC 9180 §7.1.4), or have failed where it did: then it is
    // the message's fault, and nobody has to wait for the holder. Zeros for any other point are the holder's.
    let dh = match key.agree(enc) {
        Ok(dh) if !dh.is_zero() => dh,
        _ if !kem::is_sound(enc) => return Err(Error::Rejected),
        answer => return Err(answer.err().unwrap_or(Error::KeyUnavailable)),
    };
    Ok(kem::shared_secret(&dh, enc, key.public().as_bytes()))
}

/// Encrypts messages in order. It cannot be cloned or stored, so no nonce is used twice.
pub struct SenderContext(Context);

impl SenderContext {
    /// `ContextS.Seal`: encrypts all but the last 16 bytes of `buffer`, which take the tag. A message that is
    /// refused counts for nothing.
    pub fn seal_in_place(&mut self, aad: &[u8], buffer: &mut [u8]) -> Result<()> {
        self.0.schedule.keys.seal(self.0.sequence, aad, buffer)?;
        self.0.step()
    }

    /// `Context.Export`: fills `output`, at most 8,160 bytes.
    pub fn export(&self, exporter_context: &[u8], output: &mut [u8]) -> Result<()> {
        self.0.schedule.export(exporter_context, output)
    }
}

/// Decrypts messages in order.
pub struct ReceiverContext(Context);

impl ReceiverContext {
    /// `ContextR.Open`: decrypts `buffer` in place, without its tag. On any error the buffer is wiped and
    /// the context still waits for this message.
    pub fn open_in_place<'b>(&mut self, aad: &[u8], buffer: &'b mut [u8]) -> Result<&'b mut [u8]> {
        let mut buffer = Wipe::new(buffer);
        let length = self.0.schedule.keys.open(self.0.sequence, aad, buffer.bytes_mut())?.len();
        self.0.step()?;
        buffer.keep().get_mut(..length).ok_or(Error::Rejected)
    }

    /// `Context.Export`: fills `output`, at most 8,160 bytes.
    pub fn export(&self, exporter_context: &[u8], output: &mut [u8]) -> Result<()> {
        self.0.schedule.export(exporter_context, output)
    }
}

struct Context {
    schedule: Schedule,
    sequence: u64,
}

impl Context {
    fn new(shared: &Secret<32>, info: &[u8], psk: Option<Psk<'_>>) -> Result<Self> {
        Ok(Self { schedule: Schedule::new(shared, info, psk)?, sequence: 0 })
    }

    fn step(&mut self) -> Result<()> {
        self.sequence = self.sequence.checked_add(1).ok_or(Error::Exhausted)?;
        Ok(())
    }
}
