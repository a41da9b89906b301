//! Units for what wearables measure: symbols of the IANA SenML units registry, in which a quantity has one
//! unit, unscaled (RFC 8428 §12.1, RFC 8798, SPEC §9.1).
//!
//! Millimetres of mercury, millimoles per litre and per cents are not in it (RFC 8428 allows no secondary
//! unit either), so such values are converted with the factors below and written in the registered unit.

/// Heart and pulse rate.
pub const BEATS_PER_MINUTE: &str = "beat/min";
/// Body and skin temperature, degrees Celsius.
pub const CELSIUS: &str = "Cel";
/// A ratio of 0 to 1: oxygen saturation, sleep efficiency. 97 % is written 0.97.
pub const RATIO: &str = "/";
/// Blood pressure, in pascal. See [`PA_PER_MMHG`].
pub const PASCAL: &str = "Pa";
/// Mass concentration, such as glucose in blood. See [`KG_PER_M3_PER_MG_PER_DL`] and [`KG_PER_M3_PER_MMOL_PER_L_GLUCOSE`].
pub const KILOGRAM_PER_CUBIC_METRE: &str = "kg/m3";
/// Steps, breaths, events: a count.
pub const COUNT: &str = "count";
/// Body weight.
pub const KILOGRAM: &str = "kg";
/// Body height, distance.
pub const METRE: &str = "m";
/// Speed.
pub const METRE_PER_SECOND: &str = "m/s";
/// Acceleration.
pub const METRE_PER_SQUARE_SECOND: &str = "m/s2";
/// Durations, such as the interval between two beats.
pub const SECOND: &str = "s";
/// Rates, such as breathing.
pub const PER_SECOND: &str = "1/s";
/// Energy spent.
pub const JOULE: &str = "J";
/// Electrocardiogram samples.
pub const VOLT: &str = "V";
/// Relative humidity.
pub const RELATIVE_HUMIDITY: &str = "%RH";
/// The wearable's battery, 0 to 100.
pub const BATTERY: &str = "%EL";

/// Pascal in a millimetre of mercury (NIST SP 811, Appendix B.8).
pub const PA_PER_MMHG: f64 = 133.322_4;
/// Kilogram per cubic metre in a milligram per decilitre.
pub const KG_PER_M3_PER_MG_PER_DL: f64 = 0.01;
/// Kilogram per cubic metre in a millimole of glucose (180.156 g/mol) per litre.
pub const KG_PER_M3_PER_MMOL_PER_L_GLUCOSE: f64 = 0.180_156;
