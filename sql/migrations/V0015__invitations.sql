-- Invitations: how colleagues come in, with the login that they have for other companies or with one of their own; and
-- how one login goes from company to company, and out of one.

-- ── invitations ────────────────────────────────────────────────────────────────────────────────────
create table crm.invitations (
    company_id uuid not null default app.company_id(),
    id uuid not null default app.uuid_v7(clock_timestamp()),
    user_id uuid default app.user_id(),
    email text not null,
    email_key text collate "C" not null generated always as (app.fold(email)) stored,
    name text,
    role text not null default 'member',
    secret_hash bytea not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    expires_at timestamptz not null default now() + interval '168 hours',
    accepted_at timestamptz,
    revoked_at timestamptz,
    version bigint not null default 1,
    constraint invitations_pkey primary key (company_id, id),
    constraint invitations_company_id_fkey foreign key (company_id) references crm.companies (id)
        on delete cascade,
    constraint invitations_user_id_fkey foreign key (company_id, user_id)
        references crm.users (company_id, id) on delete set null (user_id),
    constraint invitations_secret_hash_key unique (company_id, secret_hash),
    constraint invitations_email_check
        check (email ~ '^[^@[:space:]]+@[^@[:space:]]+$' and char_length(email) <= 254),
    constraint invitations_email_key_check check (octet_length(email_key) <= 2000),
    constraint invitations_name_check check (btrim(name) <> '' and char_length(name) <= 200),
    constraint invitations_role_check check (role in ('owner', 'admin', 'member', 'viewer')),
    constraint invitations_secret_hash_check check (octet_length(secret_hash) = 32),
    -- A week after it was sent, whatever anybody writes here.
    constraint invitations_expires_at_check check (expires_at <= updated_at + interval '168 hours')
);

create unique index invitations_email_key on crm.invitations (company_id, email_key)
    where accepted_at is null and revoked_at is null;
create index invitations_created_at_idx on crm.invitations (company_id, created_at, id)
    where accepted_at is null and revoked_at is null;
create index invitations_user_id_idx on crm.invitations (company_id, user_id);

create trigger invitations_touch before update on crm.invitations
    for each row execute function app.touch();
create trigger invitations_record after insert or update on crm.invitations
    for each row execute function app.record_change();

alter table crm.invitations enable row level security;
alter table crm.invitations force row level security;
create policy invitations_floor on crm.invitations as restrictive for all to public
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy invitations_floor on crm.invitations is
    'Whoever you are: only invitations into the company you act for.';
create policy invitations_read on crm.invitations for select to paddock_app
    using (company_id = (select app.company_id()));
comment on policy invitations_read on crm.invitations is
    'Who is about to be a colleague is no secret among colleagues.';
create policy invitations_create on crm.invitations for insert to paddock_app
    with check (company_id = (select app.company_id()));
comment on policy invitations_create on crm.invitations is 'What is added belongs to the company one acts for.';
create policy invitations_may_create on crm.invitations as restrictive for insert to paddock_app
    with check (
        (select app.role()) = 'owner'
        or (select app.role()) = 'admin' and role in ('member', 'viewer')
        or app.refuse('invitations_may_create')
    );
comment on policy invitations_may_create on crm.invitations is
    'Owners invite to every role, admins members and viewers.';
create policy invitations_change on crm.invitations for update to paddock_app
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy invitations_change on crm.invitations is 'Nothing can be moved to another company.';
create policy invitations_may_change on crm.invitations as restrictive for update to paddock_app
    with check (
        (select app.role()) = 'owner'
        or (select app.role()) = 'admin' and role in ('member', 'viewer')
        or app.refuse('invitations_may_change')
    );
comment on policy invitations_may_change on crm.invitations is
    'Owners send again and revoke every invitation, admins those of members and viewers.';
create policy invitations_set_up on crm.invitations for all to paddock_owner
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy invitations_set_up on crm.invitations is
    'The steps below look at the invitation that is shown and use it up, with its company bound.';

