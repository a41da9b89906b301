//! Attacks on a pairing: by somebody who sees every word and has no code, and by somebody who photographed it
//! (SPEC §12.4).
//!
//! He meddles with whoever waits, before the genuine word comes.

use anyhow::Result;
use bytes::Bytes;
use zegel::Secret;
use zegel::pairing::{MAX_MESSAGE, PairingCode, Scanner};
use zegel::rng::SysRng;

use super::super::attack::{Kind, Role};
use super::super::run::{Run, now};
use super::edit::random;

/// Somebody waits for a word of a pairing.
pub(in super::super) struct Scene {
    pub(in super::super) waits: Role,
    /// Where it listens.
    pub(in super::super) topic: String,
    /// What stands on the screen.
    pub(in super::super) code: String,
    /// What has been said so far, on both topics: he has read it too.
    pub(in super::super) said: Vec<Bytes>,
}

/// What he does now; `before` are words of earlier pairings.
pub(super) fn shots(run: &Run, scene: &Scene, before: &[Bytes]) -> Result<Vec<(Kind, Bytes)>> {
    let said = scene.said.len();
    let next = said as u8 + 1;
    let mut shots = vec![
        (Kind::PairGarbage, Bytes::copy_from_slice(Secret::<100>::random(&mut SysRng)?.expose())),
        (Kind::PairInvent, invented(&scene.topic, next)?),
    ];
    // The word of an earlier pairing at this very step, as it is and under this one's name.
    if let Some(other) = before.iter().find(|word| word.get(STEP) == Some(&next)) {
        shots.push((Kind::PairMix, other.clone()));
        shots.push((Kind::PairMixMended, with(other, &id(&scene.topic), next)));
    }
    if let Some(last) = scene.said.last() {
        shots.push((Kind::PairReflect, last.clone()));
        shots.push((Kind::PairReflectMended, with(last, &id(&scene.topic), next)));
    }
    match said {
        2 => {
            let mut flipped = scene.said[0].to_vec();
            let at = flipped.len() - 1 - random(TAIL);
            flipped[at] ^= 1 << random(8);
            shots.push((Kind::PairFlip, flipped.into()));
            shots.push((Kind::PairSecond, second(run, &scene.code)?));
        }
        3 => {
            shots.push((Kind::PairAgain, scene.said[1].clone()));
            shots.push((Kind::PairSwap, with(&scene.said[1], &id(&scene.topic), next)));
        }
        _ => {}
    }
    Ok(shots)
}

/// Sound in shape, and sealed under a key that nobody has.
fn invented(topic: &str, step: u8) -> Result<Bytes> {
    let mut word = b"\xd0\x83\x44\xa1\x01\x18\x18\xa2\x04\x48........\x06\x47.......\x58\x78".to_vec();
    word.extend(Secret::<120>::random(&mut SysRng)?.expose());
    Ok(with(&word, &id(topic), step))
}

/// He has photographed the code, and scans it too.
fn second(run: &Run, code: &str) -> Result<Bytes> {
    let (mut room, own) = ([0; MAX_MESSAGE], &run.cast.mallory);
    let code = PairingCode::parse(code)?;
    let (_, first) = Scanner::new(code, &own.identity, &own.encoded, Some(now()), &mut room)?;
    Ok(Bytes::copy_from_slice(first))
}

fn with(word: &[u8], id: &[u8], step: u8) -> Bytes {
    let mut copy = word.to_vec();
    copy[ID].copy_from_slice(id);
    copy[STEP] = step;
    copy.into()
}

/// The pairing's name, which the topic has in hex: `zegel/pair/ID/1`.
fn id(topic: &str) -> Vec<u8> {
    let hex = topic.rsplit('/').nth(1).unwrap_or_default();
    data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap_or_else(|_| vec![0; ID.len()])
}

/// Where the pairing's name stands.
const ID: std::ops::Range<usize> = 10..18;
/// Where the step stands, the first byte of the Partial IV.
const STEP: usize = 20;
/// So many of the last bytes are ciphertext in every word.
const TAIL: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_the_name_of_its_topic_and_the_step_that_is_waited_for() {
        let word = invented("zegel/pair/0123456789abcdef/1", 3).unwrap();
        assert_eq!(&word[ID], b"\x01\x23\x45\x67\x89\xab\xcd\xef");
        assert_eq!((word[STEP], word.len()), (3, 29 + 120));
    }
}
