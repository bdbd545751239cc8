//! Files of a store that are not what they were.

use std::fs;
use std::path::{Path, PathBuf};

use foq_log::Error;
use foq_log::env::real::env;
use foq_log::{Tail, verify};

use crate::place::{
    Batch, Place, a_store, batches, files, flip, for_reading, holds, open, options, prepare_spares,
    records, refused,
};

/// Bytes of a file header, and of a manifest's checksum: see FORMAT.md.
const VERSION: std::ops::Range<usize> = 8..12;
const CHECKSUM: std::ops::Range<usize> = 12..16;

/// Makes a manifest or journal file one of a format to come; gives back what it was.
pub fn make_newer(path: &Path) -> Vec<u8> {
    let old = fs::read(path).unwrap();
    let mut bytes = old.clone();
    bytes[VERSION].copy_from_slice(&1000_u32.to_le_bytes());
    let covered = if path.extension().is_some() { 512 } else { bytes.len() };
    let checksum = crc32c::crc32c(&bytes[..CHECKSUM.start]);
    let checksum = crc32c::crc32c_append(checksum, &bytes[CHECKSUM.end..covered]);
    bytes[CHECKSUM].copy_from_slice(&checksum.to_le_bytes());
    fs::write(path, bytes).unwrap();
    old
}

fn first_journal_file(dir: &Path) -> PathBuf {
    batches(dir).first().unwrap().path.clone()
}

/// The last batch that holds effects, and the mark behind it.
fn end(dir: &Path) -> (Batch, Batch) {
    let all = batches(dir);
    let (last, before) = all.split_last().unwrap();
    assert_eq!(last.effects, 0, "a closed store ends with a mark");
    (before.last().unwrap().clone(), last.clone())
}

/// The error names this file, and a range that holds the byte.
fn names(error: &Error, path: &Path, byte_offset: usize) {
    let Error::Corrupt { file, from, to, .. } = error else { panic!("corrupt, not {error}") };
    assert!(path.ends_with(file), "{error} names {}", path.display());
    assert!((*from..*to).contains(&(byte_offset as u64)), "{error} holds {byte_offset}");
}

#[test]
fn a_newer_format_of_a_journal_file_is_refused() {
    let place = Place::new("newer-journal");
    a_store(&place.store(), 3);
    let path = first_journal_file(&place.store());
    let old = make_newer(&path);
    refused(&place.store(), "FOQ_VERSION");
    fs::write(path, old).unwrap();
    holds(&place.store(), &options(), 3);
}

#[test]
fn both_manifests_bad_are_refused_and_one_is_mended() {
    let place = Place::new("manifests");
    a_store(&place.store(), 3);
    let [one, other] = ["MANIFEST-A", "MANIFEST-B"].map(|name| place.store().join(name));
    flip(&one, 40);
    flip(&other, 90);
    refused(&place.store(), "FOQ_CORRUPT");
    flip(&other, 90);
    let report = verify(&env(&place.store()).unwrap()).unwrap();
    assert_eq!((report.errors.len(), report.repairs.len()), (0, 1), "{report}");
    holds(&place.store(), &options(), 3);
    let report = verify(&env(&place.store()).unwrap()).unwrap();
    assert!(report.errors.is_empty() && report.repairs.is_empty(), "{report}");
    // It stands on the mended one alone now.
    fs::remove_file(&other).unwrap();
    holds(&place.store(), &options(), 3);
}

#[test]
fn empty_manifests_are_refused() {
    let place = Place::new("empty-manifests");
    a_store(&place.store(), 3);
    for name in ["MANIFEST-A", "MANIFEST-B"] {
        fs::write(place.store().join(name), "").unwrap();
    }
    refused(&place.store(), "FOQ_CORRUPT");
}

#[test]
fn a_journal_file_of_another_store_is_refused() {
    let (place, stranger) = (Place::new("own"), Place::new("stranger"));
    a_store(&place.store(), 3);
    a_store(&stranger.store(), 3);
    let path = first_journal_file(&place.store());
    let own = fs::read(&path).unwrap();
    fs::copy(first_journal_file(&stranger.store()), &path).unwrap();
    let error = refused(&place.store(), "FOQ_CORRUPT");
    names(&error, &path, 0);
    fs::write(path, own).unwrap();
    holds(&place.store(), &options(), 3);
}

#[test]
fn a_spare_of_another_store_is_refused() {
    let (place, stranger) = (Place::new("own-spare"), Place::new("stranger-spare"));
    a_store(&place.store(), 3);
    a_store(&stranger.store(), 3);
    [&place, &stranger].into_iter().for_each(|place| prepare_spares(&place.store()));
    let inside = fs::read_dir(place.store().join("journal")).unwrap();
    let spare = inside.map(|found| found.unwrap().path()).max().unwrap();
    assert_ne!(spare, first_journal_file(&place.store()), "there is a spare");
    let name = spare.file_name().unwrap();
    fs::copy(stranger.store().join("journal").join(name), &spare).unwrap();
    let error = refused(&place.store(), "FOQ_CORRUPT");
    names(&error, &spare, 0);
}

