//! What a legitimate sender can write into a group envelope when he is malicious, and what a fellow recipient, who has
//! the content key, can make of it (SPEC §4.6; threats, B-01 and B-02).

use zegel::envelope::GroupEnvelope;
use zegel::{Card, Error, GroupSealer, Id, Opened, Padding, UnverifiedEvidence, hpke};

use super::support::chain::{self, Group, ascending, group_plaintext, ids, signed_for};
use super::support::forge::{bstr, head, heads, other_heads, statement, tstr, uint};
use super::support::random::Draws;
use super::support::world::{Counter, NOW, Person, TOPIC, World, measurement};

fn refused(world: &World, by: &Person, bytes: &[u8]) -> Error {
    world.receiver().refuses(&by.opener(), TOPIC, Some(NOW), bytes)
}

fn words() -> Vec<u8> {
    statement(300, Some(NOW), 42, b"twenty-four bytes, longer", &[0; 5])
}

/// The PGO and the GP in their order, a group of them, and what the device says to them.
fn pair(world: &World) -> (Group<'static>, Vec<Id>, Vec<u8>) {
    let (people, audience) = ascending(&[&world.pgo, &world.gp]);
    let plaintext =
        group_plaintext(&audience, &signed_for(&world.device.identity, &audience, TOPIC, &words()));
    (Group::new(&people, TOPIC), audience, plaintext)
}

#[test]
fn a_group_envelope_built_by_hand_opens() {
    let world = World::new();
    let (group, _, plaintext) = pair(&world);
    for person in [&world.pgo, &world.gp] {
        let body = world.receiver().accepts(&person.opener(), TOPIC, &group.sealed(&plaintext));
        assert_eq!(body, b"twenty-four bytes, longer");
    }
}

/// The sender signs for whomever he names: names that are not the list's are refused by everybody.
#[test]
fn an_audience_that_is_not_the_list_of_recipients_is_rejected() {
    let world = World::new();
    let (people, all) = ascending(&[&world.pgo, &world.gp, &world.mallory]);
    let group = Group::new(&people, TOPIC);
    let device = &world.device.identity;
    let stranger = Id([0xfe; 32]);
    let me = world.pgo.identity.id();
    let place = all.iter().position(|id| *id == me).unwrap();
    let mut moved = all.clone();
    moved.rotate_left(1);
    let mut reversed = all.clone();
    reversed.reverse();
    let mut without_me = all.clone();
    without_me.remove(place);
    without_me.push(stranger);
    // In order, as long as the list, and with everybody else at another place.
    let elsewhere = match place {
        0 => vec![Id([0; 32]), all[0], all[1]],
        _ => all.iter().copied().skip(1).chain([stranger]).collect(),
    };
    let doubled = vec![all[0], all[0], all[1]];
    let many: Vec<Id> = (0..17).map(|i| Id([i; 32])).collect();
    for audience in [
        moved,
        reversed,
        without_me,
        elsewhere,
        doubled,
        all[..2].to_vec(),
        all[..1].to_vec(),
        vec![],
        [&all[..], &[stranger]].concat(),
        many,
    ] {
        let signed = signed_for(device, &audience, TOPIC, &words());
        let error = refused(&world, &world.pgo, &group.sealed(&group_plaintext(&audience, &signed)));
        assert_eq!(error, Error::Rejected, "{audience:?}");
    }
    // An id is 32 bytes.
    let short = [head(4, 3), bstr(&all[0].0[..31]), bstr(&all[1].0), bstr(&all[2].0)].concat();
    let signed = signed_for(device, &all, TOPIC, &words());
    for audience in [short, ids(&all)[1..].to_vec(), [head(5, 1), ids(&all)].concat()] {
        let plaintext = [head(4, 2), audience, signed.clone()].concat();
        assert_eq!(refused(&world, &world.pgo, &group.sealed(&plaintext)), Error::Rejected);
    }
    let genuine = group.sealed(&group_plaintext(&all, &signed));
    assert!(!world.receiver().accepts(&world.pgo.opener(), TOPIC, &genuine).is_empty());
}

