//! Simulation of the log: workloads, a model that judges, crashes, planted bugs. Never shipped.

pub mod model;
pub mod operation;
pub mod random;
pub mod workload;
