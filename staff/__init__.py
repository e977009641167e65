"""Who works on the platform: users and groups, how they log in, and what they did.

groups.py      which group may do what: one table, given after every migration
rights.py      who may change whose rights
audit/         record() what people do; rows that people edit are recorded by themselves
access/        where a request comes from, how long a session lasts, too many wrong passwords
models.py      what our groups were given once
passwords.py   how long a password has to be
retention.py   what is forgotten, and when
admin/         pages of users, groups, the audit log and log-ins

Knows neither `accounts` nor `sms`, but by name; both may call `staff.audit`.
"""
