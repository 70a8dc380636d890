//! What Roster makes of every unkind answer of AWS: a proxy before the emulators gives it.
//!
//! | file | idea |
//! |---|---|
//! | `rows` | the list; each row is a test, and a row of `docs/aws-answers.md` |
//! | `stage` | a Roster behind the proxy, what is done with it, and what it logs |
//! | `commands` | how commands of an operator end |

mod commands;
mod rows;
mod stage;

use std::{collections::BTreeSet, fmt::Write as _, path::Path};

use rows::{ROWS, Row};

const BEGIN: &str = "<!-- begin: written by `just aws-answers` -->\n";
const END: &str = "<!-- end -->\n";

/// The list as a table of the document.
fn table() -> String {
    let mut table = String::from(
        "| call | answer of AWS | what a client sees | what an operator sees | test |\n|---|---|---|---|---|\n",
    );
    for Row { name, call, answer, aws, outcome, log, .. } in ROWS {
        let log = if log.is_empty() { "nothing".to_owned() } else { format!("`{log}`") };
        writeln!(table, "| {call} | [{answer}]({aws}) | {outcome} | {log} | `{name}` |").unwrap();
    }
    table
}

#[test]
fn the_document_has_the_list_as_it_is_tested() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/aws-answers.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let expected = format!("{before}{BEGIN}\n{}\n{END}{after}", table());
    #[expect(clippy::disallowed_methods, reason = "a recipe sets it, to write the page")]
    if std::env::var_os("REWRITE_AWS_ANSWERS").is_some() {
        std::fs::write(path, expected).unwrap();
        return;
    }
    assert!(page == expected, "docs/aws-answers.md differs from the list: run `just aws-answers`");
}

/// What is marked as code.
fn codes(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The calls of the adapter, each with the tests of what its documentation promises.
#[test]
fn every_call_has_rows_and_tests() {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/aws-answers.md")).unwrap();
    let (_, section) = page.split_once("## Every call\n").unwrap();
    let mut calls = BTreeSet::new();
    for line in section.lines().filter(|line| line.starts_with("| `")) {
        let columns: Vec<_> = line.trim_matches('|').split('|').collect();
        calls.extend(codes(columns[0]));
        let tests: Vec<_> = codes(columns[3]).filter(|test| !test.contains("::")).collect();
        assert!(
            !tests.is_empty() && tests.iter().all(|test| ROWS.iter().any(|row| row.name == *test)),
            "{line}"
        );
    }
    let with_rows: BTreeSet<_> = ROWS.iter().flat_map(|row| row.call.split(", ")).collect();
    assert_eq!(calls, with_rows);
    let mut made = BTreeSet::new();
    calls_of(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/storage/src/aws").as_ref(), &mut made);
    assert_eq!(calls, made.iter().map(String::as_str).collect::<BTreeSet<_>>());
}

/// The names of the operations that the sources in this folder call. A builder of the SDK takes no arguments, and
/// is given its resource first.
fn calls_of(folder: &Path, calls: &mut BTreeSet<String>) {
    const RESOURCES: [&str; 8] = [
        ".bucket(",
        ".copy_source(",
        ".queue_url(",
        ".request_items(",
        ".resource_arn(",
        ".set_request_items(",
        ".table_name(",
        ".transact_items(",
    ];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            calls_of(&path, calls);
        // It prepares emulators.
        } else if !path.ends_with("provision.rs") {
            let source = std::fs::read_to_string(&path).unwrap();
            let pieces: Vec<_> = source.split("()").collect();
            for pair in pieces.windows(2) {
                if RESOURCES.iter().any(|resource| pair[1].trim_start().starts_with(resource)) {
                    let builder = pair[0].rsplit('.').next().unwrap();
                    calls.insert(builder.split('_').map(capitalized).collect());
                }
            }
        }
    }
}

fn capitalized(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

/// The page also names tests outside of the list.
#[test]
fn every_test_that_the_document_names_exists() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let page = std::fs::read_to_string(format!("{root}/docs/aws-answers.md")).unwrap();
    let (_, after) = page.split_once(END).unwrap();
    let named = codes(after).filter(|text| text.contains("::"));
    let mut count = 0;
    for test in named {
        let (file, name) = test.split_once("::").unwrap();
        let source = std::fs::read_to_string(format!("{root}/{file}")).unwrap_or_else(|_| panic!("{file}"));
        assert!(source.contains(&format!("fn {name}(")), "{test}");
        count += 1;
    }
    assert!(count > 10, "{count}");
}
