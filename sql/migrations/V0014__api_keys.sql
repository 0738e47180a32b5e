-- An API key lets a program act as the user who made it, with a role that may be lower and scopes that name what for.

-- ── api_keys ───────────────────────────────────────────────────────────────────────────────────────
create table crm.api_keys (
    company_id uuid not null default app.company_id(),
    id uuid not null default app.uuid_v7(clock_timestamp()),
    user_id uuid not null default app.user_id(),
    name text not null,
    secret_hash bytea not null,
    role text not null default 'viewer',
    scopes text[] not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version bigint not null default 1,
    constraint api_keys_pkey primary key (company_id, id),
    constraint api_keys_company_id_fkey foreign key (company_id)
        references crm.companies (id) on delete cascade,
    constraint api_keys_user_id_fkey foreign key (company_id, user_id)
        references crm.users (company_id, id) on delete cascade,
    constraint api_keys_name_check check (btrim(name) <> '' and char_length(name) <= 200),
    constraint api_keys_secret_hash_check check (octet_length(secret_hash) = 32),
    constraint api_keys_role_check check (role in ('owner', 'admin', 'member', 'viewer')),
    -- Which resources there are, the API knows.
    constraint api_keys_scopes_check check (
        cardinality(scopes) between 1 and 100
        and array_position(scopes, null) is null
        and array_to_string(scopes, ' ') ~ '^[a-z_]{1,40}:(read|write)( [a-z_]{1,40}:(read|write))*$'
    ),
    -- After a year, a leap day included, it is over, whatever anybody writes here.
    constraint api_keys_expires_at_check check (expires_at <= created_at + interval '366 days')
);

create index api_keys_created_at_idx on crm.api_keys (company_id, created_at, id) where revoked_at is null;
create index api_keys_user_id_idx on crm.api_keys (company_id, user_id);

create trigger api_keys_touch before update on crm.api_keys
    for each row execute function app.touch();
create trigger api_keys_record after insert or update on crm.api_keys
    for each row execute function app.record_change();

alter table crm.api_keys enable row level security;
alter table crm.api_keys force row level security;
create policy api_keys_floor on crm.api_keys as restrictive for all to public
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy api_keys_floor on crm.api_keys is 'Whoever you are: only keys of the company you act for.';
create policy api_keys_visible on crm.api_keys as restrictive for select to paddock_app
    using (
        company_id = (select app.company_id())
        and (user_id = (select app.user_id()) or (select app.role()) in ('owner', 'admin'))
    );
comment on policy api_keys_visible on crm.api_keys is
    'A user sees their own keys; owners and admins see all keys of the company.';
create policy api_keys_read on crm.api_keys for select to paddock_app
    using (company_id = (select app.company_id()));
comment on policy api_keys_read on crm.api_keys is 'A user sees keys; api_keys_visible says which.';
create policy api_keys_create on crm.api_keys for insert to paddock_app
    with check (company_id = (select app.company_id()));
comment on policy api_keys_create on crm.api_keys is 'What is added belongs to the company one acts for.';
create policy api_keys_may_create on crm.api_keys as restrictive for insert to paddock_app
    with check (
        user_id = (select app.user_id())
        and (
            role = 'viewer'
            or role = 'member' and (select app.role()) in ('owner', 'admin', 'member')
            or role = 'admin' and (select app.role()) in ('owner', 'admin')
            or (select app.role()) = 'owner'
        )
        or app.refuse('api_keys_may_create')
    );
comment on policy api_keys_may_create on crm.api_keys is
    'A key acts as the user who makes it, and may no more than they.';
create policy api_keys_change on crm.api_keys for update to paddock_app
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy api_keys_change on crm.api_keys is 'Whoever sees a key renames and revokes it.';
create policy api_keys_may_change on crm.api_keys as restrictive for update to paddock_app
    using (company_id = (select app.company_id()) and revoked_at is null)
    with check (
        user_id = (select app.user_id())
        or (select app.role()) in ('owner', 'admin')
        or app.refuse('api_keys_may_change')
    );
comment on policy api_keys_may_change on crm.api_keys is
    'Users change their own keys; owners and admins those of everybody. What is revoked stays so.';

