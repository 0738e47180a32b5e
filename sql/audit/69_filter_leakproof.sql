-- Can PostgreSQL use an index for everything that the API filters and sorts by?
-- Below row security only a LEAKPROOF operator may be an index condition; with any other, each request reads
-- all rows of the company. The list is every comparison of a column in sql/queries.
select
    'filter_leakproof' as id,
    'medium' as severity,
    format('%s.%s', f.table_name, f.column_name) as object,
    case
        when a.attnum is null then 'there is no such column'
        when o.oid is null then format('%s has no operator %s of its own', format_type(a.atttypid, a.atttypmod), f.operator)
        else format('%s on %s is not leakproof', f.operator, format_type(a.atttypid, a.atttypmod))
    end as detail,
    'give the column a type whose operators are leakproof (text, bigint, uuid, timestamptz), or store a key that has'
        as remedy
from (
    values
        ('crm.companies', 'id', '='),
        ('crm.companies', 'version', '='),
        ('crm.users', 'version', '='),
        ('crm.teams', 'id', '='),
        ('crm.teams', 'id', '>'),
        ('crm.teams', 'created_at', '>'),
        ('crm.teams', 'version', '='),
        ('crm.team_members', 'team_id', '='),
        ('crm.team_members', 'member_id', '='),
        ('crm.team_members', 'member_id', '>'),
        ('crm.team_members', 'created_at', '>'),
        ('crm.record_shares', 'id', '='),
        ('crm.record_shares', 'id', '>'),
        ('crm.record_shares', 'customer_id', '='),
        ('crm.record_shares', 'recipient_user_id', '='),
        ('crm.record_shares', 'recipient_team_id', '='),
        ('crm.record_shares', 'created_at', '>'),
        ('crm.users', 'id', '='),
        ('crm.users', 'id', '<'),
        ('crm.users', 'id', '>'),
        ('crm.users', 'created_at', '<'),
        ('crm.users', 'created_at', '>'),
        ('crm.user_logins', 'id', '='),
        ('crm.user_logins', 'member_id', '='),
        ('crm.sessions', 'id', '='),
        ('crm.sessions', 'id', '<'),
        ('crm.sessions', 'user_id', '='),
        ('crm.sessions', 'epoch', '='),
        ('crm.sessions', 'expires_at', '>'),
        ('crm.api_keys', 'id', '='),
        ('crm.api_keys', 'id', '>'),
        ('crm.api_keys', 'created_at', '>'),
        ('crm.api_keys', 'version', '='),
        ('crm.api_key_uses', 'company_id', '='),
        ('crm.api_key_uses', 'api_key_id', '='),
        ('crm.api_key_uses', 'last_used_at', '<'),
        ('crm.audit_log', 'id', '='),
        ('crm.audit_log', 'id', '<'),
        ('crm.audit_log', 'user_id', '='),
        ('crm.audit_log', 'api_key_id', '='),
        ('crm.audit_log', 'operation', '='),
        ('crm.audit_log', 'record_id', '='),
        ('crm.audit_log', 'created_at', '<'),
        ('crm.audit_log', 'created_at', '>='),
        ('crm.custom_fields', 'id', '='),
        ('crm.custom_fields', 'id', '>'),
        ('crm.custom_fields', 'resource', '='),
        ('crm.custom_fields', 'key', '='),
        ('crm.custom_fields', 'created_at', '>'),
        ('crm.custom_fields', 'version', '='),
        ('crm.custom_field_choices', 'custom_field_id', '='),
        ('crm.custom_field_choices', 'number', '='),
        ('crm.custom_field_choices', 'key', '='),
        ('crm.custom_field_values', 'record', '='),
        ('crm.custom_field_values', 'record', '<'),
        ('crm.custom_field_values', 'record', '>'),
        ('crm.custom_field_values', 'custom_field_id', '='),
        ('crm.custom_field_values', 'type', '='),
        ('crm.custom_field_values', 'slot', '='),
        ('crm.custom_field_values', 'value_key', '='),
        ('crm.custom_field_values', 'value_key', '<'),
        ('crm.custom_field_values', 'value_key', '<='),
        ('crm.custom_field_values', 'value_key', '>'),
        ('crm.custom_field_values', 'value_key', '>='),
        ('crm.customers', 'id', '='),
        ('crm.customers', 'id', '<'),
        ('crm.customers', 'id', '>'),
        ('crm.customers', 'user_id', '='),
        ('crm.customers', 'name_key', '<'),
        ('crm.customers', 'name_key', '>'),
        ('crm.customers', 'name_key', '>='),
        ('crm.customers', 'email_key', '='),
        ('crm.customers', 'lifecycle_stage', '='),
        ('crm.customers', 'created_at', '<'),
        ('crm.customers', 'created_at', '<='),
        ('crm.customers', 'created_at', '>'),
        ('crm.customers', 'created_at', '>='),
        ('crm.customers', 'updated_at', '<'),
        ('crm.customers', 'updated_at', '<='),
        ('crm.customers', 'updated_at', '>'),
        ('crm.customers', 'updated_at', '>='),
        ('crm.customers', 'deleted_at', '<'),
        ('crm.customers', 'version', '='),
        ('crm.customer_comments', 'id', '='),
        ('crm.customer_comments', 'id', '<'),
        ('crm.customer_comments', 'customer_id', '='),
        ('crm.customer_comments', 'created_at', '<')
) f (table_name, column_name, operator)
left join pg_catalog.pg_class c
    on c.relnamespace = to_regnamespace('crm') and 'crm.' || c.relname = f.table_name
left join pg_catalog.pg_attribute a
    on a.attrelid = c.oid and a.attname = f.column_name and not a.attisdropped
left join pg_catalog.pg_operator o
    on o.oprname = f.operator and o.oprleft = a.atttypid and o.oprright = a.atttypid
left join pg_catalog.pg_proc p on p.oid = o.oprcode
where not coalesce(p.proleakproof, false)
order by object, detail;
