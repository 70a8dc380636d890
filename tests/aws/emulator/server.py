"""moto's server with extensions: the arguments of its own command; it ends when its input ends (support/moto.py starts it)."""

import os
import sys
import threading

import access  # noqa: F401, changes moto
import gaps  # noqa: F401, likewise
import presigned
from moto import server

# One request at a time: moto's table checks a condition before it writes, so two threads could both pass it.
turn = threading.Lock()
answer = server.DomainDispatcherApplication.__call__


def answer_in_turn(dispatcher, environment, start):
    # A receiver that waits must not block sending.
    if environment.get("HTTP_X_AMZ_TARGET") == "AmazonSQS.ReceiveMessage":
        return answer(dispatcher, environment, start)
    with turn:
        refused = presigned.admit(environment)
        return presigned.refusal(start, *refused) if refused else answer(dispatcher, environment, start)


server.DomainDispatcherApplication.__call__ = answer_in_turn

# Not in the terminal's process group: Ctrl-C is for the served command, which still needs moto to stop cleanly.
os.setpgid(0, 0)
# However the process ends that started it, it does not stay.
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.main()