-- Whom a key acts as, its secret, and what it is good for never change.
grant select (
    company_id, id, user_id, name, secret_hash, role, scopes, expires_at, revoked_at, created_at, updated_at, version
) on crm.api_keys to paddock_app;
grant insert (name, secret_hash, role, scopes, expires_at) on crm.api_keys to paddock_app;
grant update (name, revoked_at) on crm.api_keys to paddock_app;
comment on table crm.api_keys is 'With what programs act as users; revoked and expired ones stay.';
comment on column crm.api_keys.user_id is 'Whom the key acts as: the user who made it.';
comment on column crm.api_keys.secret_hash is
    'SHA-256 of the 256 secret bits of the key, of no use to whoever reads it.';
comment on column crm.api_keys.role is 'What the key is in the company: this, or its user''s role where that is lower.';
comment on column crm.api_keys.scopes is 'What the key is good for: <resource>:read or <resource>:write, as the document says of each operation.';
comment on column crm.api_keys.expires_at is 'When it is over, at most a year after it was made.';
comment on column crm.api_keys.revoked_at is 'Since when it is good for nothing.';
comment on column crm.api_keys.version is 'Counts changes; the ETag of the API.';

-- ── api_key_uses ───────────────────────────────────────────────────────────────────────────────────
-- Apart from the keys: that a key was used is no change of it.
create table crm.api_key_uses (
    company_id uuid not null default app.company_id(),
    api_key_id uuid not null,
    last_used_at timestamptz not null default now(),
    constraint api_key_uses_pkey primary key (company_id, api_key_id),
    constraint api_key_uses_company_id_fkey foreign key (company_id)
        references crm.companies (id) on delete cascade,
    constraint api_key_uses_api_key_id_fkey foreign key (company_id, api_key_id)
        references crm.api_keys (company_id, id) on delete cascade
);

alter table crm.api_key_uses enable row level security;
alter table crm.api_key_uses force row level security;
create policy api_key_uses_floor on crm.api_key_uses as restrictive for all to public
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy api_key_uses_floor on crm.api_key_uses is
    'Whoever you are: only uses of keys of the company you act for.';
create policy api_key_uses_read on crm.api_key_uses for select to paddock_app
    using (company_id = (select app.company_id()));
comment on policy api_key_uses_read on crm.api_key_uses is
    'When a key was used is no secret among colleagues; whose it is, may be.';
create policy api_key_uses_create on crm.api_key_uses for insert to paddock_app
    with check (company_id = (select app.company_id()));
comment on policy api_key_uses_create on crm.api_key_uses is 'The server notes the first use of a key.';
create policy api_key_uses_may_create on crm.api_key_uses as restrictive for insert to paddock_app
    with check (
        company_id = (select app.company_id())
        and exists (
            select
            from crm.api_keys k
            where k.company_id = api_key_uses.company_id
                and k.id = api_key_uses.api_key_id
                and k.user_id = (select app.user_id())
        )
        or app.refuse('api_key_uses_may_create')
    );
comment on policy api_key_uses_may_create on crm.api_key_uses is
    'The use of a key is noted in the name of the user whom it acts as, and of nobody else.';
create policy api_key_uses_change on crm.api_key_uses for update to paddock_app
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy api_key_uses_change on crm.api_key_uses is 'The server notes further uses, a minute apart at least.';
create policy api_key_uses_may_change on crm.api_key_uses as restrictive for update to paddock_app
    with check (
        company_id = (select app.company_id())
        and exists (
            select
            from crm.api_keys k
            where k.company_id = api_key_uses.company_id
                and k.id = api_key_uses.api_key_id
                and k.user_id = (select app.user_id())
        )
        or app.refuse('api_key_uses_may_change')
    );
comment on policy api_key_uses_may_change on crm.api_key_uses is 'So are further uses of it.';

grant select (company_id, api_key_id, last_used_at) on crm.api_key_uses to paddock_app;
grant insert (api_key_id) on crm.api_key_uses to paddock_app;
grant update (last_used_at) on crm.api_key_uses to paddock_app;
comment on table crm.api_key_uses is 'When each key was last used, to the minute; none for a key that never was.';
comment on column crm.api_key_uses.last_used_at is 'Written behind the answers, at most once a minute.';