-- Whom it invites, into which role, and who invited never change.
grant select (
    company_id, id, user_id, email, name, role, created_at, updated_at, expires_at, accepted_at, revoked_at, version
) on crm.invitations to paddock_app;
grant insert (email, name, role, secret_hash) on crm.invitations to paddock_app;
grant update (secret_hash, expires_at, revoked_at) on crm.invitations to paddock_app;
comment on table crm.invitations is 'Who has been asked into a company. Used, revoked and expired ones stay until `paddock purge`.';
comment on column crm.invitations.user_id is
    'Who invited. Null once that user is gone: then the invitation is void, as it is while they may not invite so high.';
comment on column crm.invitations.email is 'Where it was sent to: whoever shows the token reads the mail of that address.';
comment on column crm.invitations.email_key is 'The folded e-mail: one open invitation per e-mail and company.';
comment on column crm.invitations.name is 'What to call them, if it was said; who accepts may say otherwise.';
comment on column crm.invitations.role is 'What they will be.';
comment on column crm.invitations.secret_hash is
    'SHA-256 of the 256 random bits of the token that was sent last, of no use to whoever reads it.';
comment on column crm.invitations.expires_at is 'A week after it was sent last.';
comment on column crm.invitations.accepted_at is 'Since when they are in; null if it was not accepted.';
comment on column crm.invitations.revoked_at is 'Since when it is taken back; null if it is not.';
comment on column crm.invitations.version is 'Counts changes; the ETag of the API.';

-- ── A session says when its password was shown ─────────────────────────────────────────────────────
-- Whoever goes on to another company of theirs gets a session there, which ends when the one before would have: going
-- to and fro prolongs nothing. What began before this migration counts from here; its own limit is nearer.
alter table crm.sessions
    add column logged_in_at timestamptz not null default now(),
    add constraint sessions_logged_in_at_check check (expires_at <= logged_in_at + interval '720 hours');
grant select (logged_in_at), insert (logged_in_at, expires_at) on crm.sessions to paddock_app;
comment on column crm.sessions.logged_in_at is
    'When its user logged in: that of the session from which they came, if they came from another company.';

-- ── Steps of the login door ────────────────────────────────────────────────────────────────────────
-- As those of sign-up: each is whole, and runs as paddock_owner, who is bound by row security. The company is that of
-- the token, that of whoever was let in just before, or one that the login has a place in.

create function identity.may_enter(of_company uuid, of_user uuid) returns boolean
    language plpgsql volatile security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    perform set_config('app.company_id', of_company::text, true);
    return exists (
        select
        from crm.users u
        join crm.companies c on c.id = u.company_id
            and c.suspended_at is null
        where u.company_id = of_company
            and u.id = of_user
            and u.disabled_at is null
    );
end
$$;
comment on function identity.may_enter(uuid, uuid) is
    'Whether a user may act at present: a login goes to a company where they may, if there is one.';
revoke execute on function identity.may_enter(uuid, uuid) from public;
grant execute on function identity.may_enter(uuid, uuid) to paddock_auth;

create function identity.find_invitation(of_company uuid, shown_hash bytea)
    returns table (
        email text, name text, company_name text,
        identity_id uuid, password_hash text, has_second_factor boolean
    )
    language plpgsql volatile security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    perform set_config('app.company_id', of_company::text, true);
    return query
    select i.email, i.name, c.name, l.id, l.password_hash, f.confirmed_at is not null
    from crm.invitations i
    join crm.companies c on c.id = i.company_id
        and c.suspended_at is null
    join crm.users u on u.company_id = i.company_id
        and u.id = i.user_id
        and u.disabled_at is null
        and (u.role = 'owner' or u.role = 'admin' and i.role in ('member', 'viewer'))
    left join identity.identities l on l.email_key = i.email_key
    left join identity.second_factors f on f.identity_id = l.id
    where i.company_id = of_company
        and i.secret_hash = shown_hash
        and i.accepted_at is null
        and i.revoked_at is null
        and i.expires_at > now();
end
$$;
comment on function identity.find_invitation(uuid, bytea) is
    'Whom a token invites, and the login of that e-mail, if there is one; no row if the token is not good.';
revoke execute on function identity.find_invitation(uuid, bytea) from public;
grant execute on function identity.find_invitation(uuid, bytea) to paddock_auth;

