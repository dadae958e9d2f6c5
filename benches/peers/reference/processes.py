"""How gunicorn runs the application: its configuration file.

Two processes with eight threads each. Python runs one thread at a time, so that one process (waitress with 16 threads)
leaves the second processor idle: with 16 clients, on two processors that others used as well, it answered 401 reads and
304 logins in a second, this 504 and 532 (medians of four and two runs).
"""
import os
import signal
import sys
import threading

bind = os.environ['LISTEN']
workers = 2
threads = 8
worker_class = 'gthread'
# Loaded once, before the processes start: tables are made once, and `ready` means that requests can be
# served.
preload_app = True
accesslog = None
# A lost race is answered with 500, and the client counts it; a traceback for each would only slow it down.
loglevel = 'critical'
keepalive = 60
graceful_timeout = 1


def when_ready(server):
    threading.Thread(target=end_with_input, daemon=True).start()
    print('ready', flush=True)


def end_with_input():
    """Ends the server when its standard input does, as it does when whoever started it dies."""
    # Not through sys.stdin, whose lock would be held in the processes that are forked meanwhile.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def post_fork(server, worker):
    from application import engine
    # Processes must not share connections; these have not been used since the tables were made.
    engine.dispose()
