"""An SMTP server for one test: prints its port, then every mail that it takes, as JSON, a line each.

The first mail is put off with 451; one to gone@example.com is refused with 550, which repeats the address."""

import email
import email.policy
import json
import socket
import time

from aiosmtpd.controller import Controller


class Handler:
    def __init__(self):
        self.tries = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.tries += 1
        if self.tries == 1:
            return "451 come back later"
        if address == "gone@example.com":
            return f"550 there is no {address} here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        line = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": {name.lower(): str(value) for name, value in message.items()},
            "text": message.get_content(),
            "tries": self.tries,
        }
        print(json.dumps(line), flush=True)
        return "250 OK"


with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
Controller(Handler(), hostname="127.0.0.1", port=port).start()
print(port, flush=True)
while True:
    time.sleep(60)
