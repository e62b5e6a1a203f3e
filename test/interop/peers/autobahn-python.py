"""Another maker's WAMP client, in the four roles. Usage: autobahn-python.py URL SERIALIZER NAME

Registers interop.<name>.add and .fail, subscribes interop.<name>.ping. Each ping makes it call interop.pinion.add and
interop.pinion.fail and publish what it saw, acknowledged, on interop.<name>.pong. interop.<name>.leave ends it.
"""
import sys

from autobahn.twisted.component import Component, run
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import PublishOptions, SubscribeOptions
from twisted.internet.defer import inlineCallbacks

url, serializer, name = sys.argv[1:4]
if url.startswith("rs://"):
    host, port = url[len("rs://"):].split(":")
    transport = {
        "type": "rawsocket",
        "url": url,
        "endpoint": {"type": "tcp", "host": host, "port": int(port)},
        "serializer": serializer,
    }
else:
    transport = {"type": "websocket", "url": url, "serializers": [serializer], "max_retries": 0}

component = Component(transports=[transport], realm="realm1")


@component.on_join
@inlineCallbacks
def joined(session, details):
    def fail(*args, **kwargs):
        raise ApplicationError("interop.error.refused", "because", 42, hint="try later")

    @inlineCallbacks
    def ping(*args, **kwargs):
        seen = {"args": list(args), "kwargs": kwargs}
        topic = kwargs.pop("_details", None)
        seen["sum"] = yield session.call("interop.pinion.add", 20, 3)
        try:
            yield session.call("interop.pinion.fail")
        except ApplicationError as error:
            seen["error"] = {"uri": error.error, "args": list(error.args), "kwargs": error.kwargs}
        try:
            yield session.call("interop.pinion.nowhere")
        except ApplicationError as error:
            seen["nowhere"] = error.error
        yield session.publish("interop.%s.pong" % name, seen, options=PublishOptions(acknowledge=True))

    yield session.register(lambda a, b: a + b, "interop.%s.add" % name)
    yield session.register(lambda value: value, "interop.%s.echo" % name)
    yield session.register(fail, "interop.%s.fail" % name)
    yield session.subscribe(ping, "interop.%s.ping" % name)
    yield session.subscribe(lambda *a, **k: session.leave(), "interop.%s.lea" % name, options=SubscribeOptions(match="prefix"))
    yield session.publish("interop.ready", name, options=PublishOptions(acknowledge=True))


if __name__ == "__main__":
    run([component], log_level="warn")
