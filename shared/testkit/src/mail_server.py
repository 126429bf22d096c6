"""An SMTP server that demands a login and writes each mail, as Python's own parser reads it, into a folder.

Says its port, and lives until its standard input is closed: with whoever started it.
"""

import asyncio
import json
import os
import sys
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP, AuthResult


class Folder:
    def __init__(self, path):
        self.path = path
        self.taken = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused@"):
            return "550 5.1.1 There is no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = message_from_bytes(envelope.content, policy=policy.default)
        mail = {
            "to": envelope.rcpt_tos,
            "headers": {name.lower(): str(value) for name, value in message.items()},
            "text": message.get_body(("plain",)).get_content(),
            "html": message.get_body(("html",)).get_content(),
        }
        self.taken += 1
        path = os.path.join(self.path, f"{self.taken:06}.json")
        # Renamed when it is whole: nobody reads half a mail.
        with open(path + ".part", "w", encoding="utf-8") as file:
            json.dump(mail, file)
        os.rename(path + ".part", path)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    right = (data.login, data.password) == (b"game", b"p@ss:word/")
    return AuthResult(success=right, handled=right)


async def main(path):
    loop = asyncio.get_running_loop()
    folder = Folder(path)

    def session():
        return SMTP(
            folder, loop=loop, authenticator=authenticate, auth_required=True, auth_require_tls=False, ident="test"
        )

    server = await loop.create_server(session, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main(sys.argv[1]))
