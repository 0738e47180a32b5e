-- name: begin_sign_up
select s.is_known, s.address
from identity.begin_sign_up($1::text, $2::text, $3::text, $4::text, $5::bytea) s

-- name: complete_sign_up
-- No row: the token is not good, or not any more.
select s.company_id, s.user_id
from identity.complete_sign_up($1::bytea) s

-- name: begin_password_reset
-- No row: nobody has the e-mail.
select r.address
from identity.begin_password_reset($1::text, $2::bytea) r

-- name: words_of_reset
-- No row: the token is not good, or not any more.
select r.word
from identity.words_of_reset($1::bytea) r

-- name: reset_password
select r.address
from identity.reset_password($1::bytea, $2::text) r

-- name: change_password
-- No row: the password is another one by now.
select c.address
from identity.change_password($1::uuid, $2::text, $3::text) c

-- name: renew_password_hash
select r.renewed
from identity.renew_password_hash($1::uuid, $2::text, $3::text) r

-- name: begin_email_change
select c.is_known, c.address
from identity.begin_email_change($1::uuid, $2::text, $3::bytea) c

-- name: change_email
select c.old_email, c.new_email
from identity.change_email($1::bytea) c
