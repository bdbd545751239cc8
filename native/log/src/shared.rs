//! What the committer shares with readers: durable chat states, and the files they point into.

use std::sync::Arc;

use parking_lot::RwLock;

use crate::env::DiskFile;
use crate::format::checksum::StoreId;
use crate::hash::Hashes;
use crate::news::News;
use crate::options::Options;
use crate::shelf::JournalFile;
use crate::state::pointer::Pointer;
use crate::state::{KeyMap, States};

/// One store's shared part.
pub(crate) struct Shared {
    pub store_id: StoreId,
    pub epoch: u64,
    pub hashes: Hashes,
    pub options: Options,
    pub states: RwLock<States>,
    pub news: News,
    files: RwLock<KeyMap<u64, Arc<dyn DiskFile>>>,
}

impl Shared {
    pub fn new(store_id: StoreId, epoch: u64, hashes: Hashes, options: &Options) -> Self {
        Self {
            store_id,
            epoch,
            hashes,
            options: options.clone(),
            states: RwLock::default(),
            news: News::default(),
            files: RwLock::default(),
        }
    }

    /// Lets readers find a journal file.
    pub fn add_file(&self, file: &JournalFile) {
        let ordinal = Pointer::file_ordinal(file.file_id);
        let [handle, _] = &file.handles;
        self.files.write().insert(ordinal, Arc::clone(handle));
    }

    /// Journal files that readers can find.
    pub fn files(&self) -> usize {
        self.files.read().len()
    }

    /// The journal file a pointer names.
    pub fn file(&self, pointer: Pointer) -> Option<Arc<dyn DiskFile>> {
        self.files.read().get(&pointer.file()).cloned()
    }
}
