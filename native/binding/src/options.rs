//! The options of a store as JavaScript gives them. Limits are checked by the log.

use foq_log::{Durability, Keep, Options, Result};
use napi_derive::napi;

use crate::packing::invalid;

/// All are optional; what is missing has the log's default.
#[napi(object, object_to_js = false)]
#[derive(Default)]
pub struct GivenOptions {
    /// See `Options::create`.
    pub create: Option<bool>,
    /// See `Options::read_only`.
    pub read_only: Option<bool>,
    /// `fsync` or `page-cache-unsafe`.
    pub durability: Option<String>,
    /// See `Options::journal_file_bytes`.
    pub journal_file_bytes: Option<f64>,
    /// See `Options::round_bytes_max`.
    pub round_bytes_max: Option<f64>,
    /// See `Options::payload_bytes_max`.
    pub payload_bytes_max: Option<f64>,
    /// See `Options::pending_bytes_max`.
    pub pending_bytes_max: Option<f64>,
    /// See `Options::dedup_depth`.
    pub dedup_depth: Option<f64>,
    /// See `Options::ack_flush_ms`.
    pub ack_flush_ms: Option<f64>,
    /// See `Options::idle_mark_ms`.
    pub idle_mark_ms: Option<f64>,
    /// See `Options::spares`.
    pub spares: Option<f64>,
    /// See `Options::journal_window_bytes`.
    pub journal_window_bytes: Option<f64>,
    /// See `Options::journal_window_ms`.
    pub journal_window_ms: Option<f64>,
    /// See `Options::cache_bytes`.
    pub cache_bytes: Option<f64>,
    /// See `Options::background_bytes_per_second`.
    pub background_bytes_per_second: Option<f64>,
    /// `until-received`, `window` or `forever`.
    pub keep: Option<String>,
    /// See `Retention::max_age_ms`.
    pub max_age_ms: Option<f64>,
    /// See `Retention::keep_at_least_ms`.
    pub keep_at_least_ms: Option<f64>,
    /// See `Retention::max_bytes`.
    pub max_bytes: Option<f64>,
}

impl GivenOptions {
    /// The log's options.
    ///
    /// # Errors
    /// `FOQ_INVALID_ARGUMENT` naming the option and what it takes.
    pub fn resolve(&self) -> Result<Options> {
        let mut options = Options::default();
        options.create = self.create.unwrap_or(options.create);
        options.read_only = self.read_only.unwrap_or(options.read_only);
        match self.durability.as_deref() {
            None => {}
            Some("fsync") => options.durability = Durability::Fsync,
            Some("page-cache-unsafe") => options.durability = Durability::PageCacheUnsafe,
            Some(_) => return Err(rule("durability", "fsync or page-cache-unsafe")),
        }
        match self.keep.as_deref() {
            None => {}
            Some("until-received") => options.retention.keep = Keep::UntilReceived,
            Some("window") => options.retention.keep = Keep::Window,
            Some("forever") => options.retention.keep = Keep::Forever,
            Some(_) => return Err(rule("keep", "until-received, window or forever")),
        }
        whole(self.journal_file_bytes, "journalFileBytes", &mut options.journal_file_bytes)?;
        whole(self.round_bytes_max, "roundBytesMax", &mut options.round_bytes_max)?;
        whole(self.payload_bytes_max, "payloadBytesMax", &mut options.payload_bytes_max)?;
        whole(self.pending_bytes_max, "pendingBytesMax", &mut options.pending_bytes_max)?;
        whole(self.dedup_depth, "dedupDepth", &mut options.dedup_depth)?;
        whole(self.ack_flush_ms, "ackFlushMs", &mut options.ack_flush_ms)?;
        whole(self.idle_mark_ms, "idleMarkMs", &mut options.idle_mark_ms)?;
        whole(self.spares, "spares", &mut options.spares)?;
        whole(self.journal_window_bytes, "journalWindowBytes", &mut options.journal_window_bytes)?;
        whole(self.journal_window_ms, "journalWindowMs", &mut options.journal_window_ms)?;
        whole(self.cache_bytes, "cacheBytes", &mut options.cache_bytes)?;
        whole(
            self.background_bytes_per_second,
            "backgroundBytesPerSecond",
            &mut options.background_bytes_per_second,
        )?;
        whole(self.max_age_ms, "maxAge", &mut options.retention.max_age_ms)?;
        whole(self.keep_at_least_ms, "keepAtLeast", &mut options.retention.keep_at_least_ms)?;
        whole(self.max_bytes, "maxBytes", &mut options.retention.max_bytes)?;
        options.validate()?;
        Ok(options)
    }
}

fn whole<T: TryFrom<u64>>(given: Option<f64>, name: &str, into: &mut T) -> Result<()> {
    let Some(value) = given else { return Ok(()) };
    let value = count_of(value).and_then(|value| T::try_from(value).ok());
    *into = value.ok_or_else(|| rule(name, "a whole number in its range"))?;
    Ok(())
}

fn rule(name: &str, takes: &str) -> foq_log::Error {
    invalid(format!("{name} must be {takes}"))
}

/// A JavaScript number as a count, if it is one: whole, not negative, at most 2^53 - 1.
pub fn count_of(value: f64) -> Option<u64> {
    const MAX: f64 = 9_007_199_254_740_991.0;
    if !(0.0..=MAX).contains(&value) || value.fract() != 0.0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    Some(value as u64)
}

/// Names of the options that differ. `create` is not among them: it says only what to do when
/// there is no store.
pub fn differing(ours: &Options, theirs: &Options) -> Vec<&'static str> {
    let (held, other) = (&ours.retention, &theirs.retention);
    let pairs = [
        ("readOnly", ours.read_only != theirs.read_only),
        ("durability", ours.durability != theirs.durability),
        ("journalFileBytes", ours.journal_file_bytes != theirs.journal_file_bytes),
        ("roundBytesMax", ours.round_bytes_max != theirs.round_bytes_max),
        ("payloadBytesMax", ours.payload_bytes_max != theirs.payload_bytes_max),
        ("pendingBytesMax", ours.pending_bytes_max != theirs.pending_bytes_max),
        ("dedupDepth", ours.dedup_depth != theirs.dedup_depth),
        ("ackFlushMs", ours.ack_flush_ms != theirs.ack_flush_ms),
        ("idleMarkMs", ours.idle_mark_ms != theirs.idle_mark_ms),
        ("spares", ours.spares != theirs.spares),
        ("journalWindowBytes", ours.journal_window_bytes != theirs.journal_window_bytes),
        ("journalWindowMs", ours.journal_window_ms != theirs.journal_window_ms),
        ("cacheBytes", ours.cache_bytes != theirs.cache_bytes),
        (
            "backgroundBytesPerSecond",
            ours.background_bytes_per_second != theirs.background_bytes_per_second,
        ),
        ("keep", held.keep != other.keep),
        ("maxAge", held.max_age_ms != other.max_age_ms),
        ("keepAtLeast", held.keep_at_least_ms != other.keep_at_least_ms),
        ("maxBytes", held.max_bytes != other.max_bytes),
    ];
    pairs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}
