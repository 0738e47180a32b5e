-- name: get_customer
select
    c.id, c.company_id, c.user_id, c.name, c.email, c.phone, c.title, c.lifecycle_stage,
    c.created_at, c.updated_at, c.deleted_at, c.version,
    case when c.has_custom_fields then app.custom_fields_of(c.id) end::text as custom_fields
from crm.customers c
where c.id = $1::uuid
    and c.deleted_at is null

-- name: list_customers
-- Rows become JSON as they are, but for columns that begin with _: that is the key by which names are
-- sorted, for the cursor.
select
    c.id, c.company_id, c.user_id, c.name, c.email, c.phone, c.title, c.lifecycle_stage,
    c.created_at, c.updated_at, c.deleted_at, c.version, c.name_key as _name_key{include}
from crm.customers c
where {where}
    and {after}
order by {order}
limit {limit}

-- name: list_customers_by_another_key
-- For filters whose index has another order than the list. If fewer than a thousand rows fit, they are
-- read and sorted. If more do, the order is walked until the page is full, which takes the fewer rows the
-- more fit: there, those filters stand in `(…) is true`, lest the planner read all that fit instead.
with fitting as materialized (
    select c.id
    from crm.customers c
    where {where}
    limit 1000
)
select
    c.id, c.company_id, c.user_id, c.name, c.email, c.phone, c.title, c.lifecycle_stage,
    c.created_at, c.updated_at, c.deleted_at, c.version, c.name_key as _name_key{include}
from unnest(
    case
        when (select count(*) from fitting) < 1000 then array(select f.id from fitting f)
        else array(
            select c.id
            from crm.customers c
            where {walk}
                and {after}
            order by {order}
            limit {limit}
        )
    end
) k (id)
join crm.customers c on c.id = k.id
where ({after}) is true
order by {order}
limit {limit}

-- name: list_customers_by_custom_field
-- In the order of a field that the company has defined: whoever has no value there is left out.
select
    c.id, c.company_id, c.user_id, c.name, c.email, c.phone, c.title, c.lifecycle_stage,
    c.created_at, c.updated_at, c.deleted_at, c.version, v.value_key as _value_key{include}
from crm.custom_field_values v
join crm.customers c on c.id = v.record
where {sorted}
    and {where}
    and {after}
order by {order}
limit {limit}

-- name: list_customers_by_custom_field_and_another_key
-- The same with filters, as list_customers_by_another_key.
with fitting as materialized (
    select c.id
    from crm.customers c
    where {where}
    limit 1000
)
select
    c.id, c.company_id, c.user_id, c.name, c.email, c.phone, c.title, c.lifecycle_stage,
    c.created_at, c.updated_at, c.deleted_at, c.version, v.value_key as _value_key{include}
from unnest(
    case
        when (select count(*) from fitting) < 1000 then array(select f.id from fitting f)
        else array(
            select c.id
            from crm.custom_field_values v
            join crm.customers c on c.id = v.record
            where {sorted}
                and {walk}
                and {after}
            order by {order}
            limit {limit}
        )
    end
) k (id)
join crm.customers c on c.id = k.id
join crm.custom_field_values v on v.record = k.id
where (select count(*) from fitting) is not null -- Filters are looked at before anything else.
    and {sorted}
    and ({after}) is true
order by {order}
limit {limit}

-- name: list_customers.include.custom_fields
-- As app.custom_fields_of has it, in one plan for the whole page.
, case when c.has_custom_fields then coalesce(
    (
        select json_object_agg(o.key, o.value order by o.position, o.key)
        from (
            select
                f.key, f.position,
                case f.type
                    when 'number' then to_json(trim_scale(min(w.number_value)::numeric / 1000000))
                    when 'money' then
                        json_build_object('amount_minor', min(w.number_value), 'currency', min(w.currency))
                    when 'date' then to_json(min(w.date_value))
                    when 'boolean' then to_json(bool_or(w.boolean_value))
                    when 'choice' then to_json(min(h.key))
                    when 'multi_choice' then json_agg(h.key order by h.position, h.number)
                    when 'user' then to_json(min(w.member_id::text))
                    else to_json(min(w.text_value))
                end as value
            from crm.custom_field_values w
            join crm.custom_fields f on f.id = w.custom_field_id
            left join crm.custom_field_choices h on h.custom_field_id = w.custom_field_id
                and h.number = w.choice_number
            where w.record = c.id
                and w.value_key is not null
                and f.deleted_at is null
            group by f.id, f.key, f.position, f.type
        ) o
    ),
    '{}'
) else '{}' end as custom_fields

