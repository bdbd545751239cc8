//! The three uses of a table: where its file lies and what its keys are.

/// What a table holds. Numbers inside keys are big-endian, so that keys sort as numbers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum TableKind {
    /// Records: chat key 16, seq 8.
    Segment,
    /// Chat states: chat key 16.
    State,
    /// Who is behind in which chat: consumer name 8, row class 1, chat key 16.
    Inbox,
}

impl TableKind {
    pub const ALL: [Self; 3] = [Self::Segment, Self::State, Self::Inbox];

    /// Its number in a footer.
    pub fn number(self) -> u8 {
        match self {
            Self::Segment => 1,
            Self::State => 2,
            Self::Inbox => 3,
        }
    }

    /// The kind of a footer's number.
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The folder of its files, inside the store.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Segment => "segments",
            Self::State => "states",
            Self::Inbox => "inbox",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Segment => ".seg",
            Self::State => ".sta",
            Self::Inbox => ".inb",
        }
    }

    /// Bytes of every key.
    pub fn key_bytes(self) -> usize {
        match self {
            Self::Segment => 24,
            Self::State => 16,
            Self::Inbox => 25,
        }
    }

    /// Bytes of the prefix of a key that the filter knows.
    pub fn prefix_bytes(self) -> usize {
        match self {
            Self::Segment | Self::State => 16,
            Self::Inbox => 9,
        }
    }

    /// Where the chat key begins in a key.
    fn chat_key_at(self) -> usize {
        match self {
            Self::Segment | Self::State => 0,
            Self::Inbox => 9,
        }
    }

    /// Whether the prefix of a key says which slot it is of.
    pub fn slot_lies_in_prefix(self) -> bool {
        self.prefix_bytes() >= self.chat_key_at() + 2
    }

    /// The slot of a key's chat: the top 14 bits of the chat key.
    pub fn slot(self, key: &[u8]) -> u16 {
        let at = self.chat_key_at();
        let top = key.get(at..at + 2).and_then(|bytes| bytes.try_into().ok());
        top.map_or(0, u16::from_be_bytes) >> 2
    }

    /// The path of table `id`.
    pub fn path(self, id: u64) -> String {
        format!("{}/{id:016x}{}", self.folder(), self.extension())
    }

    /// The path under which table `id` is written.
    pub fn temporary_path(self, id: u64) -> String {
        format!("{}.tmp", self.path(id))
    }

    /// The id in a table's name (without its folder), if it is one of this kind.
    pub fn id_in(self, name: &str) -> Option<u64> {
        let digits = name.strip_suffix(self.extension())?;
        let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if digits.len() != 16 || !digits.bytes().all(lower_hex) {
            return None;
        }
        u64::from_str_radix(digits, 16).ok()
    }
}
