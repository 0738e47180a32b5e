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
-- Policies ask `(select app.role())` and `(select app.sees_all())`, once a statement. Every transaction of the
-- server begins with `select app.enter(…)` (in V0014__api_keys.sql, when all is there that one can enter with), which has
-- the user's row before it anyway: the role and the visibility that it finds are bound to the transaction as
-- app.standing, `<company>/<user>/<role>/<visibility>`, and no policy has to look again. It counts only for the company
-- and the user that it was bound with; without it, as in psql, or when another user stands in, the tables are asked.
-- It is worth as much as app.user_id: whoever could set the one could set the other. That is why app.enter binds
-- what it has found and takes no role from its caller: an expression can call it, and cannot SET.
create function app.standing() returns text[]
    language sql stable parallel safe
    return case
        when pg_catalog.starts_with(
            pg_catalog.current_setting('app.standing', true),
            pg_catalog.current_setting('app.company_id') || '/'
                || pg_catalog.current_setting('app.user_id') || '/'
        ) then pg_catalog.string_to_array(pg_catalog.current_setting('app.standing', true), '/')
    end;
comment on function app.standing() is
    'Company, user, role and visibility as bound to the transaction; null if none are, or those of somebody else.';
revoke execute on function app.standing() from public;
grant execute on function app.standing() to paddock_app;

create function app.look_up_role() returns text
    language plpgsql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$
declare
    answer text;
begin
    select u.role
    into answer
    from crm.users u
    where u.id = app.user_id();
    if not found then
        raise exception 'the acting user is not of this company' using errcode = '28000';
    end if;
    return answer;
end
$$;
comment on function app.look_up_role() is
    'The role of the acting user as the table has it; an error for whoever is nobody in the company.';
revoke execute on function app.look_up_role() from public;
grant execute on function app.look_up_role() to paddock_app;

create function app.role() returns text
    language sql stable parallel safe
    return coalesce((app.standing())[3], app.look_up_role());
comment on function app.role() is
    'What the acting user is in the company: owner, admin, member or viewer. As bound to the transaction, or else as the table has it.';
revoke execute on function app.role() from public;
grant execute on function app.role() to paddock_app;

create function app.look_up_visibility(role text) returns text
    language plpgsql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$
begin
    return (
        select case look_up_visibility.role
            when 'member' then c.member_visibility
            when 'viewer' then c.viewer_visibility
        end
        from crm.companies c
        where c.id = app.company_id()
    );
end
$$;
comment on function app.look_up_visibility(text) is
    'Which records members or viewers see, as their company says.';
revoke execute on function app.look_up_visibility(text) from public;
grant execute on function app.look_up_visibility(text) to paddock_app;

create function app.visibility() returns text
    language sql stable parallel safe
    return coalesce(
        (app.standing())[4],
        case
            when app.look_up_role() in ('owner', 'admin') then 'all'
            else app.look_up_visibility(app.look_up_role())
        end
    );
comment on function app.visibility() is
    'Which records the acting user sees: all, those of the team, or their own.';
revoke execute on function app.visibility() from public;
grant execute on function app.visibility() to paddock_app;

-- A boolean of its own: the planner takes it to be true of every second row, which makes better plans than the one
-- in two hundred that it expects of a comparison.
create function app.sees_all() returns boolean
    language sql stable parallel safe
    return app.visibility() = 'all';
comment on function app.sees_all() is 'Whether the acting user sees all records of the company.';
revoke execute on function app.sees_all() from public;
grant execute on function app.sees_all() to paddock_app;

-- A company that is suspended has no sessions left when it is resumed.
create function app.log_everybody_out() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
    as $$
begin
    if old.suspended_at is null and new.suspended_at is not null then
        update crm.users u
        set token_epoch = u.token_epoch + 1
        where u.company_id = new.id;
    end if;
    return null;
end
$$;
comment on function app.log_everybody_out() is
    'Outdates every token of a company that is suspended. Runs as the caller.';
revoke execute on function app.log_everybody_out() from public;
create trigger companies_log_everybody_out after update on crm.companies
    for each row execute function app.log_everybody_out();

-- Which records those are, by owner and by id, for whoever does not see all: `or` keeps the others from asking.
-- In plpgsql, because a session keeps the plans of plpgsql and makes those of sql anew each time, and because
-- the tables of teams and shares come later.
create function app.visible_owners() returns uuid[]
    language plpgsql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$
begin
    if app.visibility() = 'own' then
        return array[app.user_id()];
    end if;
    return array(
        select app.user_id()
        union
        select o.member_id
        from crm.team_members m
        join crm.teams t on t.company_id = m.company_id
            and t.id = m.team_id
        join crm.team_members o on o.company_id = m.company_id
            and o.team_id = m.team_id
        where m.company_id = (select app.company_id())
            and m.member_id = (select app.user_id())
            and m.removed_at is null
            and o.removed_at is null
            and t.deleted_at is null
    );
end
$$;
comment on function app.visible_owners() is
    'Whose records the acting user sees without seeing all: their own, and their team mates'' if the company says so.';
revoke execute on function app.visible_owners() from public;
grant execute on function app.visible_owners() to paddock_app;

-- Ids of all kinds of records together: no two records have the same. A new kind is one more column of
-- crm.record_shares, and one more word in each coalesce.
create function app.shared(wanted text) returns uuid[]
    language plpgsql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$
begin
    return array(
        select coalesce(s.customer_id)
        from crm.record_shares s
        where s.company_id = (select app.company_id())
            and s.recipient_user_id = (select app.user_id())
            and s.deleted_at is null
            and s.permission in ('write', wanted)
        union
        select coalesce(s.customer_id)
        from crm.team_members m
        join crm.teams t on t.company_id = m.company_id
            and t.id = m.team_id
        join crm.record_shares s on s.company_id = m.company_id
            and s.recipient_team_id = m.team_id
        where m.company_id = (select app.company_id())
            and m.member_id = (select app.user_id())
            and m.removed_at is null
            and t.deleted_at is null
            and s.deleted_at is null
            and s.permission in ('write', wanted)
    );
end
$$;
comment on function app.shared(text) is
    'Records shared with the acting user or their teams, to read or to write.';
revoke execute on function app.shared(text) from public;
grant execute on function app.shared(text) to paddock_app;

-- A violated WITH CHECK has no field that says whose rule it was. So the rules about roles end in
-- `or app.refuse('<policy>')`, which says it where programs look: in the constraint's name.
create function app.refuse(rule text) returns boolean
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
    as $$
begin
    raise exception 'refused by row-level security policy "%"', rule
        using errcode = '42501', constraint = rule;
end
$$;
comment on function app.refuse(text) is
    'Never answers: an error 42501 that names a rule about roles, for policies and for statements that see a row which one keeps from a change.';
revoke execute on function app.refuse(text) from public;
grant execute on function app.refuse(text) to paddock_app;

-- ── Who may change the company, and its people ─────────────────────────────────────────────────────
-- Permissive policies say which rows can be reached. What a role may do to them is restrictive and is called
-- <table>_may_<…>: a row that breaks such a rule is an error with its name, and the API answers 403.
create policy companies_change on crm.companies for update to paddock_app
    using (id = (select app.company_id()))
    with check (id = (select app.company_id()));
comment on policy companies_change on crm.companies is 'A company can be changed by those who belong to it.';
create policy companies_may_change on crm.companies as restrictive for update to paddock_app
    with check ((select app.role()) in ('owner', 'admin') or app.refuse('companies_may_change'));
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
        or app.refuse('users_may_change')
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