-- name: list_customers.where.present
c.deleted_at is null

-- name: list_customers.where.deleted
c.deleted_at is not null

-- name: list_customers.where.user_id
-- The order of its index: created_at.
c.user_id = $?::uuid

-- name: list_customers.where.user_id_in
c.user_id = any($?::uuid[])

-- name: list_customers.where.user_id_is_null
-- The order of its index: created_at.
c.user_id is null

-- name: list_customers.where.user_id_is_not_null
c.user_id is not null

-- name: list_customers.where.email
-- The order of its index: any, it finds one row at most.
c.email_key = app.fold($?::text)

-- name: list_customers.where.name_starts_with
-- The order of its index: name.
-- No key is long enough to reach the upper end.
c.name_key >= app.fold($?::text) and c.name_key < app.fold($?) || repeat(U&'\+10FFFF', 501)

-- name: list_customers.where.lifecycle_stage
-- The order of its index: created_at.
c.lifecycle_stage = $?::text

-- name: list_customers.where.lifecycle_stage_in
c.lifecycle_stage = any($?::text[])

-- name: list_customers.where.created_at_gte
-- The order of its index: created_at.
c.created_at >= $?::timestamptz

-- name: list_customers.where.created_at_gt
-- The order of its index: created_at.
c.created_at > $?::timestamptz

-- name: list_customers.where.created_at_lte
-- The order of its index: created_at.
c.created_at <= $?::timestamptz

-- name: list_customers.where.created_at_lt
-- The order of its index: created_at.
c.created_at < $?::timestamptz

-- name: list_customers.where.updated_at_gte
-- The order of its index: updated_at.
c.updated_at >= $?::timestamptz

-- name: list_customers.where.updated_at_gt
-- The order of its index: updated_at.
c.updated_at > $?::timestamptz

-- name: list_customers.where.updated_at_lte
-- The order of its index: updated_at.
c.updated_at <= $?::timestamptz

-- name: list_customers.where.updated_at_lt
-- The order of its index: updated_at.
c.updated_at < $?::timestamptz

-- name: list_customers.order.created_at
c.created_at, c.id

-- name: list_customers.after.created_at
(c.created_at, c.id) > ($?::timestamptz, $?::uuid)

-- name: list_customers.order.-created_at
c.created_at desc, c.id desc

-- name: list_customers.after.-created_at
(c.created_at, c.id) < ($?::timestamptz, $?::uuid)

-- name: list_customers.order.updated_at
c.updated_at, c.id

-- name: list_customers.after.updated_at
(c.updated_at, c.id) > ($?::timestamptz, $?::uuid)

-- name: list_customers.order.-updated_at
c.updated_at desc, c.id desc

-- name: list_customers.after.-updated_at
(c.updated_at, c.id) < ($?::timestamptz, $?::uuid)

-- name: list_customers.order.name
c.name_key, c.id

-- name: list_customers.after.name
(c.name_key, c.id) > ($?::text, $?::uuid)

-- name: list_customers.order.-name
c.name_key desc, c.id desc

-- name: list_customers.after.-name
(c.name_key, c.id) < ($?::text, $?::uuid)

-- name: list_customers.order.deleted_at
c.deleted_at desc, c.id desc

-- name: list_customers.after.deleted_at
(c.deleted_at, c.id) < ($?::timestamptz, $?::uuid)

-- name: list_customers.order.custom
v.value_key, v.record

-- name: list_customers.after.custom
(v.value_key, v.record) > ($?::text, $?::uuid)

