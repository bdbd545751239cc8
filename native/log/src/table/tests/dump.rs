//! What a dump says of a table.

use super::super::dump::dump_tables;
use super::*;

fn lines(disk: &SimDisk, kind: TableKind) -> Vec<String> {
    let mut lines = Vec::new();
    dump_tables(&shared(disk), kind, &mut |line| lines.push(line)).unwrap();
    lines
}

#[test]
fn a_table_its_blocks_and_its_rows_are_lines() {
    let disk = a_disk();
    let rows = [(vec![1; 16], vec![9; 20_000]), (vec![0xab; 16], vec![])].into();
    write(&disk, TableKind::State, 6, &rows);
    disk.put_file("states/0000000000000007.sta.tmp", &[]);
    let id = "07".repeat(16);
    let table =
        format!(r#"{{"line":"table","file":"states/0000000000000006.sta","storeId":"{id}","#)
            + r#""epoch":"0000000000000009","id":6,"class":2,"shard":3,"slots":[[64,10986]],"#
            + r#""positions":[[10,20]],"at":[[1000,2000]],"rows":2,"blockBytes":20048,"#
            + r#""fileBytes":21200,"replaced":[4,5]}"#;
    let nonsense = r#""error":"the row makes no sense""#;
    let expected = [
        table,
        r#"{"line":"block","byteOffset":0,"bytes":20024,"rows":1}"#.to_owned(),
        format!(r#"{{"line":"row","key":"{}","valueBytes":20000,{nonsense}}}"#, "01".repeat(16)),
        r#"{"line":"block","byteOffset":20024,"bytes":24,"rows":1}"#.to_owned(),
        format!(r#"{{"line":"row","key":"{}","valueBytes":0,{nonsense}}}"#, "ab".repeat(16)),
        r#"{"line":"unfinished file","file":"0000000000000007.sta.tmp"}"#.to_owned(),
    ];
    assert_eq!(lines(&disk, TableKind::State), expected);
    assert!(lines(&SimDisk::new(), TableKind::State).is_empty(), "a missing folder holds none");
}

#[test]
fn damage_is_shown_where_it_lies_and_what_follows_too() {
    let disk = a_disk();
    let rows = [(vec![1; 16], vec![9; 20_000]), (vec![2; 16], vec![])].into();
    let info = write(&disk, TableKind::State, 6, &rows);
    let path = TableKind::State.path(6);
    disk.damage(&path, 5, &[0]);
    let shown = lines(&disk, TableKind::State);
    assert!(shown[1].contains("corrupt: states/0000000000000006.sta bytes 0..20024"));
    assert_eq!(shown.len(), 4, "the other block and its row follow");
    disk.damage(&path, footer_at(&info) - 1, &[0xff]);
    assert!(lines(&disk, TableKind::State)[1].contains("the filter's checksum"));
    disk.damage(&path, info.block_bytes, &[0xff]);
    let shown = lines(&disk, TableKind::State);
    assert!(shown.len() == 2 && shown[1].contains("the directory's checksum"));
    disk.damage(&path, footer_at(&info), &[0xff]);
    let shown = lines(&disk, TableKind::State);
    assert!(shown.len() == 1 && shown[0].contains("not the footer of a table"));
}
