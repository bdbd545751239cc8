//! Tests of the workloads: what they ask for, and that one seed asks for the same again.

use std::collections::BTreeMap;

use foq_log::{Error, Outcome, Ticket};

use super::*;

/// Lets the model alone play the log: rounds of what was submitted, stamped as it expects.
fn kinds_of_answers(seed: u64, profile: Profile, steps: usize) -> BTreeMap<String, usize> {
    let mut model = Model::new(&profile.options());
    let mut workload = Workload::new(seed, profile);
    let mut kinds = BTreeMap::new();
    let mut number = 0;
    for _ in 0..steps {
        let Step::Submit { caller, op } = workload.next(&model) else { continue };
        number += 1;
        model.judge(Ticket { caller, number }, &op);
        let outcome = model.expected_answer(Ticket { caller, number });
        *kinds.entry(kind(outcome)).or_default() += 1;
    }
    kinds
}

fn kind(outcome: Option<&Outcome>) -> String {
    match outcome {
        Some(Outcome::Failed(error)) => match **error {
            Error::DedupConflict { .. } => "a conflict".to_owned(),
            ref other => other.code().to_owned(),
        },
        Some(Outcome::Appended { duplicate: true, .. }) => "a duplicate".to_owned(),
        Some(Outcome::Appended { .. }) => "appended".to_owned(),
        Some(Outcome::Joined { .. }) => "joined".to_owned(),
        Some(Outcome::Acked) => "acked".to_owned(),
        Some(Outcome::Done) => "done".to_owned(),
        None => "nothing".to_owned(),
    }
}

#[test]
fn every_kind_of_answer_comes_up_within_two_thousand_steps() {
    for profile in [Profile::MIXED, Profile::DENSE, Profile::WIDE] {
        let kinds = kinds_of_answers(1, profile, 2000);
        let wanted = [
            "appended",
            "a duplicate",
            "a conflict",
            "joined",
            "acked",
            "done",
            "FOQ_NOT_JOINED",
            "FOQ_SEQ_OUT_OF_RANGE",
            "FOQ_GUARD_CONFLICT",
            "FOQ_HEAD_CONFLICT",
            "FOQ_ROSTER_STALE",
        ];
        for kind in wanted {
            assert!(kinds.get(kind).is_some_and(|&count| count >= 3), "{kind} of {kinds:?}");
        }
    }
}

#[test]
fn one_seed_gives_one_workload() {
    let model = Model::new(&Profile::MIXED.options());
    let mut left = Workload::new(5, Profile::MIXED);
    let mut right = Workload::new(5, Profile::MIXED);
    for _ in 0..200 {
        assert_eq!(left.next(&model), right.next(&model));
    }
}

#[test]
fn options_of_every_profile_are_within_their_limits() {
    for profile in [Profile::MIXED, Profile::DENSE, Profile::WIDE] {
        profile.options().validate().unwrap();
    }
}
