//! What the program brings, as the crate sees it: random bytes, a secure element's keys. Whatever a callback says
//! that is not 0 is a failure.

use core::ffi::c_int;

use rand_core::{TryCryptoRng, TryRng};
use zegel::{Agree, Error, Id, Identity, KemKey, KemPublic, Result, Secret, Sign};
use zeroize::Zeroize;

use crate::types::{zegel_agreement, zegel_entropy, zegel_part, zegel_signer};

/// Random bytes from a callback. A generator that gives the same 32 bytes twice in one call is stuck.
pub(crate) struct Entropy {
    source: zegel_entropy,
    last: [u8; 32],
}

impl Entropy {
    pub(crate) const fn new(source: &zegel_entropy) -> Self {
        Self { source: *source, last: [0; 32] }
    }
}

impl Drop for Entropy {
    fn drop(&mut self) {
        self.last.zeroize();
    }
}

impl TryRng for Entropy {
    type Error = core::fmt::Error;

    fn try_next_u32(&mut self) -> Result<u32, core::fmt::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, core::fmt::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), core::fmt::Error> {
        let fill = self.source.fill.ok_or(core::fmt::Error)?;
        if fill(self.source.user, out.as_mut_ptr(), out.len()) != 0 {
            return Err(core::fmt::Error);
        }
        if let Some(drawn) = out.first_chunk() {
            if *drawn == self.last {
                return Err(core::fmt::Error);
            }
            self.last = *drawn;
        }
        Ok(())
    }
}

impl TryCryptoRng for Entropy {}

/// An identity in memory, or in something that signs for it.
pub(crate) enum Signer {
    Here(Identity),
    Elsewhere { signer: zegel_signer, hedge: Secret<32> },
}

impl Signer {
    /// Refuses what the crate refuses of its own: keys that are weak or published, and a hedge that nobody drew.
    pub(crate) fn elsewhere(signer: &zegel_signer) -> Result<Self> {
        if signer.sign.is_none() {
            return Err(Error::KeyUnavailable);
        }
        let hedge = Secret::new(signer.hedge);
        let held = Self::Elsewhere { signer: zegel_signer { hedge: [0; 32], ..*signer }, hedge };
        held.check().map(|()| held)
    }
}

impl Sign for Signer {
    fn public_key(&self) -> &[u8; 32] {
        match self {
            Self::Here(identity) => Sign::public_key(identity),
            Self::Elsewhere { signer, .. } => &signer.public_key,
        }
    }

    fn hedge(&self) -> &Secret<32> {
        match self {
            Self::Here(identity) => identity.hedge(),
            Self::Elsewhere { hedge, .. } => hedge,
        }
    }

    fn id(&self) -> Id {
        match self {
            Self::Here(identity) => identity.id(),
            Self::Elsewhere { signer, .. } => Id::of(&signer.public_key),
        }
    }

    fn sign(&self, message: &[&[u8]], noise: &Secret<32>) -> Result<[u8; 64]> {
        let signer = match self {
            Self::Here(identity) => return identity.sign(message, noise),
            Self::Elsewhere { signer, .. } => signer,
        };
        let mut parts = [zegel_part { bytes: core::ptr::null(), size: 0 }; PARTS];
        if message.len() > PARTS {
            return Err(Error::TooLarge);
        }
        for (part, bytes) in parts.iter_mut().zip(message) {
            *part = zegel_part { bytes: bytes.as_ptr(), size: bytes.len() };
        }
        let mut signature = [0; 64];
        let sign = signer.sign.ok_or(Error::KeyUnavailable)?;
        let (noise, out) = (noise.expose().as_ptr(), signature.as_mut_ptr());
        answered(sign(signer.user, parts.as_ptr(), message.len(), noise, out), Error::KeyUnavailable)?;
        Ok(signature)
    }
}

/// A KEM key in memory, or in something that agrees for it.
pub(crate) enum Holder {
    Here(KemKey),
    Elsewhere { agreement: zegel_agreement, public: KemPublic },
}

impl Holder {
    /// Refuses a public key that is not canonical, of low order, or published.
    pub(crate) fn elsewhere(agreement: &zegel_agreement) -> Result<Self> {
        if agreement.agree.is_none() {
            return Err(Error::KeyUnavailable);
        }
        Ok(Self::Elsewhere { agreement: *agreement, public: KemPublic::from_bytes(agreement.public_key)? })
    }
}

impl Agree for Holder {
    fn public(&self) -> &KemPublic {
        match self {
            Self::Here(key) => Agree::public(key),
            Self::Elsewhere { public, .. } => public,
        }
    }

    fn agree(&self, peer: &[u8; 32]) -> Result<Secret<32>> {
        let agreement = match self {
            Self::Here(key) => return key.agree(peer),
            Self::Elsewhere { agreement, .. } => agreement,
        };
        let agree = agreement.agree.ok_or(Error::KeyUnavailable)?;
        let mut bytes = [0; 32];
        let status = agree(agreement.user, peer.as_ptr(), bytes.as_mut_ptr());
        let shared = Secret::new(bytes);
        bytes.zeroize();
        answered(status, Error::KeyUnavailable).map(|()| shared)
    }
}

/// Success, or `error`.
pub(crate) const fn answered(status: c_int, error: Error) -> Result<()> {
    if status == 0 { Ok(()) } else { Err(error) }
}

/// Pieces of what is signed: head, context, head, statement.
const PARTS: usize = 8;
