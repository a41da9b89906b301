//! The same for what came after the one-shot envelope: groups, sessions and evidence.

use std::sync::OnceLock;

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};
use zegel::envelope::GroupEnvelope;
use zegel::{
    Card, CardClaims, Content, Error, EventLog, ExactGuard, Format, GroupSealer, Id, Identity, KemKey,
    Measurement, MemorySequence, MemorySessions, MemoryTrust, Opened, Opener, Padding, Sealer, Secret,
    Session, SessionLimits, Sign, SignedBlock, State, Status, UnverifiedEvidence, UnverifiedIntroduction,
    hpke,
};

use super::{BODY, Fixed, NOW, TOPIC, bstr, head, mutated, outer, statement, tstr};

/// What the new forms say before anything is proven.
pub(super) fn parse(data: &[u8]) {
    if let Ok(envelope) = GroupEnvelope::parse(data) {
        let kids: Vec<_> = envelope.claimed_recipients().collect();
        let all = kids.iter().enumerate();
        assert!((2..=16).contains(&kids.len()) && all.clone().all(|(i, kid)| !kids[..i].contains(kid)));
        // All but ciphertext and recipients has one length: their heads tell the rest.
        let ciphertext = bstr(envelope.ciphertext()).len();
        assert_eq!(data.len(), 23 + ciphertext + 1 + 102 * kids.len());
    }
    if let Ok(evidence) = UnverifiedEvidence::parse(data) {
        let origin = evidence.claimed_origin().expect("a card stands in it");
        let topic = evidence.claimed_topic();
        if let Ok(evidence) = evidence.verify() {
            assert_eq!((*evidence.origin(), evidence.topic()), (origin, topic));
            assert_eq!(evidence.stream().sender, origin);
            let (first, last) = evidence.signed_with();
            assert!((first..=last).contains(&evidence.sequence()) && last - first < 64);
        }
    }
    if let Ok(introduction) = UnverifiedIntroduction::parse(data) {
        let length = introduction.len();
        if let Ok(introduction) = introduction.verify() {
            let ids: Vec<Id> = introduction.ids().collect();
            assert!(ids.len() as u64 == length && ids.is_sorted_by(|a, b| a < b));
        }
    }
}

/// Nothing but what the device said in its session is opened, and nothing but what it signed is proven. The first byte
/// chooses what is mutated: bytes, a message, a plaintext, a signed block, or a keyframe's body; the second is a number.
pub fn session(data: &[u8]) {
    let world = world();
    let Some((how, rest)) = data.split_first() else { return };
    let Some((number, edits)) = rest.split_first() else { return };
    let number = u64::from(*number);
    let bytes = match how % 6 {
        0 => edits.to_vec(),
        1 => mutated(&world.messages[usize::from(number as u8 % 4)], edits),
        2 => world.secrets.message(number, &mutated(&world.plaintext, edits)),
        3 => {
            let block = mutated(&world.block, edits);
            let signed = sign1(&world.device, &world.manifest_context(), &block);
            world.secrets.message(number, &plaintext(65_001, &signed))
        }
        4 => world.secrets.message(number, &plaintext(65_001, &mutated(&world.manifest, edits))),
        _ => {
            let statement =
                statement(number, Some(NOW), Format(65_000), &mutated(b"\x83\x04\x08\x18\x3c", edits));
            world.encrypted(0, &world.signed(&world.device, &[world.pgo.id()], &statement))
        }
    };
    let mut state = state(&[&world.device_card]);
    let opener = Opener::new(world.pgo.id(), &world.keys[..1]);
    let open = |state: &mut Receiver, bytes: &[u8]| {
        let (before, kept) = (state.replay.clone(), format!("{:?}", state.sessions));
        let mut buffer = bytes.to_vec();
        match opener.open(state, TOPIC, Some(NOW), &mut buffer) {
            Ok(opened) => Ok(see(&opened)),
            Err(error) => {
                // What came before its keyframe was not decrypted, and stays as it came.
                let as_it_came = error == Error::UnknownSession && buffer == bytes;
                assert!(as_it_came || buffer.iter().all(|byte| *byte == 0), "the buffer is wiped");
                assert!(state.replay == before, "no number was taken");
                assert_eq!(format!("{:?}", state.sessions), kept, "no session moved");
                Err(error)
            }
        }
    };
    // The keyframe, and one of the two messages: the other and the manifest are still to come.
    assert!(open(&mut state, &world.messages[0]).is_ok() && open(&mut state, &world.messages[1]).is_ok());
    if let Ok((sender, block)) = open(&mut state, &bytes) {
        assert!(sender == world.device.id(), "only the device's own words open");
        assert!(block.is_none() || how % 6 != 1, "with a message missing nothing is proven");
        if let Some((first, last)) = block {
            assert_eq!((first, last), (1, 1), "what is there is signed, alone");
        }
        assert_eq!(open(&mut state, &bytes).err(), Some(Error::Duplicate));
    } else {
        let genuine = how % 6 == 2 && edits.is_empty() && (2..=8).contains(&number);
        assert!(!genuine, "what the device may say opens");
    }
    for message in &world.messages[2..] {
        if let Ok((_, Some(block))) = open(&mut state, message) {
            assert_eq!(block, (1, 2));
        }
    }
}

