-- A login may ask for more than a password: a code of an authenticator (RFC 6238), or one of ten recovery codes.
-- Both belong to the identity, so that they guard it in all its companies.

-- ── second_factors ─────────────────────────────────────────────────────────────────────────────────
-- A factor that was removed keeps its row without its secrets: nobody deletes here but an administrator.
create table identity.second_factors (
    identity_id uuid not null,
    sealed_secret bytea,
    last_step bigint not null default 0,
    recovery_hashes bytea[] not null default '{}',
    confirmed_at timestamptz,
    created_at timestamptz not null default now(),
    constraint second_factors_pkey primary key (identity_id),
    constraint second_factors_identity_id_fkey foreign key (identity_id)
        references identity.identities (id) on delete cascade,
    constraint second_factors_sealed_secret_check check (octet_length(sealed_secret) <= 64),
    constraint second_factors_recovery_hashes_check check (cardinality(recovery_hashes) <= 10),
    constraint second_factors_confirmed_at_check check (confirmed_at is null or sealed_secret is not null)
);

alter table identity.second_factors enable row level security;
alter table identity.second_factors force row level security;
create policy second_factors_floor on identity.second_factors as restrictive for all to public
    using (current_user in ('paddock_auth', 'paddock_owner'))
    with check (current_user in ('paddock_auth', 'paddock_owner'));
comment on policy second_factors_floor on identity.second_factors is
    'Only the login door and the administrator, even if somebody grants more by mistake.';
create policy second_factors_log_in on identity.second_factors for select to paddock_auth
    using (current_user = 'paddock_auth');
comment on policy second_factors_log_in on identity.second_factors is 'A login asks whether there is one.';
create policy second_factors_begin on identity.second_factors for insert to paddock_auth
    with check (current_user = 'paddock_auth');
comment on policy second_factors_begin on identity.second_factors is 'A person sets up a factor.';
create policy second_factors_change on identity.second_factors for update to paddock_auth
    using (current_user = 'paddock_auth')
    with check (current_user = 'paddock_auth');
comment on policy second_factors_change on identity.second_factors is
    'A person confirms, uses and removes their factor.';
create policy second_factors_set_up on identity.second_factors for all to paddock_owner
    using (current_user = 'paddock_owner')
    with check (current_user = 'paddock_owner');
comment on policy second_factors_set_up on identity.second_factors is
    'An administrator lets in again who has lost both the authenticator and the recovery codes.';

-- Whose a factor is never changes.
grant select (identity_id, sealed_secret, last_step, recovery_hashes, confirmed_at)
    on identity.second_factors to paddock_auth;
grant insert (identity_id, sealed_secret) on identity.second_factors to paddock_auth;
grant update (sealed_secret, last_step, recovery_hashes, confirmed_at)
    on identity.second_factors to paddock_auth;
comment on table identity.second_factors is 'What an identity shows at a login besides its password; one row each.';
comment on column identity.second_factors.sealed_secret is
    'The secret that the authenticator has too, encrypted (AES-256-GCM, for this identity alone) with a key that the '
    'database does not have. Null once the factor was removed.';
comment on column identity.second_factors.last_step is
    'The half minute since 1970 whose code was accepted last; none of it or before is accepted again.';
comment on column identity.second_factors.recovery_hashes is
    'SHA-256 of the 80 random bits of each recovery code that is left.';
comment on column identity.second_factors.confirmed_at is
    'Since when logins ask for it; null while its first code is awaited.';
