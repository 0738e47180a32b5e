//! Counts latencies in buckets of at most 1.6 % width, from nanoseconds to hours, without allocating.

use std::time::Duration;

const BITS: u32 = 6;
const SUB: usize = 1 << BITS;
const BUCKETS: usize = SUB * (64 - BITS as usize + 1);

/// How often each latency was seen.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    /// An empty one.
    pub(super) fn new() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0 }
    }

    /// Counts one latency.
    pub(super) fn record(&mut self, latency: Duration) {
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.counts[bucket(nanos)] += 1;
        self.total += 1;
    }

    /// Adds what another one has counted.
    pub(super) fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
    }

    /// How many latencies were counted.
    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// The latency that this share of all does not exceed; zero if there are none.
    pub(super) fn quantile(&self, share: f64) -> Duration {
        let wanted = (self.total as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return Duration::from_nanos(middle(bucket));
            }
        }
        Duration::ZERO
    }
}

/// Small values have a bucket each; above them, each power of two is divided into `SUB`.
const fn bucket(value: u64) -> usize {
    if value < SUB as u64 {
        return value as usize;
    }
    let shift = 63 - value.leading_zeros() - BITS;
    (shift as usize) * SUB + (value >> shift) as usize
}

const fn middle(bucket: usize) -> u64 {
    if bucket < 2 * SUB {
        return bucket as u64;
    }
    let shift = bucket / SUB - 1;
    let low = ((bucket % SUB + SUB) as u64) << shift;
    low + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{BUCKETS, Histogram, bucket};

    #[test]
    fn quantiles_are_within_two_percent() {
        let mut histogram = Histogram::new();
        for micros in 1..=10_000 {
            histogram.record(Duration::from_micros(micros));
        }
        for (share, micros) in [(0.5, 5_000.0), (0.99, 9_900.0), (1.0, 10_000.0)] {
            let found = histogram.quantile(share).as_secs_f64() * 1e6;
            assert!((found / micros - 1.0).abs() < 0.02, "{share}: {found}");
        }
        assert_eq!(histogram.total(), 10_000);
    }

    #[test]
    fn every_value_has_a_bucket() {
        assert_eq!([0, 63, 64, 127].map(bucket), [0, 63, 64, 127]);
        assert!(bucket(u64::MAX) < BUCKETS);
    }
}
