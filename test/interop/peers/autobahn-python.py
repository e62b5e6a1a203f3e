"""Another maker's WAMP client, in the four roles. Usage: autobahn-python.py URL SERIALIZER NAME

Registers interop.<name>.add, .echo (arguments and keywords), .fail, .parts (progressive results, the third of them large), and
.slow, which answers only when it is interrupted, and then tells interop.<name>.interrupted. It subscribes interop.<name>.ping. A
ping makes it call what interop.pinion.* has of the same names, cancel interop.pinion.slow after its first progressive result, and
publish what it saw, acknowledged, on interop.<name>.pong. interop.<name>.leave, heard through a prefix, ends it.
"""
import sys

from autobahn.twisted.component import Component, run
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallOptions, CallResult, PublishOptions, RegisterOptions, SubscribeOptions
from twisted.internet.defer import CancelledError, Deferred, inlineCallbacks

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
    transport = {"type": "websocket", "url": url, "serializers": [serializer.split(".")[0]], "max_retries": 0}

component = Component(transports=[transport], realm="realm1")
if serializer.endswith(".batched"):
    # the checks of the options above do not know batches, everything behind them does
    component._transports[0].serializers = [serializer]


@component.on_join
@inlineCallbacks
def joined(session, details):
    def fail(*args, **kwargs):
        raise ApplicationError("interop.error.refused", "because", 42, hint="try later")

    @inlineCallbacks
    def ping(*args, **kwargs):
        seen = {"args": list(args), "kwargs": kwargs}
        seen["sum"] = yield session.call("interop.pinion.add", 20, 3)
        echoed = yield session.call("interop.pinion.echo", 1, "ä", deep={"list": [None, True]})
        seen["echo"] = {"args": list(echoed.results), "kwargs": echoed.kwresults}
        parts = []
        progress = CallOptions(on_progress=lambda *args, **kwargs: parts.append(args[0]))
        seen["end"] = yield session.call("interop.pinion.parts", options=progress)
        seen["parts"] = parts
        try:
            yield session.call("interop.pinion.fail")
        except ApplicationError as error:
            seen["error"] = {"uri": error.error, "args": list(error.args), "kwargs": error.kwargs}
        try:
            yield session.call("interop.pinion.nowhere")
        except ApplicationError as error:
            seen["nowhere"] = error.error
        slow = session.call("interop.pinion.slow", name, options=CallOptions(on_progress=lambda begun: slow.cancel()))
        try:
            yield slow
        except CancelledError:
            seen["canceled"] = True
        yield session.publish("interop.%s.pong" % name, seen, options=PublishOptions(acknowledge=True))

    def parts(details):
        for part in ["a", "b", "c" * 100000]:
            details.progress(part)
        return "end"

    def slow():
        return Deferred(lambda _: session.publish("interop.%s.interrupted" % name, name))

    yield session.register(parts, "interop.%s.parts" % name, options=RegisterOptions(details=True))
    yield session.register(slow, "interop.%s.slow" % name)
    yield session.register(lambda a, b: a + b, "interop.%s.add" % name)
    yield session.register(lambda *a, **k: CallResult(*a, **k), "interop.%s.echo" % name)
    yield session.register(fail, "interop.%s.fail" % name)
    yield session.subscribe(ping, "interop.%s.ping" % name)
    yield session.subscribe(lambda *a, **k: session.leave(), "interop.%s.lea" % name, options=SubscribeOptions(match="prefix"))
    yield session.publish("interop.ready", name, options=PublishOptions(acknowledge=True))


if __name__ == "__main__":
    run([component], log_level="warn")
