//! The browser's types are those of this crate.

mod support;

#[test]
fn the_typescript_types_are_fresh() {
    support::assert_fresh("web/src/wire/types.ts", &gatecall_wire::typescript::render());
}

#[test]
fn every_type_that_is_mentioned_is_in_the_file() {
    let file = gatecall_wire::typescript::render();
    let words = file.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let is_ours =
        |word: &&str| ["Frame", "Body", "Row", "Side", "Entry"].iter().any(|end| word.ends_with(end));
    for word in words.filter(is_ours) {
        assert!(file.contains(&format!("export type {word} =")), "{word} is mentioned and not there");
    }
}
