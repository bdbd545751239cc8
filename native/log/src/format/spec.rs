//! FORMAT.md, executed: its tables add up and say what the constants say.

use super::batch::batch_header;
use super::effect::{extension, fixed, kind, record_head};
use super::file::file_header;
use super::manifest::{layout, table_row};
use crate::table::TableKind;
use crate::table::directory::layout as directory_row;
use crate::table::footer::layout as footer;

const SPEC: &str = include_str!("../../FORMAT.md");

/// Rows of the table with byte offsets under a heading: (start, bytes, field).
fn table(heading: &str) -> Vec<(usize, usize, String)> {
    let title = format!("\n## {heading}\n");
    let begin = SPEC.find(&title).unwrap_or_else(|| panic!("FORMAT.md has no {heading}"));
    let section = &SPEC[begin + title.len()..];
    let section = &section[..section.find("\n## ").unwrap_or(section.len())];
    let rows = section.lines().skip_while(|line| !line.starts_with("| Byte offset |")).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let number = |cell: &str| cell.parse().unwrap_or_else(|_| panic!("{line}"));
            (number(cells[1]), number(cells[2]), cells[3].to_string())
        })
        .collect()
}

/// The table adds up to `size`, and its fields lie where the constants say.
fn check(heading: &str, size: usize, fields: &[(&str, usize)]) {
    let rows = table(heading);
    assert!(!rows.is_empty(), "{heading}: no table was found");
    let mut end = 0;
    for (start, bytes, field) in &rows {
        assert_eq!(*start, end, "{heading}: {field} does not follow the field before it");
        end = start + bytes;
    }
    assert_eq!(end, size, "{heading}: the table's size");
    let named: Vec<(&str, usize)> = rows
        .iter()
        .filter(|(_, _, field)| field != "reserved")
        .map(|(start, _, field)| (field.as_str(), *start))
        .collect();
    assert_eq!(named, fields, "{heading}: fields");
}

#[test]
fn the_table_of_the_manifest_is_the_constants() {
    use layout as m;
    check(
        "Manifest",
        m::TABLES,
        &[
            ("magic", m::MAGIC),
            ("version", m::VERSION),
            ("crc32c", m::CRC32C),
            ("counter", m::COUNTER),
            ("store id", m::STORE_ID),
            ("hash key", m::HASH_KEY),
            ("epoch", m::EPOCH),
            ("boot id", m::BOOT_ID),
            ("first file id", m::FIRST_FILE_ID),
            ("sealed position", m::SEALED_POSITION),
            ("sealed round", m::SEALED_ROUND),
            ("journal file bytes", m::JOURNAL_FILE_BYTES),
            ("state", m::STATE),
            ("durability", m::DURABILITY),
            ("clean", m::CLEAN),
            ("table count", m::TABLE_COUNT),
            ("sealed at", m::SEALED_AT),
            ("sealed retention at", m::SEALED_RETENTION_AT),
            ("next table id", m::NEXT_TABLE_ID),
            ("longest age", m::LONGEST_AGE),
            ("scrubbed at", m::SCRUBBED_AT),
            ("backup round", m::BACKUP_ROUND),
        ],
    );
    use table_row as t;
    check(
        "Tables of the manifest",
        t::SIZE,
        &[
            ("kind", t::KIND),
            ("class", t::CLASS),
            ("state", t::STATE),
            ("shard", t::SHARD),
            ("first slot", t::SLOT_FIRST),
            ("last slot", t::SLOT_LAST),
            ("erase at", t::ERASE_AT),
            ("table id", t::ID),
            ("first position", t::FIRST_POSITION),
            ("last position", t::LAST_POSITION),
            ("oldest at", t::FIRST_AT),
            ("newest at", t::LAST_AT),
            ("row count", t::ROW_COUNT),
            ("block bytes", t::BLOCK_BYTES),
            ("file bytes", t::FILE_BYTES),
        ],
    );
}

#[test]
fn the_tables_of_files_and_batches_are_the_constants() {
    use file_header as f;
    check(
        "File header",
        f::SIZE,
        &[
            ("magic", f::MAGIC),
            ("version", f::VERSION),
            ("crc32c", f::CRC32C),
            ("store id", f::STORE_ID),
            ("file id", f::FILE_ID),
            ("previous file id", f::PREVIOUS_FILE_ID),
            ("file bytes", f::FILE_BYTES),
        ],
    );
    use batch_header as b;
    check(
        "Batch header",
        b::SIZE,
        &[
            ("crc32c", b::CRC32C),
            ("magic", b::MAGIC),
            ("flags", b::FLAGS),
            ("batch bytes", b::BATCH_BYTES),
            ("effect count", b::EFFECT_COUNT),
            ("round", b::ROUND),
            ("position", b::POSITION),
            ("at", b::AT),
            ("shard", b::SHARD),
            ("retention at", b::RETENTION_AT),
            ("index", b::INDEX),
            ("term", b::TERM),
            ("mark back", b::MARK_BACK),
        ],
    );
}

