//! Metrics as text: families with a name, a help line and samples, in the text format of Prometheus, version 0.0.4.
//!
//! The counters themselves are integers in other places; here they are only written down, at a scrape, by
//! `prometheus-client`. That writes OpenMetrics, where the family of a counter is named without `_total`; `promtool check
//! metrics`, and whoever reads the older text format, wants the name of the family to be that of its samples. So the
//! family is declared as a counter under its whole name, and its samples are written as those of a gauge, which have
//! no suffix. What then remains of OpenMetrics is nothing that the older format does not have.
//!
//! Tests: `tests/app/metrics.rs`, and `promtool` in `scripts/test`.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use crate::base::histogram::{BOUNDS_US, Histogram};

/// What [`Exposition::render`] is, for the header.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What is to be written.
#[derive(Debug, Default)]
pub(super) struct Exposition {
    families: Vec<Family>,
}

#[derive(Debug)]
struct Family {
    name: &'static str,
    help: &'static str,
    kind: MetricType,
    samples: Samples,
}

#[derive(Debug)]
enum Samples {
    One(u64),
    /// By the values of one label.
    Labelled(&'static str, Vec<(&'static str, u64)>),
    Durations(Histogram),
}

impl Exposition {
    /// What only grows.
    pub(super) fn counter(&mut self, name: &'static str, help: &'static str, value: u64) {
        self.add(name, help, MetricType::Counter, Samples::One(value));
    }

    /// The same by the values of a label.
    pub(super) fn counters(
        &mut self,
        name: &'static str,
        help: &'static str,
        label: &'static str,
        values: impl IntoIterator<Item = (&'static str, u64)>,
    ) {
        let samples = Samples::Labelled(label, values.into_iter().collect());
        self.add(name, help, MetricType::Counter, samples);
    }

    /// What grows and shrinks.
    pub(super) fn gauge(&mut self, name: &'static str, help: &'static str, value: u64) {
        self.add(name, help, MetricType::Gauge, Samples::One(value));
    }

    /// The same by the values of a label.
    pub(super) fn gauges(
        &mut self,
        name: &'static str,
        help: &'static str,
        label: &'static str,
        values: impl IntoIterator<Item = (&'static str, u64)>,
    ) {
        let samples = Samples::Labelled(label, values.into_iter().collect());
        self.add(name, help, MetricType::Gauge, samples);
    }

    /// How long something takes.
    pub(super) fn durations(&mut self, name: &'static str, help: &'static str, histogram: Histogram) {
        self.add(name, help, MetricType::Histogram, Samples::Durations(histogram));
    }

    fn add(&mut self, name: &'static str, help: &'static str, kind: MetricType, samples: Samples) {
        self.families.push(Family { name, help, kind, samples });
    }

    /// The text. It is short by nothing: writing to memory does not fail.
    pub(super) fn render(self) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self));
        let mut text = String::new();
        if text::encode_registry(&mut text, &registry).is_err() {
            log::error!("the metrics could not be written");
        }
        text
    }
}

impl Collector for Exposition {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for family in &self.families {
            let mut metric = encoder.encode_descriptor(family.name, family.help, None, family.kind)?;
            match &family.samples {
                Samples::One(value) => metric.encode_gauge(value)?,
                Samples::Labelled(label, values) => {
                    for (name, value) in values {
                        metric.encode_family(&[(*label, *name)])?.encode_gauge(value)?;
                    }
                }
                Samples::Durations(histogram) => {
                    let seconds = |us: u64| us as f64 / 1e6;
                    let bounds = BOUNDS_US.map(seconds).into_iter().chain([f64::INFINITY]);
                    let buckets: Vec<(f64, u64)> = bounds.zip(histogram.counts).collect();
                    let sum = seconds(histogram.sum_us);
                    metric.encode_histogram::<NoLabelSet>(sum, histogram.count(), &buckets, None)?;
                }
            }
        }
        Ok(())
    }
}
