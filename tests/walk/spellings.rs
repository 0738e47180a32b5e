//! Ways to write an id, or something like one.

/// What stands in the place of an id.
pub struct Spelling {
    pub name: &'static str,
    /// For a path or a query string: characters that may not stand there are percent-encoded.
    pub of: fn(&str) -> String,
}

const fn spelling(name: &'static str, of: fn(&str) -> String) -> Spelling {
    Spelling { name, of }
}

/// Of any text.
pub const OF_TEXTS: &[Spelling] = &[
    spelling("upper case", |id| id.to_uppercase()),
    spelling("percent-encoded", |id| id.bytes().map(|byte| format!("%{byte:02x}")).collect()),
    spelling("its first letter percent-encoded", |id| {
        format!("%{:02X}{}", id.as_bytes()[0], &id[1..])
    }),
    spelling("percent-encoded twice", |id| {
        id.bytes().map(|byte| format!("%25{byte:02x}")).collect()
    }),
    spelling("a dot after it", |id| format!("{id}.")),
    spelling("an ending after it", |id| format!("{id}.json")),
    spelling("a space after it", |id| format!("{id}%20")),
    spelling("a space before it", |id| format!("%20{id}")),
    spelling("a plus after it", |id| format!("{id}+")),
    spelling("a line end after it", |id| format!("{id}%0d%0a")),
    spelling("a slash after it", |id| format!("{id}/")),
    spelling("an encoded slash after it", |id| format!("{id}%2f")),
    spelling("a semicolon after it", |id| format!("{id};v=1")),
    spelling("NUL after it", |id| format!("{id}%00")),
    spelling("NUL in it", |id| format!("{}%00{}", &id[..4], &id[4..])),
    spelling("a quote after it", |id| format!("{id}'")),
    spelling("quoted", |id| format!("%22{id}%22")),
    spelling("SQL after it", |id| format!("{id}'%20or%20'1'='1")),
    spelling("a comment after it", |id| format!("{id}'--")),
    spelling("a cast after it", |id| format!("{id}::text")),
    spelling("a wildcard after it", |id| format!("{id}%25")),
    spelling("out and in again", |id| format!("{id}/../{id}")),
    spelling("out and in again, encoded", |id| format!("{id}%2f..%2f{id}")),
    spelling("a step before it", |id| format!("./{id}")),
    spelling("two of it", |id| format!("{id},{id}")),
    spelling("a list of it", |id| format!("%5b%22{id}%22%5d")),
    spelling("truncated", |id| id[..id.len() - 1].to_owned()),
    spelling("overlong", |id| id.repeat(50)),
    spelling("a letter more", |id| format!("{id}0")),
    spelling("wide letters", |id| {
        id.chars().map(|c| if c == '0' { "%EF%BC%90".to_owned() } else { c.to_string() }).collect()
    }),
];

/// Of ids alone: other forms that UUID readers take, and ids of nothing.
pub const OF_IDS: &[Spelling] = &[
    spelling("in braces", |id| format!("%7b{id}%7d")),
    spelling("without hyphens", |id| id.replace('-', "")),
    spelling("as a URN", |id| format!("urn:uuid:{id}")),
    spelling("base 64, nearly", |id| id.replace('-', "")[..22].to_owned()),
    spelling("nil", |_| "00000000-0000-0000-0000-000000000000".to_owned()),
    spelling("max", |_| "ffffffff-ffff-ffff-ffff-ffffffffffff".to_owned()),
    spelling("nothing but a dot", |_| ".".to_owned()),
    spelling("a number", |_| "1".to_owned()),
    spelling("null", |_| "null".to_owned()),
    spelling("everything", |_| "*".to_owned()),
];