/// What one recipient may open is no proof for another: to each his own place.
#[test]
fn another_recipients_place_is_not_ones_own() {
    let world = World::new();
    let (group, _, plaintext) = pair(&world);
    let envelope = group.sealed(&plaintext);
    // The GP's key in the PGO's hands opens the GP's place, where the PGO's id does not stand.
    let opener = zegel::Opener::new(world.pgo.identity.id(), &world.gp.keys);
    assert_eq!(world.receiver().refuses(&opener, TOPIC, Some(NOW), &envelope), Error::Rejected);
    // The recipients in another order than their ids.
    let swapped = Group { to: group.to.iter().rev().copied().collect(), ..group };
    for person in [&world.pgo, &world.gp] {
        assert_eq!(refused(&world, person, &swapped.sealed(&plaintext)), Error::Rejected);
    }
}

#[test]
fn other_encodings_of_a_group_envelope_are_refused() {
    let world = World::new();
    let (group, audience, plaintext) = pair(&world);
    let genuine = group.sealed(&plaintext);
    let variants = other_heads(&genuine);
    assert!(variants.len() > 100);
    for variant in variants {
        assert_eq!(refused(&world, &world.pgo, &variant), Error::Malformed);
    }
    for variant in other_heads(&plaintext) {
        assert_eq!(refused(&world, &world.pgo, &group.sealed(&variant)), Error::Rejected);
    }
    // Here the signature holds over the very bytes that are refused.
    for variant in other_heads(&words()) {
        let signed = signed_for(&world.device.identity, &audience, TOPIC, &variant);
        let plaintext = group_plaintext(&audience, &signed);
        assert_eq!(refused(&world, &world.pgo, &group.sealed(&plaintext)), Error::Rejected);
    }
    for at in 0..genuine.len() {
        assert_eq!(refused(&world, &world.pgo, &genuine[..at]), Error::Malformed);
    }
    assert_eq!(refused(&world, &world.pgo, &[&genuine[..], &[0]].concat()), Error::Malformed);
}

#[test]
fn a_group_envelope_has_one_shape() {
    let world = World::new();
    let (group, _, plaintext) = pair(&world);
    let ciphertext = chain::encrypted_with(&group.cek, &group.iv, &group.aad(), &plaintext);
    let recipients: Vec<_> = group.to.iter().map(|to| Group::recipient(to, &group.cek)).collect();
    let whole = |tag: Vec<u8>, protected: &[u8], unprotected: &[u8], list: &[Vec<u8>]| {
        let list = [head(4, list.len() as u64), list.concat()].concat();
        [tag, head(4, 4), bstr(protected), unprotected.to_vec(), bstr(&ciphertext), list].concat()
    };
    let iv = [head(5, 1), uint(5), bstr(&group.iv)].concat();
    let good = |list: &[Vec<u8>]| whole(head(6, 96), chain::CHACHA20_POLY1305, &iv, list);
    assert_eq!(good(&recipients), group.sealed(&plaintext));
    for tag in (0..=300).filter(|tag| *tag != 96) {
        let bytes = whole(head(6, tag), chain::CHACHA20_POLY1305, &iv, &recipients);
        assert_eq!(GroupEnvelope::parse(&bytes).err(), Some(Error::Malformed), "{tag}");
    }
    assert_eq!(refused(&world, &world.pgo, &good(&recipients)[2..]), Error::Malformed);
    for protected in [&b""[..], b"\xa0", b"\xa1\x01\x18\x19", b"\xa1\x01\x01", b"\xa2\x01\x18\x18\x02\x80"] {
        let bytes = whole(head(6, 96), protected, &iv, &recipients);
        assert_eq!(refused(&world, &world.pgo, &bytes), Error::Malformed);
    }
    for unprotected in [
        head(5, 0),
        [head(5, 1), uint(5), bstr(&[0; 11])].concat(),
        [head(5, 1), uint(5), bstr(&[0; 13])].concat(),
        [head(5, 1), uint(6), bstr(&group.iv)].concat(),
        [head(5, 1), uint(5), tstr("twelve bytes")].concat(),
        [head(5, 2), uint(5), bstr(&group.iv), uint(6), bstr(b"\x01")].concat(),
        [head(5, 2), uint(4), bstr(b"kid"), uint(5), bstr(&group.iv)].concat(),
    ] {
        let bytes = whole(head(6, 96), chain::CHACHA20_POLY1305, &unprotected, &recipients);
        assert_eq!(refused(&world, &world.pgo, &bytes), Error::Malformed);
    }
    let (one, two) = (&recipients[0], &recipients[1]);
    let changed = |at: usize, byte: u8| {
        let mut changed = one.clone();
        changed[at] = byte;
        changed
    };
    // The algorithm of the key encryption, its header, and the labels and lengths of the rest.
    let places = heads(one);
    assert_eq!(places.len(), 8);
    let mut lists: Vec<Vec<Vec<u8>>> = vec![vec![], vec![one.clone()], vec![one.clone(), one.clone()]];
    lists.push((0..17).map(|i| [&one[..9], &[i], &one[10..]].concat()).collect());
    lists.extend(
        [changed(5, 0x33), changed(5, 0x18), changed(0, 0x84), changed(6, 0xa1)]
            .map(|one| vec![one, two.clone()]),
    );
    for (drop, keep) in [(17, 18), (51, 52), (one.len() - 1, one.len())] {
        lists.push(vec![[&one[..drop], &one[keep..]].concat(), two.clone()]);
    }
    lists.push(vec![[&one[..], &[0]].concat(), two.clone()]);
    for list in lists {
        assert_eq!(refused(&world, &world.pgo, &good(&list)), Error::Malformed, "{} recipients", list.len());
    }
}

