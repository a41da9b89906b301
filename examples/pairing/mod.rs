//! Stands for the desk where device and PGO once met: seeds and cards that both examples keep in one directory,
//! so that they can run at the two ends of a pipe. In real life each end has only its own seed.

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use zegel::rng::SysRng;
use zegel::{Card, CardClaims, Identity, KemKey, Secret, Status};

/// Both ends have to say the same: it is under the signature.
pub(crate) const TOPIC: &str = "zegel/7f3a/1";

/// A file of these examples.
pub(crate) fn path(name: &str) -> io::Result<PathBuf> {
    let directory = std::env::temp_dir().join("zegel-examples");
    fs::create_dir_all(&directory)?;
    Ok(directory.join(name))
}

/// The device itself.
pub(crate) fn device() -> Result<Identity, Box<dyn Error>> {
    Ok(Identity::from_seed(&secret("device.seed")?)?)
}

/// 32 secret bytes under a name: stored first, used afterwards.
pub(crate) fn secret(name: &str) -> Result<Secret<32>, Box<dyn Error>> {
    let bytes = kept(name, || Ok(Secret::<32>::random(&mut SysRng)?.expose().to_vec()))?;
    Ok(Secret::new(bytes.as_slice().try_into()?))
}

/// The device has no KEM key: nobody seals to it.
pub(crate) fn device_card(device: &Identity) -> Result<Vec<u8>, Box<dyn Error>> {
    card(&format!("{}.card", device.id().kid()), device, &[], "wristband")
}

pub(crate) fn pgo_card() -> Result<Vec<u8>, Box<dyn Error>> {
    let kem = KemKey::from_bytes(&secret("pgo.kem")?)?;
    card("pgo.card", &Identity::from_seed(&secret("pgo.seed")?)?, &[kem.public()], "my PGO")
}

fn card(
    name: &str,
    identity: &Identity,
    kem_keys: &[zegel::KemPublic],
    label: &str,
) -> Result<Vec<u8>, Box<dyn Error>> {
    let (serial, not_before, expires) = (1, 0, 4_000_000_000);
    let claims = CardClaims { serial, not_before, expires, label, kem_keys, status: Status::Active };
    kept(name, || Ok(Card::issue_to_vec(&claims, identity, &mut SysRng)?))
}

/// What the file holds; made whole the first time, whoever comes first.
fn kept(
    name: &str,
    make: impl FnOnce() -> Result<Vec<u8>, Box<dyn Error>>,
) -> Result<Vec<u8>, Box<dyn Error>> {
    let path = path(name)?;
    if !path.exists() {
        let mine = path.with_extension(format!("new-{}", std::process::id()));
        fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&mine)?
            .write_all(&make()?)?;
        // A link, unlike a rename, never replaces what another process made in the meantime.
        let linked = fs::hard_link(&mine, &path);
        fs::remove_file(&mine)?;
        linked.or_else(|error| if path.exists() { Ok(()) } else { Err(error) })?;
    }
    Ok(fs::read(path)?)
}
