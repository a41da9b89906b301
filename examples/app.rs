//! A PGO's app: pins the device after its fingerprint was compared, then opens each line of hex from stdin once.
//!
//!     cargo run -q --example device | cargo run -q -p zegel-store --example app
//!
//! Run by itself it plays a second device too, and takes one reading of that.

mod pairing;

use std::io::{IsTerminal, stdin};

use pairing::TOPIC;
use zegel::rng::SysRng;
use zegel::{Card, Error, Format, Id, Identity, KemKey, Measurement, Opener, Sealer};
use zegel_store::{Store, StoreError};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let me = Identity::from_seed(&pairing::secret("pgo.seed")?)?;
    let keys = [KemKey::from_bytes(&pairing::secret("pgo.kem")?)?];
    let opener = Opener::new(me.id(), &keys);
    let store = Store::open_or_create(pairing::path("pgo.state")?)?;
    pin(&store, &pairing::device()?)?;

    let mut lines: Vec<String> =
        if stdin().is_terminal() { Vec::new() } else { stdin().lines().collect::<Result<_, _>>()? };
    if lines.is_empty() {
        lines.push(second_device(&store)?);
    }
    for line in lines {
        // Opening happens in place, so the message has to be ours.
        let Some(mut envelope) = bytes(&line) else {
            eprintln!("not a line of hex");
            continue;
        };
        match take(&store, &opener, &mut envelope) {
            Ok((sender, text)) => println!("{} from {}", text, sender.kid()),
            // The same line again changes nothing: it was taken already.
            Err(StoreError::Refused(Error::Duplicate)) => println!("had that one"),
            Err(error) => eprintln!("{error}"),
        }
    }
    Ok(())
}

/// Trust begins here and nowhere else: somebody reads the digits on the device, and says whether they are these.
fn pin(store: &Store, device: &Identity) -> Result<(), Box<dyn std::error::Error>> {
    let bytes = pairing::device_card(device)?;
    let card = Card::from_bytes(&bytes)?;
    // The label is what the device calls itself. Anybody can choose any label, so the digits decide.
    eprintln!("{:?} says it is {}", card.label(), card.id().fingerprint());
    let on_its_display = device.id();
    if *card.id() != on_its_display {
        return Err("these are not the digits on the device".into());
    }
    let mut transaction = store.begin()?;
    transaction.pin(&bytes)?;
    Ok(transaction.commit()?)
}

/// One transaction takes the number and stores the reading: after a crash there are both, or neither.
fn take(store: &Store, opener: &Opener<'_>, envelope: &mut [u8]) -> Result<(Id, String), StoreError> {
    let mut transaction = store.begin()?;
    let opened = opener.open(&mut transaction, TOPIC, None, envelope)?;
    if let Some(reading) = opened.body() {
        transaction.put("readings", opened.digest(), reading)?;
    }
    let text = match opened.body() {
        Some([b'h', beats]) => format!("number {}: {beats} beats a minute", opened.sequence()),
        // Signed by a trusted device does not mean sensible: what it says is checked like any input.
        _ => format!("number {}: a reading this version does not know", opened.sequence()),
    };
    if let Some((first, last)) = opened.arrival().missing {
        eprintln!("numbers {first} to {last} are missing so far");
    }
    let sender = *opened.sender();
    transaction.commit()?;
    Ok((sender, text))
}

/// One reading of a device with a seed of its own: two that share a seed would share their numbers.
fn second_device(store: &Store) -> Result<String, Box<dyn std::error::Error>> {
    let device = Identity::from_seed(&pairing::secret("second-device.seed")?)?;
    pin(store, &device)?;
    let pgo = Card::from_bytes(&pairing::pgo_card()?)?;
    let reading = Measurement { time: None, format: Format::OCTET_STREAM, body: &[b'h', 61] };
    let mut sealer = Sealer::new(&device, &pgo, None, store.sequence())?;
    let envelope = sealer.seal_to_vec(TOPIC, &reading, &mut SysRng)?;
    Ok(envelope.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn bytes(line: &str) -> Option<Vec<u8>> {
    let digits = line.trim().as_bytes();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if digits.len().is_multiple_of(2) { digits.chunks(2).map(pair).collect() } else { None }
}
