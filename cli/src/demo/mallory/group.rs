//! What can be done to an envelope for several: its list of recipients changed, its content signed by a fellow
//! (SPEC §4.6).

use std::ops::Range;

use anyhow::Result;

use super::super::attack::Kind;
use super::super::run::Run;
use super::edit::random;
use super::{Seen, Shot, forge};

/// The next attack of this kind; `None` when it is another kind, or he has not what it needs.
pub(super) fn shot(run: &Run, seen: &Seen, kind: Kind, turn: usize) -> Result<Option<Shot>> {
    let Some(latest) = seen.groups.last() else { return Ok(None) };
    let edit = |edit: fn(&[u8], usize) -> Vec<u8>| Ok(Some(Shot::new(&run.topics.group, edit(latest, turn))));
    match kind {
        Kind::GroupReplay => Ok(Some(Shot::new(&run.topics.group, latest.clone()))),
        Kind::GroupFlip => edit(flipped),
        Kind::GroupRemove => edit(without),
        Kind::GroupAdd => edit(with_another),
        Kind::GroupReorder => edit(reordered),
        Kind::GroupDouble => edit(doubled),
        Kind::GroupMove => Ok(Some(Shot::new(&run.topics.pgo[1], latest.clone()))),
        Kind::GroupResign => Ok(Some(Shot::new(&run.topics.group, forge::for_two(run, turn)?))),
        _ => Ok(None),
    }
}

fn flipped(envelope: &[u8], turn: usize) -> Vec<u8> {
    let mut copy = envelope.to_vec();
    let at = CIPHERTEXT + random(list(envelope) - CIPHERTEXT);
    copy[at] ^= 1 << (turn % 8);
    copy
}

fn without(envelope: &[u8], turn: usize) -> Vec<u8> {
    let place = list(envelope);
    let kept = &recipients(envelope)[turn % 2];
    [&envelope[..place], &[ARRAY + 1], &envelope[kept.clone()]].concat()
}

/// Somebody with a key of his own is added: nobody knows it.
fn with_another(envelope: &[u8], turn: usize) -> Vec<u8> {
    let [first, second] = recipients(envelope);
    let mut third = envelope[first.clone()].to_vec();
    for byte in &mut third[KID] {
        *byte = random(256) as u8;
    }
    let (first, second) = (&envelope[first], &envelope[second]);
    let parts = match turn % 3 {
        0 => [first, second, &third],
        1 => [first, &third, second],
        _ => [&third, first, second],
    };
    [&envelope[..list(envelope)], &[ARRAY + 3], &parts.concat()].concat()
}

fn reordered(envelope: &[u8], _: usize) -> Vec<u8> {
    let [first, second] = recipients(envelope);
    [&envelope[..first.start], &envelope[second], &envelope[first]].concat()
}

fn doubled(envelope: &[u8], turn: usize) -> Vec<u8> {
    let again = recipients(envelope)[turn % 2].clone();
    [&envelope[..list(envelope)], &[ARRAY + 3], &envelope[list(envelope) + 1..], &envelope[again]].concat()
}

/// Where the list of two recipients stands, at the end of the envelope.
fn list(envelope: &[u8]) -> usize {
    envelope.len() - 2 * RECIPIENT - 1
}

fn recipients(envelope: &[u8]) -> [Range<usize>; 2] {
    let first = list(envelope) + 1;
    [first..first + RECIPIENT, first + RECIPIENT..envelope.len()]
}

/// Bytes of a recipient: its array, protected header, map of kid and ephemeral key, and wrapped content key.
const RECIPIENT: usize = 1 + 5 + 1 + 10 + 35 + 50;
/// Where in a recipient its key id stands.
const KID: Range<usize> = 9..17;
/// The head of an array.
const ARRAY: u8 = 0x80;
/// Behind the head of the ciphertext, however long it is.
const CIPHERTEXT: usize = 28;

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope() -> Vec<u8> {
        let recipient = |fill: u8| {
            let mut bytes = b"\x83\x44\xa1\x01\x18\x32\xa2\x04\x48".to_vec();
            bytes.resize(RECIPIENT, fill);
            bytes
        };
        [&[0; 200][..], &[ARRAY + 2], &recipient(1), &recipient(2)].concat()
    }

    #[test]
    fn recipients_are_taken_out_put_in_turned_and_doubled() {
        let envelope = envelope();
        let [first, second] = recipients(&envelope);
        assert_eq!((first.start, envelope[list(&envelope)]), (201, 0x82));
        assert_eq!(without(&envelope, 1)[200..], [&[0x81], &envelope[second.clone()]].concat());
        assert_eq!(with_another(&envelope, 0).len(), envelope.len() + RECIPIENT);
        assert_eq!(reordered(&envelope, 0)[201..], [&envelope[second], &envelope[first]].concat());
        assert_eq!(doubled(&envelope, 0)[200], 0x83);
    }
}
