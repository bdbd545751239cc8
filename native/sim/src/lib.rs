//! Simulation of the log: workloads, a model that judges, crashes, planted bugs. Never shipped.

pub mod backup;
pub mod classes;
pub mod crash;
pub mod directed;
pub mod harness;
pub mod model;
pub mod operation;
pub mod session;
pub mod workload;
pub mod world;