-- name: list_customers.order.-custom
v.value_key desc, v.record desc

-- name: list_customers.after.-custom
(v.value_key, v.record) < ($?::text, $?::uuid)

-- name: list_customers.sorted.custom
-- By the key of the field.
v.custom_field_id = (select app.custom_field_id('customers', $?::text, 'sort'))
    and v.type = (select app.custom_field_type('customers', $?))
    and v.slot = 0
    and v.value_key is not null

-- name: list_customers.sorted.custom_filter
-- A filter by the field that the list is sorted by: a part of its index.
(select app.custom_field_id('customers', ($?::text[])[1], ($?)[2])) is not null
    and {compare}

-- name: list_customers.where.custom
-- The key of a field, what is wanted of it, and values. What is wrong with them is found before any row is.
(select app.custom_field_id('customers', ($?::text[])[1], ($?)[2])) is not null
    and (select count(app.custom_field_key('customers', ($?)[1], u.value)) from unnest(($?)[3:]) u (value)) > 0
    and exists (
        select
        from crm.custom_field_values v
        where v.record = c.id
            and v.custom_field_id = (select app.custom_field_id('customers', ($?)[1], ($?)[2]))
            and v.type = (select app.custom_field_type('customers', ($?)[1]))
            and {compare}
    )

-- name: list_customers.walk.custom
-- Asked of one customer after the other: `offset 0` keeps the planner from looking up all that fit first.
exists (
    select
    from crm.custom_field_values v
    where v.record = c.id
        and v.custom_field_id = (select app.custom_field_id('customers', ($?::text[])[1], ($?)[2]))
        and v.type = (select app.custom_field_type('customers', ($?)[1]))
        and {compare}
    offset 0
)

-- name: list_customers.custom.eq
v.value_key = (select app.custom_field_key('customers', ($?::text[])[1], ($?)[3]))

-- name: list_customers.custom.in
v.slot = 0
    and v.value_key = any (
        array(select app.custom_field_key('customers', ($?::text[])[1], u.value) from unnest(($?)[3:]) u (value))
    )

-- name: list_customers.custom.gte
-- Up to the end of the numbers of the same currency: a colon comes after all digits.
v.slot = 0
    and v.value_key >= (select app.custom_field_key('customers', ($?::text[])[1], ($?)[3]))
    and v.value_key < (select left(app.custom_field_key('customers', ($?)[1], ($?)[3]), -20) || ':')

-- name: list_customers.custom.gt
v.slot = 0
    and v.value_key > (select app.custom_field_key('customers', ($?::text[])[1], ($?)[3]))
    and v.value_key < (select left(app.custom_field_key('customers', ($?)[1], ($?)[3]), -20) || ':')

-- name: list_customers.custom.lte
v.slot = 0
    and v.value_key <= (select app.custom_field_key('customers', ($?::text[])[1], ($?)[3]))
    and v.value_key >= (select left(app.custom_field_key('customers', ($?)[1], ($?)[3]), -20))

-- name: list_customers.custom.lt
v.slot = 0
    and v.value_key < (select app.custom_field_key('customers', ($?::text[])[1], ($?)[3]))
    and v.value_key >= (select left(app.custom_field_key('customers', ($?)[1], ($?)[3]), -20))

-- name: list_customers.custom.starts_with
-- No key is long enough to reach the upper end.
v.slot = 0
    and v.value_key >= (select app.custom_field_key('customers', ($?::text[])[1], ($?)[3]))
    and v.value_key < (
        select app.custom_field_key('customers', ($?)[1], ($?)[3]) || repeat(U&'\+10FFFF', 201)
    )

-- name: create_customer
-- company_id, user_id, id and the dates are not named: the database fills them.
insert into crm.customers (name, email, phone, title, lifecycle_stage, has_custom_fields)
values ($1::text, $2::text, $3::text, $4::text, $5::text, $6::text is not null)
returning
    id, company_id, user_id, name, email, phone, title, lifecycle_stage,
    created_at, updated_at, deleted_at, version,
    case when $6::text is not null then app.write_custom_fields_of('customers', id, $6) end::text as custom_fields

