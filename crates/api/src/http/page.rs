//! Pages of a list: keyset only, so that page one thousand costs what page one costs.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Responder};
use paddock_db::{Row, Rows};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::http::cursor::{Key, Position, Scope, Signer};
use crate::http::problem::{Answer, Code, Problem};
use crate::http::rows::write_rows;

/// How many rows a page has where nothing is said.
const DEFAULT: i64 = 50;
/// How many rows a page has at most.
const MOST: i64 = 200;
/// About how long a row is as JSON, in bytes: the page is written into one piece of memory.
const USUAL_ROW: usize = 512;

/// The `limit` parameter: 1 to 200, 50 where nothing is said.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit(i64);

impl Limit {
    /// One row more than the page has: whether it is there tells whether there is another page.
    const fn and_one_more(self) -> i64 {
        self.0 + 1
    }

    /// Cuts the additional row off, and tells whether it was there.
    fn cut<T>(self, rows: &mut Vec<T>) -> bool {
        let more = rows.len() > self.size();
        rows.truncate(self.size());
        more
    }

    fn size(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let limit = text.parse().ok().filter(|limit| digits && (1..=MOST).contains(limit));
        limit.map(Self).ok_or_else(|| D::Error::custom("expected a number from 1 to 200"))
    }
}

/// Where the list goes on.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct PageInfo {
    /// Give this as `cursor` to get the next page; null on the last one. Opaque, and good only for the
    /// same list with the same sort and filters.
    #[schema(required = true, example = "AQGZ87JtPnwRmlUNbx8vOkt0AAAAAAAAAAAAAGRWtHo3gAnO9fZ1bD0")]
    pub next_cursor: Option<String>,
    /// Whether there is another page.
    pub has_more: bool,
}

/// `limit` and `cursor`: all that a list without filters takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// How many rows at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: Limit,
    /// `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

/// One page of one list: where it begins, how long it is, and how the next one is found.
pub(crate) struct Paging<'a> {
    signer: &'a Signer,
    scope: Scope<'a>,
    limit: Limit,
    after: Option<Position>,
}

impl<'a> Paging<'a> {
    /// Reads the cursor, which must be of the same company, list, sort and filters.
    pub(crate) fn begin(
        signer: &'a Signer,
        scope: Scope<'a>,
        limit: Limit,
        cursor: Option<&str>,
    ) -> Answer<Self> {
        let after = cursor.map(|cursor| signer.verify(scope, cursor)).transpose()?;
        Ok(Self { signer, scope, limit, after })
    }

    /// The last row of the page before.
    pub(crate) const fn after(&self) -> Option<&Position> {
        self.after.as_ref()
    }

    /// The last row of the page before, in a list that is sorted by time.
    pub(crate) fn after_time(&self) -> Answer<Option<(OffsetDateTime, Uuid)>> {
        match &self.after {
            None => Ok(None),
            Some(Position { key: Key::Time(time), id }) => Ok(Some((*time, *id))),
            Some(_) => Err(Problem::new(Code::InvalidCursor)),
        }
    }

    /// How many rows to ask for.
    pub(crate) const fn rows(&self) -> i64 {
        self.limit.and_one_more()
    }

    /// Cuts the additional row off, and says where the list goes on.
    pub(crate) fn end<T>(self, rows: &mut Vec<T>, position: impl Fn(&T) -> Position) -> PageInfo {
        let has_more = self.limit.cut(rows);
        let last = rows.last().filter(|_| has_more);
        PageInfo {
            next_cursor: last.map(|row| self.signer.sign(self.scope, &position(row))),
            has_more,
        }
    }

    /// The same for rows as they came, which become the answer.
    pub(crate) fn end_rows(
        self,
        mut rows: Rows,
        position: impl Fn(&Row<'_>) -> paddock_db::Result<Position>,
    ) -> Answer<RowPage> {
        let has_more = rows.len() > self.limit.size();
        rows.truncate(self.limit.size());
        let last = rows.last().filter(|_| has_more);
        let position = last.map(|row| position(&row)).transpose()?;
        let next_cursor = position.map(|position| self.signer.sign(self.scope, &position));
        Ok(RowPage { rows, page: PageInfo { next_cursor, has_more } })
    }
}

/// A page as an answer: the JSON, and a `Link` header with `rel="next"` (RFC 8288).
pub(crate) struct Paged<P>(pub(crate) P);

/// Declares the page type of a resource: a concrete one each, so that SDKs get a name for it.
macro_rules! page_of {
    ($(#[$doc:meta])* $page:ident of $item:ty) => {
        $(#[$doc])*
        #[derive(Debug, serde::Serialize, utoipa::ToSchema)]
        pub(crate) struct $page {
            /// The rows, in the order asked for.
            pub(crate) data: Vec<$item>,
            /// Where the list goes on.
            pub(crate) page: $crate::http::page::PageInfo,
        }

        impl $crate::http::page::Page for $page {
            fn info(&self) -> &$crate::http::page::PageInfo {
                &self.page
            }

            fn rows(&self) -> usize {
                self.data.len()
            }
        }
    };
}
pub(crate) use page_of;

/// A type made by [`page_of!`].
pub(crate) trait Page: Serialize {
    fn info(&self) -> &PageInfo;
    fn rows(&self) -> usize;
}

impl<P: Page> Responder for Paged<P> {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut body = body_for(self.0.rows());
        let written = serde_json::to_writer(&mut body, &self.0);
        answer(request, self.0.info(), body, written.map_err(Into::into))
    }
}

/// A page whose rows are passed on as they came: the same bytes as of a page made by [`page_of!`] whose fields
/// are called like the columns, for half of the work.
pub(crate) struct RowPage {
    rows: Rows,
    page: PageInfo,
}

impl Responder for RowPage {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut body = body_for(self.rows.len());
        let written = self.write(&mut body);
        answer(request, &self.page, body, written)
    }
}

impl RowPage {
    fn write(&self, body: &mut Vec<u8>) -> Result<(), actix_web::Error> {
        body.extend_from_slice(b"{\"data\":");
        write_rows(&self.rows, body)?;
        body.extend_from_slice(b",\"page\":");
        serde_json::to_writer(&mut *body, &self.page)?;
        body.push(b'}');
        Ok(())
    }
}

fn body_for(rows: usize) -> Vec<u8> {
    Vec::with_capacity(128 + rows * USUAL_ROW)
}

fn answer(
    request: &HttpRequest,
    page: &PageInfo,
    body: Vec<u8>,
    written: Result<(), actix_web::Error>,
) -> HttpResponse {
    if let Err(error) = written {
        return HttpResponse::from_error(error);
    }
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &page.next_cursor {
        response.insert_header((header::LINK, next_link(request, cursor)));
    }
    response.content_type("application/json").body(body)
}

/// The same address with another cursor.
fn next_link(request: &HttpRequest, cursor: &str) -> String {
    let query = form_urlencoded::parse(request.query_string().as_bytes())
        .filter(|(name, _)| name != "cursor");
    let mut next = form_urlencoded::Serializer::new(String::new());
    let query = next.extend_pairs(query).append_pair("cursor", cursor).finish();
    format!("<{}?{query}>; rel=\"next\"", request.path())
}
