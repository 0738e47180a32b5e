-- Fields that a company defines for itself, with the roles that read and write each, and their values as typed rows.

-- ── custom_fields ──────────────────────────────────────────────────────────────────────────────────
-- What a field is called in bodies and parameters, and what it takes, never changes: programs rely on it. Keys do
-- not end as parameters do, so that `custom.due_gte` is about `due` and about nothing else.
create table crm.custom_fields (
    company_id uuid not null default app.company_id(),
    id uuid not null default app.uuid_v7(clock_timestamp()),
    resource text not null default 'customers',
    key text collate "C" not null,
    name text not null,
    type text not null default 'text',
    position integer not null default 0,
    read_role text not null default 'viewer',
    write_role text not null default 'member',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    version bigint not null default 1,
    constraint custom_fields_pkey primary key (company_id, id),
    constraint custom_fields_company_id_fkey foreign key (company_id) references crm.companies (id)
        on delete cascade,
    constraint custom_fields_type_key unique (company_id, id, type),
    constraint custom_fields_resource_check check (resource = any (array['customers'])),
    constraint custom_fields_key_check check (
        key ~ '^[a-z][a-z0-9_-]{0,62}$'
        and key !~ '_(gte|gt|lte|lt|in|not|is_null|starts_with)$'
    ),
    constraint custom_fields_name_check check (btrim(name) <> '' and char_length(name) <= 200),
    constraint custom_fields_type_check check (
        type in ('text', 'number', 'money', 'date', 'boolean', 'choice', 'multi_choice', 'user', 'url')
    ),
    constraint custom_fields_position_check check (position between 0 and 1000000),
    constraint custom_fields_read_role_check check (read_role in ('owner', 'admin', 'member', 'viewer')),
    -- Whoever writes a field reads it; viewers write nothing.
    constraint custom_fields_write_role_check check (
        write_role in ('owner', 'admin', 'member')
        and array_position(array['member', 'admin', 'owner'], write_role)
            >= coalesce(array_position(array['member', 'admin', 'owner'], read_role), 1)
    )
);

-- A deleted field's key is free again.
create unique index custom_fields_key_key on crm.custom_fields (company_id, resource, key)
    where deleted_at is null;
create index custom_fields_created_at_idx on crm.custom_fields (company_id, created_at, id)
    where deleted_at is null;

create trigger custom_fields_touch before update on crm.custom_fields
    for each row execute function app.touch();
-- Who reads a field is a matter of security.
create trigger custom_fields_record after insert or update on crm.custom_fields
    for each row execute function app.record_change();

alter table crm.custom_fields enable row level security;
alter table crm.custom_fields force row level security;
create policy custom_fields_floor on crm.custom_fields as restrictive for all to public
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy custom_fields_floor on crm.custom_fields is
    'Whoever you are: only fields of the company you act for.';
create policy custom_fields_visible on crm.custom_fields as restrictive for select to paddock_app
    using (
        company_id = (select app.company_id())
        and (
            read_role = 'viewer'
            or read_role = 'member' and (select app.role()) in ('owner', 'admin', 'member')
            or read_role = 'admin' and (select app.role()) in ('owner', 'admin')
            or (select app.role()) = 'owner'
        )
    );
comment on policy custom_fields_visible on crm.custom_fields is
    'A field does not exist for roles below the one that reads it.';
create policy custom_fields_read on crm.custom_fields for select to paddock_app
    using (company_id = (select app.company_id()));
comment on policy custom_fields_read on crm.custom_fields is
    'A user sees fields of the company; custom_fields_visible says which.';
create policy custom_fields_create on crm.custom_fields for insert to paddock_app
    with check (company_id = (select app.company_id()));
comment on policy custom_fields_create on crm.custom_fields is 'What is added belongs to the company one acts for.';
create policy custom_fields_may_create on crm.custom_fields as restrictive for insert to paddock_app
    with check (
        (select app.role()) = 'owner'
        or (select app.role()) = 'admin' and read_role <> 'owner' and write_role <> 'owner'
        or app.refuse('custom_fields_may_create')
    );
comment on policy custom_fields_may_create on crm.custom_fields is
    'Only owners and admins define fields, and none that is above them.';
