//! The only place that knows JSON shapes.
