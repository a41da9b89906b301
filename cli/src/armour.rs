//! Text armour (RFC 7468) for what people send and store, and a word for a file that is something else.
//!
//! Strict: one block, lines of 64 characters, no other label.

use anyhow::{Context as _, Result, bail};
use pem_rfc7468::LineEnding;
use zeroize::Zeroizing;

/// The label of a key file.
pub(crate) const KEY: &str = "ZEGEL PRIVATE KEY";
/// The label of a card.
pub(crate) const CARD: &str = "ZEGEL CARD";

/// `bytes` as text under `label`.
pub(crate) fn encode(label: &str, bytes: &[u8]) -> Result<Zeroizing<String>> {
    pem_rfc7468::encode_string(label, LineEnding::LF, bytes).map(Zeroizing::new).context("cannot be armoured")
}

/// The bytes under `label` in `text`, or what the text is instead.
pub(crate) fn decode(label: &str, text: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    match pem_rfc7468::decode_label(text) {
        Ok(found) if found == label => {}
        _ => bail!("{}, where a {} is wanted", identify(text), name(label)),
    }
    match pem_rfc7468::decode_vec(text) {
        Ok((_, bytes)) => Ok(Zeroizing::new(bytes)),
        Err(error) => bail!("a {} that was cut or changed: {error}", name(label)),
    }
}

/// The bytes of a card, which may be in text armour or bare.
pub(crate) fn card(bytes: &[u8]) -> Result<Vec<u8>> {
    if bytes.first() == Some(&CARD_TAG) {
        return Ok(bytes.to_vec());
    }
    Ok(decode(CARD, bytes)?.to_vec())
}

/// Whether these bytes are text armour at all.
pub(crate) fn is_armour(bytes: &[u8]) -> bool {
    pem_rfc7468::decode_label(bytes).is_ok()
}

/// What a file seems to be, for a message.
pub(crate) fn identify(bytes: &[u8]) -> String {
    if let Ok(label) = pem_rfc7468::decode_label(bytes) {
        return match label {
            KEY | CARD => format!("this is a {}", name(label)),
            "OPENSSH PRIVATE KEY" => "this is an OpenSSH key".into(),
            // The label is a stranger's text.
            other => format!("this is a PEM file ({})", other.escape_default()),
        };
    }
    let starts = [
        (&b""[..], "this file is empty"),
        (&b"AGE-SECRET-KEY-"[..], "this is an age key"),
        (&b"# created: "[..], "this is an age key"),
        (&b"untrusted comment:"[..], "this is a minisign file"),
        (&b"ssh-"[..], "this is an OpenSSH public key"),
        (&b"redb"[..], "this is a state file"),
        (&[0xd0, 0x83][..], "this is an envelope"),
        (&[0xd2, 0x84][..], "this is a card in binary"),
    ];
    let found = starts
        .iter()
        .find(|(start, _)| if start.is_empty() { bytes.is_empty() } else { bytes.starts_with(start) });
    found.map_or("this is something else", |(_, name)| name).into()
}

fn name(label: &str) -> &'static str {
    if label == KEY { "zegel key file" } else { "zegel card" }
}

/// Tag 18: how a card in binary begins.
pub(crate) const CARD_TAG: u8 = 0xd2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back_and_other_labels_do_not() {
        let text = encode(CARD, b"\xd2\x84...").unwrap();
        assert_eq!(decode(CARD, text.as_bytes()).unwrap().as_slice(), b"\xd2\x84...");
        let error = decode(KEY, text.as_bytes()).unwrap_err().to_string();
        assert_eq!(error, "this is a zegel card, where a zegel key file is wanted");
        assert!(decode(CARD, &text.as_bytes()[..20]).is_err());
        assert_eq!(
            decode(KEY, b"").unwrap_err().to_string(),
            "this file is empty, where a zegel key file is wanted"
        );
    }
}
