"""Another maker's WAMP client logs in, several times at once. Arguments and output are those of login-autobahn.mjs."""
import json
import sys

from autobahn.twisted.component import Component, run

url, serializer, logins = sys.argv[1:4]
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

CREDENTIAL = {"ticket": "ticket", "wampcra": "secret", "cryptosign": "privkey"}


def component_for(place, method, authid, credential):
    authentication = {method: {"authid": authid, CREDENTIAL[method]: credential}}
    component = Component(transports=[dict(transport)], realm="realm1", authentication=authentication)
    said = []

    def say(what):
        if not said:
            said.append(what)
            # the logger has taken sys.stdout for itself
            print(json.dumps(dict(what, place=place)), file=sys.__stdout__, flush=True)

    @component.on_join
    def joined(session, details):
        say({"authid": details.authid, "authrole": details.authrole, "authmethod": details.authmethod})
        session.leave()

    @component.on_leave
    def left(session, details):
        if details.reason.startswith("wamp.error"):
            say({"refused": details.reason})

    return component


if __name__ == "__main__":
    run([component_for(place, *login) for place, login in enumerate(json.loads(logins))], log_level="critical")
