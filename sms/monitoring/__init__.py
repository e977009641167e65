"""What the platform tells those who watch over it.

health.py   is the database there, is the broker, which links are up
access.py   who may see more than whether it lives: a token, or networks near by
metrics.py  counts and states, for Prometheus
recorder.py the thread that writes down what a process has counted
requests.py the middleware that counts requests
views.py    /health/… and what else is asked over HTTP
urls.py     their addresses

A single process says that it works by its heartbeat (cpaas/heartbeat.py).
"""