/// Whom it concerns, and the numbers of the block that it proves.
fn see(opened: &Opened<'_>) -> (Id, Option<(u64, u64)>) {
    (*opened.sender(), opened.block().map(SignedBlock::numbers))
}

/// Nothing but the genuine group envelope opens. The first byte chooses what is mutated: bytes, an envelope, the
/// plaintext under the encryption, or the statement under the signature.
pub fn group(data: &[u8]) {
    let world = world();
    let Some((how, edits)) = data.split_first() else { return };
    let envelope = match how % 4 {
        0 => edits.to_vec(),
        1 => mutated(&world.group, edits),
        2 => world.group_of(&mutated(&world.group_plaintext, edits)),
        _ => {
            let statement = mutated(&statement(0, Some(NOW), Format::OCTET_STREAM, BODY), edits);
            world.group_of(&group_plaintext(world, &statement))
        }
    };
    let mut state = state(&[&world.device_card]);
    let opener = Opener::new(world.pgo.id(), &world.keys[..1]);
    let mut buffer = envelope.clone();
    match opener.open(&mut state, TOPIC, Some(NOW), &mut buffer) {
        Ok(opened) => {
            assert_eq!(*opened.sender(), world.device.id());
            let genuine = how % 4 == 3 || (opened.sequence() == 0 && opened.body() == Some(BODY));
            assert!(genuine, "only the device's own words open");
            let evidence = opened.testimony().expect("it is signed").to_vec(&world.device_card);
            assert!(UnverifiedEvidence::parse(&evidence.expect("the card is the device's")).is_ok());
        }
        Err(error) => {
            use Error::{Ahead, Jump, Malformed, NotForMe, Rejected, Stale, UnknownSender, UnknownSession};
            assert!(matches!(
                error,
                Malformed | NotForMe | UnknownSession | Rejected | UnknownSender | Stale | Ahead | Jump
            ));
            let as_it_came = error == UnknownSession && buffer == envelope;
            assert!(as_it_came || buffer.iter().all(|byte| *byte == 0), "the buffer is wiped");
            assert!(state.replay == ExactGuard::new(), "no number was taken");
            assert!(how % 4 == 0 || !edits.is_empty(), "the genuine one opens");
        }
    }
}