#[test]
fn the_tables_of_table_files_are_the_constants() {
    use directory_row as d;
    let fields = [("byte offset", d::BYTE_OFFSET), ("bytes", d::BYTES), ("crc32c", d::CRC32C)];
    check("Directory row", d::SIZE, &fields);
    use footer as f;
    check(
        "Footer",
        f::SIZE,
        &[
            ("magic", f::MAGIC),
            ("version", f::VERSION),
            ("crc32c", f::CRC32C),
            ("store id", f::STORE_ID),
            ("hash key", f::HASH_KEY),
            ("epoch", f::EPOCH),
            ("kind", f::KIND),
            ("class", f::CLASS),
            ("shard", f::SHARD),
            ("first slot", f::FIRST_SLOT),
            ("last slot", f::LAST_SLOT),
            ("table id", f::TABLE_ID),
            ("first position", f::FIRST_POSITION),
            ("last position", f::LAST_POSITION),
            ("oldest at", f::OLDEST_AT),
            ("newest at", f::NEWEST_AT),
            ("row count", f::ROW_COUNT),
            ("block bytes", f::BLOCK_BYTES),
            ("directory bytes", f::DIRECTORY_BYTES),
            ("filter bytes", f::FILTER_BYTES),
            ("file bytes", f::FILE_BYTES),
            ("directory crc", f::DIRECTORY_CRC),
            ("filter crc", f::FILTER_CRC),
            ("replaced count", f::REPLACED_COUNT),
            ("replaced", f::REPLACED),
        ],
    );
}

#[test]
fn the_kinds_of_tables_are_the_code() {
    for kind in TableKind::ALL {
        let file = kind.path(0).replace("0000000000000000", "<16 hex digits>");
        let row = format!("| {} | {kind:?} | `{file}` | ", kind.number()).to_lowercase();
        let line = SPEC.lines().find(|line| line.starts_with(&row)).expect(&row);
        let sizes = format!("| {} | {} |", kind.key_bytes(), kind.prefix_bytes());
        assert!(line.ends_with(&sizes), "{line}: {sizes}");
    }
}

#[test]
fn the_tables_of_effects_are_the_constants() {
    use record_head as r;
    check(
        "Record",
        r::SIZE,
        &[
            ("kind", r::KIND),
            ("extensions", r::EXTENSIONS),
            ("head check", r::HEAD_CHECK),
            ("body crc", r::BODY_CRC),
            ("chat bytes", r::CHAT_BYTES),
            ("sender bytes", r::SENDER_BYTES),
            ("record kind", r::RECORD_KIND),
            ("flags", r::FLAGS),
            ("payload bytes", r::PAYLOAD_BYTES),
            ("seq", r::SEQ),
            ("at", r::AT),
        ],
    );
    let head = ("kind", 0);
    let chat = ("chat bytes", 1);
    let counted = [head, chat, ("count", 2), ("marks version", 4), ("base", 8)];
    check("Acks", fixed::ACKS, &counted);
    let seat = ("seat", 4);
    let joined = [("join seq", 8), ("received", 16), ("roster", 24)];
    let join = [&[head, chat, ("consumer bytes", 2), seat][..], &joined[..]].concat();
    check("Join", fixed::JOIN, &join);
    let leave = [head, chat, ("seat", 2), ("leave seq", 8), ("roster", 16)];
    check("Leave", fixed::LEAVE, &leave);
    let forget = [head, chat, ("seat", 2), ("roster", 8)];
    check("Forget", fixed::FORGET, &forget);
    check("Trim", fixed::TRIM, &[head, chat, ("floor", 8)]);
    check("Delete records", fixed::DELETE_RECORDS, &[head, chat, ("count", 2)]);
    check("Delete chat", fixed::DELETE_CHAT, &[head, chat, ("floor", 8), ("roster", 16)]);
    let limits = [("max age ms", 8), ("keep at least ms", 16), ("max bytes", 24)];
    let configure = [&[head, chat, ("present", 2), ("keep", 3)][..], &limits[..]].concat();
    check("Configure", fixed::CONFIGURE, &configure);
}

#[test]
fn kinds_and_extensions_are_the_constants() {
    let kinds = [
        (kind::RECORD, "record"),
        (kind::ACKS, "acks"),
        (kind::JOIN, "join"),
        (kind::LEAVE, "leave"),
        (kind::TRIM, "trim"),
        (kind::DELETE_RECORDS, "delete records"),
        (kind::DELETE_CHAT, "delete chat"),
        (kind::CONFIGURE, "configure"),
        (kind::FORGET, "forget"),
    ];
    for (number, name) in kinds {
        assert!(SPEC.contains(&format!("\n| {number} | {name} |\n")), "kind {number}, {name}");
    }
    let extensions = [
        (extension::DEDUP, extension::DEDUP_BYTES),
        (extension::GUARD, extension::GUARD_BYTES),
        (extension::SEAT, extension::SEAT_BYTES),
    ];
    for (bit, bytes) in extensions {
        assert!(SPEC.contains(&format!("\n| {bit} | {bytes} | ")), "extension {bit}");
    }
}

#[test]
fn every_recovery_case_stands_in_the_page_in_the_code_and_in_a_test() {
    let code = include_str!("../recovery.rs");
    let tests = include_str!("../../tests/recovery_cases.rs");
    let labels: Vec<&str> = SPEC
        .lines()
        .filter_map(|line| line.strip_prefix("| @"))
        .filter_map(|rest| rest.split(' ').next())
        .collect();
    let version = format!("# Format of a store, version {}\n", super::FORMAT_VERSION);
    assert!(SPEC.starts_with(&version));
    assert!(labels.len() >= 10, "the table of cases was found");
    for label in labels {
        assert!(code.contains(&format!("//! - @{label} ")), "recovery.rs explains @{label}");
        let test = format!("fn case_{}_", label.to_lowercase());
        assert!(tests.contains(&test), "a test of case @{label}");
    }
}
