-- Who may do what with one record, found out by trying: the policies themselves answer, nothing repeats them.

create function app.explain_access(record_table regclass, record_id uuid)
    returns table (command text, allowed boolean, rules text[], reasons text[])
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
    as $$
declare
    changeable name;
    rule record;
    applies boolean;
begin
    foreach command in array array['select', 'update'] loop
        rules := array[]::text[];
        reasons := array[]::text[];
        if command = 'select' then
            execute format('select true from %s where id = $1', record_table)
                into allowed
                using record_id;
        else
            -- A change that changes nothing, undone before anybody can see it. It asks USING and WITH CHECK.
            select a.attname
            into changeable
            from pg_attribute a
            where a.attrelid = record_table
                and a.attnum > 0
                and not a.attisdropped
                and has_column_privilege(record_table, a.attnum, 'update')
            order by a.attnum
            limit 1;
            begin
                execute format(
                    'update %s set %I = %I where id = $1 returning true',
                    record_table, changeable, changeable
                )
                    into allowed
                    using record_id;
                raise exception using errcode = 'PDUND';
            exception
                when sqlstate 'PDUND' then null;
                when insufficient_privilege or null_value_not_allowed then allowed := false;
            end;
        end if;
        allowed := coalesce(allowed, false);
        -- Permissive policies are OR-ed: those that hold for the record are the rules that let the user in.
        for rule in
            select p.polname, pg_get_expr(p.polqual, p.polrelid) as holds, obj_description(p.oid, 'pg_policy') as reason
            from pg_policy p
            where allowed
                and p.polrelid = record_table
                and p.polpermissive
                and p.polcmd in ('*', case command when 'select' then 'r' else 'w' end)
                and (
                    p.polroles = array[0::oid]
                    or exists (
                        select
                        from unnest(p.polroles) as role_id
                        where pg_has_role(role_id, 'usage')
                    )
                )
            order by p.polname
        loop
            execute format('select %s from %s where id = $1', rule.holds, record_table)
                into applies
                using record_id;
            if applies then
                rules := rules || rule.polname::text;
                reasons := reasons || coalesce(rule.reason, '');
            end if;
        end loop;
        return next;
    end loop;
end
$$;
comment on function app.explain_access(regclass, uuid) is
    'What the acting user may do with one record, and by which policies. Runs as the caller, below row security.';
revoke execute on function app.explain_access(regclass, uuid) from public;
grant execute on function app.explain_access(regclass, uuid) to paddock_app;
