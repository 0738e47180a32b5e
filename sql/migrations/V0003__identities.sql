-- Who may log in. At a login no company is known yet, so these two tables stand outside the tenant floor:
-- only the login door may look, the application sees no row and has no grant.

-- ── identities ─────────────────────────────────────────────────────────────────────────────────────
create table identity.identities (
    id uuid not null default app.uuid_v7(clock_timestamp()),
    email text not null,
    email_key text collate "C" not null generated always as (app.fold(email)) stored,
    password_hash text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version bigint not null default 1,
    constraint identities_pkey primary key (id),
    constraint identities_email_key unique (email_key),
    constraint identities_email_check
        check (email ~ '^[^@[:space:]]+@[^@[:space:]]+$' and char_length(email) <= 254),
    constraint identities_email_key_check check (octet_length(email_key) <= 2000),
    constraint identities_password_hash_check check (password_hash like '$argon2id$%')
);

create trigger identities_touch before update on identity.identities
    for each row execute function app.touch();

alter table identity.identities enable row level security;
alter table identity.identities force row level security;
create policy identities_floor on identity.identities as restrictive for all to public
    using (current_user in ('paddock_auth', 'paddock_owner'))
    with check (current_user in ('paddock_auth', 'paddock_owner'));
comment on policy identities_floor on identity.identities is
    'Only the login door and the administrator, even if somebody grants more by mistake.';
create policy identities_log_in on identity.identities for select to paddock_auth
    using (current_user = 'paddock_auth');
comment on policy identities_log_in on identity.identities is 'A login starts from any e-mail.';
create policy identities_set_up on identity.identities for all to paddock_owner
    using (current_user = 'paddock_owner')
    with check (current_user = 'paddock_owner');
comment on policy identities_set_up on identity.identities is 'An administrator creates logins.';

grant select (id, email_key, password_hash) on identity.identities to paddock_auth;
comment on table identity.identities is 'One login of one person, in however many companies.';
comment on column identity.identities.password_hash is 'Argon2id in PHC form. Never leaves the login door.';

-- ── memberships ────────────────────────────────────────────────────────────────────────────────────
create table identity.memberships (
    identity_id uuid not null,
    company_id uuid not null,
    user_id uuid not null,
    created_at timestamptz not null default now(),
    constraint memberships_pkey primary key (identity_id, company_id),
    constraint memberships_user_key unique (company_id, user_id),
    constraint memberships_identity_id_fkey foreign key (identity_id)
        references identity.identities (id) on delete cascade,
    constraint memberships_user_id_fkey foreign key (company_id, user_id)
        references crm.users (company_id, id) on delete cascade
);

alter table identity.memberships enable row level security;
alter table identity.memberships force row level security;
create policy memberships_floor on identity.memberships as restrictive for all to public
    using (current_user in ('paddock_auth', 'paddock_owner'))
    with check (current_user in ('paddock_auth', 'paddock_owner'));
comment on policy memberships_floor on identity.memberships is
    'Only the login door and the administrator, even if somebody grants more by mistake.';
create policy memberships_log_in on identity.memberships for select to paddock_auth
    using (current_user = 'paddock_auth');
comment on policy memberships_log_in on identity.memberships is 'A login finds the companies of a person.';
create policy memberships_set_up on identity.memberships for all to paddock_owner
    using (current_user = 'paddock_owner')
    with check (current_user = 'paddock_owner');
comment on policy memberships_set_up on identity.memberships is 'An administrator lets a person in.';

grant select (identity_id, company_id, user_id, created_at) on identity.memberships to paddock_auth;
comment on table identity.memberships is 'Which user of which company an identity acts as.';
