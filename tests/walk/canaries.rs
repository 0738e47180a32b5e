//! Texts of one company that must never be seen in another, planted in every column that takes them.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::harness::Psql;

/// All columns of all tables, and which rows of them are those of a company.
const COLUMNS: &str = "
    select c.oid::regclass, a.attname, format_type(a.atttypid, null), a.attgenerated <> '',
        case
            when exists (
                select from pg_attribute t where t.attrelid = c.oid and t.attname = 'company_id'
            ) then 'company_id = %s'
            when c.relname = 'companies' then 'id = %s'
            when exists (
                select from pg_attribute t where t.attrelid = c.oid and t.attname = 'identity_id'
            ) then 'identity_id in (select identity_id from identity.memberships where company_id = %s)'
            else 'id in (select identity_id from identity.memberships where company_id = %s)'
        end
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where n.nspname in ('crm', 'identity') and c.relkind = 'r'
    order by 1, a.attnum";

/// The columns that hold words from a list of ours.
const WORDS: &str = "
    select format('%s.%s', c.conrelid::regclass, a.attname)
    from pg_constraint c
    join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
    where c.contype = 'c' and pg_get_constraintdef(c.oid) ~ '= ANY \\(+ARRAY'";

/// Types whose values tell nobody by themselves whose they are.
const SILENT: [&str; 5] = ["boolean", "integer", "bigint", "timestamp with time zone", "date"];

/// What is known of one company and of nobody else.
#[derive(Default)]
pub struct Canaries {
    /// By number, where it stands.
    planted: BTreeMap<String, String>,
    ids: BTreeMap<String, String>,
    /// Secrets that were there before, such as password hashes.
    secrets: Secrets,
    /// What the other company has written itself.
    known: BTreeSet<String>,
}

/// Hundreds of texts that are looked for in everything: in small letters, with all the letters that they have.
#[derive(Default)]
struct Secrets {
    all: BTreeSet<String>,
    /// A bit for each of ASCII.
    letters: u128,
    shortest: usize,
}

struct Column {
    table: String,
    name: String,
    rows: String,
}

impl Canaries {
    /// Writes one into every text of every row of the company. Columns whose checks take neither a text nor
    /// an e-mail hold words of ours, or secrets.
    pub async fn plant(admin: &Psql, company_id: Uuid) -> Self {
        admin.run("create temporary sequence canary minvalue 100000").await;
        let words = admin.rows(WORDS).await;
        let mut canaries = Self::default();
        for line in admin.rows(COLUMNS).await {
            let parts: Vec<&str> = line.split('|').collect();
            let [table, name, kind, generated, rows] = parts[..] else { unreachable!("{line}") };
            let rows = rows.replace("%s", &format!("'{company_id}'"));
            let column = Column { table: table.to_owned(), name: name.to_owned(), rows };
            match kind {
                "uuid" => canaries.remember_ids(admin, &column).await,
                "text" if words.contains(&column.place()) => {}
                "text" if generated == "f" => canaries.remember_texts(admin, &column).await,
                "text" => {}
                // Like the others, one value deep.
                "jsonb" => canaries.remember_texts(admin, &column).await,
                // Scopes: words of ours, which its checks limit to.
                "text[]" => {}
                "bytea" | "bytea[]" => canaries.remember_bytes(admin, &column).await,
                _ => assert!(SILENT.contains(&kind), "{line}: what is a canary of this type?"),
            }
        }
        canaries
    }

    async fn remember_ids(&mut self, admin: &Psql, column: &Column) {
        for id in column.values(admin).await {
            self.ids.entry(id).or_insert_with(|| column.place());
        }
    }

    async fn remember_texts(&mut self, admin: &Psql, column: &Column) {
        let planted = column.plant(admin).await;
        for text in column.values(admin).await {
            if planted {
                self.planted.insert(number(&text).to_owned(), column.place());
            } else {
                assert!(text.len() > 20, "{}: which canary do its checks take?", column.place());
                self.secrets.insert(&text);
            }
        }
    }

