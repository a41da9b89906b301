//! The statement: what a sender signs about one measurement (SPEC §4.3).

use core::ops::Range;

use crate::cbor::{Reader, Writer};
use crate::error::{Error, Result};
use crate::limits::MAX_NUMBER;

/// A content format number of the CoAP registry (RFC 7252 §12.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Format(pub u16);

impl Format {
    /// application/senml+cbor
    pub const SENML_CBOR: Self = Self(112);
    /// application/cbor
    pub const CBOR: Self = Self(60);
    /// application/json
    pub const JSON: Self = Self(50);
    /// application/octet-stream
    pub const OCTET_STREAM: Self = Self(42);
    /// application/cose; cose-type="cose-sign1"
    pub const COSE_SIGN1: Self = Self(18);

    /// A keyframe (SPEC §10.1).
    pub(crate) const KEYFRAME: Self = Self(65_000);
    /// A manifest (SPEC §10.4).
    pub(crate) const MANIFEST: Self = Self(65_001);
    /// Evidence (SPEC §11.1).
    pub(crate) const EVIDENCE: Self = Self(65_002);
    /// An introduction (SPEC §11.3).
    pub(crate) const INTRODUCTION: Self = Self(65_003);

    /// Whether the number is one of those that Zegel keeps for itself: 65000 and above.
    pub const fn is_reserved(self) -> bool {
        self.0 >= 65_000
    }
}

/// One measurement, before it is sealed.
#[derive(Clone, Copy, Debug)]
pub struct Measurement<'a> {
    /// When it was taken, seconds since 1970; `None` where the device has no clock.
    pub time: Option<u64>,
    /// What the body is.
    pub format: Format,
    /// The measurement itself.
    pub body: &'a [u8],
}

impl Measurement<'_> {
    /// [`Error::Reserved`] or [`Error::TooLarge`] where a receiver would have to refuse it.
    pub(crate) fn check(&self) -> Result<()> {
        if self.format.is_reserved() { Err(Error::Reserved) } else { self.check_time() }
    }

    /// The same for what Zegel says to itself.
    pub(crate) fn check_time(&self) -> Result<()> {
        if self.time.is_some_and(|time| time > MAX_NUMBER) { Err(Error::TooLarge) } else { Ok(()) }
    }

    /// Writes the statement that carries this measurement under `sequence`, with `pad` zeros.
    pub(crate) fn write(&self, writer: &mut Writer<'_>, sequence: u64, pad: usize) {
        writer.array(5);
        writer.uint(sequence);
        self.write_rest(writer, pad);
    }

    /// Writes what follows the number.
    pub(crate) fn write_rest(&self, writer: &mut Writer<'_>, pad: usize) {
        writer.uint_or_null(self.time);
        writer.uint(u64::from(self.format.0));
        writer.bytes(self.body);
        writer.zeros(pad);
    }
}

/// A statement as it was read. Nothing here is proven before its signature is verified.
#[derive(Clone)]
pub(crate) struct Statement {
    pub(crate) sequence: u64,
    pub(crate) time: Option<u64>,
    pub(crate) format: Format,
    /// Where in the payload the body stands.
    pub(crate) body: Range<usize>,
    pub(crate) pad: usize,
}

impl Statement {
    /// The exact shape with a pad of zeros, or `Malformed`. Any format passes: what may stand where is for the
    /// caller to say.
    pub(crate) fn read(payload: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(payload);
        reader.array(5);
        let sequence = reader.uint_to(MAX_NUMBER);
        let time = reader.uint_or_null(MAX_NUMBER);
        let format = u16::try_from(reader.uint()).map(Format).map_err(|_| Error::Malformed)?;
        let body = reader.bytes_range(payload.len());
        let pad = reader.bytes();
        reader.require(pad.iter().all(|byte| *byte == 0));
        reader.end()?;
        Ok(Self { sequence, time, format, body, pad: pad.len() })
    }
}
