-- Who may do what: asked of the catalog, then tried. One row a line of sql/audit/matrix.txt.
--
-- A superuser runs this inside a transaction that is rolled back, in a database with two companies: the
-- older one acts, the younger one is the other. Every statement is the real one, in a savepoint of its own.
-- Roles are those that this database knows: whoever owns, is granted or is meant by a policy here. PUBLIC
-- is tried by a role that nobody has granted anything to.

set local search_path = pg_catalog, pg_temp;
set local client_min_messages = warning;
set local lock_timeout = '10s';

-- ── Who, for whom, and what ────────────────────────────────────────────────────────────────────────
do $$
begin
    execute format('create role %I', 'nobody of ' || current_database());
end
$$;

create temporary table role on commit drop as
select r.oid, r.rolname::text as name, r.rolname::text as acts_as
from pg_roles r
where exists (
        select
        from pg_shdepend d
        join pg_database here on here.datname = current_database()
        where d.refclassid = 'pg_authid'::regclass
            and d.refobjid = r.oid
            and (d.dbid = here.oid or d.classid = 'pg_database'::regclass and d.objid = here.oid)
    )
    and r.oid <> 10
    and r.rolname !~ '^pg_'
union all
select 0, 'public', 'nobody of ' || current_database();

create temporary table company on commit drop as
select c.id, c.number = 1 as own, (select min(u.id::text)::uuid from crm.users u where u.company_id = c.id) as person
from (select c.id, row_number() over (order by c.created_at, c.id) as number from crm.companies c) c
where c.number <= 2;

-- The tenant column is company_id; of the table that every company_id refers to, it is the key.
create temporary table relation on commit drop as
select
    c.oid, c.oid::regclass as name, c.relkind as kind, c.relowner::regrole::text as owner,
    c.relrowsecurity as is_on, c.relforcerowsecurity as is_forced,
    coalesce(
        (
            select a.attname
            from pg_attribute a
            where a.attrelid = c.oid
                and a.attname = 'company_id'
                and not a.attisdropped
        ),
        (
            select min(a.attname::text)
            from pg_constraint f
            join pg_attribute a on a.attrelid = f.confrelid
                and a.attnum = f.confkey[1]
            join pg_attribute t on t.attrelid = f.conrelid
                and t.attnum = f.conkey[1]
                and t.attname = 'company_id'
            where f.contype = 'f'
                and f.confrelid = c.oid
                and cardinality(f.confkey) = 1
        )
    ) as tenant
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f', 'v', 'm')
    and n.nspname !~ '^pg_'
    and n.nspname <> 'information_schema';

create temporary table relation_column on commit drop as
select
    a.attrelid as oid, a.attnum as number, a.attname as name, a.atttypid as type,
    a.attgenerated = '' and a.attidentity <> 'a' as is_writable,
    a.attnotnull and not a.atthasdef and a.attidentity = '' as is_required,
    a.attnotnull as is_never_null,
    exists (
        select
        from pg_constraint f
        where f.conrelid = a.attrelid
            and f.contype = 'f'
            and a.attnum = any(f.conkey)
    ) as is_reference
from pg_attribute a
join relation r on r.oid = a.attrelid
where a.attnum > 0
    and not a.attisdropped;

-- ── Two rows in every table that has none of a company: one with all its references, one with few ──
create function pg_temp.made_up(type oid) returns text
    language sql
    as $$
    select case type::regtype::text
        when 'text' then quote_literal('made-up@example.com')
        when 'boolean' then 'false'
        -- As a scope is written.
        when 'text[]' then quote_literal('{made_up:read}')
        when 'date' then 'current_date'
        when 'timestamp with time zone' then 'now()'
        when 'uuid' then 'gen_random_uuid()'
        when 'jsonb' then quote_literal('{}')
        -- As long as a SHA-256 is.
        when 'bytea' then 'pg_catalog.sha256('''')'
        when 'bytea[]' then 'array[pg_catalog.sha256('''')]'
        else '1'
    end
$$;

