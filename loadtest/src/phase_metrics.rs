//! Latencies and counts of one measured phase.

use crate::clock::SECOND_NS;
use anyhow::{Result, anyhow};
use hdrhistogram::Histogram;
use serde::Serialize;

/// Latencies range from a microsecond to ten minutes, with three digits.
fn histogram() -> Result<Histogram<u64>> {
    Histogram::new_with_bounds(1_000, 600 * SECOND_NS, 3).map_err(|e| anyhow!("histogram: {e}"))
}

/// Percentiles in milliseconds.
#[derive(Serialize, Clone, Copy, Debug, Default)]
pub struct Percentiles {
    /// Number of values.
    pub count: u64,
    /// The median.
    pub ms_p50: f64,
    /// 90 %.
    pub ms_p90: f64,
    /// 99 %.
    pub ms_p99: f64,
    /// 99.9 %.
    pub ms_p999: f64,
    /// The maximum.
    pub ms_max: f64,
}

/// A histogram of latencies.
pub struct LatencyHistogram(Histogram<u64>);

impl LatencyHistogram {
    /// An empty histogram.
    pub fn new() -> Result<Self> {
        Ok(Self(histogram()?))
    }

    /// Adds a value; values out of range count as the limit.
    pub fn add(&mut self, ns: u64) {
        self.0.saturating_record(ns);
    }

    /// Removes all values.
    pub fn clear(&mut self) {
        self.0.reset();
    }

    /// The percentiles so far; zeros if there are no values.
    pub fn percentiles(&self) -> Percentiles {
        let at = |quantile| self.0.value_at_quantile(quantile) as f64 / 1e6;
        Percentiles {
            count: self.0.len(),
            ms_p50: at(0.5),
            ms_p90: at(0.9),
            ms_p99: at(0.99),
            ms_p999: at(0.999),
            ms_max: if self.0.is_empty() { 0.0 } else { self.0.max() as f64 / 1e6 },
        }
    }
}

/// A report in flight.
#[derive(Clone, Copy)]
struct Sent {
    at_ns: u64,
    /// Sockets that still lack its frame, if they are counted.
    waiting: u32,
}

/// What was sent and received.
pub struct PhaseMetrics {
    sent: Vec<Sent>,
    /// Reports whose frames have not reached every socket.
    pub awaited: u32,
    /// From sending a report to receiving its frame, for sockets that read at once.
    pub latency: LatencyHistogram,
    /// Change and state frames received by all sockets since [`PhaseMetrics::begin`].
    pub frames: u64,
    /// Bytes of their payloads.
    pub payload_bytes: u64,
}

impl PhaseMetrics {
    /// Empty metrics.
    pub fn new() -> Result<Self> {
        Ok(Self {
            sent: Vec::new(),
            awaited: 0,
            latency: LatencyHistogram::new()?,
            frames: 0,
            payload_bytes: 0,
        })
    }

    /// Starts a phase. Markers continue.
    pub fn begin(&mut self) {
        self.latency.clear();
        self.frames = 0;
        self.payload_bytes = 0;
        self.awaited = 0;
        for sent in &mut self.sent {
            sent.waiting = 0;
        }
    }

    /// A marker for a report sent at `at_ns`. With `waiting` above 0, the report is pending until so many
    /// sockets have its frame.
    pub fn send(&mut self, at_ns: u64, waiting: u32) -> u32 {
        self.awaited += u32::from(waiting > 0);
        self.sent.push(Sent { at_ns, waiting });
        (self.sent.len() - 1) as u32
    }

    /// Counts a frame.
    pub fn count(&mut self, payload_bytes: usize) {
        self.frames += 1;
        self.payload_bytes += payload_bytes as u64;
    }

    /// Records that a socket which reads at once received `marker`.
    pub fn arrived(&mut self, marker: u32, at_ns: u64) {
        let Some(sent) = self.sent.get_mut(marker as usize) else { return };
        self.latency.add(at_ns.saturating_sub(sent.at_ns));
        if sent.waiting > 0 {
            sent.waiting -= 1;
            self.awaited -= u32::from(sent.waiting == 0);
        }
    }

    /// Mean payload of a frame so far, in bytes.
    pub fn payload_mean_bytes(&self) -> usize {
        (self.payload_bytes / self.frames.max(1)) as usize
    }
}

/// The median; 0 for no numbers.
pub fn median(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = numbers.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_awaited_until_the_last_socket_has_its_frame() {
        let mut metrics = PhaseMetrics::new().unwrap();
        let marker = metrics.send(1_000_000, 2);
        metrics.arrived(marker, 3_000_000);
        assert_eq!(metrics.awaited, 1);
        metrics.arrived(marker, 5_000_000);
        assert_eq!(metrics.awaited, 0);
        let latency = metrics.latency.percentiles();
        assert_eq!(latency.count, 2);
        assert!((latency.ms_max - 4.0).abs() < 0.01, "{latency:?}");
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median([]), 0.0);
    }
}