/// Evidence that verifies is what the device signed, and opens as such when the PGO hands it on. The first byte chooses
/// what is mutated: bytes, evidence by a signature or by a block, or the statement under the signature.
pub fn evidence(data: &[u8]) {
    let world = world();
    let Some((how, edits)) = data.split_first() else { return };
    let bytes = match how % 4 {
        0 => edits.to_vec(),
        1 => mutated(&world.evidence[0], edits),
        2 => mutated(&world.evidence[1], edits),
        _ => {
            let statement = mutated(&statement(0, Some(NOW), Format::OCTET_STREAM, BODY), edits);
            let audience = [world.pgo.id()];
            let signed = world.signed(&world.device, &audience, &statement);
            let proof = bstr(&signed[signed.len() - 64..]);
            let card = bstr(&world.device_card);
            [&[0x85][..], &card, &ids(&audience), &tstr(TOPIC), &bstr(&statement), &proof].concat()
        }
    };
    let verified = UnverifiedEvidence::parse(&bytes).and_then(UnverifiedEvidence::verify);
    if let Ok(evidence) = &verified {
        assert!(how % 4 == 0 || *evidence.origin() == world.device.id());
        assert!(how % 4 == 0 || evidence.audience().eq([world.pgo.id()]));
        let genuine = matches!(how % 4, 0 | 3) || (evidence.body() == BODY && evidence.topic() == TOPIC);
        assert!(genuine, "only the device's own words verify");
    }
    assert!(how % 4 == 0 || !edits.is_empty() || verified.is_ok(), "the genuine one verifies");
    // The PGO's own envelope for the GP around it.
    let statement = statement(0, Some(NOW), Format(65_002), &bytes);
    let mut envelope = world.encrypted(1, &world.signed(&world.pgo, &[world.gp], &statement));
    let mut state = state(&[&world.device_card, &world.pgo_card]);
    let opener = Opener::new(world.gp, &world.keys[1..]);
    match opener.open(&mut state, TOPIC, Some(NOW), &mut envelope) {
        Ok(opened) => {
            let Content::Evidence(custody) = opened.content() else { panic!("{opened:?}") };
            assert_eq!((*custody.origin(), *custody.forwarder()), (world.device.id(), world.pgo.id()));
            assert!(verified.is_ok(), "what does not verify is not handed on");
        }
        Err(error) => {
            let stranger = verified.as_ref().is_ok_and(|evidence| *evidence.origin() != world.device.id());
            let meant = verified.is_ok_and(|evidence| evidence.audience().any(|id| id == world.pgo.id()));
            assert!(!meant || stranger, "what verifies is handed on");
            assert!(error == Error::Rejected || error == Error::UnknownSender && stranger, "{error}");
            assert!(state.replay == ExactGuard::new(), "no number was taken");
        }
    }
}

type Receiver = State<MemoryTrust, ExactGuard, MemorySessions, EventLog<1>>;

fn state(pinned: &[&[u8]]) -> Receiver {
    let mut trust = MemoryTrust::new();
    for card in pinned {
        trust.pin(&Card::from_bytes(card).expect("it was issued")).expect("nobody was pinned");
    }
    State { trust, replay: ExactGuard::new(), sessions: MemorySessions::new(), events: EventLog::new() }
}

struct World {
    device: Identity,
    pgo: Identity,
    gp: Id,
    /// The PGO's key, and the GP's.
    keys: [KemKey; 2],
    device_card: Vec<u8>,
    pgo_card: Vec<u8>,
    group: Vec<u8>,
    group_plaintext: Vec<u8>,
    /// A keyframe, two messages, and the manifest of both.
    messages: Vec<Vec<u8>>,
    secrets: Secrets,
    plaintext: Vec<u8>,
    block: Vec<u8>,
    manifest: Vec<u8>,
    evidence: [Vec<u8>; 2],
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| World::new().expect("the keys are sound"))
}

impl World {
    fn new() -> Result<Self, Error> {
        let seed = |first: u8| Secret::new(std::array::from_fn(|i| first.wrapping_mul(i as u8 + 1)));
        let (device, pgo) = (Identity::from_seed(&seed(3))?, Identity::from_seed(&seed(5))?);
        let gp = Identity::from_seed(&seed(9))?;
        let keys = [KemKey::from_bytes(&seed(7))?, KemKey::from_bytes(&seed(11))?];
        let card = |identity: &Identity, kem_keys: &[zegel::KemPublic]| {
            let claims = CardClaims {
                serial: 1,
                not_before: NOW - 1000,
                expires: NOW + 1000,
                label: "",
                kem_keys,
                status: Status::Active,
            };
            Card::issue_to_vec(&claims, identity, &mut Fixed)
        };
        let (device_card, pgo_card) = (card(&device, &[])?, card(&pgo, &[keys[0].public()])?);
        let cards = [Card::from_bytes(&pgo_card)?, Card::from_bytes(&card(&gp, &[keys[1].public()])?)?];
        let measurement = Measurement { time: Some(NOW), format: Format::OCTET_STREAM, body: BODY };
        let sealer = GroupSealer::new(&device, &cards, None, MemorySequence::default())?;
        let group = sealer.with_padding(Padding::None).seal_to_vec(TOPIC, &measurement, &mut Fixed)?;

        let sealer = Sealer::new(&device, &cards[0], None, MemorySequence::default())?;
        let limits = SessionLimits { block: 4, messages: 8, seconds: 60 };
        let sealer = sealer.with_padding(Padding::None);
        let begun = Session::begin_to_vec(sealer, TOPIC, Some(NOW), limits, &mut Fixed);
        let (mut session, keyframe) = begun.map_err(|refused| refused.error)?;
        let secrets = Secrets::of(&keys[0], &keyframe)?;
        let mut messages = vec![keyframe];
        for _ in 0..2 {
            messages.push(session.seal_to_vec(TOPIC, &measurement, Some(NOW))?);
        }
        messages.push(session.manifest_to_vec(TOPIC, &mut Fixed)?);
        let evidence = proofs(&device_card, (pgo.id(), &keys[..1]), &messages, {
            let mut sealer = session.end();
            sealer.seal_to_vec(TOPIC, &measurement, &mut Fixed)?
        })?;
        let plaintext = plaintext(u64::from(Format::OCTET_STREAM.0), BODY);
        let (gp, group_plaintext) = (gp.id(), Vec::new());
        let (block, manifest) = (Vec::new(), Vec::new());
        let mut world = Self {
            device,
            pgo,
            gp,
            keys,
            device_card,
            pgo_card,
            group,
            group_plaintext,
            messages,
            secrets,
            plaintext,
            block,
            manifest,
            evidence,
        };
        let statement = statement(0, Some(NOW), Format::OCTET_STREAM, BODY);
        world.group_plaintext = self::group_plaintext(&world, &statement);
        world.block = [&[0x83, 1, 2][..], &bstr(&[7; 32])].concat();
        world.manifest = sign1(&world.device, &world.manifest_context(), &world.block);
        Ok(world)
    }