-- What a row of the company may hold in that column: its tenant, a record that it refers to, or anything.
create function pg_temp.value_for(target relation, field relation_column, of company) returns text
    language sql
    as $$
    select case
        when field.name = target.tenant then quote_literal(of.id)
        else coalesce(
            (
                select format(
                    '(select min(t.%I::text)::%s from %s t%s)',
                    key.name, field.type::regtype, there.name,
                    case when there.tenant is not null then format(' where t.%I = %L', there.tenant, of.id) end
                )
                from pg_constraint f
                cross join unnest(f.conkey, f.confkey) k (here, there)
                join relation there on there.oid = f.confrelid
                join relation_column key on key.oid = there.oid
                    and key.number = k.there
                where f.conrelid = target.oid
                    and k.here = field.number
                order by f.conname
                limit 1
            ),
            -- What programs call something is shorter, and has fewer signs.
            case when field.name = 'key' then quote_literal('made_up') else pg_temp.made_up(field.type) end
        )
    end
$$;

create function pg_temp.furnish(target relation, of company) returns void
    language plpgsql
    as $$
declare
    chosen integer;
    furnished integer := 0;
    found_one boolean;
    names text;
    expressions text;
    -- References that may be null.
    optional smallint[] := array(
        select c.number
        from relation_column c
        where c.oid = target.oid
            and c.is_reference
            and not c.is_never_null
            and c.name <> target.tenant
        order by c.number
    );
begin
    execute format(
        'select exists (select from %s%s)', target.name,
        case when target.tenant is not null then format(' where %I = %L', target.tenant, of.id) end
    )
    into found_one;
    if found_one then
        return;
    end if;
    -- With all of them, with none, and then with each choice of them: of some tables, only a row with one of
    -- several references passes the checks.
    for chosen in
        select n
        from generate_series(0, greatest((1 << cardinality(optional)) - 1, 1)) n
        order by n not in (0, (1 << cardinality(optional)) - 1), n desc
    loop
        -- One, where no company tells two of them apart.
        exit when furnished = case when target.tenant is null then 1 else 2 end;
        select
            string_agg(quote_ident(c.name), ', '),
            string_agg(
                case when c.is_never_null or c.name = target.tenant
                    or chosen >> (array_position(optional, c.number) - 1) & 1 = 1
                    then pg_temp.value_for(target, c, of)
                    else 'null'
                end, ', '
            )
        into names, expressions
        from relation_column c
        where c.oid = target.oid
            and (c.is_required or c.is_reference or c.name = target.tenant);
        exit when names is null;
        begin
            execute format('insert into %s (%s) select %s', target.name, names, expressions);
            furnished := furnished + 1;
        exception
            when check_violation or unique_violation or not_null_violation then null;
        end;
    end loop;
end
$$;

-- Without triggers: what they write is not to be furnished, and no company is bound here.
set local session_replication_role = replica;
select pg_temp.furnish(r, c)
from relation r
cross join company c
where r.kind in ('r', 'p')
    and r.tenant is not null
order by r.oid, c.own;
-- Of no company, and empty as long as nobody fails to log in, has a second factor, or signs up.
insert into identity.login_failures (identity_id)
select i.id
from identity.identities i;
insert into identity.second_factors (identity_id)
select i.id
from identity.identities i;
-- Else nobody could give them any.
update crm.customers
set has_custom_fields = true;
set local session_replication_role = origin;
insert into identity.one_time_tokens (kind, secret_hash, email, expires_at)
values ('verify_email', sha256(''), 'made-up@example.com', now() + interval '1 hour');
insert into identity.sign_ups (id, company_name, name, password_hash)
select t.id, 'made-up', 'made-up', '$argon2id$made-up'
from identity.one_time_tokens t;

-- Where every row is now, to see afterwards which have gone and which have come.
create temporary table kept (oid oid, place text, own boolean) on commit drop;
do $$
declare
    r relation;