create policy custom_fields_change on crm.custom_fields for update to paddock_app
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy custom_fields_change on crm.custom_fields is 'Nothing can be moved to another company.';
-- Who changes without looking reaches no more than who looks.
create policy custom_fields_may_change on crm.custom_fields as restrictive for update to paddock_app
    using (
        company_id = (select app.company_id())
        and (
            read_role = 'viewer'
            or read_role = 'member' and (select app.role()) in ('owner', 'admin', 'member')
            or read_role = 'admin' and (select app.role()) in ('owner', 'admin')
            or (select app.role()) = 'owner'
        )
    )
    with check (
        (select app.role()) = 'owner'
        or (select app.role()) = 'admin' and read_role <> 'owner' and write_role <> 'owner'
        or app.refuse('custom_fields_may_change')
    );
comment on policy custom_fields_may_change on crm.custom_fields is
    'Only owners and admins change fields, and none so that it is above them.';

grant select (
    company_id, id, resource, key, name, type, position, read_role, write_role,
    created_at, updated_at, deleted_at, version
) on crm.custom_fields to paddock_app;
grant insert (resource, key, name, type, position, read_role, write_role) on crm.custom_fields to paddock_app;
grant update (name, position, read_role, write_role, deleted_at) on crm.custom_fields to paddock_app;
comment on table crm.custom_fields is 'Fields that a company has defined for its records.';
comment on column crm.custom_fields.resource is 'Of which records.';
comment on column crm.custom_fields.key is 'What the field is called by programs.';
comment on column crm.custom_fields.name is 'What the field is called by people.';
comment on column crm.custom_fields.position is 'Where the field stands among the others, for people.';
comment on column crm.custom_fields.read_role is
    'The lowest role that reads the field: viewer, member, admin, owner. For those below, it does not exist.';
comment on column crm.custom_fields.write_role is 'The lowest role that writes the field, not below read_role.';
comment on column crm.custom_fields.deleted_at is 'Since when the field is no more; its values stay where they are.';
comment on column crm.custom_fields.version is 'Counts changes, those of its choices too; the ETag of the API.';

-- ── Which fields the acting user reads, and writes ─────────────────────────────────────────────────
-- Asked by policies, once a statement. As a list of ids, so that nothing is copied into a hundred thousand values
-- that would have to be written anew when a role changes.
create function app.readable_custom_fields() returns uuid[]
    language plpgsql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$
begin
    return array(
        select f.id
        from crm.custom_fields f
        where f.company_id = (select app.company_id())
            and f.deleted_at is null
    );
end
$$;
comment on function app.readable_custom_fields() is
    'The fields whose values the acting user reads: those that custom_fields_visible shows.';
revoke execute on function app.readable_custom_fields() from public;
grant execute on function app.readable_custom_fields() to paddock_app;

create function app.writable_custom_fields(resource text) returns uuid[]
    language plpgsql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$
begin
    return array(
        select f.id
        from crm.custom_fields f
        where f.company_id = (select app.company_id())
            and f.resource = writable_custom_fields.resource
            and f.deleted_at is null
            and (
                f.write_role = 'member' and app.role() in ('owner', 'admin', 'member')
                or f.write_role = 'admin' and app.role() in ('owner', 'admin')
                or app.role() = 'owner'
            )
    );
end
$$;
comment on function app.writable_custom_fields(text) is
    'The fields of such records that the acting user writes, where they may change the record.';
revoke execute on function app.writable_custom_fields(text) from public;
grant execute on function app.writable_custom_fields(text) to paddock_app;