    fn manifest_context(&self) -> Vec<u8> {
        let domain = tstr("zegel-manifest-1");
        [&[0x83][..], &domain, &bstr(&self.device.id().0), &ids(&[self.pgo.id()])].concat()
    }

    fn signed(&self, from: &Identity, audience: &[Id], statement: &[u8]) -> Vec<u8> {
        let domain = tstr("zegel-statement-1");
        let context = [&[0x84][..], &domain, &bstr(&from.id().0), &ids(audience), &tstr(TOPIC)].concat();
        sign1(from, &context, statement)
    }

    /// A one-shot envelope to one of the keys.
    fn encrypted(&self, key: usize, plaintext: &[u8]) -> Vec<u8> {
        let to = self.keys[key].public();
        let header = bstr(b"\xa1\x01\x18\x2a");
        let external = [&[0x82][..], &tstr("zegel-envelope-1"), &tstr(TOPIC)].concat();
        let aad = [&[0x83][..], &tstr("Encrypt0"), &header, &bstr(&external)].concat();
        let (ek, mut context) = hpke::sender(&to, b"zegel-1", None, &mut Fixed).expect("the key is sound");
        let mut ciphertext = [plaintext, &[0; 16]].concat();
        context.seal_in_place(&aad, &mut ciphertext).expect("there is room for the tag");
        outer(&to.kid().0, &ek, &ciphertext)
    }

    /// A group envelope of any plaintext.
    fn group_of(&self, plaintext: &[u8]) -> Vec<u8> {
        let (cek, iv, header) = ([3; 32], [4; 12], bstr(b"\xa1\x01\x18\x18"));
        let keys = self.audience().map(|id| self.keys[usize::from(id != self.pgo.id())].public());
        let kids = keys.iter().flat_map(|key| bstr(&key.kid().0));
        let kids: Vec<u8> = [0x82].into_iter().chain(kids).collect();
        let external = [&[0x83][..], &tstr("zegel-envelope-1"), &tstr(TOPIC), &kids].concat();
        let aad = [&[0x83][..], &tstr("Encrypt"), &header, &bstr(&external)].concat();
        let ciphertext = encrypted_with(&cek, &iv, &aad, plaintext);
        let recipients = keys.map(|key| {
            let info = b"\x84\x6eHPKE Recipient\x18\x18\x44\xa1\x01\x18\x32\x47zegel-1";
            let (ek, mut context) = hpke::sender(&key, info, None, &mut Fixed).expect("the key is sound");
            let mut wrapped = [&cek[..], &[0; 16]].concat();
            context.seal_in_place(b"", &mut wrapped).expect("there is room for the tag");
            let header = bstr(b"\xa1\x01\x18\x32");
            let kid = bstr(&key.kid().0);
            [&[0x83][..], &header, b"\xa2\x04", &kid, b"\x23", &bstr(&ek), &bstr(&wrapped)].concat()
        });
        let front = [b"\xd8\x60\x84", &header[..], b"\xa1\x05", &bstr(&iv), &bstr(&ciphertext)].concat();
        [front, vec![0x82], recipients.concat()].concat()
    }