begin
    for r in select * from relation where kind in ('r', 'p') loop
        execute format(
            'insert into kept select %s, t.tableoid || t.ctid::text, %s from %s t%s',
            r.oid,
            case when r.tenant is null then 'true' else 'c.own' end,
            r.name,
            case when r.tenant is not null then format(' join company c on c.id = t.%I', r.tenant) end
        );
    end loop;
end
$$;
create index on kept (oid, place);
analyze kept;

-- ── Trying ─────────────────────────────────────────────────────────────────────────────────────────
-- What the statement comes to for that role, in the context of the company that acts or in none: the
-- answer, or the SQLSTATE with what refused. Nothing remains of it.
create function pg_temp.try(
    acts_as text, is_bound boolean, preparation text, statement text, afterwards text
) returns text
    language plpgsql
    as $$
declare
    answer text;
begin
    if is_bound then
        perform set_config('app.company_id', c.id::text, true), set_config('app.user_id', c.person::text, true)
        from company c
        where c.own;
    end if;
    if preparation is not null then
        execute preparation;
    end if;
    -- As the application plans: which policy is asked first must not depend on the size of a table.
    set local enable_seqscan = off;
    set local enable_bitmapscan = off;
    execute format('set local role %I', acts_as);
    if afterwards is null then
        execute statement into answer;
    else
        execute statement;
        set local role none;
        set local enable_seqscan = on;
        set local enable_bitmapscan = on;
        execute afterwards into answer;
    end if;
    raise exception using errcode = 'UNDO0', message = answer;
exception
    when sqlstate 'UNDO0' then
        return sqlerrm;
    when insufficient_privilege then
        return sqlstate || case when sqlerrm ~ 'row-level security' then ' policy' else ' grant' end;
    when others then
        return sqlstate;
end
$$;

create function pg_temp.columns_of(target oid, who text, privilege text) returns text[]
    language sql
    as $$
    select coalesce(array_agg(c.name::text order by c.number), '{}')
    from relation_column c
    where c.oid = target
        and has_column_privilege(who, target, c.number, privilege)
$$;

create function pg_temp.idents(names text[]) returns text
    language sql
    as $$
    select coalesce(string_agg(quote_ident(n), ', ' order by position), '')
    from unnest(names) with ordinality u (n, position)
$$;

-- How many rows of a side are not where they were: changed, or deleted.
create function pg_temp.gone(target relation, is_own boolean) returns text
    language sql
    as $$
    select format(
        'select count(*)
        from kept k
        where k.oid = %s
            and k.own = %L
            and not exists (select from %s t where t.tableoid || t.ctid::text = k.place)',
        target.oid, is_own, target.name
    )
$$;

-- How many rows are where none was.
create function pg_temp.come(target relation) returns text
    language sql
    as $$
    select format(
        'select count(*)
        from %s t
        where not exists (select from kept k where k.oid = %s and k.place = t.tableoid || t.ctid::text)',
        target.name, target.oid
    )
$$;

-- A column keeps its value, or takes its default where the role may not read what it may write.
create function pg_temp.update_of(target relation, who text, names text[]) returns text
    language sql
    as $$
    select format(
        'update %s set %I = %s', target.name, n.name,
        case when has_column_privilege(who, target.oid, n.name, 'select') then quote_ident(n.name) else 'default' end
    )
    from unnest(names || (select array_agg(c.name::text order by c.number) from relation_column c where c.oid = target.oid))
        with ordinality n (name, position)
    order by position
    limit 1
$$;

-- A row is taken out, its references left alone, ...
create function pg_temp.take_out(target relation, is_own boolean) returns text
    language sql
    as $$
    select format(
        'set local session_replication_role = replica;
        delete from %s where tableoid || ctid::text = %L;
        set local session_replication_role = origin',
        target.name, min(k.place)
    )
    from kept k
    where k.oid = target.oid
        and k.own = is_own
$$;

-- ... for the role to put it back, with those columns.
create function pg_temp.put_back(target relation, names text[], is_own boolean) returns text
    language plpgsql
    as $$
declare
    place text := (select min(k.place) from kept k where k.oid = target.oid and k.own = is_own);
    fields text[] := array(
        select c.name::text
        from relation_column c
        where c.oid = target.oid
            and c.is_writable
            and (c.name = any(names) or cardinality(names) = 0)
        order by c.number
    );
    literals text;
