-- Every way to break one protection of this database once, found in the catalog. Answers: what is broken
-- (`isolation` or `integrity`), the object, and the statements that break it.
with relations as (
    select
        c.oid,
        format('%I.%I', n.nspname, c.relname) as name,
        n.nspname as schema,
        c.relforcerowsecurity as forced,
        c.relname
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p')
        and n.nspname in ('app', 'crm', 'identity')
),
columns as (
    select
        t.*,
        a.attname,
        a.attnum,
        a.attnotnull,
        a.attgenerated,
        format('%I', a.attname) as column_name,
        pg_catalog.pg_get_expr(d.adbin, d.adrelid) as default_value
    from relations t
    join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
    left join pg_catalog.pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
),
policies as (
    select
        t.*,
        p.polname,
        p.polpermissive,
        format('%I on %s', p.polname, t.name) as policy,
        pg_catalog.pg_get_expr(p.polqual, p.polrelid) as using_expression,
        pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) as check_expression
    from relations t
    join pg_catalog.pg_policy p on p.polrelid = t.oid
),
constraints as (
    select
        t.*,
        c.oid as constraint_id,
        c.conname,
        c.contype,
        c.conkey,
        c.confkey,
        c.confrelid,
        format('%I', c.conname) as constraint_name
    from relations t
    join pg_catalog.pg_constraint c on c.conrelid = t.oid
),
indexes as (
    select
        t.*,
        i.indexrelid,
        x.relname as index_name,
        i.indisunique,
        i.indisprimary,
        pg_catalog.pg_get_expr(i.indpred, i.indrelid) as predicate,
        array(
            select format('%I', a.attname)
            from pg_catalog.unnest(i.indkey) with ordinality as k (attnum, position)
            join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum
            where k.position <= i.indnkeyatts
            order by k.position
        ) as keys
    from relations t
    join pg_catalog.pg_index i on i.indrelid = t.oid
    join pg_catalog.pg_class x on x.oid = i.indexrelid
),
functions as (
    select
        p.oid::regprocedure::text as signature,
        p.provolatile,
        p.prosecdef,
        p.proconfig,
        p.proname,
        p.prorettype = 'trigger'::regtype as is_trigger
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('app', 'crm', 'identity')
),
roles as (
    select r.rolname, format('%I', r.rolname) as role_name
    from pg_catalog.pg_roles r
    where r.rolname in ('paddock_app', 'paddock_auth')
),
mutants (kind, object, change) as (
    -- Row security.
    select 'isolation', name, format('alter table %s disable row level security', name) from relations
    union all
    select 'isolation', name, format('alter table %s no force row level security', name)
    from relations
    where forced
    union all
    select 'isolation', name, format('alter table %s owner to paddock_app', name) from relations

    -- Policies.
    union all
    select 'isolation', policy, format('drop policy %s', policy) from policies
    union all
    select 'isolation', policy, format('alter policy %s using (true)', policy)
    from policies
    where using_expression <> 'true'
    union all
    select 'isolation', policy, format('alter policy %s with check (true)', policy)
    from policies
    where check_expression <> 'true'
    union all
    select
        'isolation', policy,
        format('alter policy %s using (%s or current_user = %L)', policy, using_expression, 'paddock_app')
    from policies
    where using_expression <> 'true'
    union all
    select 'isolation', policy, format('alter policy %s to public', policy)
    from policies
    where polpermissive
    union all
    select 'isolation', policy, format('alter policy %s to paddock_owner', policy)
    from policies
    where not polpermissive
    union all
    select
        'isolation', policy,
        format(
            'drop policy %1$s; create policy %1$s as permissive for all to public using (%2$s)%3$s',
            policy, coalesce(using_expression, 'true'), ' with check (' || check_expression || ')'
        )
    from policies
    where not polpermissive
    union all
    select
        'isolation', name,
        format('create policy added on %s for all to paddock_app using (true) with check (true)', name)
    from relations

    -- Grants on tables and columns.
    union all
    select 'isolation', name, format('grant %s on %s to %s', privilege, name, grantee)
    from relations,
        (values
            ('delete'), ('truncate'), ('references'), ('trigger'), ('insert'), ('update'), ('select')
        ) as p (privilege),
        (values ('paddock_app'), ('public')) as g (grantee)
    union all
    select
        'isolation', name || '.' || attname,
        format('grant %s (%s) on %s to paddock_app', privilege, column_name, name)
    from columns,
        (values ('select'), ('insert'), ('update')) as p (privilege)
    where not has_column_privilege('paddock_app', oid, attnum, privilege)
        and (attgenerated = '' or privilege = 'select')

    -- Presets.
    union all
    select
        case when attname in ('company_id', 'user_id', 'id') then 'isolation' else 'integrity' end,
        name || '.' || attname,
        format('alter table %s alter %s drop default', name, column_name)
    from columns
    where default_value is not null
        and attgenerated = ''
    union all
    select
        'isolation', name || '.' || attname,
        format('alter table %s alter %s set default %L', name, column_name, '00000000-0000-7000-8000-000000000000')
    from columns
    where attname in ('company_id', 'user_id', 'id')
        and default_value is not null

    -- Constraints.
    union all
    select
        case when contype in ('c', 'u') or schema = 'identity' then 'integrity' else 'isolation' end,
        name || ' ' || conname,
        format('alter table %s drop constraint %s cascade', name, constraint_name)
    from constraints
    where contype in ('c', 'f', 'p', 'u', 'x')
    union all
    select
        'isolation', k.name || ' ' || k.conname,
        format(
            'alter table %s add unique (%s); alter table %s drop constraint %s, add constraint %s foreign key (%s) references %s (%s)',
            k.confrelid::regclass, other.column_name, k.name, k.constraint_name, k.constraint_name,
            own.column_name, k.confrelid::regclass, other.column_name
        )
    from constraints k
    join columns own on own.oid = k.oid and own.attnum = k.conkey[2]
    join columns other on other.oid = k.confrelid and other.attnum = k.confkey[2]
    where k.contype = 'f'
    union all
    select
        'integrity', name || '.' || attname,
        format('alter table %s alter %s drop not null', name, column_name)
    from columns c
    where attnotnull
        and not exists (
            select
            from indexes i
            where i.oid = c.oid
                and i.indisprimary
                and c.column_name = any (i.keys)
        )

    -- Indexes.
    union all
    select
        'isolation', name || ' ' || index_name,
        format(
            'create %s index added on %s (%s)%s',
            case when indisunique then 'unique' else '' end,
            name,
            array_to_string(keys[2:], ', '),
            ' where ' || predicate
        )
    from indexes
    where schema = 'crm'
        and keys[1] = 'company_id'
        and cardinality(keys) > 1

    -- Triggers.
    union all
    select
        'integrity', t.name || ' ' || g.tgname,
        format(change, t.name, g.tgname)
    from relations t
    join pg_catalog.pg_trigger g on g.tgrelid = t.oid and not g.tgisinternal,
        (values ('alter table %s disable trigger %I'), ('drop trigger %2$I on %1$s')) as c (change)

    -- Functions.
    union all
    select 'isolation', signature, format('alter function %s immutable', signature)
    from functions
    where provolatile <> 'i'
        and not is_trigger
    union all
    select 'isolation', signature, format('alter function %s security definer', signature)
    from functions
    where not prosecdef
    union all
    select 'integrity', signature, format('alter function %s security invoker', signature)
    from functions
    where prosecdef
    union all
    select 'isolation', signature, format('grant execute on function %s to paddock_app', signature)
    from functions
    where prosecdef
    union all
    select 'isolation', signature, format('alter function %s reset search_path', signature)
    from functions
    where proconfig is not null
    union all
    select 'isolation', signature, format('alter function %s leakproof', signature) from functions
    union all
    select 'isolation', signature, format('grant execute on function %s to public', signature)
    from functions
    union all
    select 'isolation', signature, format('alter function %s owner to paddock_app', signature)
    from functions
    union all
    select
        'isolation', signature,
        format(
            'create or replace function %s returns uuid language sql stable return nullif(current_setting(%L, true), %L)::uuid',
            signature, 'app.' || proname, ''
        )
    from functions
    where proname in ('company_id', 'user_id')
    union all
    select
        'isolation', f.signature,
        format('create or replace function %s returns text language sql stable return %L', f.signature, b.says)
    from functions f
    join (values ('role', 'owner'), ('visibility', 'all')) as b (name, says) on b.name = f.proname
    union all
    select
        'isolation', f.signature,
        format(
            'create or replace function app.shared(wanted text) returns uuid[] language plpgsql stable'
            || ' set search_path = pg_catalog, pg_temp as %L',
            'begin return array(select c.id from crm.customers c); end'
        )
    from functions f
    where f.proname = 'shared'

    -- Roles.
    union all
    select 'isolation', rolname, format(change, role_name)
    from roles,
        (values
            ('alter role %s superuser'), ('alter role %s bypassrls'), ('alter role %s createrole'),
            ('alter role %s createdb'), ('alter role %s replication'), ('grant paddock_owner to %s'),
            ('grant pg_read_all_data to %s'), ('grant pg_write_all_data to %s'),
            ('alter role %s set app.company_id = ''00000000-0000-7000-8000-000000000000'''),
            ('alter role %s set role = paddock_owner'), ('alter role %s set row_security = off'),
            ('grant create on schema crm to %s'), ('grant create on schema app to %s'),
            ('grant usage on schema identity to %s; grant usage on schema crm to %1$s'),
            ('grant create on database :here to %s'), ('grant temporary on database :here to %s')
        ) as c (change)
    union all
    select
        'isolation', r.rolname || ' ' || split_part(s.setting, '=', 1),
        format('alter role %s reset %s', r.role_name, split_part(s.setting, '=', 1))
    from roles r
    join pg_catalog.pg_db_role_setting d on d.setrole = r.rolname::regrole,
        unnest(d.setconfig) as s (setting)
    union all
    select 'isolation', 'paddock_owner', 'alter role paddock_owner login'
    union all
    select 'isolation', 'paddock_owner', 'alter role paddock_owner bypassrls'

    -- What the database itself refuses.
    union all
    select 'isolation', 'the database', format(change)
    from (values
        ('grant temporary on database :here to public'),
        ('grant create on schema public to public'),
        ('alter database :here set app.company_id = ''00000000-0000-7000-8000-000000000000'''),
        ('alter database :here set row_security = off'),
        ('alter default privileges for role paddock_owner grant select on tables to paddock_app'),
        ('alter default privileges for role paddock_owner in schema crm grant execute on functions to public')
    ) as c (change)
    union all
    select 'isolation', f.signature, format('grant execute on function pg_catalog.%s to paddock_app', f.signature)
    from (
        -- Of those that are of a kind, one.
        select distinct on (regexp_replace(p.proname, '^(pg_stat_get|lo|pg_advisory|pg_try_advisory|pg_sleep).*', '\1'))
            p.oid::regprocedure::text as signature
        from pg_catalog.pg_proc p
        where p.pronamespace = 'pg_catalog'::regnamespace
            and not has_function_privilege('public', p.oid, 'execute')
            and not has_function_privilege('paddock_app', p.oid, 'execute')
            and exists (
                select
                from pg_catalog.aclexplode(p.proacl) a
                where a.grantee = 'paddock_owner'::regrole
            )
        order by regexp_replace(p.proname, '^(pg_stat_get|lo|pg_advisory|pg_try_advisory|pg_sleep).*', '\1'), p.oid
    ) f

    -- What somebody adds tomorrow.
    union all
    select 'isolation', name, format(change, name, relname, oid)
    from relations,
        (values
            ('create view crm.added as select * from %1$s; grant select on crm.added to paddock_app'),
            ('create materialized view crm.added as select * from %1$s; grant select on crm.added to paddock_app'),
            ('create table crm.added () inherits (%1$s); grant select on crm.added to paddock_app'),
            ('create publication added for table %1$s'),
            ('create rule added as on update to %1$s do also select 1'),
            ('create function crm.added() returns setof %1$s language sql stable security definer begin atomic select * from %1$s; end; grant execute on function crm.added() to paddock_app')
        ) as c (change)
    where schema <> 'app'
    union all
    select 'isolation', 'crm', change
    from (values
        ('create table crm.added (company_id uuid not null default app.company_id(), id uuid); grant select on crm.added to paddock_app'),
        ('create table crm.added (company_id uuid not null default app.company_id(), id uuid); alter table crm.added enable row level security'),
        ('create table public.added (id uuid)'),
        ('create sequence crm.added; grant usage on sequence crm.added to paddock_app'),
        ('create schema added; grant usage on schema added to paddock_app')
    ) as c (change)
)
select kind, object, replace(change, ':here', format('%I', current_database()))
from mutants
order by 1 desc, 2, 3