    fn audience(&self) -> [Id; 2] {
        let mut audience = [self.pgo.id(), self.gp];
        audience.sort_unstable();
        audience
    }
}

/// Evidence of a one-shot envelope and of a message in its block, as the PGO opened them.
fn proofs(
    card: &[u8],
    (me, keys): (Id, &[KemKey]),
    messages: &[Vec<u8>],
    envelope: Vec<u8>,
) -> Result<[Vec<u8>; 2], Error> {
    let (mut state, opener) = (state(&[card]), Opener::new(me, keys));
    let (mut said, mut block) = (Vec::new(), None);
    for message in messages {
        let mut buffer = message.clone();
        let opened = opener.open(&mut state, TOPIC, Some(NOW), &mut buffer)?;
        if opened.body().is_some() {
            said = opened.statement().to_vec();
        }
        block = opened.block().copied();
    }
    let block = block.ok_or(Error::UnknownSession)?;
    let in_block = block.testimony(&mut state, TOPIC, &said)?.to_vec(card)?;
    let mut buffer = envelope;
    let opened = opener.open(&mut state, TOPIC, Some(NOW), &mut buffer)?;
    let alone = opened.testimony().ok_or(Error::Rejected)?.to_vec(card)?;
    Ok([alone, in_block])
}

struct Secrets {
    key: [u8; 32],
    iv: [u8; 12],
    id: [u8; 8],
}

impl Secrets {
    fn of(key: &KemKey, keyframe: &[u8]) -> Result<Self, Error> {
        let ek = *zegel::envelope::Envelope::parse(keyframe)?.ek();
        let context = hpke::receiver(key, &ek, b"zegel-1", None)?;
        let mut secrets = Self { key: [0; 32], iv: [0; 12], id: [0; 8] };
        context.export(b"zegel-session-key-1", &mut secrets.key)?;
        context.export(b"zegel-session-iv-1", &mut secrets.iv)?;
        context.export(b"zegel-session-id-1", &mut secrets.id)?;
        Ok(secrets)
    }

    /// A message of any plaintext, with a number of one byte.
    fn message(&self, number: u64, plaintext: &[u8]) -> Vec<u8> {
        let (header, mut nonce) = (bstr(b"\xa1\x01\x18\x18"), self.iv);
        nonce[11] ^= number as u8;
        let external = [&[0x82][..], &tstr("zegel-session-1"), &tstr(TOPIC)].concat();
        let aad = [&[0x83][..], &tstr("Encrypt0"), &header, &bstr(&external)].concat();
        let ciphertext = bstr(&encrypted_with(&self.key, &nonce, &aad, plaintext));
        let unprotected = [b"\xa2\x04", &bstr(&self.id)[..], b"\x06", &bstr(&[number as u8])].concat();
        [b"\xd0\x83", &header[..], &unprotected, &ciphertext].concat()
    }
}

fn plaintext(format: u64, body: &[u8]) -> Vec<u8> {
    [vec![0x84], head(0, NOW), head(0, format), bstr(body), bstr(b"")].concat()
}

fn group_plaintext(world: &World, statement: &[u8]) -> Vec<u8> {
    let audience = world.audience();
    [vec![0x82], ids(&audience), world.signed(&world.device, &audience, statement)].concat()
}

fn ids(audience: &[Id]) -> Vec<u8> {
    let items = audience.iter().flat_map(|id| bstr(&id.0));
    head(4, audience.len() as u64).into_iter().chain(items).collect()
}

fn sign1(by: &Identity, context: &[u8], payload: &[u8]) -> Vec<u8> {
    let header = bstr(b"\xa1\x01\x32");
    let parts = [&[0x84][..], &tstr("Signature1"), &header, &bstr(context), &bstr(payload)].concat();
    let signature = by.sign(&[&parts], &Secret::new([1; 32])).expect("the key is in memory");
    let kid = by.id().kid().0;
    [&[0x84][..], &header, b"\xa1\x04", &bstr(&kid), &bstr(payload), &bstr(&signature)].concat()
}

fn encrypted_with(key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut text = plaintext.to_vec();
    let cipher = ChaCha20Poly1305::new(key.into());
    let tag = cipher.encrypt_inout_detached(&(*nonce).into(), aad, text.as_mut_slice().into());
    text.extend_from_slice(&tag.expect("it is short"));
    text
}
