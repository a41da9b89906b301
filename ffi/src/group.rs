//! What seals for several recipients at once: one publication that each of them opens.

use core::borrow::Borrow;
use core::ffi::{c_char, c_int};

use zegel::{Card, Error, GroupSealer, MAX_RECIPIENTS};

use crate::bridge::{ConstPointer, Kind, Pointer, Room, Tie, call, fits};
use crate::keys::clock;
use crate::numbers::Numbers;
use crate::outside::{Entropy, Signer};
use crate::sealer::{chosen, into, measured, named, signs};
use crate::types::{
    zegel_card, zegel_entropy, zegel_group, zegel_identity, zegel_measurement, zegel_storage,
};

impl Kind for zegel_group {
    type Inside = Group;
    const KIND: u32 = 0x7a67_1d0a;
}

const _: () = fits::<zegel_group>();

/// A sealer for a fixed set of recipients.
pub struct Group {
    identity: Tie<zegel_identity>,
    storage: zegel_storage,
    sealer: GroupSealer<'static, Numbers, Signer>,
}

impl Borrow<Card> for Room<zegel_card> {
    fn borrow(&self) -> &Card {
        self.value()
    }
}

/// Prepares to seal for the holders of all these cards.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_group_init(
    group: Pointer<zegel_group>,
    identity: ConstPointer<zegel_identity>,
    recipients: ConstPointer<zegel_card>,
    count: usize,
    now: u64,
    storage: ConstPointer<zegel_storage>,
    options: u32,
) -> c_int {
    call(|call| {
        let place = call.fresh(group)?;
        let (signer, identity) = call.tie(identity)?;
        let storage = call.value(storage)?;
        let (padding, self_check) = chosen(options)?;
        if count > MAX_RECIPIENTS {
            return place.fill(Err(Error::TooLarge));
        }
        let cards = call.look_row(recipients, count)?;
        let made = || {
            let numbers = Numbers::new(storage);
            let sealer = GroupSealer::new(signer, cards, clock(now), numbers)?.with_padding(padding);
            let sealer = if self_check { sealer.with_self_check()? } else { sealer };
            Ok(Group { identity, storage: *storage, sealer })
        };
        place.fill(made())
    })
}

/// Prepares the storage of a new group.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_group_storage_create(group: Pointer<zegel_group>) -> c_int {
    call(|call| {
        let group = call.enter(group)?;
        Ok(Numbers::new(&group.storage).create(group.sealer.stream())?)
    })
}

/// Takes a newer card of one of the recipients.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_group_renew(
    group: Pointer<zegel_group>,
    card: ConstPointer<zegel_card>,
    now: u64,
) -> c_int {
    call(|call| {
        let mut group = call.enter(group)?;
        let card = call.look(card)?;
        group.sealer.renew(card, clock(now))?;
        Ok(())
    })
}

/// Seals one measurement for all of them.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_group_seal(
    group: Pointer<zegel_group>,
    topic: ConstPointer<c_char>,
    topic_size: usize,
    measurement: ConstPointer<zegel_measurement>,
    entropy: ConstPointer<zegel_entropy>,
    out: Pointer<u8>,
    size: usize,
    written: Pointer<usize>,
) -> c_int {
    call(|call| {
        let mut group = call.enter(group)?;
        signs(call, group.identity, &group.sealer.stream().sender)?;
        let topic = call.text(topic, topic_size)?;
        let measurement = measured(call, measurement)?;
        let mut rng = Entropy::new(call.value(entropy)?);
        into(call, out, size, written, |out| {
            Ok(group.sealer.seal(named(topic)?, &measurement, &mut rng, out)?.len())
        })
    })
}

/// Ends a group sealer.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_group_wipe(group: Pointer<zegel_group>) -> c_int {
    call(|call| call.finish(group))
}
