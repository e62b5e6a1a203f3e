"""Another maker's WAMP client logs in. Arguments and output are those of login-autobahn.mjs."""
import json
import sys

from autobahn.twisted.component import Component, run

url, method, authid, credential, serializer = sys.argv[1:6]
if url.startswith("rs://"):
    host, port = url[len("rs://"):].split(":")
    transport = {
        "type": "rawsocket",
        "url": url,
        "endpoint": {"type": "tcp", "host": host, "port": int(port)},
        "serializer": serializer,
        "max_retries": 0,
    }
else:
    transport = {"type": "websocket", "url": url, "serializers": [serializer], "max_retries": 0}

authentication = {
    "ticket": {"authid": authid, "ticket": credential},
    "wampcra": {"authid": authid, "secret": credential},
    "cryptosign": {"authid": authid, "privkey": credential},
}
component = Component(transports=[transport], realm="realm1", authentication={method: authentication[method]})
said = []


def say(what):
    if not said:
        said.append(what)
        # the logger has taken sys.stdout for itself
        print(json.dumps(what), file=sys.__stdout__, flush=True)


@component.on_join
def joined(session, details):
    say({"authid": details.authid, "authrole": details.authrole, "authmethod": details.authmethod})
    session.leave()


@component.on_leave
def left(session, details):
    if details.reason.startswith("wamp.error"):
        say({"refused": details.reason})


if __name__ == "__main__":
    run([component], log_level="critical")
