//! What a store suffers from while it goes on: every caller is rung when it changes, and reads it.

use super::Committer;
use crate::error::Error;
use crate::news::CONDITIONS;

/// Something that does not work, and that nobody's operation may ever meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// `disk-full`, `damaged` or `clock-jump`.
    pub kind: &'static str,
    /// A sentence for people.
    pub message: String,
}

/// As it was last told.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Told {
    disk_full: bool,
    clock_jump: bool,
    damages: u64,
}

/// What is known of conditions.
#[derive(Default)]
pub(super) struct Conditions {
    told: Told,
    /// The journal file that is to be sealed; until it is.
    journal: Option<String>,
    /// A table that background work met last; until the store is opened again.
    table: Option<String>,
    /// How often one of them changed.
    damages: u64,
}

impl Conditions {
    /// How the last seal ended.
    pub fn note_seal(&mut self, failed: Option<&Error>) {
        let damage = failed.filter(|error| is_damage(error)).map(ToString::to_string);
        self.damages += u64::from(damage != self.journal);
        self.journal = damage;
    }

    /// Background work gave up.
    pub fn note_background(&mut self, failed: &Error) {
        let damage = is_damage(failed).then(|| failed.to_string()).or(self.table.clone());
        self.damages += u64::from(damage != self.table);
        self.table = damage;
    }
}

fn is_damage(error: &Error) -> bool {
    !matches!(error, Error::DiskFull { .. })
}

impl Committer {
    /// Tells callers what has changed.
    pub(super) fn tell_conditions(&mut self) {
        if let Some(error) = self.mail.gave_up.take() {
            self.conditions.note_background(&error);
        }
        let told = Told {
            disk_full: self.log.refuses_appends(),
            clock_jump: self.log.clock_frozen(),
            damages: self.conditions.damages,
        };
        if told == self.conditions.told {
            return;
        }
        self.conditions.told = told;
        let mut conditions = Vec::new();
        let mut add = |kind, message: String| conditions.push(Condition { kind, message });
        if told.disk_full {
            add("disk-full", "too little free disk: appends are refused".to_owned());
        }
        if told.clock_jump {
            let message = "the clock has jumped ahead: nothing expires by age until it is steady";
            add("clock-jump", message.to_owned());
        }
        for damage in [&self.conditions.journal, &self.conditions.table].into_iter().flatten() {
            add("damaged", damage.clone());
        }
        self.intake.set_conditions(conditions);
        self.desk.ring_all(CONDITIONS);
    }
}
