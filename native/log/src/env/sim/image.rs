//! Moments of a simulated disk, and what is found when a process starts again after one: after a
//! power cut any subset of what was not synced, after a kill all of it (but not yet durable).

use std::sync::Arc;

use super::SimDisk;
use super::inode::Change;
use super::random::Dice;
use super::state::{NameChange, Names, Node, State, folder_of};

/// Which unsynced changes a power cut leaves; see [`Cut::unsynced`] for their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survivors {
    /// None: only what was synced.
    None,
    /// All.
    All,
    /// Change `i` when bit `i` is set; none beyond the 64th.
    Mask(u64),
    /// A subset decided by this seed: few, half, most, all before or after one, all but one.
    Random(u64),
}

/// One moment of a disk: between two calls, or within one, as an unfinished call leaves a subset
/// of its changes.
#[derive(Clone)]
pub struct Cut {
    pub(super) state: State,
    /// Calls made before it.
    pub calls: u64,
}

impl Cut {
    /// How many changes a power cut here may keep or lose.
    #[must_use]
    pub fn unsynced_count(&self) -> usize {
        let sectors: usize = self.state.inodes.iter().map(|inode| inode.changes().len()).sum();
        self.state.unsynced_names.len() + sectors
    }

    /// These changes in words: names in the order they were changed, then, file by file, lengths
    /// and sectors in the order they were written.
    #[must_use]
    pub fn unsynced(&self) -> Vec<String> {
        let mut all: Vec<String> =
            self.state.unsynced_names.iter().map(NameChange::to_string).collect();
        for (number, inode) in self.state.inodes.iter().enumerate() {
            let named = self.state.live.iter().find(|(_, node)| **node == Node::File(number));
            let path = named.map_or("(removed)", |(path, _)| path);
            all.extend(inode.changes().iter().map(|change| match change {
                Change::Emptied => format!("{path} emptied"),
                Change::Grew(length) => format!("{path} grew to {length}"),
                Change::Sector { at, length, .. } => format!("{path} wrote {at}+{length}"),
            }));
        }
        all
    }

    /// The disk as found after a power cut here.
    #[must_use]
    pub fn power_cut(&self, survivors: Survivors) -> SimDisk {
        let state = &self.state;
        let mut choice = Choice::new(survivors, self.unsynced_count());
        let mut names = Arc::clone(&state.durable);
        for change in surviving_names(&state.unsynced_names, &mut choice) {
            change.apply(Arc::make_mut(&mut names));
        }
        let files: Vec<_> =
            state.inodes.iter().map(|inode| inode.after_power_cut(|_| choice.next())).collect();
        let mut after = State { live: with_folders(&names), ..state.clone_without_files() };
        after.durable = Arc::clone(&after.live);
        after.boot += 1;
        after.inodes = files;
        let freed = state.used_bytes().saturating_sub(after.used_bytes());
        after.free_bytes = state.free_bytes.saturating_add(freed);
        SimDisk::with_state(after)
    }

    /// The disk as found after the process was killed here: all that was written is there, and
    /// what was not synced still is not.
    #[must_use]
    pub fn kill(&self) -> SimDisk {
        SimDisk::with_state(self.state.clone())
    }
}

impl State {
    fn clone_without_files(&self) -> Self {
        Self {
            root_made: self.root_made,
            live: Arc::default(),
            durable: Arc::default(),
            unsynced_names: Vec::new(),
            inodes: Vec::new(),
            ..*self
        }
    }
}

impl std::fmt::Display for NameChange {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Made(path, _) => write!(out, "{path} made"),
            Self::Removed(path, _) => write!(out, "{path} removed"),
            Self::Renamed(from, to, _) => write!(out, "{from} renamed to {to}"),
        }
    }
}

/// The changes chosen, and the earlier ones of the same files.
fn surviving_names<'a>(changes: &'a [NameChange], choice: &mut Choice) -> Vec<&'a NameChange> {
    let mut chosen: Vec<(bool, &NameChange)> =
        changes.iter().map(|change| (choice.next(), change)).collect();
    let mut files: Vec<Node> = Vec::new();
    for (survives, change) in chosen.iter_mut().rev() {
        *survives |= files.contains(&change.node());
        if *survives && change.node() != Node::Folder {
            files.push(change.node());
        }
    }
    chosen.into_iter().filter_map(|(survives, change)| survives.then_some(change)).collect()
}

/// Without what lies in a folder that was lost.
fn with_folders(names: &Arc<Names>) -> Arc<Names> {
    let has_folder = |path: &str| {
        let folder = folder_of(path);
        folder.is_empty() || names.get(folder) == Some(&Node::Folder)
    };
    if names.keys().all(|path| has_folder(path)) {
        return Arc::clone(names);
    }
    let kept = names.iter().filter(|(path, _)| has_folder(path));
    with_folders(&Arc::new(kept.map(|(path, node)| (Arc::clone(path), *node)).collect()))
}

/// Answers, change by change, whether it survives.
struct Choice {
    index: u64,
    count: u64,
    rule: Rule,
    dice: Dice,
}

enum Rule {
    Always(bool),
    Mask(u64),
    /// `numerator` in 8 survive.
    Share(u64),
    Below(u64),
    From(u64),
    AllBut(u64),
    Only(u64),
}

impl Choice {
    fn new(survivors: Survivors, count: usize) -> Self {
        let count = count as u64;
        let mut dice = Dice::new(0);
        let rule = match survivors {
            Survivors::None => Rule::Always(false),
            Survivors::All => Rule::Always(true),
            Survivors::Mask(mask) => Rule::Mask(mask),
            Survivors::Random(seed) => {
                dice = Dice::new(seed);
                match dice.below(8) {
                    0 => Rule::Share(1),
                    1 => Rule::Share(7),
                    2 => Rule::Below(dice.below(count + 1)),
                    3 => Rule::From(dice.below(count + 1)),
                    4 => Rule::AllBut(dice.below(count)),
                    5 => Rule::Only(dice.below(count)),
                    _ => Rule::Share(4),
                }
            }
        };
        Self { index: 0, count, rule, dice }
    }

    fn next(&mut self) -> bool {
        let index = self.index;
        self.index += 1;
        debug_assert!(index < self.count, "one answer per change");
        match self.rule {
            Rule::Always(answer) => answer,
            Rule::Mask(mask) => index < 64 && mask >> index & 1 == 1,
            Rule::Share(share) => self.dice.below(8) < share,
            Rule::Below(end) => index < end,
            Rule::From(start) => index >= start,
            Rule::AllBut(lost) => index != lost,
            Rule::Only(kept) => index == kept,
        }
    }
}