create function identity.accept_invitation(
    of_company uuid, shown_hash bytea, new_name text, of_identity uuid, known_hash text
) returns table (company_id uuid, user_id uuid)
    language plpgsql volatile security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    invitation record;
    login record;
    new_user uuid := app.uuid_v7(clock_timestamp());
begin
    perform set_config('app.company_id', of_company::text, true);
    -- Of several who show it at once, all but the first wait here and find it used. Whoever is about to demote who
    -- invited comes before or after.
    select i.id, i.email, i.email_key, i.role
    into invitation
    from crm.invitations i
    join crm.companies c on c.id = i.company_id
        and c.suspended_at is null
    join crm.users u on u.company_id = i.company_id
        and u.id = i.user_id
        and u.disabled_at is null
        and (u.role = 'owner' or u.role = 'admin' and i.role in ('member', 'viewer'))
    where i.company_id = of_company
        and i.secret_hash = shown_hash
        and i.accepted_at is null
        and i.revoked_at is null
        and i.expires_at > now()
    for update of i
    for share of c, u;
    if not found then
        return;
    end if;
    perform
    from crm.users u
    where u.company_id = of_company
        and u.email_key = invitation.email_key;
    if found then
        return;
    end if;
    if of_identity is null then
        insert into identity.identities (email, password_hash)
        values (invitation.email, known_hash)
        on conflict on constraint identities_email_key do nothing
        returning id, email into login;
    else
        select l.id, l.email
        into login
        from identity.identities l
        where l.id = of_identity
            and l.email_key = invitation.email_key
            and l.password_hash = known_hash
            and not exists (
                select
                from identity.memberships m
                where m.identity_id = l.id
                    and m.company_id = of_company
            )
        for share of l;
    end if;
    -- The e-mail has got a login meanwhile, or another password: the token stays good for another try.
    if login.id is null then
        return;
    end if;
    -- From here on it is they who act.
    perform set_config('app.user_id', new_user::text, true);
    insert into crm.users (id, name, email, role)
    values (new_user, new_name, login.email, invitation.role);
    insert into identity.memberships (identity_id, company_id, user_id)
    values (login.id, of_company, new_user);
    update crm.invitations i
    set accepted_at = now()
    where i.company_id = of_company
        and i.id = invitation.id;
    return query select of_company, new_user;
end
$$;
comment on function identity.accept_invitation(uuid, bytea, text, uuid, text) is
    'Makes a user of a login, old with its password or new, once; no row if token or password are not good any more.';
revoke execute on function identity.accept_invitation(uuid, bytea, text, uuid, text) from public;
grant execute on function identity.accept_invitation(uuid, bytea, text, uuid, text) to paddock_auth;

create function identity.list_companies(
    of_company uuid, of_user uuid, after_time timestamptz, after_company uuid, most bigint
) returns table (company_id uuid, user_id uuid, name text, role text, joined_at timestamptz)
    language plpgsql volatile security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    place record;
    wanted bigint := most;
begin
    for place in
        select m.company_id, m.user_id, m.created_at
        from identity.memberships mine
        join identity.memberships m on m.identity_id = mine.identity_id
        where mine.company_id = of_company
            and mine.user_id = of_user
            and (m.created_at, m.company_id) > (
                coalesce(after_time, '-infinity'),
                coalesce(after_company, '00000000-0000-0000-0000-000000000000')
            )
        order by m.created_at, m.company_id
    loop
        exit when wanted <= 0;
        perform set_config('app.company_id', place.company_id::text, true);
        return query
        select c.id, u.id, c.name, u.role, place.created_at
        from crm.companies c
        join crm.users u on u.company_id = c.id
            and u.id = place.user_id
            and u.disabled_at is null
        where c.id = place.company_id
            and c.suspended_at is null;
        if found then
            wanted := wanted - 1;
        end if;
    end loop;
end
$$;
comment on function identity.list_companies(uuid, uuid, timestamptz, uuid, bigint) is
    'The companies that a user''s login may enter, in the order in which it came to them, one company bound at a time.';