begin
    execute format(
        'select concat_ws('', '', %s) from %s where tableoid || ctid::text = %L',
        (select string_agg(format('quote_nullable(%I::text)', f), ', ') from unnest(fields) f), target.name, place
    )
    into literals;
    return format('insert into %s (%s) values (%s)', target.name, pg_temp.idents(fields), literals);
end
$$;

-- ── What is tried ──────────────────────────────────────────────────────────────────────────────────
create temporary table trial (
    id integer generated always as identity, target relation, who role, command text, names text[],
    own text, other text, into_other text, without text
) on commit drop;

insert into trial (target, who, command, names)
select r, w, k.command, case when k.command <> 'delete' then pg_temp.columns_of(r.oid, w.acts_as, k.command) else '{}' end
from relation r
cross join role w
cross join unnest(array['select', 'insert', 'update', 'delete']) k (command)
where r.kind in ('r', 'p')
    or k.command = 'select';

create function pg_temp.statement_of(t trial) returns text
    language sql
    as $$
    select case t.command
        when 'select' then format(
            'select count(*) from (select %s from %s offset 0) t',
            coalesce(nullif(pg_temp.idents(t.names), ''), '*'), (t.target).name
        )
        when 'insert' then pg_temp.put_back(t.target, t.names, true)
        when 'update' then pg_temp.update_of(t.target, (t.who).acts_as, t.names)
        else format('delete from %s', (t.target).name)
    end
$$;

-- Whose rows a statement sees or changes. A select that is allowed is repeated with a condition on the
-- tenant, a column that may not be granted.
create function pg_temp.reach(t trial, is_own boolean) returns text
    language plpgsql
    as $$
declare
    target relation := t.target;
    who text := (t.who).acts_as;
    total text := (select '/' || count(*) from kept k where k.oid = target.oid and k.own = is_own);
    answer text;
begin
    if t.command <> 'select' then
        answer := pg_temp.try(who, true, null, pg_temp.statement_of(t), pg_temp.gone(target, is_own));
    else
        answer := pg_temp.try(who, true, null, pg_temp.statement_of(t), null);
        if answer ~ '^\d+$' and target.tenant is not null then
            answer := pg_temp.try(
                who, true,
                format('grant select (%I) on %s to %I', target.tenant, target.name, who),
                format(
                    'select count(*) from %s t where t.%I = %L', target.name, target.tenant,
                    (select c.id from company c where c.own = is_own)
                ), null
            );
        end if;
    end if;
    return answer || case when answer ~ '^\d+$' then total else '' end;
end
$$;

-- Whether a row comes to be, like one of that side, with those columns.
create function pg_temp.entry(t trial, names text[], is_own boolean) returns text
    language sql
    as $$
    select pg_temp.try(
        (t.who).acts_as, true, pg_temp.take_out(t.target, is_own),
        pg_temp.put_back(t.target, names, is_own), pg_temp.come(t.target)
    )
$$;

-- Whether a row can be moved to the other company.
create function pg_temp.move(t trial) returns text
    language sql
    as $$
    select pg_temp.try(
        (t.who).acts_as, true, null,
        format('update %s set %I = %L', (t.target).name, (t.target).tenant, c.id), pg_temp.come(t.target)
    )
    from company c
    where not c.own
$$;

-- First without a context: once a setting has been bound, the session knows its name for ever. This trigger binds the
-- companies of a login, one after the other.
alter table identity.second_factors disable trigger second_factors_record;
update trial t
set without = case t.command
    when 'select' then pg_temp.try((t.who).acts_as, false, null, pg_temp.statement_of(t), null)
    when 'insert' then pg_temp.try(
        (t.who).acts_as, false, pg_temp.take_out(t.target, true), pg_temp.statement_of(t), pg_temp.come(t.target)
    )
    else pg_temp.try((t.who).acts_as, false, null, pg_temp.statement_of(t), pg_temp.gone(t.target, true))