/// Bytes of one recipient: an array of 3, its header, a map with kid and ek, and the encrypted content key.
const RECIPIENT: usize = 1 + 5 + 1 + 10 + 35 + 50;

/// The content key, as one recipient of an envelope gets at it.
fn content_key(by: &Person, envelope: &[u8]) -> [u8; 32] {
    let count = GroupEnvelope::parse(envelope).unwrap().claimed_recipients().count();
    let list = &envelope[envelope.len() - count * RECIPIENT..];
    let kid = by.keys[0].public().kid().0;
    let mine = list.chunks(RECIPIENT).find(|recipient| recipient[9..17] == kid).unwrap();
    let info = [head(4, 4), tstr("HPKE Recipient"), uint(24), bstr(chain::HPKE_4_KE), bstr(b"zegel-1")];
    let ek: [u8; 32] = mine[20..52].try_into().unwrap();
    let mut context = hpke::receiver(&by.keys[0], &ek, &info.concat(), None).unwrap();
    let mut wrapped = mine[54..].to_vec();
    context.open_in_place(b"", &mut wrapped).unwrap();
    wrapped[..32].try_into().unwrap()
}

/// Threat A-13: the GP has the content key of what the device sealed for both, and writes to the PGO with it. The
/// PGO's own part of the envelope stays as it was.
#[test]
fn a_recipient_with_the_content_key_forges_nothing_to_another() {
    let world = World::new();
    let (people, audience) = ascending(&[&world.pgo, &world.gp]);
    let cards: Vec<Card> = people.iter().map(|person| person.card.clone()).collect();
    let sealer = GroupSealer::new(&world.device.identity, &cards, None, Counter(7)).unwrap();
    let mut sealer = sealer.with_padding(Padding::None);
    let envelope = sealer.seal_to_vec(TOPIC, &measurement(b"61"), &mut Draws(3)).unwrap();
    let outer = GroupEnvelope::parse(&envelope).unwrap();
    let iv: [u8; 12] = envelope[11..23].try_into().unwrap();
    let group = Group { cek: content_key(&world.gp, &envelope), iv, ..Group::new(&people, TOPIC) };
    let genuine = chain::decrypted_with(&group.cek, &iv, &group.aad(), outer.ciphertext()).unwrap();
    let list = &envelope[envelope.len() - 2 * RECIPIENT..];
    let rewritten = |plaintext: &[u8]| {
        let ciphertext = chain::encrypted_with(&group.cek, &group.iv, &group.aad(), plaintext);
        group.around(&ciphertext, &list.chunks(RECIPIENT).map(<[u8]>::to_vec).collect::<Vec<_>>())
    };
    assert_eq!(rewritten(&genuine), envelope, "he can write exactly what was said");

    let at = genuine.windows(2).rposition(|window| window == b"61").unwrap();
    let mut other_body = genuine.clone();
    other_body[at] = b'9';
    let mut other_number = genuine.clone();
    let number = genuine.windows(2).position(|window| window == b"\x85\x07").unwrap();
    other_number[number + 1] = 8;
    let said = statement(7, Some(NOW), 42, b"91", b"");
    let mut in_the_devices_name = signed_for(&world.gp.identity, &audience, TOPIC, &said);
    in_the_devices_name[8..16].copy_from_slice(&world.device.identity.id().kid().0);
    assert_eq!(in_the_devices_name[7], 0x48);
    let signature_for_one = signed_for(&world.device.identity, &[world.gp.identity.id()], TOPIC, &said);
    let elsewhere = signed_for(&world.device.identity, &audience, "another", &said);
    for plaintext in [
        other_body,
        other_number,
        group_plaintext(&audience, &in_the_devices_name),
        group_plaintext(&audience, &signature_for_one),
        group_plaintext(&audience, &elsewhere),
        genuine[..genuine.len() - 1].to_vec(),
    ] {
        assert_eq!(refused(&world, &world.pgo, &rewritten(&plaintext)), Error::Rejected);
    }
    // To a third whom the device has not named he cannot pass it on either: not as a group, and not alone.
    let (three, all) = ascending(&[&world.pgo, &world.gp, &world.mallory]);
    let (_, signed_at) = genuine.split_at(1 + ids(&audience).len());
    let wider = Group { cek: group.cek, iv, ..Group::new(&three, TOPIC) };
    for named in [&audience, &all] {
        let passed_on = wider.sealed(&group_plaintext(named, signed_at));
        for person in [&world.pgo, &world.mallory] {
            assert_eq!(refused(&world, person, &passed_on), Error::Rejected);
        }
    }
    let alone = super::support::forge::encrypted(&world.pgo.keys[0].public(), TOPIC, signed_at);
    assert_eq!(refused(&world, &world.pgo, &alone), Error::Rejected, "signed for two, sealed for one");
    assert_eq!(world.receiver().accepts(&world.pgo.opener(), TOPIC, &envelope), b"61");
}

