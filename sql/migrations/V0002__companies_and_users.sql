-- A company is a tenant. A user is one person's place in one company; nobody sees another company's people.

-- ── companies ──────────────────────────────────────────────────────────────────────────────────────
create table crm.companies (
    id uuid not null default app.company_id(),
    name text not null,
    member_visibility text not null default 'all',
    viewer_visibility text not null default 'all',
    suspended_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version bigint not null default 1,
    constraint companies_pkey primary key (id),
    constraint companies_name_check check (btrim(name) <> '' and char_length(name) <= 200),
    constraint companies_member_visibility_check check (member_visibility in ('all', 'team', 'own')),
    constraint companies_viewer_visibility_check check (viewer_visibility in ('all', 'team', 'own'))
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

grant select (
    id, name, member_visibility, viewer_visibility, suspended_at, created_at, updated_at, version
) on crm.companies to paddock_app;
comment on table crm.companies is 'The tenants. Other CRMs call the firm of a contact a company; we do not.';
comment on column crm.companies.member_visibility is
    'Which customers members see: all, those of their team, or their own. What is shared with them, always.';
comment on column crm.companies.viewer_visibility is 'The same for viewers.';
comment on column crm.companies.suspended_at is 'Since when nobody may act for the company.';
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

-- ── What the acting user is ────────────────────────────────────────────────────────────────────────
-- Policies ask these once a statement, as `(select app.role())`. In plpgsql, because a session keeps the
-- plans of plpgsql and makes those of sql anew each time. Whoever is nobody in the company is an error.
create function app.role() returns text
    language plpgsql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$
declare
    answer text;
begin
    select u.role
    into answer
    from crm.users u
    where u.company_id = (select app.company_id())
        and u.id = (select app.user_id());
    if not found then
        raise exception 'the acting user is not of this company' using errcode = '28000';
    end if;
    return answer;
end
$$;
comment on function app.role() is 'What the acting user is in the company: owner, admin, member or viewer.';
revoke execute on function app.role() from public;
grant execute on function app.role() to paddock_app;

create function app.visibility() returns text
    language plpgsql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$
declare
    answer text;
begin
    select
        case u.role
            when 'owner' then 'all'
            when 'admin' then 'all'
            when 'member' then c.member_visibility
            when 'viewer' then c.viewer_visibility
        end
    into answer
    from crm.users u
    join crm.companies c on c.id = u.company_id
    where u.company_id = (select app.company_id())
        and u.id = (select app.user_id());
    if not found then
        raise exception 'the acting user is not of this company' using errcode = '28000';
    end if;
    return answer;
end
$$;
comment on function app.visibility() is
    'Which customers the acting user sees: all, those of the team, or their own.';
revoke execute on function app.visibility() from public;
grant execute on function app.visibility() to paddock_app;

create function app.refuse(rule text) returns boolean
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
    as $$
begin
    raise exception 'refused by row-level security policy "%"', rule using errcode = '42501';
end
$$;
comment on function app.refuse(text) is
    'For statements that see a row which a policy does not let them change: an error, as WITH CHECK raises it.';
revoke execute on function app.refuse(text) from public;
grant execute on function app.refuse(text) to paddock_app;

-- ── Who may change the company, and its people ─────────────────────────────────────────────────────
-- Permissive policies say which rows can be reached. What a role may do to them is restrictive and is called
-- <table>_may_<…>: a row that breaks such a rule is an error with its name in it, and the API answers 403.
create policy companies_change on crm.companies for update to paddock_app
    using (id = (select app.company_id()))
    with check (id = (select app.company_id()));
comment on policy companies_change on crm.companies is 'A company can be changed by those who belong to it.';
create policy companies_may_change on crm.companies as restrictive for update to paddock_app
    with check ((select app.role()) in ('owner', 'admin'));
comment on policy companies_may_change on crm.companies is 'Only owners and admins change the company.';
grant update (member_visibility, viewer_visibility) on crm.companies to paddock_app;

create policy users_change on crm.users for update to paddock_app
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy users_change on crm.users is 'Users can be changed by their colleagues.';
create policy users_may_change on crm.users as restrictive for update to paddock_app
    using (
        (select app.role()) = 'owner'
        or (select app.role()) = 'admin' and role in ('member', 'viewer')
    )
    with check (
        (select app.role()) = 'owner'
        or (select app.role()) = 'admin' and role in ('member', 'viewer')
    );
comment on policy users_may_change on crm.users is
    'Owners change everybody; admins change members and viewers, into nothing else.';
grant update (role, disabled_at) on crm.users to paddock_app;

-- A company without an owner could never be changed again. The lock makes two owners who demote each other
-- at the same time come one after the other.
create function app.keep_an_owner() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
    as $$
begin
    if old.role = 'owner' and old.disabled_at is null
        and (new.role <> 'owner' or new.disabled_at is not null)
    then
        perform
        from crm.companies c
        where c.id = old.company_id
        for no key update;
        perform
        from crm.users u
        where u.company_id = old.company_id
            and u.id <> old.id
            and u.role = 'owner'
            and u.disabled_at is null;
        if not found then
            raise exception 'the company would be left without an owner'
                using errcode = '23514', constraint = 'users_last_owner';
        end if;
    end if;
    return new;
end
$$;
comment on function app.keep_an_owner() is 'Nobody demotes or disables the last owner. Runs as the caller.';
revoke execute on function app.keep_an_owner() from public;
create trigger users_keep_an_owner before update on crm.users
    for each row execute function app.keep_an_owner();
