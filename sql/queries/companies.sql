-- name: get_company
select c.id, c.name, c.created_at, c.updated_at, c.version
from crm.companies c
