//! Keys that nobody may use, because everybody can: all bytes equal, printed in a standard, or printed
//! in this repository (SPEC §2.4).
//!
//! A key stands here as the first 8 bytes of its thumbprint; that an honest key shares them has a chance
//! of 2^-57.

use crate::error::{Error, Result};
use crate::key::id::Kid;
use crate::secret::Secret;

/// [`Error::WeakKey`] when all bytes of a private key are equal: an unset, erased or stuck memory.
pub(crate) fn refuse_uniform(private: &Secret<32>) -> Result<()> {
    let bytes = private.expose();
    let (first, rest) = bytes.split_first().ok_or(Error::WeakKey)?;
    // One fold over all bytes, so that the time does not tell where they differ.
    let difference = rest.iter().fold(0, |difference, byte| difference | (byte ^ first));
    if difference == 0 { Err(Error::WeakKey) } else { Ok(()) }
}

/// [`Error::WeakKey`] when the key with this thumbprint is published.
pub(crate) fn refuse(thumbprint: &[u8; 32]) -> Result<()> {
    let kid = u64::from_be_bytes(Kid::of(thumbprint).0);
    let ours = !cfg!(feature = "test-keys") && OURS.contains(&kid);
    if ours || OTHERS.contains(&kid) { Err(Error::WeakKey) } else { Ok(()) }
}

/// Both kinds of key from each secret of RFC 8032 §7.1 and §7.2, RFC 9180's vectors of this suite and
/// draft-ietf-cose-hpke's HPKE-4 keys; the public keys of RFC 7748 §6.1 and RFC 8152 Appendix C.7; and
/// both from 32 times each byte that unset, erased or stuck memory holds, so that no card brings such a key in.
const OTHERS: [u64; 96] = [
    0x0156_5176_601c_895c,
    0x03b7_7e79_92dd_ac06,
    0x0995_46ea_1339_7192,
    0x0f54_3e91_d968_0887,
    0x1858_6580_1224_47c9,
    0x1921_fbac_8930_10f7,
    0x197d_3994_1a3a_3fb5,
    0x1ff1_bab6_1257_d27f,
    0x20a0_9159_6d8b_a81a,
    0x215a_377f_c1bc_f3e4,
    0x225c_c43d_d932_d48b,
    0x23da_cdd7_0049_c41f,
    0x2427_8ae5_caa8_5416,
    0x248d_18e3_22c2_39c9,
    0x26ad_e3b4_4b35_d608,
    0x2732_3f14_b0ea_2daa,
    0x291f_27e1_cc84_58be,
    0x2ba3_4ef3_7f52_a8e3,
    0x3220_3991_06e7_548c,
    0x3555_4910_d84a_fa5a,
    0x3578_7dbd_93d1_7fa9,
    0x3a1f_75ab_6fa9_120c,
    0x3af2_65d2_20de_d3ac,
    0x3b3c_0857_c483_bc62,
    0x3bad_af7e_b69a_b5f6,
    0x3d91_8d38_b17c_cc57,
    0x4480_a400_0091_bb3a,
    0x4759_43c2_f962_2923,
    0x4c31_44bb_6e6a_f74b,
    0x4d95_931d_2402_b0a7,
    0x4f11_73ef_b1eb_aa9b,
    0x51d5_3691_575b_17e3,
    0x5347_2f92_1c18_4071,
    0x5636_d701_4bae_0789,
    0x58e0_499a_2d34_f922,
    0x596b_cd32_ebf5_57c9,
    0x5972_2ce2_6fcc_f060,
    0x5b27_2025_5df8_73ee,
    0x5c84_0f7a_4023_0170,
    0x5e59_4d33_2ce1_442a,
    0x6017_b69a_e7cc_c169,
    0x6404_a4fc_28d3_50f0,
    0x6be6_202e_96a5_c324,
    0x6f7d_eef6_5d54_a699,
    0x6fe9_3fbb_c35b_0c2b,
    0x7586_1d45_5bc0_be9b,
    0x7b20_8c31_efdd_587b,
    0x7f91_24a4_f18b_35c2,
    0x7fa2_15c9_3e25_3da7,
    0x807b_a96f_520a_14c3,
    0x8197_9333_1ce3_8616,
    0x84d8_56f4_3247_c015,
    0x866e_efbd_6718_c884,
    0x8758_2425_8f3f_693b,
    0x8b3b_1341_f648_9bf2,
    0x8e9a_0878_8e28_337c,
    0x90f9_ebac_7539_1367,
    0x9158_b172_77ee_dc8d,
    0x93d6_e087_2dd1_5b2a,
    0x9460_a907_6a85_e6cd,
    0x95fc_8a54_8dc9_1074,
    0x9be1_e7fb_1bb2_67a8,
    0x9c3f_6f82_541e_d798,
    0x9c89_ffd7_fb51_7393,
    0xa1c0_7e39_3cdb_3931,
    0xa212_7af2_b725_e9e5,
    0xa739_9309_2af1_f881,
    0xac25_32f2_5e3b_2042,
    0xae77_19ff_d680_20ec,
    0xaffc_6be8_9a21_758f,
    0xb02a_7cd8_d6ff_ff81,
    0xb60e_b3c0_ccaf_f2fa,
    0xb6bc_b0a9_b660_9e49,
    0xb6e3_b940_1a71_8145,
    0xba2a_7c12_349f_2493,
    0xbcd4_8776_591b_338f,
    0xbe18_0aa7_e4f8_6fa2,
    0xc2cf_029c_18b2_d480,
    0xc7ea_5ce4_50d5_b266,
    0xc88b_cf2d_78a4_2d23,
    0xcd55_fdba_7a00_e29f,
    0xcff9_493b_6967_674d,
    0xd172_c89e_d1c6_5746,
    0xd53b_6f89_1a44_96e6,
    0xd68c_4b21_a646_2598,
    0xd8bc_2c5e_b308_66c9,
    0xdd2f_b4e1_8b5e_1ce3,
    0xdee0_d706_7c31_79ba,
    0xdf85_34b2_5385_0532,
    0xe141_f08c_6d13_0135,
    0xe19c_afa2_f390_0277,
    0xe285_3ce1_4ece_4675,
    0xe4ab_477f_1c61_cb99,
    0xedaf_cd6d_d0ad_4f8c,
    0xee5c_e0c6_7cc7_2d49,
    0xff52_6522_a848_d9aa,
];

