-- Custom fields: reading what another company wants to know, its choices and values, and writing into them.
-- Broken by: drop policy custom_field_choices_floor on crm.custom_field_choices;
-- Broken by: drop policy custom_field_choices_visible on crm.custom_field_choices;
-- Broken by: create policy everybody on crm.custom_field_choices to paddock_app using (true) with check (true);

-- Their fields.
select key, name from crm.custom_fields;
--> rows: 0

-- One by its id.
select name from crm.custom_fields where id = 'a11cec05-0000-7000-8000-000000000017';
--> rows: 0

-- What can be chosen there.
select key, name from crm.custom_field_choices;
--> rows: 0

-- What their customers have.
select text_value, value_key from crm.custom_field_values;
--> rows: 0

-- By the customer.
select count(*) from crm.custom_field_values where record = :'alice_customer';
--> value: 0

-- By the function that shows a customer's values.
select app.custom_fields_of(:'alice_customer');
--> value: {}

-- Which fields one reads, and writes.
select app.readable_custom_fields(), app.writable_custom_fields('customers');
--> value: {}|{}

-- Whether they have such a field, as against one that nobody has.
select app.custom_field_id('customers', 'voice', 'eq');
--> PDFLD

select app.custom_field_id('customers', 'no_such', 'eq');
--> PDFLD

-- Its type.
select app.custom_field_type('customers', 'voice') is null;
--> value: t

-- Into their customer, by the function.
select app.write_custom_fields_of('customers', :'alice_customer', '{"voice": "mine"}');
--> PDFLD

-- Into their customer, in a field of one's own.
insert into crm.custom_fields (key, name) values ('mine', 'Mine');
insert into crm.custom_field_values (custom_field_id, type, customer_id, text_value)
select f.id, f.type, :'alice_customer', 'mine' from crm.custom_fields f;
--> 42501

-- The same by the function.
insert into crm.custom_fields (key, name) values ('mine', 'Mine');
select app.write_custom_fields_of('customers', :'alice_customer', '{"mine": "mine"}');
--> 42501

-- Into their field, for a customer of one's own.
update crm.customers set has_custom_fields = true where id = :'bob_customer';
insert into crm.custom_field_values (custom_field_id, type, customer_id, text_value)
values ('a11cec05-0000-7000-8000-000000000017', 'text', :'bob_customer', 'mine');
--> 42501

-- For the other company by name.
insert into crm.custom_fields (company_id, key, name) values (:'alice_company', 'mine', 'Mine');
--> 42501

-- Another choice for their field.
insert into crm.custom_field_choices (custom_field_id, number, key, name)
values ('a11cec05-0000-7000-8000-000000000018', 2, 'mine', 'Mine');
--> 23503

-- All values, whosever they are.
update crm.custom_field_values set text_value = 'mine';
--> affected: 0

-- All fields.
update crm.custom_fields set name = 'Mine', read_role = 'viewer';
--> affected: 0

-- All choices.
update crm.custom_field_choices set deleted_at = now();
--> affected: 0

-- A value of theirs taken over.
update crm.custom_field_values set customer_id = :'bob_customer';
--> 42501

-- For good.
delete from crm.custom_field_values;
--> 42501

-- A customer of theirs that says it has values.
update crm.customers set has_custom_fields = false where id = :'alice_customer';
--> affected: 0
