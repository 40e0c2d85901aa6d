"""A click service's side of Airlock: ask for a link, hear how it goes, get the one verdict. Needs pika 1.2 or later.

Written from proto/asyncapi.yaml alone. One object a process: it owns the queue of its service. It is not thread-safe.
"""

import collections
import json
import time
import uuid

import pika
import pika.exceptions as wrong

# Passes by: the broker is away, cut us off, or has no room now. Then connect and publish again, with the same id.
AWAY = (wrong.AMQPConnectionError, wrong.AMQPChannelError, OSError)
# Does not pass by: a wrong password, a key or a queue that is not ours, a topology that is not there.
REFUSED = (403, 404)
# Who may say what, by the user that the broker has checked. The key alone proves nothing: the headers CC and BCC go round its check.
SPEAKERS = {
    "rejected": ("intake", "verdict"),
    "progress": ("fetch", "scan", "sandbox", "verdict"),
    "verdict.final": ("verdict",),
    "verdict.changed": ("verdict",),
}
SEEN = 10_000  # requests of which the message ids are remembered, to drop duplicates


class Rejected(Exception):
    """Intake did not take the request: `code` is invalid, conflict, too_many or deadline, `text` says how to go on."""

    def __init__(self, code, text):
        super().__init__(f"{code}: {text}")
        self.code, self.text = code, text


class Airlock:
    """Connects when it must and again when it was cut off. `url` is amqp(s)://host:port/vhost; the vhost is `airlock`."""

    def __init__(self, url, service, password):
        self.parameters = pika.URLParameters(url)
        self.parameters.credentials = pika.PlainCredentials(service, password)
        self.parameters.heartbeat, self.parameters.blocked_connection_timeout = 30, 30
        self.service, self.connection, self.channel = service, None, None
        self.answers = {}  # request id -> verdict or Rejected, until somebody asks for it
        self.open = {}  # request id -> (message, lane, progress callback): published again after a cut
        self.seen = collections.OrderedDict()

    def check(self, url, timeout=330, **more):
        """Asks for a link and waits for its verdict, a dict as in the schema Verdict. Raises Rejected or TimeoutError."""
        return self.wait(self.ask(url, **more), timeout)

    def ask(self, url, tenant="default", recipient="", on_progress=None, lane="click", request_id=None, **fields):
        """Publishes a request and gives its id back. The same id with the same fields is the same request, however often."""
        request_id = request_id or str(uuid.uuid4())
        body = {"request_id": request_id, "tenant": tenant, "url": url, "recipient": recipient, **fields}

        def publish():
            self.seen.pop(request_id, None)  # asked again, the same message is the answer once more
            self.open[request_id] = (json.dumps(body).encode(), lane, on_progress or (lambda stage, done, total: None))
            self._publish(request_id)

        self._until(publish, time.monotonic() + 60)
        return request_id

    def wait(self, request_id, timeout=330):
        """Waits for the verdict of a request. After TimeoutError it can be waited for again, or asked for again by its id."""
        end = time.monotonic() + timeout

        def heard():
            while request_id not in self.answers:
                if time.monotonic() >= end:
                    raise TimeoutError(f"no verdict yet; ask again with the request id {request_id}")
                self._listen(min(1.0, max(0.0, end - time.monotonic())))
            return self.answers.pop(request_id)

        answer = self._until(heard, end)
        if isinstance(answer, Rejected):
            raise answer
        return answer

    def close(self):
        """Ends the connection; what was not acknowledged is delivered to the next one."""
        if self.connection and self.connection.is_open:
            self.connection.close()

    def _until(self, work, end):
        """Does the work; cut off, connects anew and does it again, so it must be harmless when done twice."""
        pause = 0.2
        while True:
            try:
                if not (self.connection and self.connection.is_open and self.channel.is_open):
                    self._connect()
                return work()
            except TimeoutError:
                raise  # ours, which is an OSError, too
            except AWAY as error:
                if isinstance(error, wrong.ProbableAuthenticationError) or getattr(error, "reply_code", 0) in REFUSED:
                    raise
                if time.monotonic() + pause >= end:
                    raise TimeoutError(f"the broker is away: {error!r}") from error
                time.sleep(pause)
                pause = min(pause * 2, 5.0)

    def _connect(self):
        self.close()
        self.connection = pika.BlockingConnection(self.parameters)
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()
        self.channel.basic_qos(prefetch_count=32)
        self.channel.basic_consume(f"airlock.events.{self.service}", self._event)
        for request_id in list(self.open):
            self._publish(request_id)

    def _publish(self, request_id):
        body, lane, _ = self.open[request_id]
        properties = pika.BasicProperties(
            content_type="application/json", delivery_mode=2, message_id=request_id, user_id=self.service
        )
        # Waits for the confirm, and raises where the broker did not take it.
        self.channel.basic_publish("airlock.requests", f"request.{lane}.v1", body, properties, mandatory=True)

    def _listen(self, seconds):
        self.connection.process_data_events(time_limit=seconds)
        if not self.channel.is_open:  # process_data_events does not tell
            raise wrong.ChannelWrongStateError("the channel was closed")

    def _event(self, channel, method, properties, body):
        word = method.routing_key.removesuffix(f".{self.service}")
        key = (word, properties.message_id)
        if word in SPEAKERS and properties.user_id not in SPEAKERS[word]:
            pass  # forged
        elif properties.content_type != "application/json":
            pass  # the answer to somebody who asked in protobuf; we ask in JSON alone
        elif word == "progress":
            self._progress(properties, body)
        elif key not in self.seen.get(properties.correlation_id, ()):
            if word in ("verdict.final", "verdict.changed"):
                self._answer(properties, json.loads(body))
            elif word == "rejected":
                said = json.loads(body)
                self._answer(properties, Rejected(said["code"], said["text"]))
            self.seen.setdefault(properties.correlation_id, set()).add(key)
            if len(self.seen) > SEEN:
                self.seen.popitem(last=False)
        channel.basic_ack(method.delivery_tag)

    def _answer(self, properties, answer):
        # A service that must not lose an answer writes it to its own database here, before it is acknowledged.
        self.answers[properties.correlation_id] = answer
        self.open.pop(properties.correlation_id, None)

    def _progress(self, properties, body):
        # May be lost or doubled, and all of a request have one message id.
        _, _, tell = self.open.get(properties.correlation_id, (None, None, None))
        if tell:
            said = json.loads(body)
            tell(said.get("stage", ""), said.get("bytes", 0), said.get("total", 0))
