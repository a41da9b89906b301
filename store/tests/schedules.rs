//! Sessions under random schedules, with commits, aborts and restarts: as the model in memory says (threat C-18).

mod common;

use common::place;
use proptest::prelude::*;
use zegel::{Id, Manifest, MemorySessions, SessionId, SessionRecord, SessionStore};
use zegel_store::Store;

#[derive(Clone, Debug)]
enum Step {
    Keep { sender: u8, session: u8, number: u64 },
    Leaf { session: u8, number: u64, leaf: u8 },
    Manifest { session: u8, first: u64, count: u64 },
    Release { session: u8, first: u64, count: u64 },
    Forget { sender: u8 },
    Commit,
    Abort,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    // 15 identifiers: the model gives a session up beyond 16 of one sender, the store beyond 64.
    let (session, number, count) = (0..15u8, 0..40u64, 1..9u64);
    prop_oneof![
        6 => (0..3u8, session.clone(), number.clone())
            .prop_map(|(sender, session, number)| Step::Keep { sender, session, number }),
        12 => (session.clone(), number.clone(), 0..3u8)
            .prop_map(|(session, number, leaf)| Step::Leaf { session, number, leaf }),
        4 => (session.clone(), number.clone(), count.clone())
            .prop_map(|(session, first, count)| Step::Manifest { session, first, count }),
        2 => (session, number, count)
            .prop_map(|(session, first, count)| Step::Release { session, first, count }),
        1 => (0..3u8).prop_map(|sender| Step::Forget { sender }),
        2 => Just(Step::Commit),
        1 => Just(Step::Abort),
        1 => Just(Step::Reopen),
    ]
}

/// Does a step, and says what came of it.
fn act(state: &mut impl SessionStore, step: &Step) -> String {
    match *step {
        Step::Keep { sender, session, number } => {
            let record = record(sender, session, number);
            format!("{:?} {:?}", state.admits(&record), state.keep_session(&record))
        }
        Step::Leaf { session, number, leaf } => {
            format!("{:?}", state.keep_leaf(&id(session), number, &[leaf; 32]))
        }
        Step::Manifest { session, first, count } => {
            format!("{:?}", state.keep_manifest(&id(session), &manifest(first, count)))
        }
        Step::Release { session, first, count } => {
            format!("{:?}", state.release(&id(session), &manifest(first, count)))
        }
        Step::Forget { sender } => format!("{:?}", state.forget_sessions(&Id([sender; 32]))),
        Step::Commit | Step::Abort | Step::Reopen => String::new(),
    }
}

/// Everything that can be asked.
fn contents(state: &mut impl SessionStore) -> Vec<String> {
    let mut contents = Vec::new();
    for session in 0..15 {
        contents.push(format!("{:?}", state.session(&id(session))));
        for number in 0..50 {
            let manifest = state.manifest(&id(session), number).unwrap().map(|kept| kept.to_bytes().to_vec());
            contents.push(format!("{:?} {manifest:?}", state.leaf(&id(session), number)));
        }
    }
    contents
}

fn id(session: u8) -> SessionId {
    SessionId([session; 8])
}

fn record(sender: u8, session: u8, number: u64) -> SessionRecord {
    let mut bytes = [sender; SessionRecord::BYTES];
    bytes[..8].fill(session);
    bytes[72..112].copy_from_slice([number, 0, 32, 100, 100].map(u64::to_be_bytes).as_flattened());
    SessionRecord::from_bytes(&bytes).unwrap()
}

fn manifest(first: u64, count: u64) -> Manifest {
    let mut bytes = [5; Manifest::BYTES];
    bytes[..16].copy_from_slice([first, count].map(u64::to_be_bytes).as_flattened());
    Manifest::from_bytes(&bytes).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_sessions_in_memory(schedule in proptest::collection::vec(step(), 1..120)) {
        let (_directory, path) = place();
        let mut store = Store::create(&path).unwrap();
        // The model cannot be copied, for keys cannot: it does again what was committed.
        let (mut committed, mut schedule) = (Vec::new(), schedule.into_iter().peekable());
        while schedule.peek().is_some() {
            let mut model = MemorySessions::new();
            for step in &committed {
                act(&mut model, step);
            }
            let (mut done, mut end) = (Vec::new(), Step::Commit);
            let mut transaction = store.begin().unwrap();
            for step in schedule.by_ref() {
                if matches!(step, Step::Commit | Step::Abort | Step::Reopen) {
                    end = step;
                    break;
                }
                prop_assert_eq!(act(&mut transaction, &step), act(&mut model, &step), "{:?}", step);
                done.push(step);
            }
            prop_assert_eq!(contents(&mut transaction), contents(&mut model));
            if matches!(end, Step::Abort) {
                drop(transaction);
            } else {
                transaction.commit().unwrap();
                committed.extend(done);
            }
            if matches!(end, Step::Reopen) {
                drop(store);
                store = Store::open(&path).unwrap();
            }
        }
    }
}
