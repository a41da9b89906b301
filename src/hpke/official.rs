//! The official vectors of RFC 9180 and of the COSE HPKE draft, one floor below the envelope: their keys
//! are published, so the public API refuses them.

use serde_json::Value;
use std::format;
use std::string::String;
use std::vec::Vec;

use crate::cbor::{Reader, Writer, count, write};
use crate::cose::encrypt::INFO;
use crate::cose::header::{CHACHA20_POLY1305, EK, HPKE_4_KE, IV, KID};
use crate::crypto::aead;
use crate::crypto::kem::{self, Peer};
use crate::crypto::schedule::{Psk, Schedule};
use crate::error::Error;
use crate::hpke::{Context, ReceiverContext, SenderContext};
use crate::secret::Secret;

#[test]
fn rfc9180_base_and_psk_with_every_encryption_and_export() {
    let entries: Value = serde_json::from_str(include_str!("../../tests/official/rfc9180.json")).unwrap();
    assert_eq!(entries.as_array().unwrap().len(), 2);
    for entry in entries.as_array().unwrap() {
        let (info, pt) = (hex(&entry["info"]), hex(&entry["pt"]));
        let (key, id) = (hex(&entry["psk"]), hex(&entry["psk_id"]));
        let psk = (entry["mode"] == 1).then_some(Psk { key: &key, id: &id });

        let peer = Peer::new(array(&entry["pkRm"]));
        let sent = kem::encap(&peer, &Secret::new(array(&entry["ikmE"]))).unwrap();
        assert_eq!(sent.enc, array(&entry["enc"]));
        assert_eq!(sent.shared, Secret::new(array(&entry["shared_secret"])));
        let private = Secret::new(array(&entry["skRm"]));
        assert_eq!(kem::public_key(&private), *peer.bytes());
        let dh = kem::agree(&private, &sent.enc).unwrap();
        let received = kem::shared_secret(&dh, &sent.enc, peer.bytes());
        assert_eq!(received, sent.shared);

        let mut sender = SenderContext(Context::new(&sent.shared, &info, psk).unwrap());
        let mut receiver = ReceiverContext(Context::new(&received, &info, psk).unwrap());
        let ciphertexts = entry["ct"].as_array().unwrap();
        assert_eq!(ciphertexts.len(), 257);
        for (i, ct) in ciphertexts.iter().enumerate() {
            let aad = format!("Count-{i}");
            let mut buffer = [&pt[..], &[0; 16]].concat();
            sender.seal_in_place(aad.as_bytes(), &mut buffer).unwrap();
            assert_eq!(buffer, hex(ct), "{i}");
            assert_eq!(receiver.open_in_place(aad.as_bytes(), &mut buffer).unwrap(), pt, "{i}");
        }
        assert_eq!(entry["exports"].as_array().unwrap().len(), 3);
        for export in entry["exports"].as_array().unwrap() {
            let mut output = [0; 32];
            assert_eq!(export[1], 32);
            sender.export(&hex(&export[0]), &mut output).unwrap();
            assert_eq!(output, array(&export[2]));
            receiver.export(&hex(&export[0]), &mut output).unwrap();
            assert_eq!(output, array(&export[2]));
        }
    }
}

#[test]
fn cose_hpke_4_messages_open() {
    let file: Value = serde_json::from_str(include_str!("../../tests/official/cose-hpke-4.json")).unwrap();
    let private = Secret::new(array(&file["private"]));
    let (key, id) = (hex(&file["psk"]), hex(&file["psk_id"]));
    assert_eq!(file["messages"].as_array().unwrap().len(), 8);
    for message in file["messages"].as_array().unwrap() {
        let text = |field: &str| String::from(message[field].as_str().unwrap());
        let bytes = hex(&message["message"]);
        let mut reader = Reader::new(&bytes);
        reader.tag(16);
        reader.array(3);
        let protected = reader.bytes();
        reader.map(2);
        reader.exactly(KID);
        reader.bytes();
        reader.exactly(EK);
        let ek: [u8; 32] = reader.array_of();
        let mut ciphertext = Vec::from(reader.bytes());
        reader.end().unwrap();

        let aad = enc_structure("Encrypt0", protected, text("aad").as_bytes());
        let dh = kem::agree(&private, &ek).unwrap();
        let shared = kem::shared_secret(&dh, &ek, &kem::public_key(&private));
        let psk = (message["psk"] == true).then_some(Psk { key: &key, id: &id });
        let schedule = Schedule::new(&shared, text("info").as_bytes(), psk).unwrap();
        let plaintext = schedule.keys.open(0, &aad, &mut ciphertext).unwrap();
        assert_eq!(plaintext, file["plaintext"].as_str().unwrap().as_bytes(), "{}", message["name"]);
    }
}