/// Both kinds of key from `SHA-256("zegel test key: " || name)` for each name in `tests/vectors`.
const OURS: [u64; 32] = [
    0x017f_9981_c193_7421,
    0x0255_0126_c6f6_9f10,
    0x0871_37b0_9c62_a66c,
    0x310a_730b_0fb3_e5a9,
    0x3ce1_bad3_4145_c26e,
    0x3fdf_7972_9762_53ce,
    0x4047_cf8c_85bf_7c65,
    0x4059_a7ac_425f_6c35,
    0x41fa_6de3_2181_5bee,
    0x44dc_32f3_d462_87de,
    0x4d51_b4ab_9135_1e30,
    0x522b_7de4_7e14_2608,
    0x7bda_5821_ff62_f60e,
    0x84ed_610e_bd40_d829,
    0x855d_22b7_d878_a8f6,
    0x8dd2_48ac_2a61_7ee0,
    0x9721_ce7c_8cef_e4e9,
    0xa3de_e19b_c7e5_926e,
    0xa8a3_e051_dcff_6dee,
    0xafd8_f047_2343_3fef,
    0xb365_5b90_8f81_fbdc,
    0xb8be_2d02_d4c1_248d,
    0xcfc1_5c19_4e79_d286,
    0xd004_0039_c3d0_0407,
    0xd0b3_6758_603b_9744,
    0xd1d3_639c_841f_8185,
    0xd908_c6a2_b03f_a8ee,
    0xe90c_cd05_c84b_f916,
    0xec29_23fd_8de7_075b,
    0xedd8_bf42_7c75_6b29,
    0xee50_8891_70ba_15f5,
    0xef33_65c5_5c1f_79e0,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{kdf, kem, sign::SigningKey};
    use crate::key::id::{Curve, thumbprint};

    const NAMES: [&str; 16] = [
        "device",
        "device kem",
        "watch",
        "watch kem",
        "pgo",
        "pgo kem",
        "pgo old kem",
        "pgo new kem",
        "gp",
        "gp kem",
        "carer",
        "carer kem",
        "mallory",
        "mallory kem",
        "stranger",
        "stranger kem",
    ];

    #[test]
    fn every_key_of_this_repository_is_listed() {
        for name in NAMES {
            let seed = Secret::new(kdf::sha256(&[b"zegel test key: ", name.as_bytes()]));
            let identity = thumbprint(Curve::Ed25519, SigningKey::from_seed(&seed).public());
            let kem = thumbprint(Curve::X25519, &kem::public_key(&seed));
            for key in [identity, kem] {
                assert!(OURS.contains(&u64::from_be_bytes(Kid::of(&key).0)), "{name}");
                let accepted = if cfg!(feature = "test-keys") { Ok(()) } else { Err(Error::WeakKey) };
                assert_eq!(refuse(&key), accepted, "{name}");
            }
        }
    }

    /// RFC 8032 §7.1, TEST 1 (the seed), and RFC 7748 §6.1 (Alice's public key).
    #[test]
    fn keys_of_the_standards_are_refused() {
        let seed = *b"\x9d\x61\xb1\x9d\xef\xfd\x5a\x60\xba\x84\x4a\xf4\x92\xec\x2c\xc4\
                      \x44\x49\xc5\x69\x7b\x32\x69\x19\x70\x3b\xac\x03\x1c\xae\x7f\x60";
        let key = SigningKey::from_seed(&Secret::new(seed));
        assert_eq!(refuse(&thumbprint(Curve::Ed25519, key.public())), Err(Error::WeakKey));
        let alice = *b"\x85\x20\xf0\x09\x89\x30\xa7\x54\x74\x8b\x7d\xdc\xb4\x3e\xf7\x5a\
                       \x0d\xbf\x3a\x0d\x26\x38\x1a\xf4\xeb\xa4\xa9\x8e\xaa\x9b\x4e\x6a";
        assert_eq!(refuse(&thumbprint(Curve::X25519, &alice)), Err(Error::WeakKey));
    }

    /// Threat D-04: somebody else's firmware may have taken such a key, and its card must not pass.
    #[test]
    fn the_public_keys_of_default_secrets_are_refused() {
        for byte in [0x00, 0x01, 0x42, 0x55, 0x5a, 0xa5, 0xaa, 0xcc, 0xff] {
            let secret = Secret::new([byte; 32]);
            let identity = thumbprint(Curve::Ed25519, SigningKey::from_seed(&secret).public());
            let kem = thumbprint(Curve::X25519, &kem::public_key(&secret));
            assert_eq!([refuse(&identity), refuse(&kem)], [Err(Error::WeakKey); 2], "{byte:02x}");
        }
    }

    #[test]
    fn uniform_secrets_are_refused() {
        for byte in 0..=255 {
            assert_eq!(refuse_uniform(&Secret::new([byte; 32])), Err(Error::WeakKey));
        }
        assert_eq!(refuse_uniform(&Secret::new(core::array::from_fn(|i| u8::from(i == 31)))), Ok(()));
    }
}
