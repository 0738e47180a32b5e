//! Statements are looked up by name in `sql/queries` when the crate is compiled: a wrong name does not build.

use std::fmt;

use time::OffsetDateTime;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

/// How a filter begins that says which order its index has.
const INDEX: &str = "-- The order of its index: ";

/// One named statement, or one named piece of a [`Listing`].
#[derive(Clone, Copy)]
pub struct Statement {
    name: &'static str,
    sql: &'static str,
}

impl Statement {
    /// Finds `-- name: <name>` in the text of a file; the statement ends where the next name begins.
    ///
    /// # Panics
    /// If the name is not there. [`sql!`](crate::sql) calls this at compile time, where that is an error.
    #[must_use]
    pub const fn find(name: &'static str, file: &'static str) -> Self {
        const MARK: &[u8] = b"-- name: ";
        let bytes = file.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            if starts(bytes, at, MARK) && starts(bytes, at + MARK.len(), name.as_bytes()) {
                let end_of_name = at + MARK.len() + name.len();
                if end_of_name < bytes.len() && bytes[end_of_name] == b'\n' {
                    let mut end = end_of_name;
                    while end < bytes.len()
                        && !(bytes[end] == b'\n' && starts(bytes, end + 1, MARK))
                    {
                        end += 1;
                    }
                    let (head, _) = file.split_at(end);
                    let (_, sql) = head.split_at(at);
                    return Self { name, sql };
                }
            }
            at = next_line(bytes, at);
        }
        panic!("no statement of this name in the file");
    }

    /// The name, as written after `-- name:`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The text, its name first, so that it shows in `pg_stat_statements` and in logs.
    #[must_use]
    pub const fn sql(&self) -> &'static str {
        self.sql
    }

    /// The text without the line of its name and that of its index.
    fn piece(&self) -> &'static str {
        let text = self.sql.split_once('\n').map_or("", |(_, text)| text);
        let has_index = text.starts_with(INDEX);
        let text =
            if has_index { text.split_once('\n').map_or("", |(_, text)| text) } else { text };
        text.trim()
    }

    /// Whether it says that its index has this order, up or down, or finds one row in any.
    fn has_an_index_in(&self, order: Self) -> bool {
        let order = order.name.rsplit('.').next().unwrap_or_default().trim_start_matches('-');
        let mut lines = self.sql.lines().filter_map(|line| line.strip_prefix(INDEX));
        lines.any(|line| line.starts_with("any") || line.trim_end_matches('.') == order)
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

const fn starts(bytes: &[u8], at: usize, with: &[u8]) -> bool {
    if at + with.len() > bytes.len() {
        return false;
    }
    let mut i = 0;
    while i < with.len() {
        if bytes[at + i] != with[i] {
            return false;
        }
        i += 1;
    }
    true
}

const fn next_line(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && bytes[at] != b'\n' {
        at += 1;
    }
    at + 1
}

/// The statement of that name in that file of `sql/queries`, found at compile time.
///
/// ```ignore
/// const GET_CUSTOMER: Statement = sql!("customers.sql", "get_customer");
/// ```
#[macro_export]
macro_rules! sql {
    ($file:literal, $name:expr) => {
        const {
            $crate::Statement::find(
                $name,
                include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sql/queries/", $file)),
            )
        }
    };
}

/// A Rust value whose SQL type is known before the statement is prepared.
pub trait SqlValue: ToSql + Sync {
    /// The type that PostgreSQL expects.
    const TYPE: Type;
}

impl SqlValue for Uuid {
    const TYPE: Type = Type::UUID;
}
impl SqlValue for Vec<Uuid> {
    const TYPE: Type = Type::UUID_ARRAY;
}
impl SqlValue for String {
    const TYPE: Type = Type::TEXT;
}
impl SqlValue for Vec<String> {
    const TYPE: Type = Type::TEXT_ARRAY;
}
impl SqlValue for OffsetDateTime {
    const TYPE: Type = Type::TIMESTAMPTZ;
}
impl SqlValue for i64 {
    const TYPE: Type = Type::INT8;
}

/// A list statement put together from named pieces: a base, conditions, an order, a limit.
///
/// The base holds the slots `{where}`, `{after}`, `{order}` and `{limit}`, and may hold `{include}`, what is selected
/// besides, and `{sorted}`, conditions on what the list is sorted by; every value is a parameter, written `$?` in the
/// pieces. Filters say which order their index has; where it is not that of the list,
/// another base may take over, with the slot `{walk}`: the conditions as those see them who go along the
/// index of the order. The pieces come from `sql/queries` and from nowhere else, so the number of shapes is
/// bounded; those with at most one condition beside the cursor are prepared once a connection, the others
/// are planned each time, so that no connection collects hundreds of plans.
pub struct Listing<'a> {
    base: Statement,
    other_base: Option<Statement>,
    include: &'static str,
    sorted: String,
    conditions: String,
    walk: String,
    after: String,
    order: Statement,
    limit: Option<usize>,
    values: Vec<(&'a (dyn ToSql + Sync), Type)>,
    filters: usize,
}

impl<'a> Listing<'a> {
    /// Starts from a base statement and an order.
    #[must_use]
    pub fn new(base: Statement, order: Statement) -> Self {
        Self {
            base,
            other_base: None,
            include: "",
            sorted: String::new(),
            conditions: String::new(),
            walk: String::new(),
            after: String::new(),
            order,
            limit: None,
            values: Vec::with_capacity(6),
            filters: 0,
        }
    }

    /// Takes another base as soon as there is a filter whose index has another order than the list.
    #[must_use]
    pub fn or_by_another_key(mut self, base: Statement) -> Self {
        self.other_base = Some(base);
        self
    }

    /// Adds what every list of this resource has: it does not count as a filter.
    #[must_use]
    pub fn always(mut self, condition: Statement) -> Self {
        add(&mut self.conditions, condition.piece(), |_| 0);
        add(&mut self.walk, condition.piece(), |_| 0);
        self
    }

    /// Adds a condition with one value, however often it stands there.
    #[must_use]
    pub fn filter<T: SqlValue>(mut self, condition: Statement, value: &'a T) -> Self {
        self.values.push((value, T::TYPE));
        let number = self.values.len();
        self.filter_by(condition, number);
        self
    }

    /// Adds a condition with one value, if there is one.
    #[must_use]
    pub fn filter_some<T: SqlValue>(self, condition: Statement, value: Option<&'a T>) -> Self {
        match value {
            Some(value) => self.filter(condition, value),
            None => self,
        }
    }

    /// Adds a condition without a value.
    #[must_use]
    pub fn filter_if(mut self, condition: Statement, wanted: bool) -> Self {
        if wanted {
            self.filter_by(condition, 0);
        }
        self
    }

    /// Selects more of each row.
    #[must_use]
    pub fn including(mut self, columns: Statement) -> Self {
        self.include = columns.piece();
        self
    }

    /// Adds a condition with one value on what the list is sorted by, which is no filter.
    #[must_use]
    pub fn sorted_by<T: SqlValue>(mut self, condition: Statement, value: &'a T) -> Self {
        self.values.push((value, T::TYPE));
        let number = self.values.len();
        add(&mut self.sorted, condition.piece(), |_| number);
        self
    }

    /// Adds a filter on what the list is sorted by: the comparison stands in the slot `{compare}` of the condition.
    #[must_use]
    pub fn filter_sorted<T: SqlValue>(
        mut self,
        condition: Statement,
        comparison: Statement,
        value: &'a T,
    ) -> Self {
        self.filters += 1;
        self.values.push((value, T::TYPE));
        let number = self.values.len();
        add(&mut self.sorted, &within(condition, comparison), |_| number);
        self
    }

    /// Adds a filter on another table: the comparison stands in the slot `{compare}` of the condition, and in that of
    /// the condition of those who go along the index of the order.
    #[must_use]
    pub fn filter_elsewhere<T: SqlValue>(
        mut self,
        condition: Statement,
        walk: Statement,
        comparison: Statement,
        value: &'a T,
    ) -> Self {
        self.filters += 1;
        self.values.push((value, T::TYPE));
        let number = self.values.len();
        add(&mut self.conditions, &within(condition, comparison), |_| number);
        add(&mut self.walk, &within(walk, comparison), |_| number);
        self.base = self.other_base.unwrap_or(self.base);
        self
    }

    /// Continues after the row with this sort key and id.
    #[must_use]
    pub fn after<K: SqlValue>(mut self, condition: Statement, key: &'a K, id: &'a Uuid) -> Self {
        self.values.push((key, K::TYPE));
        self.values.push((id, Type::UUID));
        let first = self.values.len() - 1;
        add(&mut self.after, condition.piece(), |nth| first + nth);
        self
    }

    /// Ends after this many rows.
    #[must_use]
    pub fn limit(mut self, rows: &'a i64) -> Self {
        self.values.push((rows, Type::INT8));
        self.limit = Some(self.values.len());
        self
    }

    /// The statement's text with its numbered parameters.
    #[must_use]
    pub fn sql(&self) -> String {
        let limit = self.limit.map_or_else(|| "all".to_owned(), |n| format!("${n}"));
        let mut sql = String::with_capacity(1024);
        let after = if self.after.is_empty() { "true" } else { &self.after };
        let mut rest = self.base.sql;
        while let Some((before, slot)) = rest.split_once('{') {
            let (name, behind) = slot.split_once('}').unwrap_or((slot, ""));
            sql.push_str(before);
            match name {
                "where" => sql.push_str(&self.conditions),
                "include" => sql.push_str(self.include),
                "sorted" => sql.push_str(&self.sorted),
                "walk" => sql.push_str(&self.walk),
                "after" => sql.push_str(after),
                "order" => sql.push_str(self.order.piece()),
                _ => sql.push_str(&limit),
            }
            rest = behind;
        }
        sql.push_str(rest);
        sql
    }

    pub(crate) fn name(&self) -> &'static str {
        self.base.name
    }

    pub(crate) fn is_worth_keeping(&self) -> bool {
        self.filters <= 1
    }

    pub(crate) fn values(&self) -> &[(&'a (dyn ToSql + Sync), Type)] {
        &self.values
    }

    /// Adds a condition that a client asked for.
    fn filter_by(&mut self, condition: Statement, number: usize) {
        self.filters += 1;
        add(&mut self.conditions, condition.piece(), |_| number);
        let Some(other_base) = self.other_base else { return };
        if condition.has_an_index_in(self.order) {
            add(&mut self.walk, condition.piece(), |_| number);
        } else {
            add(&mut self.walk, &format!("({}) is true", condition.piece()), |_| number);
            self.base = other_base;
        }
    }
}

/// A condition with its comparison.
fn within(condition: Statement, comparison: Statement) -> String {
    condition.piece().replace("{compare}", comparison.piece())
}

/// Appends a condition, whose nth `$?` takes the number that it is given.
fn add(conditions: &mut String, condition: &str, number: impl Fn(usize) -> usize) {
    if !conditions.is_empty() {
        conditions.push_str("\n    and ");
    }
    for (nth, part) in condition.split("$?").enumerate() {
        if nth > 0 {
            conditions.push_str(&format!("${}", number(nth - 1)));
        }
        conditions.push_str(part);
    }
}

#[cfg(test)]
mod tests {
    use super::{Listing, Statement};

    const FILE: &str = "-- name: list\nselect 1 where {where} and {after} order by {order} limit {limit}\n\
        -- name: other\nselect 2 where {where} or {walk} and {after}\n\
        -- name: list.where.a\n-- The order of its index: b.\nt.a = $?::text\n\
        -- name: list.where.c\nt.c\n-- name: list.where.after\n(t.b, t.id) > ($?, $?)\n\
        -- name: list.order.b\nt.b, t.id\n";

    #[test]
    fn a_statement_ends_where_the_next_begins() {
        assert_eq!(
            Statement::find("list.where.a", FILE).sql(),
            "-- name: list.where.a\n-- The order of its index: b.\nt.a = $?::text"
        );
        assert_eq!(Statement::find("list.order.b", FILE).piece(), "t.b, t.id");
    }

    #[test]
    fn a_listing_numbers_its_parameters_in_order() {
        let (a, key, id, limit) = ("x".to_owned(), 7_i64, uuid::Uuid::nil(), 21_i64);
        let listing =
            Listing::new(Statement::find("list", FILE), Statement::find("list.order.b", FILE))
                .filter(Statement::find("list.where.a", FILE), &a)
                .after(Statement::find("list.where.after", FILE), &key, &id)
                .limit(&limit);
        assert_eq!(
            listing.sql(),
            "-- name: list\nselect 1 where t.a = $1::text and (t.b, t.id) > ($2, $3) order by t.b, t.id limit $4"
        );
        assert_eq!(listing.values().len(), 4);
    }

    #[test]
    fn a_filter_without_an_index_in_the_order_takes_the_other_base() {
        let find = |name| Statement::find(name, FILE);
        let a = "x".to_owned();
        let start =
            || Listing::new(find("list"), find("list.order.b")).or_by_another_key(find("other"));
        assert_eq!(start().filter(find("list.where.a"), &a).name(), "list");
        let listing =
            start().filter(find("list.where.a"), &a).filter_if(find("list.where.c"), true);
        assert_eq!(
            listing.sql(),
            "-- name: other\nselect 2 where t.a = $1::text\n    and t.c or \
             t.a = $1::text\n    and (t.c) is true and true"
        );
    }
}
