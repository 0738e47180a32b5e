-- name: get_audit_record
-- Whether one may is asked before the record is looked for: whoever may not learns nothing of which there are.
select
    a.id, a.company_id, a.user_id, a.api_key_id, a.operation, a.table_name, a.record_id, a.changes::text, a.created_at
from crm.audit_log a
where a.id = $1::uuid
    and (select app.may_read_audit_log())

-- name: list_audit_log
-- Newest first.
select
    a.id, a.company_id, a.user_id, a.api_key_id, a.operation, a.table_name, a.record_id, a.changes::text, a.created_at
from crm.audit_log a
where {where}
    and {after}
order by {order}
limit {limit}

-- name: list_audit_log.where.permitted
-- An empty log is refused like any other.
(select app.may_read_audit_log())

-- name: list_audit_log.where.user_id
a.user_id = $?::uuid

-- name: list_audit_log.where.api_key_id
a.api_key_id = $?::uuid

-- name: list_audit_log.where.operation
a.operation = $?::text

-- name: list_audit_log.where.record_id
a.record_id = $?::uuid

-- name: list_audit_log.where.created_at_gte
a.created_at >= $?::timestamptz

-- name: list_audit_log.where.created_at_lt
a.created_at < $?::timestamptz

-- name: list_audit_log.order.-created_at
a.created_at desc, a.id desc

-- name: list_audit_log.after.-created_at
(a.created_at, a.id) < ($?::timestamptz, $?::uuid)
