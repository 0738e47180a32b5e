-- name: find_second_factor
-- By the login door: the identity behind a user, and what it is checked against.
select m.identity_id, m.company_id, m.user_id, i.password_hash, f.sealed_secret, f.confirmed_at,
    coalesce(cardinality(f.recovery_hashes), 0)
from identity.memberships m
join identity.identities i on i.id = m.identity_id
left join identity.second_factors f on f.identity_id = m.identity_id
where m.company_id = $1::uuid
    and m.user_id = $2::uuid

-- name: begin_second_factor
-- Another secret takes the place of one that was not confirmed, never of one that was.
insert into identity.second_factors as f (identity_id, sealed_secret)
values ($1::uuid, $2::bytea)
on conflict (identity_id) do update
set sealed_secret = excluded.sealed_secret, last_step = 0, recovery_hashes = '{}'
where f.confirmed_at is null
returning f.identity_id

-- name: confirm_second_factor
-- With the first code, of step $3, of the secret $2, if that is still the one.
update identity.second_factors f
set confirmed_at = now(), last_step = $3::bigint, recovery_hashes = $4::bytea[]
where f.identity_id = $1::uuid
    and f.sealed_secret = $2::bytea
    and f.confirmed_at is null
returning f.identity_id

-- name: use_code
-- Each step once, and none before one that was used: of two at the same time, the second finds it used.
update identity.second_factors f
set last_step = $3::bigint
where f.identity_id = $1::uuid
    and f.sealed_secret = $2::bytea
    and f.confirmed_at is not null
    and f.last_step < $3::bigint
returning f.identity_id

-- name: use_recovery_code
-- Each once: of two at the same time, the second finds it gone.
update identity.second_factors f
set recovery_hashes = array_remove(f.recovery_hashes, $2::bytea)
where f.identity_id = $1::uuid
    and f.confirmed_at is not null
    and f.recovery_hashes @> array[$2::bytea]
returning f.identity_id

-- name: replace_recovery_codes
update identity.second_factors f
set recovery_hashes = $2::bytea[]
where f.identity_id = $1::uuid
    and f.confirmed_at is not null
returning f.identity_id

-- name: remove_second_factor
update identity.second_factors f
set sealed_secret = null, confirmed_at = null, recovery_hashes = '{}'
where f.identity_id = $1::uuid
    and f.confirmed_at is not null
returning f.identity_id

-- name: list_places
-- The users that an identity acts as.
select m.company_id, m.user_id
from identity.memberships m
where m.identity_id = $1::uuid
order by m.created_at, m.company_id