revoke execute on function identity.list_companies(uuid, uuid, timestamptz, uuid, bigint) from public;
grant execute on function identity.list_companies(uuid, uuid, timestamptz, uuid, bigint) to paddock_auth;

create function identity.remove_user(
    of_company uuid, acting_user uuid, acting_key uuid, of_user uuid, versions bigint[]
) returns table (is_removed boolean)
    language plpgsql volatile security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    leaving record;
    acting text;
begin
    perform set_config('app.company_id', of_company::text, true);
    perform set_config('app.user_id', acting_user::text, true);
    perform set_config('app.api_key_id', coalesce(acting_key::text, ''), true);
    select u.role, u.disabled_at, u.version
    into leaving
    from crm.users u
    where u.company_id = of_company
        and u.id = of_user
    for update;
    if not found then
        return;
    end if;
    -- As in app.keep_an_owner: two owners who remove each other come one after the other.
    perform
    from crm.companies c
    where c.id = of_company
    for no key update;
    select u.role
    into acting
    from crm.users u
    join crm.companies c on c.id = u.company_id
        and c.suspended_at is null
    where u.company_id = of_company
        and u.id = acting_user
        and u.disabled_at is null;
    if acting is null
        or of_user <> acting_user
        and acting <> 'owner' and (acting <> 'admin' or leaving.role not in ('member', 'viewer'))
    then
        perform app.refuse('users_may_remove');
    end if;
    if not leaving.version = any(versions) then
        return query select false;
        return;
    end if;
    if leaving.role = 'owner' and leaving.disabled_at is null then
        perform
        from crm.users u
        where u.company_id = of_company
            and u.id <> of_user
            and u.role = 'owner'
            and u.disabled_at is null;
        if not found then
            raise exception 'the company would be left without an owner'
                using errcode = '23514', constraint = 'users_last_owner';
        end if;
    end if;
    delete from crm.users u
    where u.company_id = of_company
        and u.id = of_user;
    return query select true;
end
$$;
comment on function identity.remove_user(uuid, uuid, uuid, uuid, bigint[]) is
    'Takes a user out of a company: owners everybody, admins members and viewers, everybody themselves. No row if there is '
    'no such user.';
revoke execute on function identity.remove_user(uuid, uuid, uuid, uuid, bigint[]) from public;
grant execute on function identity.remove_user(uuid, uuid, uuid, uuid, bigint[]) to paddock_auth;

-- ── Second factors in the audit log ────────────────────────────────────────────────────────────────
-- A factor guards all companies of its login: each of them is told, as it is of failed logins. That a code was used
-- is told by the session that began.
create function app.record_second_factor() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    bound text := current_setting('app.company_id', true);
    operation text := case
        when tg_op = 'DELETE' then case when old.sealed_secret is not null then 'second_factor.removed' end
        when tg_op = 'INSERT' then 'second_factor.begun'
        when old.confirmed_at is not null and new.confirmed_at is null then 'second_factor.removed'
        when old.confirmed_at is null and new.confirmed_at is not null then 'second_factor.confirmed'
        when old.sealed_secret is distinct from new.sealed_secret then 'second_factor.begun'
        when old.recovery_hashes = new.recovery_hashes then null
        when old.recovery_hashes @> new.recovery_hashes then 'second_factor.recovery_code_used'
        else 'second_factor.recovery_codes_replaced'
    end;
    place identity.memberships;
begin
    if operation is null then
        return null;
    end if;
    for place in
        select *
        from identity.memberships m
        where m.identity_id = coalesce(new.identity_id, old.identity_id)
    loop
        perform set_config('app.company_id', place.company_id::text, true);
        insert into crm.audit_log (user_id, operation, table_name, record_id, changes)
        values (place.user_id, operation, 'users', place.user_id, '{}');
    end loop;
    perform set_config('app.company_id', coalesce(bound, ''), true);
    return null;
end
$$;
comment on function app.record_second_factor() is
    'Records for each company of a login what became of its second factor. Runs as the owner, for its trigger alone.';
revoke execute on function app.record_second_factor() from public;

create trigger second_factors_record after insert or update or delete on identity.second_factors
    for each row execute function app.record_second_factor();