end;
alter table identity.second_factors enable trigger second_factors_record;

update trial t
set
    own = case t.command when 'insert' then pg_temp.entry(t, t.names, true) else pg_temp.reach(t, true) end,
    other = case
        when (t.target).tenant is null then '-'
        when t.command = 'insert' then pg_temp.entry(t, array_remove(t.names, (t.target).tenant), false)
        else pg_temp.reach(t, false)
    end,
    into_other = case
        when (t.target).tenant is null or t.command in ('select', 'delete') then '-'
        when t.command = 'insert' then pg_temp.entry(t, t.names || (t.target).tenant, false)
        else pg_temp.move(t)
    end;

-- ── What it comes to ───────────────────────────────────────────────────────────────────────────────
create temporary table line (id integer generated always as identity, text text) on commit drop;

create function pg_temp.section(title text, lines text[]) returns void
    language sql
    as $$
    insert into line (text)
    select *
    from unnest(array['', '── ' || title || ' ' || repeat('─', 100 - length(title) - 4)]
        || coalesce(nullif(lines, '{}'), array['none']))
$$;

create function pg_temp.listed(granted text[], target oid) returns text
    language sql
    as $$
    select case
        when cardinality(granted) = 0 then 'none'
        when cardinality(missing) = 0 then 'all'
        when cardinality(missing) < cardinality(granted) then 'all but ' || array_to_string(missing, ', ')
        else array_to_string(granted, ', ')
    end
    from (
        select array(
            select c.name::text
            from relation_column c
            where c.oid = target
                and not c.name = any(granted)
            order by c.number
        ) as missing
    ) m
$$;

-- Whatever belongs to a schema that is not the system's.
create temporary table ours on commit drop as
select n.oid, n.nspname as name, n.nspacl as acl, n.nspowner as owner
from pg_namespace n
where n.nspname !~ '^pg_'
    and n.nspname <> 'information_schema';

create function pg_temp.who_may(granted text[]) returns text
    language sql
    as $$
    select case when cardinality(granted) = 0 then 'nobody' else array_to_string(granted, ', ') end
$$;

select pg_temp.section('Roles', array(
    select concat_ws(
        ' ', rpad(r.rolname, 14),
        case when r.rolcanlogin then 'logs in' else 'no login' end,
        case when r.rolinherit then 'inherits' end,
        case when r.rolsuper then 'SUPERUSER' end,
        case when r.rolbypassrls then 'BYPASSES ROW SECURITY' end,
        case when r.rolcreaterole then 'creates roles' end,
        case when r.rolcreatedb then 'creates databases' end,
        case when r.rolreplication then 'replicates' end,
        (
            select 'member of ' || string_agg(m.roleid::regrole::text, ', ' order by m.roleid::regrole::text collate "C")
            from pg_auth_members m
            where m.member = r.oid
        ),
        (
            select string_agg(regexp_replace(s.setting, '=', ' = '), '; ' order by s.setting collate "C")
            from pg_db_role_setting d
            cross join unnest(d.setconfig) s (setting)
            where d.setrole = r.oid
                and d.setdatabase in (0, (select oid from pg_database where datname = current_database()))
        )
    )
    from role w
    join pg_roles r on r.oid = w.oid
    order by r.rolname collate "C"
));

select pg_temp.section('The database: connect, create, temporary tables, settings of its own', array(
    select rpad(w.name, 14) || ' ' || pg_temp.who_may(array(
        select p
        from unnest(array['connect', 'create', 'temporary']) p
        where has_database_privilege(w.acts_as, current_database(), p)
    ))
    from role w
    order by w.oid = 0, w.name collate "C"
) || array(
    select 'for everybody  ' || regexp_replace(s.setting, '=', ' = ')
    from pg_db_role_setting d
    cross join unnest(d.setconfig) s (setting)
    where d.setrole = 0
        and d.setdatabase in (0, (select oid from pg_database where datname = current_database()))
    order by 1
));