-- ── Who enters, and as what ────────────────────────────────────────────────────────────────────────
-- Goes ahead of every transaction of the server: whoever may not act ends it here, and of all others it binds what they
-- are (see V0002__companies_and_users.sql). One may enter with a session, with a login elsewhere, with an API key, or
-- with the epoch of a token alone; with nothing at all whoever has shown who they are just now. Each asks of the
-- tables what it must, so that nobody pays for another's question.
-- The ids in a key are what its bearer says. All faults get the same answer: a wrong company, user, key or secret,
-- one that was revoked or has expired, a user who may not act, a company that is suspended. Whoever has a good key
-- that lacks the scope is told so. What is bound is the lower one of two roles, the key's and its user's.
create function app.enter(
    epoch integer, session_id uuid, login_id uuid, key_id uuid, secret_hash bytea, scope text
) returns boolean
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
    as $$
declare
    roles text[];
    granted text[];
begin
    -- Once: with a key one is less than its user, and does not become more by entering without it.
    if current_setting('app.standing', true) <> '' then
        raise exception 'somebody has entered this transaction already' using errcode = '42501';
    end if;
    if key_id is not null then
        -- First the user alone: to see a key one has to be somebody.
        select array[u.role]
        into roles
        from crm.users u
        join crm.companies c on c.id = u.company_id
        where u.id = app.user_id()
            and u.disabled_at is null
            and c.suspended_at is null;
        if found then
            select roles || k.role, k.scopes
            into roles, granted
            from crm.api_keys k
            where k.id = key_id
                and k.user_id = app.user_id()
                and k.secret_hash = enter.secret_hash
                and k.revoked_at is null
                and k.expires_at > now();
        end if;
        if granted is null then
            raise exception 'this key is good for nothing' using errcode = '28P01';
        end if;
        if scope is null or scope <> all (granted) then
            raise exception 'the key lacks a scope'
                using errcode = '42501', constraint = 'api_keys_scopes', column = coalesce(scope, '');
        end if;
        -- For the audit log, until the transaction ends.
        execute format('set local app.api_key_id = %L', key_id);
    elsif session_id is not null then
        select array[u.role]
        into roles
        from crm.users u
        join crm.sessions s on s.user_id = u.id and s.epoch = u.token_epoch
        where u.id = app.user_id()
            and u.disabled_at is null
            and (enter.epoch is null or u.token_epoch = enter.epoch)
            and s.id = session_id
            and s.ended_at is null
            and s.expires_at > now();
    elsif login_id is not null then
        select array[u.role]
        into roles
        from crm.users u
        join crm.user_logins l on l.member_id = u.id
        join crm.companies c on c.id = u.company_id
            and c.suspended_at is null
        where u.id = app.user_id()
            and u.disabled_at is null
            and l.id = login_id;
    elsif epoch is not null then
        -- A suspension makes all epochs outdated: only whoever comes without one has to ask.
        select array[u.role]
        into roles
        from crm.users u
        where u.id = app.user_id()
            and u.disabled_at is null
            and u.token_epoch = enter.epoch;
    else
        select array[u.role]
        into roles
        from crm.users u
        join crm.companies c on c.id = u.company_id
            and c.suspended_at is null
        where u.id = app.user_id()
            and u.disabled_at is null;
    end if;
    if roles is null then
        return app.refuse_session();
    end if;
    execute format(
        'set local app.standing = %L',
        current_setting('app.company_id') || '/' || current_setting('app.user_id') || '/' || case
            when 'viewer' = any (roles) then 'viewer/' || app.look_up_visibility('viewer')
            when 'member' = any (roles) then 'member/' || app.look_up_visibility('member')
            when 'admin' = any (roles) then 'admin/all'
            else 'owner/all'
        end
    );
    return true;
end
$$;
comment on function app.enter(integer, uuid, uuid, uuid, bytea, text) is
    'Ends the transaction of whoever may not act: by the epoch of the token, by its session, by a login elsewhere, or by an API key, which must have the scope. Binds what all others are, and which key it was.';
revoke execute on function app.enter(integer, uuid, uuid, uuid, bytea, text) from public;
grant execute on function app.enter(integer, uuid, uuid, uuid, bytea, text) to paddock_app;
