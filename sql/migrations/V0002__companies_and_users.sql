-- A company is a tenant. A user is one person's place in one company; nobody sees another company's people.

-- ── companies ──────────────────────────────────────────────────────────────────────────────────────
create table crm.companies (
    id uuid not null default app.company_id(),
    name text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version bigint not null default 1,
    constraint companies_pkey primary key (id),
    constraint companies_name_check check (btrim(name) <> '' and char_length(name) <= 200)
);

create trigger companies_touch before update on crm.companies
    for each row execute function app.touch();

alter table crm.companies enable row level security;
alter table crm.companies force row level security;
create policy companies_floor on crm.companies as restrictive for all to public
    using (id = (select app.company_id()))
    with check (id = (select app.company_id()));
comment on policy companies_floor on crm.companies is 'Whoever you are: only the company you act for.';
create policy companies_read on crm.companies for select to paddock_app
    using (id = (select app.company_id()));
comment on policy companies_read on crm.companies is 'A user sees the company they belong to.';
create policy companies_set_up on crm.companies for all to paddock_owner
    using (id = (select app.company_id()))
    with check (id = (select app.company_id()));
comment on policy companies_set_up on crm.companies is
    'An administrator sets up one company at a time, with its context bound.';

grant select (id, name, created_at, updated_at, version) on crm.companies to paddock_app;
comment on table crm.companies is 'The tenants. Other CRMs call the firm of a contact a company; we do not.';
comment on column crm.companies.version is 'Counts changes; the ETag of the API.';

-- ── users ──────────────────────────────────────────────────────────────────────────────────────────
create table crm.users (
    company_id uuid not null default app.company_id(),
    id uuid not null default app.uuid_v7(clock_timestamp()),
    name text not null,
    email text not null,
    email_key text collate "C" not null generated always as (app.fold(email)) stored,
    role text not null default 'member',
    disabled_at timestamptz,
    token_epoch integer not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version bigint not null default 1,
    constraint users_pkey primary key (company_id, id),
    constraint users_company_id_fkey foreign key (company_id) references crm.companies (id)
        on delete cascade,
    constraint users_email_key unique (company_id, email_key),
    constraint users_name_check check (btrim(name) <> '' and char_length(name) <= 200),
    constraint users_email_check check (email ~ '^[^@[:space:]]+@[^@[:space:]]+$' and char_length(email) <= 254),
    constraint users_email_key_check check (octet_length(email_key) <= 2000),
    constraint users_role_check check (role in ('owner', 'admin', 'member', 'viewer'))
);

create index users_created_at_idx on crm.users (company_id, created_at, id);

create trigger users_touch before update on crm.users
    for each row execute function app.touch();

alter table crm.users enable row level security;
alter table crm.users force row level security;
create policy users_floor on crm.users as restrictive for all to public
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy users_floor on crm.users is 'Whoever you are: only people of the company you act for.';
create policy users_read on crm.users for select to paddock_app
    using (company_id = (select app.company_id()));
comment on policy users_read on crm.users is 'Colleagues see each other.';
create policy users_set_up on crm.users for all to paddock_owner
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy users_set_up on crm.users is
    'An administrator sets up the people of one company at a time, with its context bound.';

grant select (
    company_id, id, name, email, role, disabled_at, token_epoch, created_at, updated_at, version
) on crm.users to paddock_app;
comment on table crm.users is 'A person''s membership in one company. Two companies are two rows, one identity.';
comment on column crm.users.token_epoch is
    'Part of every access token; adding one ends all sessions of the user at their next request.';
comment on column crm.users.disabled_at is 'Since when the user may not act any more.';
comment on column crm.users.email_key is 'The folded e-mail: one user per e-mail and company.';
