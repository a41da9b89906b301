//! What several tests of the store need.
#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod parties;

use std::path::PathBuf;

use tempfile::TempDir;
use zegel::rng::SysRng;
use zegel::{Card, CardClaims, Id, Identity, Secret, Status, Stream};

/// A directory that goes with the test, and a path in it.
pub(crate) fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.zegel");
    (directory, path)
}

pub(crate) fn stream(tag: u8) -> Stream {
    Stream::new(Id([tag; 32]), &Id([99; 32]))
}

/// The digest of the statement that has this number and this content.
pub(crate) fn digest(sequence: u64, content: u8) -> [u8; 32] {
    let mut digest = [content; 32];
    digest[..8].copy_from_slice(&sequence.to_be_bytes());
    digest
}

pub(crate) fn identity() -> Identity {
    Identity::generate(&mut SysRng).unwrap()
}

pub(crate) fn card(identity: &Identity, serial: u64, label: &str, status: Status) -> Vec<u8> {
    let claims = CardClaims { serial, not_before: 0, expires: 4_000_000_000, label, kem_keys: &[], status };
    Card::issue_to_vec(&claims, identity, &mut SysRng).unwrap()
}

pub(crate) fn secret() -> Secret<32> {
    Secret::random(&mut SysRng).unwrap()
}
