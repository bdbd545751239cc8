//! Merges against a model.

use super::*;

/// The values of a row's key, newest first, with their sources.
fn values(row: &MergedRow<'_>) -> Vec<(usize, Vec<u8>)> {
    let winner = std::iter::once((row.source, row.value));
    winner.chain(row.shadowed()).map(|(source, value)| (source, value.to_vec())).collect()
}

#[test]
fn a_merge_gives_the_newest_row_of_each_key_and_shows_what_it_shadows() {
    for seed in 0..40 {
        let mut dice = Dice::new(seed);
        let kind = *dice.pick(&TableKind::ALL);
        let disk = a_disk();
        let count = dice.below(6);
        let pool = some_rows(&mut dice, kind, 300, 0);
        // By key: the values, newest first, with their source.
        let mut model: BTreeMap<Vec<u8>, Vec<(usize, Vec<u8>)>> = BTreeMap::new();
        let mut scans: Vec<Scan> = Vec::new();
        let from = if dice.one_in(2) { vec![] } else { vec![0, 0, 0, 0, 0, 0, 0, 2] };
        for source in 0..usize::try_from(count).unwrap() {
            let one_in = 1 + dice.below(4);
            let mut rows: Rows =
                Rows::from([pool.first_key_value().map(|(k, v)| (k.clone(), v.clone())).unwrap()]);
            for key in pool.keys() {
                if dice.one_in(one_in) {
                    rows.insert(key.clone(), a_value(&mut dice, 30_000));
                }
            }
            write(&disk, kind, source as u64, &rows);
            let table = open(&disk, kind, source as u64).unwrap();
            scans.push(table.scan(&from, ScanMode::Sequential));
            for (key, value) in rows.into_iter().filter(|(key, _)| *key >= from) {
                model.entry(key).or_default().push((source, value));
            }
        }
        let mut merge = Merge::new(scans).unwrap();
        let mut given = BTreeMap::new();
        while let Some(row) = merge.next().unwrap() {
            let all = values(&row);
            assert!(given.last_key_value().is_none_or(|(last, _)| last < &row.key.to_vec()));
            given.insert(row.key.to_vec(), all);
        }
        assert_eq!(given, model, "seed {seed}");
        assert!(merge.next().unwrap().is_none(), "the end stays the end");
    }
}

#[test]
fn a_merge_of_more_than_64_tables_is_refused() {
    let disk = a_disk();
    write(&disk, TableKind::State, 1, &Rows::from([(vec![1; 16], vec![])]));
    let table = open(&disk, TableKind::State, 1).unwrap();
    let scans = |count| (0..count).map(|_| table.scan(&[], ScanMode::Cached)).collect();
    assert!(Merge::new(scans(64)).is_ok());
    assert_eq!(Merge::new(scans(65)).err().unwrap().code(), "FOQ_TOO_LARGE");
}

#[test]
fn a_merge_that_failed_goes_on_where_it_was() {
    use crate::env::sim::{CallKind, Fault, FaultRule};
    let disk = a_disk();
    let rows = some_rows(&mut Dice::new(1), TableKind::State, 300, 30_000);
    write(&disk, TableKind::State, 1, &rows);
    write(&disk, TableKind::State, 2, &rows);
    for nth in 1..=8 {
        let scans =
            [2, 1].map(|id| open(&disk, TableKind::State, id).unwrap().scan(&[], ScanMode::Cached));
        let mut merge = Merge::new(scans.into()).unwrap();
        disk.add_fault(FaultRule::nth(CallKind::Read, nth, Fault::Io));
        let mut given = Rows::new();
        let mut failures = 0;
        loop {
            match merge.next() {
                Ok(None) => break,
                Ok(Some(row)) => {
                    assert_eq!((row.source, row.shadowed().count()), (0, 1));
                    given.insert(row.key.to_vec(), row.value.to_vec());
                }
                Err(error) => {
                    assert_eq!(error.code(), "FOQ_UNAVAILABLE");
                    failures += 1;
                }
            }
        }
        assert_eq!((failures, &given), (1, &rows), "read {nth}");
        disk.clear_faults();
    }
}