select pg_temp.section('Schemas', array(
    select format(
        '%s owner %s; usage: %s; create: %s', rpad(n.name, 14), n.owner::regrole,
        pg_temp.who_may(array(
            select w.name from role w where has_schema_privilege(w.acts_as, n.oid, 'usage') order by w.oid = 0, w.name collate "C"
        )),
        pg_temp.who_may(array(
            select w.name from role w where has_schema_privilege(w.acts_as, n.oid, 'create') order by w.oid = 0, w.name collate "C"
        ))
    )
    from ours n
    order by n.name collate "C"
));

select pg_temp.section('Tables and views, and who may truncate, refer to or put triggers on them', array(
    select format(
        '%s %s of %s, row security %s; %s', rpad(r.name::text, 24),
        case r.kind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view'
            when 'm' then 'materialized view' else 'foreign table' end,
        r.owner,
        case when not r.is_on then 'OFF' when r.is_forced then 'on, forced' else 'on, NOT FORCED' end,
        pg_temp.who_may(array(
            select w.name
            from role w
            where has_table_privilege(w.acts_as, r.oid, 'truncate, references, trigger')
                or has_any_column_privilege(w.acts_as, r.oid, 'references')
            order by w.oid = 0, w.name collate "C"
        ))
    )
    from relation r
    order by r.name::text collate "C"
));

