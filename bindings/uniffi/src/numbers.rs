//! Where a sealer's numbers come from: the file, or the application's database (SPEC §6.2).

use std::ops::Range;
use std::sync::Arc;

use zegel::{Error, SequenceStore, Stream};

use crate::store::{Kind, Shelter, Store};

/// The numbers of one sealer.
pub(crate) enum Numbers {
    File(zegel_store::Sequence),
    Rows(Arc<Shelter>),
}

impl Numbers {
    pub(crate) fn of(store: &Store) -> Self {
        match store.kind() {
            Kind::File(store) => Self::File(store.sequence()),
            Kind::Rows(shelter) => Self::Rows(Arc::clone(shelter)),
        }
    }
}

impl SequenceStore for Numbers {
    fn reserve(&mut self, stream: &Stream) -> Result<Range<u64>, Error> {
        match self {
            Self::File(sequence) => sequence.reserve(stream),
            Self::Rows(shelter) => shelter.reserve(stream).map_err(|failure| failure.core(Error::Storage)),
        }
    }
}