/// Threat A-10, as far as a sender can go: he signs two contents under one number, and shows one to each. Each opens,
/// and the two of them can prove it to anybody.
#[test]
fn two_contents_under_one_number_are_two_signatures() {
    let world = World::new();
    let (people, audience) = ascending(&[&world.pgo, &world.gp]);
    let group = Group::new(&people, TOPIC);
    let said = |body: &[u8]| {
        let words = statement(7, Some(NOW), 42, body, b"");
        group.sealed(&group_plaintext(
            &audience,
            &signed_for(&world.device.identity, &audience, TOPIC, &words),
        ))
    };
    let (to_gp, to_pgo) = (said(b"61"), said(b"91"));
    let evidence = |by: &Person, envelope: &[u8]| {
        let shown = |opened: &Opened<'_>| opened.testimony().unwrap().to_vec(&world.device.wire).unwrap();
        world.receiver().attempt(&by.opener(), TOPIC, Some(NOW), envelope, shown).unwrap()
    };
    let (one, other) = (evidence(&world.gp, &to_gp), evidence(&world.pgo, &to_pgo));
    let (one, other) = (UnverifiedEvidence::parse(&one).unwrap(), UnverifiedEvidence::parse(&other).unwrap());
    let (one, other) = (one.verify().unwrap(), other.verify().unwrap());
    assert_eq!((one.stream(), one.sequence()), (other.stream(), other.sequence()));
    assert_ne!(one.digest(), other.digest());
    // Whoever gets both takes the first.
    let mut receiver = world.receiver();
    receiver.accepts(&world.pgo.opener(), TOPIC, &to_pgo);
    assert_eq!(receiver.refuses(&world.pgo.opener(), TOPIC, Some(NOW), &to_gp), Error::Conflict);
    assert_eq!(receiver.events.len(), 1);
}
