//! The eavesdropper: subscribes to `#`, keeps everything, and looks for anything readable in it.
//!
//! He looks for every eight bytes in a row of every measurement, and for the ids and names of whoever sends.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::link::Link;
use super::run::Run;

/// What he has seen.
#[derive(Debug, Default)]
pub(super) struct Overheard {
    pub(super) messages: usize,
    pub(super) bytes: usize,
    /// Length of each message, and whether it went to the PGO.
    pub(super) lengths: Vec<(usize, bool)>,
    /// How often each byte value occurs in what follows the head of an envelope.
    pub(super) histogram: Vec<usize>,
    /// One whole envelope.
    pub(super) sample: Vec<u8>,
    /// What he could read, in words; the first ones.
    pub(super) readable: Vec<String>,
    pub(super) readable_count: usize,
    /// Whether the same search does find a measurement that is not sealed.
    pub(super) search_works: bool,
}

/// Everything that must not be readable.
struct Needles {
    windows: HashSet<[u8; WINDOW]>,
    /// Of ids and keys, which stand in cards, for everybody, and nowhere else.
    ids: HashSet<[u8; WINDOW]>,
    names: Vec<String>,
    /// A bit for every three bytes with which any of these begins: most places need no more than a look at it.
    hints: Vec<u64>,
}

/// Listens until `done` says so.
pub(super) async fn listen(
    run: &Run,
    ready: mpsc::Sender<()>,
    mut done: watch::Receiver<bool>,
) -> Result<Overheard> {
    let needles = Needles::new(run);
    let mut heard = Overheard { histogram: vec![0; 256], ..Overheard::default() };
    heard.search_works = run.script.measurements.iter().all(|measured| needles.found(&measured.body, true));
    let mut link = Link::open(run, "eavesdropper").await?;
    link.subscribe("#").await?;
    let _ = ready.send(()).await;
    let mut kept = Vec::new();
    loop {
        // When it is over, what is still on its way to him comes first.
        let message = tokio::select! {
            biased;
            message = link.inbox.recv() => message,
            _ = over(&mut done) => timeout(LINGER, link.inbox.recv()).await.ok().flatten(),
        };
        let Some(message) = message else { break };
        let topic = String::from_utf8_lossy(&message.topic);
        // A real broker carries other people's messages too.
        if topic.starts_with(&run.topics.prefix) || topic.starts_with(PAIRINGS) {
            kept.push((topic.into_owned(), message.payload.clone()));
        }
        link.acknowledge(&message).await?;
    }
    // He keeps up first and searches later: a broker forgets what a slow reader leaves lying.
    for (topic, message) in &kept {
        heard.note(run, &needles, topic, message);
    }
    Ok(heard)
}

impl Overheard {
    /// Bits of information in a byte of ciphertext: 8 when nothing can be told.
    pub(super) fn entropy(&self) -> f64 {
        let total: usize = self.histogram.iter().sum();
        self.histogram
            .iter()
            .filter(|count| **count > 0)
            .map(|count| *count as f64 / total as f64)
            .map(|share| -share * share.log2())
            .sum()
    }

    fn note(&mut self, run: &Run, needles: &Needles, topic: &str, message: &[u8]) {
        self.messages += 1;
        self.bytes += message.len();
        self.lengths.push((message.len(), topic != run.topics.gp));
        let card = run.topics.cards.iter().any(|cards| cards == topic);
        if needles.found(message, card) || needles.found(topic.as_bytes(), false) {
            self.readable_count += 1;
            if self.readable.len() < 5 {
                self.readable.push(format!("{} bytes on {topic}", message.len()));
            }
        }
        // Counts what was sealed and not what an attacker made up: a low-order key is no ciphertext.
        if topic == run.topics.gp && message.len() > HEAD {
            for byte in &message[HEAD..] {
                self.histogram[usize::from(*byte)] += 1;
            }
        }
        if self.sample.is_empty() && topic == run.topics.pgo[0] {
            self.sample = message.to_vec();
        }
    }
}

