//! The replay guards (SPEC §7.3): the model is a map of what was taken, and an edge where a window ends.

use std::collections::BTreeMap;

use zegel::{Arrival, Error, ExactGuard, Id, ReplayGuard, Stream, WindowGuard};

use super::support::random::Draws;

/// What was taken in one stream: numbers, and with which of the contents.
pub(crate) struct Taken<C>(BTreeMap<u64, C>);

impl<C> Default for Taken<C> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<C: PartialEq> Taken<C> {
    pub(crate) fn next(&self) -> u64 {
        self.0.keys().next_back().map_or(0, |last| last + 1)
    }

    pub(crate) fn take(&mut self, number: u64, content: C) -> Result<Arrival, Error> {
        match self.0.get(&number) {
            Some(known) if *known == content => Err(Error::Duplicate),
            Some(_) => Err(Error::Conflict),
            None => {
                let next = self.next();
                self.0.insert(number, content);
                let missing = (number > next).then(|| (next, number - 1));
                Ok(Arrival { missing, late: number < next })
            }
        }
    }

    /// The same with the memory of SPEC §7.3: 1024 numbers, of which the content of 16.
    pub(crate) fn take_in_window(&mut self, number: u64, content: C) -> Result<Arrival, Error> {
        let behind = self.next().saturating_sub(number);
        if behind > 1024 {
            return Err(Error::TooOld);
        }
        match self.take(number, content) {
            Err(Error::Conflict) if behind > 16 => Err(Error::Duplicate),
            verdict => verdict,
        }
    }

    /// What is not in the map below its last number, no more and no less.
    pub(crate) fn gaps(&self) -> Vec<(u64, u64)> {
        let before = std::iter::once(0).chain(self.0.keys().map(|number| number + 1));
        let missing = before.zip(self.0.keys()).filter(|(first, end)| first < end);
        missing.map(|(first, end)| (first, end - 1)).collect()
    }
}

/// The numbers of one stream as they arrive: in order, lost, doubled, late, and far ahead.
struct Arriving {
    head: u64,
}

impl Arriving {
    fn next(&mut self, draws: &mut Draws) -> u64 {
        let number = match draws.below(64) {
            0..30 => self.head,
            30..38 => self.head + draws.below(9),
            38..40 => self.head + draws.below(1500),
            40..46 => self.head.saturating_sub(draws.below(20)),
            46..54 => self.head.saturating_sub(draws.below(1100)),
            54..58 => self.head.saturating_sub(draws.below(3000)),
            // The edges of the window, and those of the sixteen with a digest.
            58..60 => self.head.saturating_sub(1022 + draws.below(5)),
            60..62 => self.head.saturating_sub(14 + draws.below(5)),
            62 if draws.below(200) == 0 => self.head + (1 << (10 + draws.below(30))),
            _ => self.head.saturating_sub(1),
        };
        self.head = self.head.max(number + 1);
        number
    }
}

/// Three contents. The last two differ after the eighth byte alone, which is all that a window remembers.
fn digest(content: u64) -> [u8; 32] {
    let mut digest = [content.min(1) as u8; 32];
    digest[8..].fill(content as u8);
    digest
}

fn streams() -> Vec<Stream> {
    (0..5).map(|i| Stream::new(Id([i; 32]), &Id([9; 32]))).collect()
}

/// Mostly the usual content, now and then another.
fn content(draws: &mut Draws) -> u64 {
    draws.below(20).saturating_sub(17)
}

#[test]
fn the_exact_guard_is_a_map() {
    for seed in 0..8 {
        let (mut draws, streams) = (Draws(seed), streams());
        let mut guard = ExactGuard::new();
        let mut models: Vec<Taken<u64>> = streams.iter().map(|_| Taken::default()).collect();
        let mut arriving: Vec<Arriving> = streams.iter().map(|_| Arriving { head: 0 }).collect();
        for step in 0..25_000u64 {
            let which = draws.below(5) as usize;
            let (stream, model) = (&streams[which], &mut models[which]);
            let (number, content) = (arriving[which].next(&mut draws), content(&mut draws));
            let verdict = guard.take(stream, number, &digest(content));
            assert_eq!(verdict, model.take(number, content), "{number} at step {step} of {seed}");
            assert_eq!(guard.next(stream), Ok(model.next()));
            if step % 500 == 0 {
                assert_eq!(guard.gaps(stream), model.gaps());
            }
        }
        for (stream, model) in streams.iter().zip(&models) {
            assert_eq!(guard.gaps(stream), model.gaps());
        }
    }
}

#[test]
fn the_window_guard_is_a_map_with_an_edge() {
    for seed in 100..108 {
        let (mut draws, streams) = (Draws(seed), streams());
        let mut guard = WindowGuard::<3>::new();
        let mut models: BTreeMap<usize, Taken<u64>> = BTreeMap::new();
        let mut arriving: Vec<Arriving> = streams.iter().map(|_| Arriving { head: 0 }).collect();
        for step in 0..25_000 {
            let which = draws.below(5) as usize;
            let (number, content) = (arriving[which].next(&mut draws), content(&mut draws));
            let verdict = guard.take(&streams[which], number, &digest(content));
            // The first three streams have the three places, and keep them.
            let full = !models.contains_key(&which) && models.len() == 3;
            let expected = if full {
                Err(Error::Full)
            } else {
                models.entry(which).or_default().take_in_window(number, content.min(1))
            };
            assert_eq!(verdict, expected, "{number} at step {step} of {seed}");
            assert_eq!(guard.next(&streams[which]), Ok(models.get(&which).map_or(0, Taken::next)));
        }
    }
}

#[test]
fn every_order_of_arrival_is_taken_once() {
    let stream = streams()[0];
    let mut draws = Draws(7);
    for _ in 0..200 {
        let mut numbers: Vec<u64> = (0..100).chain(0..100).collect();
        for last in (1..numbers.len()).rev() {
            numbers.swap(last, draws.below(last as u64 + 1) as usize);
        }
        let mut guard = ExactGuard::new();
        let taken = numbers.iter().filter(|number| guard.take(&stream, **number, &[0; 32]).is_ok()).count();
        assert_eq!((taken, guard.gaps(&stream)), (100, vec![]));
    }
}