-- name: update_customer
-- Absent fields keep their value. One row if there is such a customer; its columns are null if its
-- version is none of those that the caller expects.
with found as (
    select c.id, c.version
    from crm.customers c
    where c.id = $1::uuid
        and c.deleted_at is null
    for update
), changed as (
    update crm.customers c
    set
        name = case when $3::boolean then $4::text else c.name end,
        email = case when $5::boolean then $6::text else c.email end,
        phone = case when $7::boolean then $8::text else c.phone end,
        title = case when $9::boolean then $10::text else c.title end,
        lifecycle_stage = case when $11::boolean then $12::text else c.lifecycle_stage end,
        has_custom_fields = c.has_custom_fields or $13::text is not null
    from found f
    where c.id = f.id
        and ($2::bigint[] is null or f.version = any($2))
    returning
        c.id, c.company_id, c.user_id, c.name, c.email, c.phone, c.title, c.lifecycle_stage,
        c.created_at, c.updated_at, c.deleted_at, c.version,
        case
            when $13::text is not null then app.write_custom_fields_of('customers', c.id, $13)
            when c.has_custom_fields then app.custom_fields_of(c.id)
        end::text as custom_fields
)
select h.*
from found f
left join changed h on h.id = f.id

-- name: put_customer_by_email
-- Insert or, by the same unique index, update; absent fields keep their value. No row if the version is
-- none of those that the caller expects, or if the caller expects a row and there is none. A version of 1
-- means that the row is new.
insert into crm.customers as c (email, name, phone, title, lifecycle_stage, has_custom_fields)
select $1::text, $2::text, $4::text, $6::text, $8::text, $11::text is not null
where not $10::boolean
    or exists (
        select
        from crm.customers e
        where e.email_key = app.fold($1)
            and e.deleted_at is null
            and ($9::bigint[] is null or e.version = any($9))
    )
on conflict (company_id, email_key) where deleted_at is null do update
set
    email = excluded.email,
    name = excluded.name,
    phone = case when $3::boolean then excluded.phone else c.phone end,
    title = case when $5::boolean then excluded.title else c.title end,
    lifecycle_stage = case when $7::boolean then excluded.lifecycle_stage else c.lifecycle_stage end,
    has_custom_fields = c.has_custom_fields or excluded.has_custom_fields
where $9 is null
    or c.version = any($9)
returning
    id, company_id, user_id, name, email, phone, title, lifecycle_stage,
    created_at, updated_at, deleted_at, version,
    case
        when $11::text is not null then app.write_custom_fields_of('customers', c.id, $11)
        when c.has_custom_fields then app.custom_fields_of(c.id)
    end::text as custom_fields

-- name: delete_customer
-- Into the bin. One row if there is such a customer: whether its version was an expected one.
with found as (
    select c.id, c.version
    from crm.customers c
    where c.id = $1::uuid
        and c.deleted_at is null
    for update
), changed as (
    update crm.customers c
    set deleted_at = now()
    from found f
    where c.id = f.id
        and ($2::bigint[] is null or f.version = any($2))
    returning c.id
)
select h.id is not null
from found f
left join changed h on h.id = f.id

-- name: restore_customer
-- Out of the bin; a customer that is not in it is answered as it is.
with changed as (
    update crm.customers c
    set deleted_at = null
    where c.id = $1::uuid
        and c.deleted_at is not null
    returning
        c.id, c.company_id, c.user_id, c.name, c.email, c.phone, c.title, c.lifecycle_stage,
        c.created_at, c.updated_at, c.deleted_at, c.version,
        case when c.has_custom_fields then app.custom_fields_of(c.id) end::text as custom_fields
)
select h.*
from changed h
union all
select
    c.id, c.company_id, c.user_id, c.name, c.email, c.phone, c.title, c.lifecycle_stage,
    c.created_at, c.updated_at, c.deleted_at, c.version,
    case when c.has_custom_fields then app.custom_fields_of(c.id) end::text as custom_fields
from crm.customers c
where c.id = $1
    and c.deleted_at is null