impl Needles {
    fn new(run: &Run) -> Self {
        let (mut windows, mut ids) = (HashSet::new(), HashSet::new());
        let mut names = HashSet::new();
        for measured in &run.script.measurements {
            windows.extend(telling(&measured.body));
            names.extend(measured.pack.records().iter().map(|record| record.name.clone()));
        }
        for holder in [&run.cast.wearable, &run.cast.pgo, &run.cast.gp, &run.cast.carer] {
            ids.extend(telling(&holder.card.id().0));
            ids.extend(telling(&holder.identity.public_key()));
        }
        names.retain(|name| name.len() >= SHORTEST_NAME);
        Self::of(windows, ids, names.into_iter().collect())
    }

    fn of(windows: HashSet<[u8; WINDOW]>, ids: HashSet<[u8; WINDOW]>, names: Vec<String>) -> Self {
        let mut hints = vec![0; 1 << (24 - 6)];
        let beginnings = windows.iter().chain(&ids).map(|window| &window[..]);
        for beginning in beginnings.chain(names.iter().map(String::as_bytes)) {
            if let Some((word, bit)) = hint(beginning) {
                hints[word] |= 1 << bit;
            }
        }
        Self { windows, ids, names, hints }
    }

    /// Whether a measurement or a name stands in `bytes`; and, unless they are `public`, an id.
    fn found(&self, bytes: &[u8], public: bool) -> bool {
        (0..bytes.len()).any(|at| {
            let rest = &bytes[at..];
            hint(rest).is_some_and(|(word, bit)| self.hints[word] & 1 << bit != 0)
                && (self.names.iter().any(|name| rest.starts_with(name.as_bytes()))
                    || rest.first_chunk().is_some_and(|window| {
                        self.windows.contains(window) || !public && self.ids.contains(window)
                    }))
        })
    }
}

/// The place of the first three bytes among the hints.
fn hint(bytes: &[u8]) -> Option<(usize, u32)> {
    let [a, b, c] = *bytes.first_chunk()?;
    let place = u32::from_be_bytes([0, a, b, c]);
    Some(((place >> 6) as usize, place & 63))
}

/// Windows with enough different bytes in them not to occur everywhere, as a run of zeros does.
fn telling(bytes: &[u8]) -> impl Iterator<Item = [u8; WINDOW]> {
    bytes.windows(WINDOW).filter_map(|window| {
        let window: [u8; WINDOW] = window.try_into().ok()?;
        let new = |at: &usize| !window[..*at].contains(&window[*at]);
        ((0..WINDOW).filter(new).count() >= 4).then_some(window)
    })
}

async fn over(done: &mut watch::Receiver<bool>) {
    let _ = done.wait_for(|done| *done).await;
}

/// How long nothing has to come before he believes that nothing does.
const LINGER: Duration = Duration::from_secs(1);
/// Where pairings take place, of others too.
const PAIRINGS: &str = "zegel/pair/";
const WINDOW: usize = 8;
/// A name of four letters turns up by chance.
const SHORTEST_NAME: usize = 5;
/// What stands before the ciphertext of an envelope.
const HEAD: usize = 56;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn he_finds_what_stands_anywhere_and_ids_where_they_are_not_public() {
        let (window, id) = (*b"\x01\x02\x03\x04\x05\x06\x07\x08", *b"identity");
        let needles = Needles::of(HashSet::from([window]), HashSet::from([id]), vec!["heart-rate".into()]);
        let around = |needle: &[u8]| [&[9; 100][..], needle, &[9; 100]].concat();
        assert!(needles.found(&around(&window), true));
        assert!(needles.found(&around(b"heart-rate"), true));
        assert!(needles.found(&around(&id), false) && !needles.found(&around(&id), true));
        for nothing in [&b""[..], b"\x01\x02", b"heart", &window[..7], &[0; 300]] {
            assert!(!needles.found(&around(nothing), false) && !needles.found(nothing, false));
        }
    }

    #[test]
    fn a_run_of_zeros_tells_nothing() {
        assert_eq!(telling(&[0; 40]).count(), 0);
        assert_eq!(telling(b"\x01\x02\x03\x04\x05\x06\x07\x08\x09").count(), 2);
    }
}
