"""What the platform can do, measured: nothing else imports this.

lists/     pages of the list at scale      manage.py bench_list
traffic/   messages from door to door      manage.py bench
"""
