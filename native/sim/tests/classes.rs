//! A small slice of each class, so that `cargo test` alone meets all of them; the long runs are
//! made by the `foq-sim` binary.

use foq_log::env::sim::Dice;
use foq_sim::classes::{a, b, c, f};
use foq_sim::directed::SCENARIOS;

/// Where the slices begin; a failure prints its own seed.
const SEED: u64 = 1;

#[test]
fn twenty_random_lives_lose_nothing_that_was_answered() {
    let mut points = 0;
    for seed in SEED..SEED + 20 {
        let (lived, _) = a::run_seed(seed, false);
        points += lived.unwrap_or_else(|error| panic!("seed {seed}: {error}")).points;
    }
    assert!(points > 1000, "only {points} points");
}

#[test]
fn the_same_seed_lived_twice_leaves_the_same_trace_byte_for_byte() {
    for seed in [SEED, SEED + 1] {
        let (_, first) = a::run_seed(seed, true);
        let (_, second) = a::run_seed(seed, true);
        assert!(first.len() > 100, "seed {seed}: {} lines", first.len());
        assert!(first == second, "seed {seed}");
    }
    assert!(a::run_seed(SEED, true).1 != a::run_seed(SEED + 1, true).1);
}

#[test]
fn every_workload_of_one_operation_survives_every_cut_with_every_survivor_set() {
    let tally = b::run(1, 0, 1).unwrap();
    assert!(tally.points > 400, "only {} points", tally.points);
}

#[test]
fn one_call_in_seven_fails_in_each_way_and_nothing_answered_is_lost() {
    for nth in (1..=c::count_calls(SEED).unwrap()).step_by(7) {
        for fault in c::FAULTS {
            c::run_one(SEED, nth, fault).unwrap_or_else(|error| panic!("seed {SEED}: {error}"));
        }
    }
}

#[test]
fn two_thousand_flipped_bits_are_detected_or_harmless() {
    let closed = f::Closed::grow(SEED).unwrap();
    let (mut dice, mut flips) = (Dice::new(SEED), f::Flips::default());
    for _ in 0..2000 {
        let flipped = closed.flip(dice.below(closed.bits()), &mut flips);
        flipped.unwrap_or_else(|error| panic!("seed {SEED}: {error}"));
    }
    assert_eq!(flips.count, 2000);
    assert!(flips.harmless > 0 && !flips.detected.is_empty(), "{flips:?}");
}

#[test]
fn every_directed_scenario_ends_well() {
    for (name, run) in SCENARIOS {
        run().unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