#[test]
fn damage_to_any_round_that_a_mark_covers_is_refused_by_name() {
    let place = Place::new("middle");
    a_store(&place.store(), 40);
    let all = batches(&place.store());
    let covered: Vec<&Batch> = all.iter().filter(|batch| batch.effects > 0).collect();
    assert!(covered.first().unwrap().path != covered.last().unwrap().path, "several files");
    for batch in covered {
        for inside in [1, batch.bytes / 2, batch.bytes - 9] {
            let byte_offset = batch.byte_offset + inside;
            flip(&batch.path, byte_offset);
            let error = refused(&place.store(), "FOQ_CORRUPT");
            names(&error, &batch.path, byte_offset);
            flip(&batch.path, byte_offset);
        }
    }
    holds(&place.store(), &options(), 40);
}

#[test]
fn a_damaged_mark_at_the_end_is_cut_and_nothing_acked_is_lost() {
    let place = Place::new("tail");
    a_store(&place.store(), 5);
    let (_, mark) = end(&place.store());
    flip(&mark.path, mark.byte_offset + 20);
    let report = verify(&env(&place.store()).unwrap()).unwrap();
    assert_eq!((report.tail, report.errors.len(), report.records), (Tail::Torn, 0, 5));
    holds(&place.store(), &options(), 5);
    let report = verify(&env(&place.store()).unwrap()).unwrap();
    assert_eq!((report.tail, report.records), (Tail::Clean, 5), "{report}");
}

#[test]
fn rubbish_behind_the_end_is_cut() {
    let place = Place::new("rubbish");
    a_store(&place.store(), 5);
    let (_, mark) = end(&place.store());
    let mut bytes = fs::read(&mark.path).unwrap();
    bytes[mark.byte_offset + 512..][..300].fill(0xA5);
    fs::write(&mark.path, bytes).unwrap();
    assert_eq!(verify(&env(&place.store()).unwrap()).unwrap().tail, Tail::Torn);
    holds(&place.store(), &options(), 5);
    assert_eq!(verify(&env(&place.store()).unwrap()).unwrap().tail, Tail::Clean);
}

#[test]
fn a_batch_copied_to_another_place_is_not_taken_for_one() {
    let place = Place::new("copied");
    a_store(&place.store(), 5);
    let (last, mark) = end(&place.store());
    let mut bytes = fs::read(&mark.path).unwrap();
    bytes.copy_within(last.byte_offset..last.byte_offset + last.bytes, mark.byte_offset + 512);
    fs::write(&mark.path, bytes).unwrap();
    holds(&place.store(), &options(), 5);
}

#[test]
fn a_missing_or_short_journal_file_is_refused() {
    let place = Place::new("short");
    a_store(&place.store(), 40);
    let path = first_journal_file(&place.store());
    let whole = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let error = refused(&place.store(), "FOQ_CORRUPT");
    assert!(error.to_string().contains("missing"), "{error}");
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    refused(&place.store(), "FOQ_CORRUPT");
    fs::write(&path, "").unwrap();
    refused(&place.store(), "FOQ_CORRUPT");
    fs::write(&path, whole).unwrap();
    holds(&place.store(), &options(), 40);
}

#[test]
fn a_corrupt_store_opened_for_reading_serves_what_verifies() {
    let place = Place::new("serves");
    a_store(&place.store(), 10);
    let data: Vec<Batch> = batches(&place.store());
    let data: Vec<&Batch> = data.iter().filter(|batch| batch.effects > 0).collect();
    // The first round is the join; so this is the sixth record.
    flip(&data[6].path, data[6].byte_offset + 70);
    refused(&place.store(), "FOQ_CORRUPT");
    let before = files(&place.store());
    let store = open(&place.store(), &for_reading()).unwrap();
    assert_eq!(records(&store.reader()).len(), 5);
    assert_eq!(store.damage().map(Error::code), Some("FOQ_CORRUPT"));
    drop(store);
    assert!(files(&place.store()) == before, "nothing changed");
}

#[test]
fn damage_and_one_bad_manifest_together_change_nothing() {
    let place = Place::new("both");
    a_store(&place.store(), 10);
    let data = batches(&place.store());
    flip(&data[3].path, data[3].byte_offset + 30);
    flip(&place.store().join("MANIFEST-A"), 50);
    refused(&place.store(), "FOQ_CORRUPT");
}