    /// As JSON would have them: nobody stores bytes but as hashes and keys.
    async fn remember_bytes(&mut self, admin: &Psql, column: &Column) {
        let values = column.values(admin).await.join(",");
        let each = values.split(['{', '}', '"', ',', '\\']).filter(|hex| !hex.is_empty());
        each.for_each(|hex| self.secrets.insert(hex.trim_start_matches('x')));
    }

    /// How many there are, and in how many columns.
    pub fn count(&self) -> (usize, usize) {
        let columns: BTreeSet<&String> = self.planted.values().collect();
        (self.planted.len() + self.ids.len() + self.secrets.all.len(), columns.len())
    }

    /// Those in the text that the request did not bring along, nor an earlier one that was written.
    pub fn seen(&self, text: &str, request: &str) -> Vec<String> {
        let (text, request) = (text.to_lowercase(), request.to_lowercase());
        let brought = |found: &str| request.contains(found) || self.known.contains(found);
        let mut seen = BTreeSet::new();
        for found in numbers(&text).filter(|found| !brought(found)) {
            seen.insert(self.planted.get(found).cloned().unwrap_or_else(|| found.to_owned()));
        }
        for id in uuids(&text).filter(|id| !brought(id)) {
            seen.extend(self.ids.get(id).cloned());
        }
        seen.extend(self.secrets.are_in(&text).then(|| "a secret".to_owned()));
        seen.into_iter().collect()
    }

    /// What the other company has written itself is no secret to it any more.
    pub fn written(&mut self, request: &str) {
        let request = request.to_lowercase();
        self.known.extend(numbers(&request).map(str::to_owned));
    }
}

impl Secrets {
    fn insert(&mut self, secret: &str) {
        let secret = secret.to_lowercase();
        self.letters |= secret.bytes().filter(u8::is_ascii).fold(0, |bits, byte| bits | 1 << byte);
        let is_first = self.all.is_empty();
        self.shortest = if is_first { secret.len() } else { self.shortest.min(secret.len()) };
        self.all.insert(secret);
    }

    /// Whether one of them is somewhere in a text of small letters: only where enough of their letters follow
    /// each other, which is nearly nowhere.
    fn are_in(&self, text: &str) -> bool {
        let is_other = |letter: char| letter.is_ascii() && self.letters >> (letter as u32) & 1 == 0;
        let mut runs = text.split(is_other).filter(|run| run.len() >= self.shortest);
        runs.any(|run| self.all.iter().any(|secret| run.contains(secret.as_str())))
    }
}

impl Column {
    fn place(&self) -> String {
        format!("{}.{}", self.table, self.name)
    }

    async fn values(&self, admin: &Psql) -> Vec<String> {
        let Self { table, name, rows } = self;
        let values =
            format!("select distinct {name} from {table} where {rows} and {name} is not null");
        admin.rows(&values).await
    }

    /// Whether the column took a canary.
    async fn plant(&self, admin: &Psql) -> bool {
        let Self { table, name, rows } = self;
        let text = "'canary-' || nextval('canary')";
        for canary in [
            text.to_owned(),
            format!("{text} || '@canary.example'"),
            format!("jsonb_build_object('canary', jsonb_build_object('new', {text}))"),
        ] {
            let update = format!("update {table} set {name} = {canary} where {rows}");
            match admin.client().batch_execute(&update).await {
                Ok(()) => return true,
                Err(error) => {
                    let code = error.code().map(tokio_postgres::error::SqlState::code);
                    let refused = ["23514", "42804"].map(Some);
                    assert!(refused.contains(&code), "{update}: {error:?}");
                }
            }
        }
        false
    }
}

fn number(text: &str) -> &str {
    numbers(text).next().unwrap_or_else(|| panic!("no canary in {text}"))
}

/// `canary-100007`, wherever one begins.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("canary-").filter_map(|(at, _)| text.get(at..at + "canary-100000".len()))
}

fn uuids(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(|letter: char| !letter.is_ascii_hexdigit() && letter != '-');
    parts.filter(|part| part.len() == 36)
}
