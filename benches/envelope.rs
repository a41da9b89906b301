//! Seal and open of a measurement of 100 bytes, and the refusals that cost next to nothing.

#[path = "bench/world.rs"]
mod world;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use world::{MEASUREMENT, NOW, TOPIC, World, copy};
use zegel::rng::SysRng;
use zegel::{Error, Identity, KemKey, Opener, Padding};

fn seal(c: &mut Criterion) {
    let world = World::new().expect("keys");
    let mut group = c.benchmark_group("seal");
    let mut bench = |name, sealer: Result<_, Error>| {
        let mut sealer: zegel::Sealer<'_, _> = sealer.expect("a sealer");
        let mut out = [0; 512];
        group.bench_function(name, |b| {
            b.iter(|| sealer.seal(TOPIC, black_box(&MEASUREMENT), &mut SysRng, &mut out).map(<[u8]>::len));
        });
    };
    bench("plain", world.sealer());
    bench("precomputed", world.sealer().map(zegel::Sealer::precompute));
    bench("buckets", world.sealer().map(|sealer| sealer.with_padding(Padding::Buckets)));
    bench("self-check", world.sealer().and_then(zegel::Sealer::with_self_check));
    group.finish();
    c.bench_function("sealer/new", |b| b.iter(|| world.sealer().is_ok()));
    c.bench_function("sealer/precompute", |b| {
        b.iter(|| world.sealer().map(zegel::Sealer::precompute).is_ok());
    });
}

fn open(c: &mut Criterion) {
    let world = World::new().expect("keys");
    let opener = world.opener();
    let envelope =
        world.sealer().and_then(|mut s| s.seal_to_vec(TOPIC, &MEASUREMENT, &mut SysRng)).expect("sealed");

    let stranger = Identity::generate(&mut SysRng).expect("a key");
    let stranger_keys = [KemKey::generate(&mut SysRng).expect("a key")];
    let elsewhere = Opener::new(stranger.id(), &stranger_keys);
    let mut taken = copy(&world.state);
    assert!(opener.open(&mut taken, TOPIC, NOW, &mut envelope.clone()).is_ok());
    let mut truncated = envelope.clone();
    truncated.pop();
    let mut forged = envelope.clone();
    *forged.last_mut().expect("not empty") ^= 1;

    let cases = [
        ("taken", &opener, &world.state, &envelope, Ok(())),
        ("duplicate", &opener, &taken, &envelope, Err(Error::Duplicate)),
        ("rejected", &opener, &taken, &forged, Err(Error::Rejected)),
        ("not for me", &elsewhere, &taken, &envelope, Err(Error::NotForMe)),
        ("malformed", &opener, &taken, &truncated, Err(Error::Malformed)),
    ];
    let mut group = c.benchmark_group("open");
    for (name, opener, state, envelope, expected) in cases {
        group.bench_function(name, |b| {
            let fresh = || (copy(state), envelope.clone());
            b.iter_batched_ref(
                fresh,
                |(state, envelope)| {
                    let verdict = opener.open(state, TOPIC, NOW, envelope).map(|_| ());
                    assert_eq!(verdict, expected);
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, seal, open);
criterion_main!(benches);
