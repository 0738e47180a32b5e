-- What the attacks find. A superuser prepares it, with the ids of the two companies and their users in the
-- variables of the other files. Every text of Alice's holds the word nightingale.

update crm.companies
set name = 'Nike nightingale'
where id = :'alice_company';

update crm.users
set name = 'Alice nightingale'
where id = :'alice_user';

insert into crm.customers
    (company_id, id, user_id, name, email, phone, title, lifecycle_stage, deleted_at)
values
    (:'alice_company', :'alice_customer', :'alice_user',
        'Grace nightingale', :'alice_email', '+1 nightingale', 'Admiral nightingale', 'prospect', null),
    (:'alice_company', :'alice_deleted', :'alice_user',
        'Deleted nightingale', 'deleted.nightingale@example.com', null, null, 'former', now()),
    (:'alice_company', 'a11cec05-0000-7000-8000-000000000002', null,
        'Lonely nightingale', null, null, null, 'lead', null),
    (:'bob_company', :'bob_customer', :'bob_user',
        'Alan Turing', :'bob_email', '+44 1', 'Reader', 'lead', null),
    (:'bob_company', 'b0bbc05b-0000-7000-8000-000000000002', :'bob_user',
        'Ada Lovelace', 'ada@example.com', null, null, 'customer', null);

insert into crm.customer_comments (company_id, id, customer_id, user_id, body)
values
    (:'alice_company', :'alice_comment', :'alice_customer', :'alice_user', 'Sings like a nightingale.'),
    (:'bob_company', :'bob_comment', :'bob_customer', :'bob_user', 'Runs marathons.');

insert into crm.custom_fields (company_id, id, key, name, type)
values
    (:'alice_company', 'a11cec05-0000-7000-8000-000000000017', 'voice', 'Voice of the nightingale', 'text'),
    (:'alice_company', 'a11cec05-0000-7000-8000-000000000018', 'kind', 'Kind of nightingale', 'choice');

insert into crm.custom_field_choices (company_id, custom_field_id, number, key, name)
values (:'alice_company', 'a11cec05-0000-7000-8000-000000000018', 1, 'small', 'A nightingale');

update crm.customers
set has_custom_fields = true
where id = :'alice_customer';

insert into crm.custom_field_values (company_id, custom_field_id, type, customer_id, text_value, choice_number)
values
    (:'alice_company', 'a11cec05-0000-7000-8000-000000000017', 'text', :'alice_customer', 'nightingale', null),
    (:'alice_company', 'a11cec05-0000-7000-8000-000000000018', 'choice', :'alice_customer', null, 1);

insert into crm.invitations (company_id, id, user_id, email, name, role, secret_hash)
values (:'alice_company', 'a11cec05-0000-7000-8000-000000000015', :'alice_user',
    'nightingale@example.com', 'Florence nightingale', 'admin', sha256('nightingale'));
