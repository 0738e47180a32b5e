-- Has every preset its DEFAULT?
-- A column that nobody may write and nothing fills stays null, or makes every INSERT fail.
select
    'preset_default' as id,
    'medium' as severity,
    format('%I.%I.%I', n.nspname, c.relname, a.attname) as object,
    format('DEFAULT is %s, not %s', coalesce(pg_get_expr(d.adbin, d.adrelid), 'missing'), e.expression) as detail,
    format(
        'alter table %I.%I alter column %I set default %s;',
        n.nspname, c.relname, a.attname, e.expression
    ) as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and not a.attisdropped
join (
    values
        ('id', 'app.uuid_v7(clock_timestamp())'),
        ('user_id', 'app.user_id()'),
        ('created_at', 'now()'),
        ('updated_at', 'now()'),
        ('version', '1')
) e (column_name, expression) on e.column_name = a.attname
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where n.nspname !~ '^(pg_|information_schema$|app$|identity$)'
    and c.relkind in ('r', 'p')
    and not (n.nspname = 'crm' and c.relname = 'companies' and a.attname = 'id')
    and regexp_replace(pg_get_expr(d.adbin, d.adrelid), '\mapp\.', '')
        is distinct from regexp_replace(e.expression, '\mapp\.', '')
order by object;
