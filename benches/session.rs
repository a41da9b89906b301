//! Sessions, message by message and with their manifests, several recipients, and evidence. Before the times it
//! prints how many bytes each form is long on the wire.

#[path = "bench/world.rs"]
mod world;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use world::{BODY, MEASUREMENT, Memory, NOW, TOPIC, World, copy};
use zegel::rng::SysRng;
use zegel::{Card, GroupSealer, Measurement, MemorySequence, Opened, Padding, Session, SessionLimits};
use zegel::{Testimony, UnverifiedEvidence};

/// Messages that one manifest signs, and what a session of them is on the wire.
const BLOCK: u64 = 32;

type Sending<'w> = Session<'w, MemorySequence>;

fn begin(world: &World) -> (Sending<'_>, Vec<u8>) {
    let limits = SessionLimits { block: BLOCK, ..SessionLimits::default() };
    let sealer = world.sealer().expect("a sealer");
    Session::begin_to_vec(sealer, TOPIC, NOW, limits, &mut SysRng).expect("a session")
}

/// A block of messages, and the manifest behind them.
fn block(session: &mut Sending<'_>) -> Vec<Vec<u8>> {
    let message = |_| session.seal_to_vec(TOPIC, black_box(&MEASUREMENT), NOW).expect("sealed");
    let mut all: Vec<_> = (0..BLOCK).map(message).collect();
    all.push(session.manifest_to_vec(TOPIC, &mut SysRng).expect("signed"));
    all
}

fn sessions(c: &mut Criterion) {
    let world = World::new().expect("keys");
    let mut group = c.benchmark_group("session");
    group.bench_function("begin", |b| b.iter(|| begin(&world).1.len()));
    group.throughput(Throughput::Elements(BLOCK));
    // A session is good for 65,536 messages: each iteration has one of its own, which is not timed.
    group.bench_function("seal 32 and their manifest", |b| {
        b.iter_batched_ref(|| begin(&world).0, block, BatchSize::SmallInput);
    });
    let opener = world.opener();
    let received = |world: &World| {
        let (mut session, mut keyframe) = begin(world);
        let mut state = copy(&world.state);
        opener.open(&mut state, TOPIC, NOW, &mut keyframe).map(|_| ()).expect("a keyframe");
        (state, block(&mut session))
    };
    group.bench_function("open 32 and their manifest", |b| {
        b.iter_batched_ref(
            || received(&world),
            |(state, messages)| {
                for message in messages {
                    opener.open(state, TOPIC, NOW, message).map(|_| ()).expect("opened");
                }
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn groups(c: &mut Criterion) {
    let world = World::new().expect("keys");
    let mut group = c.benchmark_group("recipients");
    for count in [2, 4, 16] {
        let cards = world.with_others(count).expect("cards");
        let mut sealer = sealer(&world, &cards);
        let mut out = [0; 4096];
        group.bench_function(format!("seal for {count}"), |b| {
            b.iter(|| sealer.seal(TOPIC, black_box(&MEASUREMENT), &mut SysRng, &mut out).map(<[u8]>::len));
        });
        let envelope = sealer.seal_to_vec(TOPIC, &MEASUREMENT, &mut SysRng).expect("sealed");
        group.bench_function(format!("open as one of {count}"), |b| {
            b.iter_batched_ref(
                || (copy(&world.state), envelope.clone()),
                |(state, bytes)| world.opener().open(state, TOPIC, NOW, bytes).map(|_| ()).expect("opened"),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn sealer<'w>(world: &'w World, cards: &'w [Card]) -> GroupSealer<'w, MemorySequence> {
    let sealer = GroupSealer::new(&world.device, cards, NOW, MemorySequence::default());
    sealer.expect("a sealer").with_padding(Padding::None)
}

fn evidence(c: &mut Criterion) {
    let world = World::new().expect("keys");
    let (state, statement, block) = signed(&world);
    let mut state = state;
    let card = &world.device_card;
    let testimony = |opened: Option<Testimony<'_>>| opened.and_then(|testimony| testimony.to_vec(card).ok());
    let by_block = testimony(block.testimony(&mut state, TOPIC, &statement).ok()).expect("evidence");
    let mut envelope =
        world.sealer().and_then(|mut s| s.seal_to_vec(TOPIC, &MEASUREMENT, &mut SysRng)).expect("sealed");
    let mut receiver = copy(&world.state);
    let opened = world.opener().open(&mut receiver, TOPIC, NOW, &mut envelope).expect("opened");
    let by_itself = testimony(opened.testimony()).expect("evidence");
    let mut group = c.benchmark_group("evidence");
    group.bench_function("take from a block of 32", |b| {
        b.iter(|| block.testimony(&mut state, TOPIC, &statement).map(|t| t.to_vec(card).map(|e| e.len())));
    });
    for (name, evidence) in [("verify, one-shot", &by_itself), ("verify, from a block of 32", &by_block)] {
        let verify = || UnverifiedEvidence::parse(black_box(evidence)).and_then(UnverifiedEvidence::verify);
        group.bench_function(name, |b| b.iter(|| verify().is_ok()));
    }
    group.finish();
}

/// A receiver with a signed block, and the statement of its first message.
fn signed(world: &World) -> (Memory, Vec<u8>, zegel::SignedBlock) {
    let (mut session, mut keyframe) = begin(world);
    let (opener, mut state) = (world.opener(), copy(&world.state));
    opener.open(&mut state, TOPIC, NOW, &mut keyframe).map(|_| ()).expect("a keyframe");
    let (mut statement, mut signed) = (Vec::new(), None);
    for mut message in block(&mut session) {
        let opened: Opened<'_> = opener.open(&mut state, TOPIC, NOW, &mut message).expect("opened");
        if statement.is_empty() {
            statement = opened.statement().to_vec();
        }
        signed = opened.block().copied();
    }
    (state, statement, signed.expect("a block"))
}

/// Bytes on the wire for a body of 100, unpadded.
fn sizes(_: &mut Criterion) {
    let world = World::new().expect("keys");
    let one_shot = world.sealer().and_then(|mut s| s.sealed_len(&MEASUREMENT)).expect("a length");
    println!("one-shot: {one_shot} bytes");
    let (mut session, keyframe) = begin(&world);
    let message = session.sealed_len(&MEASUREMENT).expect("a length");
    let all = block(&mut session);
    let manifest = all.last().map_or(0, Vec::len);
    let each = all.iter().map(Vec::len).sum::<usize>().div_ceil(all.len() - 1);
    println!("session: message {message}, manifest {manifest}, keyframe {} bytes", keyframe.len());
    println!("session: {each} bytes a measurement with a manifest for every {BLOCK}");
    for count in [2, 4, 16] {
        let cards = world.with_others(count).expect("cards");
        let length = sealer(&world, &cards).sealed_len(&MEASUREMENT).expect("a length");
        println!("{count} recipients: {length} bytes");
    }
    assert_eq!(Measurement { body: &BODY, ..MEASUREMENT }.body.len(), 100);
}

criterion_group!(benches, sizes, sessions, groups, evidence);
criterion_main!(benches);
