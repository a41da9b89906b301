//! The wire form of a session message (SPEC §10.3).

use crate::cbor::{Writer, count};
use crate::cose::message;
use crate::cose::structure::ENC_STRUCTURE;
use crate::crypto::aead;
use crate::envelope::padding::Padding;
use crate::envelope::statement::Measurement;
use crate::envelope::topic::Topic;
use crate::error::Result;
use crate::session::keys::SessionId;

/// The lengths of one message, in bytes.
pub(crate) struct Layout {
    pub(crate) pad: usize,
    pub(crate) ciphertext: usize,
    pub(crate) message: usize,
}

impl Layout {
    /// The layout of `measurement` under `sequence`; [`Error::TooLarge`] when no message can hold it.
    pub(crate) fn new(measurement: &Measurement<'_>, sequence: u64, padding: Padding) -> Result<Self> {
        let mut layout = Self::with_pad(measurement, sequence, 0);
        padding.fill(SHORTEST, layout.message, &mut |pad| {
            layout = Self::with_pad(measurement, sequence, pad);
            layout.message
        })?;
        Ok(layout)
    }

    fn with_pad(measurement: &Measurement<'_>, sequence: u64, pad: usize) -> Self {
        let plaintext = count(|writer| write_plaintext(writer, measurement, pad));
        let ciphertext = plaintext.saturating_add(aead::TAG);
        let message = count(|writer| {
            message::write_head(writer, &[0; 8], sequence, ciphertext);
            writer.skip(ciphertext);
        });
        Self { pad, ciphertext, message }
    }
}

/// Writes `[time, format, body, pad]`.
pub(crate) fn write_plaintext(writer: &mut Writer<'_>, measurement: &Measurement<'_>, pad: usize) {
    writer.array(4);
    measurement.write_rest(writer, pad);
}

/// Writes the head of a statement with its number: in front of a message's plaintext without its first byte it
/// makes the statement whole.
pub(crate) fn write_number(writer: &mut Writer<'_>, sequence: u64) {
    writer.array(5);
    writer.uint(sequence);
}

/// Writes all that stands before the ciphertext.
pub(crate) fn write_head(writer: &mut Writer<'_>, id: &SessionId, sequence: u64, ciphertext: usize) {
    message::write_head(writer, &id.0, sequence, ciphertext);
}

/// What the AEAD of a session message authenticates beside the text.
pub(crate) fn enc_structure<'r>(topic: Topic<'_>, room: &'r mut [u8; ENC_STRUCTURE]) -> Result<&'r [u8]> {
    let external_aad = |writer: &mut Writer<'_>| {
        writer.array(2);
        writer.text("zegel-session-1");
        writer.text(topic.as_str());
    };
    message::enc_structure(&external_aad, room)
}

/// The smallest bucket of a message.
const SHORTEST: usize = 128;