-- ── custom_field_choices ───────────────────────────────────────────────────────────────────────────
create table crm.custom_field_choices (
    company_id uuid not null default app.company_id(),
    custom_field_id uuid not null,
    number integer not null,
    key text collate "C" not null,
    name text not null,
    position integer not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    version bigint not null default 1,
    constraint custom_field_choices_pkey primary key (company_id, custom_field_id, number),
    constraint custom_field_choices_company_id_fkey foreign key (company_id) references crm.companies (id)
        on delete cascade,
    constraint custom_field_choices_custom_field_id_fkey foreign key (company_id, custom_field_id)
        references crm.custom_fields (company_id, id) on delete cascade,
    constraint custom_field_choices_key_key unique (company_id, custom_field_id, key),
    constraint custom_field_choices_number_check check (number between 1 and 200),
    constraint custom_field_choices_key_check check (key ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    constraint custom_field_choices_name_check check (btrim(name) <> '' and char_length(name) <= 200),
    constraint custom_field_choices_position_check check (position between 0 and 1000)
);

create trigger custom_field_choices_touch before update on crm.custom_field_choices
    for each row execute function app.touch();

alter table crm.custom_field_choices enable row level security;
alter table crm.custom_field_choices force row level security;
create policy custom_field_choices_floor on crm.custom_field_choices as restrictive for all to public
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy custom_field_choices_floor on crm.custom_field_choices is
    'Whoever you are: only choices of the company you act for.';
create policy custom_field_choices_visible on crm.custom_field_choices as restrictive for select to paddock_app
    using (
        company_id = (select app.company_id())
        and (
            (select app.role()) = 'owner'
            or custom_field_id = any ((select app.readable_custom_fields())::uuid[])
        )
    );
comment on policy custom_field_choices_visible on crm.custom_field_choices is
    'Of a field that the role may not read, there is no choice.';
create policy custom_field_choices_read on crm.custom_field_choices for select to paddock_app
    using (company_id = (select app.company_id()));
comment on policy custom_field_choices_read on crm.custom_field_choices is
    'A user sees choices of the company; custom_field_choices_visible says of which fields.';
create policy custom_field_choices_create on crm.custom_field_choices for insert to paddock_app
    with check (company_id = (select app.company_id()));
comment on policy custom_field_choices_create on crm.custom_field_choices is
    'What is added belongs to the company one acts for.';
create policy custom_field_choices_may_create on crm.custom_field_choices as restrictive for insert to paddock_app
    with check ((select app.role()) in ('owner', 'admin') or app.refuse('custom_field_choices_may_create'));
comment on policy custom_field_choices_may_create on crm.custom_field_choices is
    'Only owners and admins define choices.';
create policy custom_field_choices_change on crm.custom_field_choices for update to paddock_app
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy custom_field_choices_change on crm.custom_field_choices is 'Nothing can be moved to another company.';
create policy custom_field_choices_may_change on crm.custom_field_choices as restrictive for update to paddock_app
    using (
        company_id = (select app.company_id())
        and (
            (select app.role()) = 'owner'
            or custom_field_id = any ((select app.readable_custom_fields())::uuid[])
        )
    )
    with check ((select app.role()) in ('owner', 'admin') or app.refuse('custom_field_choices_may_change'));
comment on policy custom_field_choices_may_change on crm.custom_field_choices is
    'Only owners and admins change choices.';

grant select (
    company_id, custom_field_id, number, key, name, position, created_at, updated_at, deleted_at, version
) on crm.custom_field_choices to paddock_app;
grant insert (custom_field_id, number, key, name, position) on crm.custom_field_choices to paddock_app;
grant update (name, position, deleted_at) on crm.custom_field_choices to paddock_app;
comment on table crm.custom_field_choices is 'What a field of type choice or multi_choice takes.';
comment on column crm.custom_field_choices.number is
    'Which of the field''s choices it is, for ever, those that are gone counted too.';
comment on column crm.custom_field_choices.key is 'What the choice is called by programs.';
comment on column crm.custom_field_choices.deleted_at is
    'Since when it cannot be chosen any more; values that have it keep it.';

-- ── Whether a customer may have values ─────────────────────────────────────────────────────────────
-- Most never have any, and to find that out below row security costs as much as to get a customer. So nobody gives
-- values to a customer that does not say so, and of those that do not say so nobody looks for them.
alter table crm.customers add column has_custom_fields boolean not null default false;
grant select (has_custom_fields), insert (has_custom_fields), update (has_custom_fields)
    on crm.customers to paddock_app;
comment on column crm.customers.has_custom_fields is
    'Whether to look for values in crm.custom_field_values: without it there are none.';

-- ── custom_field_values ────────────────────────────────────────────────────────────────────────────
-- A value belongs to one record, through the foreign key of its kind, as a share does. Another kind of record is one
-- more nullable column with its foreign key and index, its word in custom_fields_resource_check and in
-- app.write_custom_fields, in `record` and in custom_field_values_record_check, and its line in the policies below.
-- One row for a record and a field; of multi_choice one for each choice ever chosen, whose slot is the choice's
-- number. Nothing is deleted: a value that is cleared is null.
create table crm.custom_field_values (
    company_id uuid not null default app.company_id(),
    custom_field_id uuid not null,
    type text not null,
    customer_id uuid,
    record uuid not null generated always as (coalesce(customer_id)) stored,
    slot integer not null default 0,
    text_value text,
    number_value bigint,
    currency text,
    date_value date,
    boolean_value boolean,
    choice_number integer,
    member_id uuid,
    -- How values of a field compare, whatever their type: text is the one type whose comparison is leakproof, ordered
    -- in bytes, and good for all. Numbers are moved above zero and written with all their digits.
    value_key text collate "C" generated always as (
        case type
            when 'number' then lpad((number_value::numeric + 9223372036854775808)::text, 20, '0')
            when 'money' then currency || lpad((number_value::numeric + 9223372036854775808)::text, 20, '0')
            when 'date' then lpad((date_value - date '0001-01-01')::text, 7, '0')
            when 'boolean' then case when boolean_value then '1' when not boolean_value then '0' end
            when 'choice' then lpad(choice_number::text, 3, '0')
            when 'multi_choice' then lpad(choice_number::text, 3, '0')
            when 'user' then member_id::text
            else left(app.fold(text_value), 200)
        end
    ) stored,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version bigint not null default 1,
    constraint custom_field_values_pkey primary key (company_id, record, custom_field_id, slot),
    constraint custom_field_values_company_id_fkey foreign key (company_id) references crm.companies (id)
        on delete cascade,
    -- With the type, which therefore is that of the field.
    constraint custom_field_values_custom_field_id_fkey foreign key (company_id, custom_field_id, type)
        references crm.custom_fields (company_id, id, type) on delete cascade,
    constraint custom_field_values_customer_id_fkey foreign key (company_id, customer_id)
        references crm.customers (company_id, id) on delete cascade,
    constraint custom_field_values_choice_number_fkey foreign key (company_id, custom_field_id, choice_number)
        references crm.custom_field_choices (company_id, custom_field_id, number) on delete cascade,
    constraint custom_field_values_member_id_fkey foreign key (company_id, member_id)
        references crm.users (company_id, id) on delete set null (member_id),
    constraint custom_field_values_type_check check (
        type in ('text', 'number', 'money', 'date', 'boolean', 'choice', 'multi_choice', 'user', 'url')
    ),
    constraint custom_field_values_record_check check (num_nonnulls(customer_id) = 1),
    constraint custom_field_values_slot_check check (
        case when type = 'multi_choice' then slot between 1 and 200 and slot = coalesce(choice_number, slot) else slot = 0 end
    ),
    constraint custom_field_values_value_check check (
        num_nonnulls(text_value, number_value, date_value, boolean_value, choice_number, member_id)
            = case
                when type = 'number' or type = 'money' then num_nonnulls(number_value)
                when type = 'date' then num_nonnulls(date_value)
                when type = 'boolean' then num_nonnulls(boolean_value)
                when type = 'choice' or type = 'multi_choice' then num_nonnulls(choice_number)
                when type = 'user' then num_nonnulls(member_id)
                else num_nonnulls(text_value)
            end
    ),
    constraint custom_field_values_text_value_check check (
        btrim(text_value) <> '' and char_length(text_value) <= 2000
        and (type = 'text' or text_value ~ '^https?://[^[:space:]]+$')
    ),
    constraint custom_field_values_number_value_check check (abs(number_value) < 1000000000000000000),
    constraint custom_field_values_currency_check check (
        currency ~ '^[A-Z]{3}$' and type = 'money' and number_value is not null
        or currency is null and (type <> 'money' or number_value is null)
    ),
    constraint custom_field_values_value_key_check check (octet_length(value_key) <= 2000),
    constraint custom_field_values_date_value_check check (date_value between '0001-01-01' and '9999-12-31')
);

-- By value, in the order of the values. Unique, because then PostgreSQL knows that a record comes once at most, and
-- reads no further than it has to.
create unique index custom_field_values_value_key
    on crm.custom_field_values (company_id, custom_field_id, type, value_key, record);
create index custom_field_values_customer_id_idx on crm.custom_field_values (company_id, customer_id);
create index custom_field_values_choice_number_idx
    on crm.custom_field_values (company_id, custom_field_id, choice_number);
create index custom_field_values_member_id_idx on crm.custom_field_values (company_id, member_id);

create trigger custom_field_values_touch before update on crm.custom_field_values
    for each row execute function app.touch();

alter table crm.custom_field_values enable row level security;
alter table crm.custom_field_values force row level security;
create policy custom_field_values_floor on crm.custom_field_values as restrictive for all to public
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy custom_field_values_floor on crm.custom_field_values is
    'Whoever you are: only values of the company you act for.';
-- An owner reads every field, and need not ask which.
create policy custom_field_values_visible on crm.custom_field_values as restrictive for select to paddock_app
    using (
        company_id = (select app.company_id())
        and (
            (select app.role()) = 'owner'
            or custom_field_id = any ((select app.readable_custom_fields())::uuid[])
        )
    );
comment on policy custom_field_values_visible on crm.custom_field_values is
    'Of a field that the role may not read, there is no value.';
-- `offset 0` makes it a question about each row: without it PostgreSQL may gather all customers of the company first.
create policy custom_field_values_read on crm.custom_field_values for select to paddock_app
    using (
        company_id = (select app.company_id())
        and (
            (select app.sees_all())
            or exists (
                select
                from crm.customers c
                where c.company_id = custom_field_values.company_id
                    and c.id = custom_field_values.customer_id
                offset 0
            )
        )
    );
comment on policy custom_field_values_read on crm.custom_field_values is
    'Whoever sees a record sees its values; custom_field_values_visible says of which fields.';
create policy custom_field_values_create on crm.custom_field_values for insert to paddock_app
    with check (
        company_id = (select app.company_id())
        and (
            (select app.sees_all())
            or exists (
                select
                from crm.customers c
                where c.company_id = custom_field_values.company_id
                    and c.id = custom_field_values.customer_id
                offset 0
            )
        )
    );
comment on policy custom_field_values_create on crm.custom_field_values is
    'A value is given to a record that one sees.';
create policy custom_field_values_may_create on crm.custom_field_values as restrictive for insert to paddock_app
    with check (
        custom_field_id = any ((select app.writable_custom_fields('customers'))::uuid[])
        and exists (
            select
            from crm.customers c
            where c.company_id = custom_field_values.company_id
                and c.id = custom_field_values.customer_id
                and c.has_custom_fields
                and (
                    (select app.role()) in ('owner', 'admin')
                    or (select app.role()) = 'member' and (
                        (select app.sees_all())
                        or c.user_id = any ((select app.visible_owners())::uuid[])
                        or c.id = any ((select app.shared('write'))::uuid[])
                    )
                )
            offset 0
        )
        or app.refuse('custom_field_values_may_create')
    );
comment on policy custom_field_values_may_create on crm.custom_field_values is
    'A value is given by whoever may write its field and change its record, which says that it has values.';
create policy custom_field_values_change on crm.custom_field_values for update to paddock_app
    using (
        company_id = (select app.company_id())
        and (
            (select app.sees_all())
            or exists (
                select
                from crm.customers c
                where c.company_id = custom_field_values.company_id
                    and c.id = custom_field_values.customer_id
                offset 0
            )
        )
    )
    with check (company_id = (select app.company_id()));
comment on policy custom_field_values_change on crm.custom_field_values is
    'Whoever sees a record reaches its values; none can be moved to another company.';
create policy custom_field_values_may_change on crm.custom_field_values as restrictive for update to paddock_app
    using (
        company_id = (select app.company_id())
        and (
            (select app.role()) = 'owner'
            or custom_field_id = any ((select app.readable_custom_fields())::uuid[])
        )
    )
    with check (
        custom_field_id = any ((select app.writable_custom_fields('customers'))::uuid[])
        and exists (
            select
            from crm.customers c
            where c.company_id = custom_field_values.company_id
                and c.id = custom_field_values.customer_id
                and c.has_custom_fields
                and (
                    (select app.role()) in ('owner', 'admin')
                    or (select app.role()) = 'member' and (
                        (select app.sees_all())
                        or c.user_id = any ((select app.visible_owners())::uuid[])
                        or c.id = any ((select app.shared('write'))::uuid[])
                    )
                )
            offset 0
        )
        or app.refuse('custom_field_values_may_change')
    );
comment on policy custom_field_values_may_change on crm.custom_field_values is
    'A value is changed by whoever may write its field and change its record.';

grant select (
    company_id, custom_field_id, type, customer_id, record, slot, text_value, number_value, currency, date_value,
    boolean_value, choice_number, member_id, value_key, created_at, updated_at, version
) on crm.custom_field_values to paddock_app;
grant insert (
    custom_field_id, type, customer_id, slot, text_value, number_value, currency, date_value, boolean_value,
    choice_number, member_id
) on crm.custom_field_values to paddock_app;
grant update (text_value, number_value, currency, date_value, boolean_value, choice_number, member_id)
    on crm.custom_field_values to paddock_app;
comment on table crm.custom_field_values is 'What records have in the fields that their company has defined.';
comment on column crm.custom_field_values.type is 'The type of the field, which says what the value is.';
comment on column crm.custom_field_values.customer_id is 'The record, if it is a customer.';
comment on column crm.custom_field_values.record is 'The record, whatever it is.';
comment on column crm.custom_field_values.slot is '0; of multi_choice the number of the choice.';
comment on column crm.custom_field_values.text_value is 'Of text and url.';
comment on column crm.custom_field_values.number_value is
    'Of number in millionths, of money in minor units of its currency: numeric would have no index below row security.';
comment on column crm.custom_field_values.member_id is
    'Of user: a user of the company. Not called user_id: that is whoever acts.';
comment on column crm.custom_field_values.value_key is
    'How the value compares with others of its field, for filters and sorting below row security; null if it is cleared.';

-- ── How values are read, compared and written ──────────────────────────────────────────────────────
-- What is wrong is an error with the key of the field as its column: PDFLD, there is no such field, or none that the
-- acting user reads; PDVAL, the field does not take this value, with its type as the constraint. So programs are told
-- which, and no field that is hidden is told from one that is not there.
create function app.custom_fields_of(record uuid) returns json
    language plpgsql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$
begin
    return coalesce(
        (
            select json_object_agg(o.key, o.value order by o.position, o.key)
            from (
                select
                    f.key, f.position,
                    case f.type
                        when 'number' then to_json(trim_scale(min(v.number_value)::numeric / 1000000))
                        when 'money' then
                            json_build_object('amount_minor', min(v.number_value), 'currency', min(v.currency))
                        when 'date' then to_json(min(v.date_value))
                        when 'boolean' then to_json(bool_or(v.boolean_value))
                        when 'choice' then to_json(min(h.key))
                        when 'multi_choice' then json_agg(h.key order by h.position, h.number)
                        when 'user' then to_json(min(v.member_id::text))
                        else to_json(min(v.text_value))
                    end as value
                from crm.custom_field_values v
                join crm.custom_fields f on f.id = v.custom_field_id
                left join crm.custom_field_choices h on h.custom_field_id = v.custom_field_id
                    and h.number = v.choice_number
                where v.record = custom_fields_of.record
                    and v.value_key is not null
                    and f.deleted_at is null
                group by f.id, f.key, f.position, f.type
            ) o
        ),
        '{}'
    );
end
$$;
comment on function app.custom_fields_of(uuid) is
    'The values of a record by the keys of their fields, those that the acting user reads. Runs as the caller, below row security.';
revoke execute on function app.custom_fields_of(uuid) from public;
grant execute on function app.custom_fields_of(uuid) to paddock_app;

create function app.as_date(value text) returns date
    language sql stable parallel safe
    return case
        when value ~ '^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$'
            and value >= '0001'
            and substr(value, 9)::integer <= extract(
                day from make_date(substr(value, 1, 4)::integer, substr(value, 6, 2)::integer, 1)
                    + interval '1 month' - interval '1 day'
            )
            then make_date(substr(value, 1, 4)::integer, substr(value, 6, 2)::integer, substr(value, 9)::integer)
    end;
comment on function app.as_date(text) is 'The day that is written as YYYY-MM-DD; null if there is none.';
revoke execute on function app.as_date(text) from public;
grant execute on function app.as_date(text) to paddock_app;

-- Parameters name fields by their keys. What is wanted of one is `eq`, `in`, `gte`, `gt`, `lte`, `lt`, `starts_with` or
-- `sort`: not every type has an order, or a beginning.
create function app.custom_field_id(resource text, key text, wanted text) returns uuid
    language plpgsql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$
declare
    answer uuid;
begin
    select f.id
    into answer
    from crm.custom_fields f
    where f.resource = custom_field_id.resource
        and f.key = custom_field_id.key
        and f.deleted_at is null
        and case wanted
            when 'eq' then true
            when 'in' then f.type in ('text', 'choice', 'multi_choice', 'user', 'url')
            when 'starts_with' then f.type in ('text', 'url')
            when 'sort' then f.type not in ('multi_choice', 'user')
            else f.type in ('number', 'money', 'date')
        end;
    if not found then
        raise exception 'there is no such field' using errcode = 'PDFLD', column = custom_field_id.key;
    end if;
    return answer;
end
$$;
comment on function app.custom_field_id(text, text, text) is
    'The field with this key, if the acting user reads it and its type knows what is wanted; else an error.';
revoke execute on function app.custom_field_id(text, text, text) from public;
grant execute on function app.custom_field_id(text, text, text) to paddock_app;

create function app.custom_field_type(resource text, key text) returns text
    language plpgsql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$
begin
    return (
        select f.type
        from crm.custom_fields f
        where f.resource = custom_field_type.resource
            and f.key = custom_field_type.key
            and f.deleted_at is null
    );
end
$$;
comment on function app.custom_field_type(text, text) is
    'The type of the field with this key, if the acting user reads it.';
revoke execute on function app.custom_field_type(text, text) from public;
grant execute on function app.custom_field_type(text, text) to paddock_app;

-- A value as it stands in a parameter, as crm.custom_field_values.value_key has it.
create function app.custom_field_key(resource text, key text, value text) returns text
    language plpgsql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$
declare
    field_type text := app.custom_field_type(resource, key);
    answer text;
begin
    answer := case field_type
        when 'number' then case
            when value ~ '^-?\d{1,12}(\.\d{1,6})?$'
                then lpad(((value::numeric * 1000000)::bigint::numeric + 9223372036854775808)::text, 20, '0')
        end
        when 'money' then case
            when value ~ '^[A-Z]{3}:-?\d{1,15}$'
                then left(value, 3) || lpad((substr(value, 5)::numeric + 9223372036854775808)::text, 20, '0')
        end
        when 'date' then lpad((app.as_date(value) - date '0001-01-01')::text, 7, '0')
        when 'boolean' then case value when 'true' then '1' when 'false' then '0' end
        when 'user' then case
            when value ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then value
        end
        when 'text' then left(app.fold(value), 200)
        when 'url' then left(app.fold(value), 200)
        else (
            select lpad(h.number::text, 3, '0')
            from crm.custom_field_choices h
            join crm.custom_fields f on f.id = h.custom_field_id
            where f.resource = custom_field_key.resource
                and f.key = custom_field_key.key
                and f.deleted_at is null
                and h.key = custom_field_key.value
        )
    end;
    if answer is null and field_type is not null then
        raise exception 'the field does not take this value'
            using errcode = 'PDVAL', column = custom_field_key.key, constraint = field_type;
    end if;
    return answer;
end
$$;
comment on function app.custom_field_key(text, text, text) is
    'How a value of the field with this key compares; an error if its type does not take it.';
revoke execute on function app.custom_field_key(text, text, text) from public;
grant execute on function app.custom_field_key(text, text, text) to paddock_app;

-- ── Writing ────────────────────────────────────────────────────────────────────────────────────────
create function app.custom_field_takes(field uuid, type text, value jsonb) returns boolean
    language plpgsql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$
declare
    kind text := jsonb_typeof(value);
    said text := value #>> '{}';
begin
    return kind = 'null' or case type
        when 'number' then kind = 'number' and abs(said::numeric) < 1000000000000
            and scale(trim_scale(said::numeric)) <= 6
        when 'money' then kind = 'object'
            and value - 'amount_minor' - 'currency' = '{}'
            and jsonb_typeof(value -> 'amount_minor') = 'number'
            and value ->> 'amount_minor' ~ '^-?\d{1,15}$'
            and jsonb_typeof(value -> 'currency') = 'string'
            and value ->> 'currency' ~ '^[A-Z]{3}$'
        when 'date' then kind = 'string' and app.as_date(said) is not null
        when 'boolean' then kind = 'boolean'
        when 'choice' then kind = 'string' and exists (
            select
            from crm.custom_field_choices h
            where h.custom_field_id = field
                and h.key = said
                and h.deleted_at is null
        )
        when 'multi_choice' then kind = 'array' and jsonb_array_length(value) = (
            select count(distinct h.number)
            from jsonb_array_elements(value) e (element)
            join crm.custom_field_choices h on h.custom_field_id = field
                and h.key = e.element #>> '{}'
                and h.deleted_at is null
            where jsonb_typeof(e.element) = 'string'
        )
        when 'user' then kind = 'string'
            and said ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
            and exists (
                select
                from crm.users u
                where u.id = said::uuid
            )
        else kind = 'string' and said ~ '\S' and char_length(said) <= 2000
            and (type = 'text' or said ~ '^https?://\S+$')
    end;
end
$$;
comment on function app.custom_field_takes(uuid, text, jsonb) is
    'Whether a field takes a value as it stands in a body; null clears, and is taken by all.';
revoke execute on function app.custom_field_takes(uuid, text, jsonb) from public;
grant execute on function app.custom_field_takes(uuid, text, jsonb) to paddock_app;

-- All values of all records in one statement. What a body does not name stays as it is.
create function app.write_custom_fields(resource text, records uuid[], bodies text[]) returns void
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
    as $$
declare
    writable uuid[] := app.writable_custom_fields(resource);
    fault record;
begin
    select m.key, f.id, f.type
    into fault
    from unnest(records, bodies) with ordinality r (id, body, position)
    cross join lateral jsonb_each(r.body::jsonb) m (key, value)
    left join crm.custom_fields f on f.resource = write_custom_fields.resource
        and f.key = m.key
        and f.deleted_at is null
    where f.id is null
        or f.id <> all (writable)
        or not app.custom_field_takes(f.id, f.type, m.value)
    order by r.position, f.id is not null, m.key
    limit 1;
    if found then
        if fault.id is null then
            raise exception 'there is no such field' using errcode = 'PDFLD', column = fault.key;
        elsif fault.id <> all (writable) then
            perform app.refuse('custom_field_values_may_create');
        end if;
        raise exception 'the field does not take this value'
            using errcode = 'PDVAL', column = fault.key, constraint = fault.type;
    end if;
    with given as materialized (
        select r.id as record, f.id as field, f.type, m.value, m.value #>> '{}' as said
        from unnest(records, bodies) r (id, body)
        cross join lateral jsonb_each(r.body::jsonb) m (key, value)
        join crm.custom_fields f on f.resource = write_custom_fields.resource
            and f.key = m.key
            and f.deleted_at is null
    ), chosen as materialized (
        select g.record, g.field, h.number
        from given g
        cross join lateral jsonb_array_elements_text(
            case when jsonb_typeof(g.value) = 'array' then g.value else jsonb_build_array(g.value) end
        ) e (key)
        join crm.custom_field_choices h on h.custom_field_id = g.field
            and h.key = e.key
            and h.deleted_at is null
        where g.type in ('choice', 'multi_choice')
    ), cleared as (
        update crm.custom_field_values v
        set text_value = null, number_value = null, currency = null, date_value = null, boolean_value = null,
            choice_number = null, member_id = null
        from given g
        where v.record = g.record
            and v.custom_field_id = g.field
            and v.value_key is not null
            and (
                jsonb_typeof(g.value) = 'null'
                or g.type = 'multi_choice' and not exists (
                    select
                    from chosen h
                    where h.record = v.record
                        and h.field = v.custom_field_id
                        and h.number = v.slot
                )
            )
    )
    insert into crm.custom_field_values as v (
        custom_field_id, type, customer_id, slot, text_value, number_value, currency, date_value, boolean_value,
        choice_number, member_id
    )
    select
        g.field, g.type,
        case resource when 'customers' then g.record end,
        case g.type when 'multi_choice' then h.number else 0 end,
        case when g.type in ('text', 'url') then g.said end,
        case g.type
            when 'number' then (g.said::numeric * 1000000)::bigint
            when 'money' then (g.value ->> 'amount_minor')::bigint
        end,
        case g.type when 'money' then g.value ->> 'currency' end,
        case g.type when 'date' then app.as_date(g.said) end,
        case g.type when 'boolean' then g.said::boolean end,
        h.number,
        case g.type when 'user' then g.said::uuid end
    from given g
    left join chosen h on h.record = g.record
        and h.field = g.field
    where jsonb_typeof(g.value) <> 'null'
        and (g.type <> 'multi_choice' or h.number is not null)
    order by g.record, g.field, h.number
    on conflict (company_id, record, custom_field_id, slot) do update
    set text_value = excluded.text_value, number_value = excluded.number_value, currency = excluded.currency,
        date_value = excluded.date_value, boolean_value = excluded.boolean_value,
        choice_number = excluded.choice_number, member_id = excluded.member_id
    where (v.value_key, v.text_value) is distinct from (excluded.value_key, excluded.text_value);
end
$$;
comment on function app.write_custom_fields(text, uuid[], text[]) is
    'Writes what bodies, JSON objects of values by the keys of fields, say of such records. Runs as the caller, below row security.';
revoke execute on function app.write_custom_fields(text, uuid[], text[]) from public;
grant execute on function app.write_custom_fields(text, uuid[], text[]) to paddock_app;

create function app.write_custom_fields_of(resource text, record uuid, body text) returns json
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
    as $$
begin
    perform app.write_custom_fields(resource, array[record], array[body]);
    return app.custom_fields_of(record);
end
$$;
comment on function app.write_custom_fields_of(text, uuid, text) is
    'The same for one record; answers all of its values as they are then.';
revoke execute on function app.write_custom_fields_of(text, uuid, text) from public;
grant execute on function app.write_custom_fields_of(text, uuid, text) to paddock_app;
