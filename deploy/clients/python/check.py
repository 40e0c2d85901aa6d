"""Asks for one link as a click service does; status 0 when it heard progress and the verdict. `check.py --help` says how."""

import argparse
import json
import pathlib
import sys
import uuid

from airlock_client import Airlock


def main():
    """Prints the verdict as one line of JSON; progress goes to standard error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--amqp", required=True, help="amqp(s)://host:port/airlock, without user and password")
    parser.add_argument("--service", required=True, help="name of the calling service, which is its user")
    parser.add_argument("--password-file", required=True, type=pathlib.Path)
    parser.add_argument("--link", required=True, help="what to check")
    parser.add_argument("--tenant", default="default")
    parser.add_argument("--recipient", default="")
    parser.add_argument("--request-id", help="to ask again for the same request")
    parser.add_argument("--times", type=int, default=1, help="how often to ask for it")
    parser.add_argument("--wait", type=float, default=330, help="seconds")
    given = parser.parse_args()

    heard = []

    def progress(stage, done, total):
        heard.append(stage)
        print(f"{stage}: {done}" + (f" of {total} bytes" if total else " bytes"), file=sys.stderr)

    client = Airlock(given.amqp, given.service, given.password_file.read_text().rstrip("\r\n"))
    request_id = given.request_id or str(uuid.uuid4())
    for _ in range(max(1, given.times)):
        verdict = client.check(
            given.link,
            timeout=given.wait,
            tenant=given.tenant,
            recipient=given.recipient,
            request_id=request_id,
            on_progress=progress,
        )
    client.close()
    print(json.dumps(verdict))
    return 0 if heard and verdict["decision"] else 1


if __name__ == "__main__":
    sys.exit(main())
