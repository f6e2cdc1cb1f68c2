//! The partition of a leg: the same for its reports and its changes.
//!
//! It is the default of the Java client, murmur2 of the key, so that a report written with a common tool and the leg as its
//! key goes to the same partition.

use domain::leg::LegId;

/// The partition of a leg among `count`.
pub(super) fn partition_of(leg: &LegId, count: u16) -> i32 {
    let hash = murmur2(leg.as_str().as_bytes()) & 0x7fff_ffff;
    (hash % u32::from(count.max(1))) as i32
}

/// MurmurHash2 with the seed that Kafka's clients have in common
/// (`org.apache.kafka.common.utils.Utils.murmur2`).
fn murmur2(bytes: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    let mut hash = SEED ^ bytes.len() as u32;
    let mut words = bytes.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(M);
        k = (k ^ (k >> 24)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        for (at, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * at);
        }
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_equals_that_of_the_java_client() {
        // From the tests of Apache Kafka (UtilsTest.testMurmur2).
        for (text, hash) in [
            ("21", -973_932_308_i32),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(text.as_bytes()) as i32, hash, "{text}");
        }
    }

    #[test]
    fn legs_spread_evenly_over_the_partitions() {
        let mut counts = [0_usize; 12];
        for number in 0..12_000 {
            let leg = LegId::known(&format!("B6-{number}-20130208-JFK-FLL")).unwrap();
            counts[partition_of(&leg, 12) as usize] += 1;
            assert_eq!(partition_of(&leg, 1), 0);
            assert_eq!(partition_of(&leg, 0), 0);
        }
        assert!(counts.iter().all(|count| (800..1_200).contains(count)), "{counts:?}");
    }
}
