-- name: find_invitation
-- No row: the token is not good, or not any more.
select i.email, i.name, i.company_name, i.identity_id, i.password_hash, i.has_second_factor
from identity.find_invitation($1::uuid, $2::bytea) i

-- name: accept_invitation
-- No row: token or password are not good, or not any more.
select a.company_id, a.user_id
from identity.accept_invitation($1::uuid, $2::bytea, $3::text, $4::uuid, $5::text) a

-- name: list_companies
select c.company_id, c.user_id, c.name, c.role, c.joined_at
from identity.list_companies($1::uuid, $2::uuid, $3::timestamptz, $4::uuid, $5::bigint) c

-- name: find_place
-- Whom a user's login acts as in another company. No row: the login has no place there.
select m.company_id, m.user_id
from identity.memberships mine
join identity.memberships m on m.identity_id = mine.identity_id
where mine.company_id = $1::uuid
    and mine.user_id = $2::uuid
    and m.company_id = $3::uuid

-- name: remove_user
-- No row: there is no such user. False: its version is none of those expected.
select r.is_removed
from identity.remove_user($1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::bigint[]) r