-- name: create_customers
-- Many at once, in the order given; whoever's e-mail is taken is left out of the answer.
insert into crm.customers (name, email, phone, title, lifecycle_stage, has_custom_fields)
select i.name, i.email, i.phone, i.title, i.lifecycle_stage, i.has_custom_fields
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[])
    with ordinality as i (name, email, phone, title, lifecycle_stage, has_custom_fields, position)
order by i.position
on conflict (company_id, email_key) where deleted_at is null do nothing
returning id, email, version

-- name: update_customers
-- Many at once. One row for each that was found; no version if it was not the expected one. Whoever has
-- nothing to set stays as it is.
with input as (
    select *
    from unnest(
        $1::uuid[], $2::bigint[], $3::boolean[], $4::text[], $5::boolean[], $6::text[], $7::boolean[],
        $8::text[], $9::boolean[], $10::text[], $11::boolean[], $12::text[], $13::boolean[]
    ) as i (
        id, version, set_name, name, set_email, email, set_phone, phone, set_title, title,
        set_lifecycle_stage, lifecycle_stage, has_custom_fields
    )
), found as (
    select c.id, c.version, i.version is null or c.version = i.version as expected
    from input i
    join crm.customers c on c.id = i.id
    where c.deleted_at is null
    order by c.id
    for update of c
), changed as (
    update crm.customers c
    set
        name = case when i.set_name then i.name else c.name end,
        email = case when i.set_email then i.email else c.email end,
        phone = case when i.set_phone then i.phone else c.phone end,
        title = case when i.set_title then i.title else c.title end,
        lifecycle_stage = case when i.set_lifecycle_stage then i.lifecycle_stage else c.lifecycle_stage end,
        has_custom_fields = c.has_custom_fields or i.has_custom_fields
    from input i
    join found f on f.id = i.id
    where c.id = f.id
        and f.expected
        and (
            i.set_name or i.set_email or i.set_phone or i.set_title or i.set_lifecycle_stage
            or i.has_custom_fields
        )
    returning c.id, c.version
)
select f.id, case when f.expected then coalesce(h.version, f.version) end
from found f
left join changed h on h.id = f.id

-- name: upsert_customers
-- Many at once, in the order given: those that are marked, all of which give the same fields; the others
-- keep their value. Of several with the same e-mail the first is taken, the rest is left out of the answer.
insert into crm.customers as c (email, name, phone, title, lifecycle_stage, has_custom_fields)
select i.email, i.name, i.phone, i.title, i.lifecycle_stage, i.has_custom_fields
from (
    select u.*, row_number() over (partition by app.fold(u.email) order by u.position) as turn
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $10::boolean[])
        with ordinality as u (email, name, phone, title, lifecycle_stage, marked, has_custom_fields, position)
) i
where i.turn = 1
    and i.marked
order by i.position
on conflict (company_id, email_key) where deleted_at is null do update
set
    email = excluded.email,
    name = excluded.name,
    phone = case when $7::boolean then excluded.phone else c.phone end,
    title = case when $8::boolean then excluded.title else c.title end,
    lifecycle_stage = case when $9::boolean then excluded.lifecycle_stage else c.lifecycle_stage end,
    has_custom_fields = c.has_custom_fields or excluded.has_custom_fields
returning id, email, version

-- name: write_custom_fields
-- Of many customers at once, which say that they have some.
select app.write_custom_fields('customers', $1::uuid[], $2::text[])

-- name: delete_customers
-- Many at once, into the bin. One row for each that was found; no id if its version was not the expected.
with input as (
    select *
    from unnest($1::uuid[], $2::bigint[]) as i (id, version)
), found as (
    select c.id, c.version
    from input i
    join crm.customers c on c.id = i.id
    where c.deleted_at is null
    order by c.id
    for update of c
), changed as (
    update crm.customers c
    set deleted_at = now()
    from input i
    join found f on f.id = i.id
    where c.id = f.id
        and (i.version is null or f.version = i.version)
    returning c.id, c.version
)
select f.id, h.version
from found f
left join changed h on h.id = f.id
