//! The integer labels of SenML fields in CBOR (RFC 8428 §6, Table 4, SPEC §9.1): the table is closed, any
//! later field has a text for its label.

pub(super) const NAME: i64 = 0;
pub(super) const UNIT: i64 = 1;
pub(super) const VALUE: i64 = 2;
pub(super) const TEXT_VALUE: i64 = 3;
pub(super) const BOOL_VALUE: i64 = 4;
pub(super) const SUM: i64 = 5;
pub(super) const TIME: i64 = 6;
pub(super) const UPDATE_TIME: i64 = 7;
pub(super) const DATA_VALUE: i64 = 8;
pub(super) const BASE_VERSION: i64 = -1;
pub(super) const BASE_NAME: i64 = -2;
pub(super) const BASE_TIME: i64 = -3;
pub(super) const BASE_UNIT: i64 = -4;
pub(super) const BASE_VALUE: i64 = -5;
pub(super) const BASE_SUM: i64 = -6;
/// As text they belong to JSON alone; in CBOR they would be a second spelling of the same field.
pub(super) const TEXTS: [&str; 15] =
    ["n", "u", "v", "vs", "vb", "s", "t", "ut", "vd", "bver", "bn", "bt", "bu", "bv", "bs"];
