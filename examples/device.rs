//! A wearable: seals its readings in fixed buffers and prints each envelope as a line of hex.
//!
//!     cargo run -q --example device | cargo run -q -p zegel-store --example app
//!
//! On a microcontroller the same calls run without std and without a heap; only `Counter` changes.

mod pairing;

use std::fs::{self, File};
use std::io::Write;
use std::ops::Range;
use std::path::PathBuf;

use pairing::TOPIC;
use zegel::rng::SysRng;
use zegel::{Card, Error, Format, Measurement, Sealer, SequenceStore, Stream};

/// How far the sequence numbers have got, in a file of its own for the one stream of this device.
struct Counter {
    path: PathBuf,
}

impl SequenceStore for Counter {
    /// Reserves 64 numbers with one write. A power cut skips those that were not used: the receiver then
    /// reports a gap, which is honest, while a number used twice would be an alarm.
    fn reserve(&mut self, _: &Stream) -> Result<Range<u64>, Error> {
        self.advance(64).map_err(|_| Error::Storage)
    }
}

impl Counter {
    fn advance(&self, numbers: u64) -> std::io::Result<Range<u64>> {
        let next = match fs::read(&self.path) {
            Ok(bytes) => u64::from_be_bytes(bytes.try_into().map_err(|_| std::io::ErrorKind::InvalidData)?),
            // Only a file that was never there means a new stream; one that cannot be read must not.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        let end = next.checked_add(numbers).ok_or(std::io::ErrorKind::InvalidData)?;
        // Written beside, synced, renamed, and the directory synced too: a power cut leaves the old number or
        // the new one, never half of one.
        let beside = self.path.with_extension("new");
        let mut file = File::create(&beside)?;
        file.write_all(&end.to_be_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, &self.path)?;
        if let Some(directory) = self.path.parent() {
            File::open(directory)?.sync_all()?;
        }
        // Read back: storage that lies is found out before a number is used, not after.
        if fs::read(&self.path)? != end.to_be_bytes() {
            return Err(std::io::ErrorKind::InvalidData.into());
        }
        Ok(next..end)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let identity = pairing::device()?;
    pairing::device_card(&identity)?;
    eprintln!("the device shows {}", identity.id().fingerprint());

    // The card came in at pairing and its id was compared; it is checked again at each start.
    let pgo = Card::from_bytes(&pairing::pgo_card()?)?;
    // This device has no clock it would trust, so it says so: order and gaps come from the numbers.
    let counter = Counter { path: pairing::path("device.sequence")? };
    let mut sealer = Sealer::new(&identity, &pgo, None, counter)?;

    let mut out = [0; 256];
    let mut line = [0; 512];
    for beats in [61u8, 64, 190] {
        let reading = [b'h', beats];
        let measurement = Measurement { time: None, format: Format::OCTET_STREAM, body: &reading };
        // The default padding makes each of these 256 bytes: an alarming heart rate looks like a calm one.
        let envelope = sealer.seal(TOPIC, &measurement, &mut SysRng, &mut out)?;
        let length = hex(envelope, &mut line);
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(&line[..length])?;
        stdout.write_all(b"\n")?;
    }
    Ok(())
}

/// Writes the digits of `bytes` into `line`: how many there are.
fn hex(bytes: &[u8], line: &mut [u8]) -> usize {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (pair, byte) in line.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    bytes.len() * 2
}