select pg_temp.section('Policies', array(
    select concat_ws(
        ' ', rpad(r.name::text, 24), rpad(p.polname::text, 26),
        case when p.polpermissive then 'permissive ' else 'restrictive' end,
        rpad(case p.polcmd when '*' then 'all' when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' else 'delete' end, 6),
        'to ' || (
            select string_agg(case when g = 0 then 'public' else g::regrole::text end, ', ' order by g::regrole::text collate "C")
            from unnest(p.polroles) g
        ),
        'using ' || pg_get_expr(p.polqual, p.polrelid),
        'with check ' || pg_get_expr(p.polwithcheck, p.polrelid)
    )
    from pg_policy p
    join relation r on r.oid = p.polrelid
    order by r.name::text collate "C", p.polpermissive, p.polname collate "C"
));

select pg_temp.section(
    'Rows and columns (role, table, command; own, other, into other, no context; columns)',
    array(
        select concat_ws(
            ' ', rpad((t.who).name, 14), rpad((t.target).name::text, 24), rpad(t.command, 7), rpad(t.own, 12),
            rpad(t.other, 12), rpad(t.into_other, 12), rpad(t.without, 12), t.columns
        )
        from (
            select
                t.target, t.who, t.command, t.own, t.other, t.into_other, t.without, t.id,
                case when t.command = 'delete' then '-' else pg_temp.listed(t.names, (t.target).oid) end as columns,
                bool_or(concat_ws(' ', t.own, t.other, t.into_other, t.without) !~ '^(42501 grant|-| )+$' or t.names <> '{}')
                    over whole as has_any,
                row_number() over whole as number
            from trial t
            window whole as (partition by (t.target).oid, (t.who).oid)
        ) t
        where t.has_any
        order by (t.target).name::text collate "C", (t.who).oid = 0, (t.who).name collate "C", t.id
    )
);

select pg_temp.section('Nothing at all, tried with select, insert, update and delete: 42501 for want of a grant', array(
    select format('%s %s', rpad((t.who).name, 14), string_agg(t.name, ', ' order by t.name collate "C"))
    from (
        select t.who, (t.target).name::text as name
        from trial t
        group by t.who, t.target
        having bool_and(concat_ws(' ', t.own, t.other, t.into_other, t.without) ~ '^(42501 grant|-| )+$' and t.names = '{}')
    ) t
    group by t.who
    order by (t.who).oid = 0, (t.who).name collate "C"
));

select pg_temp.section('What the database fills in', array(
    select format('%s %s %s', rpad(r.name::text, 24), rpad(c.name::text, 16), pg_get_expr(d.adbin, d.adrelid))
    from pg_attrdef d
    join relation r on r.oid = d.adrelid
    join relation_column c on c.oid = d.adrelid
        and c.number = d.adnum
    order by r.name::text collate "C", c.number
) || array(
    select format('%s %s', rpad(r.name::text, 24), regexp_replace(pg_get_triggerdef(g.oid), '^CREATE ', '') || case when g.tgenabled <> 'O' then ' NOT ENABLED' else '' end)
    from pg_trigger g
    join relation r on r.oid = g.tgrelid
    where not g.tgisinternal
    order by r.name::text collate "C", g.tgname collate "C"
));

select pg_temp.section('Sequences', array(
    select rpad(c.oid::regclass::text, 24) || ' ' || pg_temp.who_may(array(
        select w.name || ' ' || p
        from role w
        cross join unnest(array['usage', 'select', 'update']) p
        where has_sequence_privilege(w.acts_as, c.oid, p)
        order by w.oid = 0, w.name collate "C", p
    ))
    from pg_class c
    join ours n on n.oid = c.relnamespace
    where c.relkind = 'S'
    order by c.oid::regclass::text collate "C"
));

select pg_temp.section('Functions', array(
    select format(
        '%s %s, %s, of %s%s%s; %s', rpad(p.oid::regprocedure::text, 50),
        case when p.prosecdef then 'DEFINER' else 'invoker' end,
        case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
        p.proowner::regrole, case when p.proleakproof then ', LEAKPROOF' end,
        ', ' || array_to_string(p.proconfig, ', '),
        pg_temp.who_may(array(
            select w.name
            from role w
            where has_function_privilege(w.acts_as, p.oid, 'execute')
            order by w.oid = 0, w.name collate "C"
        ))
    )
    from pg_proc p
    join ours n on n.oid = p.pronamespace
    order by p.oid::regprocedure::text collate "C"
));

select pg_temp.section('Functions of PostgreSQL that were taken from PUBLIC, and who may still call them', array(
    select rpad(p.name, 40) || ' ' || string_agg(p.who, ', ' order by p.who collate "C")
    from (
        -- What counts and shows activity is a family, with other members in every version of PostgreSQL.
        select distinct
            regexp_replace(p.proname, '^pg_stat_get_.*', 'pg_stat_get_*') as name,
            coalesce(w.name, 'nobody') as who
        from pg_proc p
        left join role w on has_function_privilege(w.acts_as, p.oid, 'execute')
        where p.pronamespace = 'pg_catalog'::regnamespace
            and p.proacl is not null
            and not exists (
                select
                from pg_init_privs i
                where i.objoid = p.oid
                    and i.classoid = 'pg_proc'::regclass
                    and i.initprivs = p.proacl
            )
    ) p
    group by p.name
    order by p.name collate "C"
));

select pg_temp.section('Default privileges', array(
    select concat_ws(
        ' ', 'of ' || d.defaclrole::regrole, 'in ' || d.defaclnamespace::regnamespace, d.defaclobjtype,
        array_to_string(d.defaclacl, ', ')
    )
    from pg_default_acl d
    order by 1
));

-- Rights that may be passed on.
select pg_temp.section('Grants with grant option', array(
    select distinct format('%s %s on %s', coalesce(w.name, a.grantee::regrole::text), lower(a.privilege_type), g.what)
    from (
        select 'schema ' || n.name as what, n.acl, n.owner from ours n
        union all
        select c.oid::regclass::text, c.relacl, c.relowner
        from pg_class c
        join ours n on n.oid = c.relnamespace
        union all
        select r.name || ' ' || a.attname, a.attacl, r.owner::regrole
        from pg_attribute a
        join relation r on r.oid = a.attrelid
        union all
        select p.oid::regprocedure::text, p.proacl, p.proowner
        from pg_proc p
        union all
        select 'database', d.datacl, d.datdba from pg_database d where d.datname = current_database()
        union all
        select 'parameter ' || p.parname, p.paracl, 10 from pg_parameter_acl p
    ) g
    cross join aclexplode(g.acl) a
    left join role w on w.oid = a.grantee
    where a.is_grantable
        and a.grantee <> g.owner
    order by 1
));

select l.text from line l order by l.id;