#[test]
fn cose_hpke_4_ke_messages_open() {
    let file: Value = serde_json::from_str(include_str!("../../tests/official/cose-hpke-4-ke.json")).unwrap();
    let private = Secret::new(array(&file["private"]));
    let (key, id) = (hex(&file["psk"]), hex(&file["psk_id"]));
    assert_eq!(file["messages"].as_array().unwrap().len(), 16);
    for message in file["messages"].as_array().unwrap() {
        let text = |field: &str| String::from(message[field].as_str().unwrap());
        let is_psk = message["psk"] == true;
        let bytes = hex(&message["message"]);
        let mut reader = Reader::new(&bytes);
        reader.tag(96);
        reader.array(4);
        let protected = reader.bytes();
        assert_eq!(protected, CHACHA20_POLY1305);
        reader.map(1);
        reader.exactly(IV);
        let iv: [u8; 12] = reader.array_of();
        let mut ciphertext = Vec::from(reader.bytes());
        reader.array(1);
        reader.array(3);
        let recipient_protected = reader.bytes();
        // The psk_id takes the place of the kid in the protected header.
        reader.map(if is_psk { 2 } else { 1 });
        if is_psk {
            reader.exactly(KID);
            reader.bytes();
        }
        reader.exactly(EK);
        let ek: [u8; 32] = reader.array_of();
        let mut wrapped = Vec::from(reader.bytes());
        reader.end().unwrap();

        let dh = kem::agree(&private, &ek).unwrap();
        let shared = kem::shared_secret(&dh, &ek, &kem::public_key(&private));
        let psk = is_psk.then_some(Psk { key: &key, id: &id });
        let info = recipient_structure(recipient_protected, text("info").as_bytes());
        let schedule = Schedule::new(&shared, &info, psk).unwrap();
        let cek = schedule.keys.open(0, text("hpke_aad").as_bytes(), &mut wrapped).unwrap();
        let cek = Secret::new((&*cek).try_into().unwrap());
        let aad = enc_structure("Encrypt", protected, text("aad").as_bytes());
        let plaintext = aead::open(&cek, &iv, &aad, &mut ciphertext).unwrap();
        assert_eq!(plaintext, file["plaintext"].as_str().unwrap().as_bytes(), "{}", message["name"]);
    }
    // Ours is the same structure, with what is always in it.
    assert_eq!(recipient_structure(HPKE_4_KE, b"zegel-1"), INFO);
}

#[test]
fn a_short_psk_or_an_unnamed_one_is_refused() {
    for (key, id) in [(&[1; 31][..], &b"id"[..]), (&[1; 32], b"")] {
        let refused = Schedule::new(&Secret::new([1; 32]), b"", Some(Psk { key, id }));
        assert_eq!(refused.err(), Some(Error::WeakKey));
    }
}

#[test]
fn a_refused_message_is_wiped_and_waited_for() {
    let shared = Secret::new([7; 32]);
    let mut sender = SenderContext(Context::new(&shared, b"", None).unwrap());
    let mut receiver = ReceiverContext(Context::new(&shared, b"", None).unwrap());
    assert_eq!(sender.seal_in_place(b"", &mut [0; 15]), Err(Error::BufferTooSmall));
    let mut message = [5; 20];
    sender.seal_in_place(b"", &mut message).unwrap();
    let mut changed = message;
    changed[3] ^= 1;
    assert_eq!(receiver.open_in_place(b"", &mut changed), Err(Error::Rejected));
    assert_eq!(changed, [0; 20]);
    assert_eq!(receiver.open_in_place(b"", &mut message).unwrap(), [5; 4]);
}

fn enc_structure(kind: &str, protected: &[u8], external_aad: &[u8]) -> Vec<u8> {
    written(|writer| {
        writer.array(3);
        writer.text(kind);
        writer.bytes(protected);
        writer.bytes(external_aad);
    })
}

/// The `info` of one recipient: for whom the key is, by which algorithm, and what the application adds.
fn recipient_structure(protected: &[u8], extra_info: &[u8]) -> Vec<u8> {
    written(|writer| {
        writer.array(4);
        writer.text("HPKE Recipient");
        writer.uint(24);
        writer.bytes(protected);
        writer.bytes(extra_info);
    })
}

fn written(values: impl Fn(&mut Writer<'_>)) -> Vec<u8> {
    let mut bytes = std::vec![0; count(&values)];
    write(&mut bytes, values).unwrap();
    bytes
}

fn hex(value: &Value) -> Vec<u8> {
    let digits = value.as_str().unwrap().as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn array(value: &Value) -> [u8; 32] {
    hex(value).try_into().unwrap()
}
