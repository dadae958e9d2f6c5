//! Secrets are random in each of their bits (ASVS 7.2.3, 11.5.1; CWE-330, CWE-331, CWE-334, CWE-338).

use rand::rngs::SysRng;
use session_ledger::internals::Secret;

const SECRETS: usize = 50_000;

/// Six standard deviations: by chance one run in a million is beyond them in one of 256 bits.
const DEVIATIONS_MAX: f64 = 6.0;

/// The hash of a secret stands for it: no test sees a secret itself.
#[test]
fn each_bit_of_a_secret_is_as_often_set_as_not() {
    let mut set = [0_u32; 256];
    let mut firsts = std::collections::HashSet::new();
    for _ in 0..SECRETS {
        let hash = Secret::generate(&mut SysRng).unwrap().hash();
        let bytes = hash.as_bytes();
        assert!(firsts.insert(*bytes), "a secret came twice");
        for (bit, count) in set.iter_mut().enumerate() {
            *count += u32::from(bytes[bit / 8] >> (bit % 8) & 1);
        }
    }
    let (mean, deviation) = (SECRETS as f64 / 2.0, (SECRETS as f64).sqrt() / 2.0);
    for (bit, count) in set.into_iter().enumerate() {
        let off = (f64::from(count) - mean).abs() / deviation;
        assert!(off < DEVIATIONS_MAX, "bit {bit} is set {count} times of {SECRETS}");
    }
}
