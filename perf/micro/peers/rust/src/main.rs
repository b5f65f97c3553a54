//! What the crate pg_walstream needs for the rows of a shape that write_shapes leaves in FOLDER:
//!
//!     peers FOLDER SHAPE REPETITIONS SECONDS
//!
//! Its faster way is timed: each message a `Bytes`, so that values are slices of it and nothing is copied;
//! the relation looked up, a walk over the columns. The answer is checked first. Prints one line of JSON.

use bytes::Bytes;
use pg_walstream::{LogicalReplicationMessage, LogicalReplicationParser, RelationInfo, ReplicationState};
use std::path::Path;
use std::process::exit;

#[derive(Default, PartialEq, Debug)]
struct Answer {
    rows: u64,
    columns: u64,
    value_bytes: u64,
    first_bytes: u64,
}

fn fail(why: String) -> ! {
    eprintln!("peers: {why}");
    exit(1)
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| fail(format!("{}: {error}", path.display())))
}

fn messages(path: &Path) -> Vec<Bytes> {
    let mut rest = Bytes::from(read(path));
    let mut found = Vec::new();
    while !rest.is_empty() {
        let length = rest.split_to(4);
        let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]);
        found.push(rest.split_to(length as usize));
    }
    found
}

fn cpu_seconds() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is a timespec of ours, which the call fills.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

fn parse(parser: &mut LogicalReplicationParser, message: &Bytes) -> LogicalReplicationMessage {
    match parser.parse_wal_message_bytes(message.clone()) {
        Ok(parsed) => parsed.message,
        Err(error) => fail(format!("pg_walstream: {error}")),
    }
}

fn read_rows(rows: &[Bytes], parser: &mut LogicalReplicationParser, known: &ReplicationState) -> Answer {
    let mut sum = Answer::default();
    for message in rows {
        let LogicalReplicationMessage::Insert { relation_id, tuple } = parse(parser, message) else {
            fail("pg_walstream: no insert where one stands".into())
        };
        if known.get_relation(relation_id).is_none() {
            fail(format!("pg_walstream: relation {relation_id} is unknown"))
        }
        sum.rows += 1;
        sum.columns += tuple.column_count() as u64;
        for column in tuple.columns.iter() {
            let value = column.as_bytes();
            sum.value_bytes += value.len() as u64;
            sum.first_bytes += value.first().map_or(0, |first| u64::from(*first));
        }
    }
    sum
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, shape, repetitions, seconds] = arguments.as_slice() else {
        fail("usage: peers FOLDER SHAPE REPETITIONS SECONDS".into())
    };
    let folder = Path::new(folder);
    let (Ok(repetitions), Ok(seconds)) = (repetitions.parse::<usize>(), seconds.parse::<f64>()) else {
        fail("usage: peers FOLDER SHAPE REPETITIONS SECONDS".into())
    };

    let all = messages(&folder.join(format!("{shape}.pgoutput")));
    let mut parser = LogicalReplicationParser::with_protocol_version(1);
    let mut known = ReplicationState::new();
    match parse(&mut parser, &all[1]) {
        LogicalReplicationMessage::Relation { relation_id, namespace, relation_name, replica_identity, columns } => {
            known.add_relation(RelationInfo::new(relation_id, namespace, relation_name, replica_identity, columns))
        }
        _ => fail("pg_walstream: no relation where one stands".into()),
    }
    let rows = &all[2..];

    let numbers = String::from_utf8_lossy(&read(&folder.join(format!("{shape}.answer"))))
        .split_whitespace()
        .map(|number| number.parse().unwrap_or(0))
        .collect::<Vec<u64>>();
    let [row_count, columns, value_bytes, first_bytes] = numbers[..] else {
        fail(format!("{shape}.answer: four numbers belong there"))
    };
    let expected = Answer { rows: row_count, columns, value_bytes, first_bytes };
    let got = read_rows(rows, &mut parser, &known);
    if got != expected {
        fail(format!("pg_walstream reads {got:?} where {expected:?} stands, so its time means nothing"))
    }

    let mut times = Vec::new();
    for _ in 0..repetitions {
        let (begun, mut passes) = (cpu_seconds(), 0);
        while cpu_seconds() - begun < seconds {
            std::hint::black_box(read_rows(rows, &mut parser, &known));
            passes += 1;
        }
        times.push((cpu_seconds() - begun) / f64::from(passes) / rows.len() as f64);
    }
    let mut ordered = times.clone();
    ordered.sort_by(f64::total_cmp);
    println!(
        r#"{{"benchmark": "parse_pg_walstream/{shape}", "time_per_row": {:e}, "rows": {}, "repetitions": {times:?}}}"#,
        ordered[repetitions / 2],
        rows.len()
    );
}
