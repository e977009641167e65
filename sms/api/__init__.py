"""The RestComm-compatible REST API, version 2012-04-24: a door that calls the verbs.

urls.py            the resources, below each of the three prefixes
views.py           who may come in; parse, call the verb, render
accounts.py, clients.py, numbers.py
                   the same for what an account is and has
body.py            the octets of a request: all of them, and in time
form.py            a form on the wire -> its fields, and a Draft
parameters.py      one field of a form, checked
filters.py         what a list keeps, and in which order
pagination.py      one page of a list, and the links to the others
patience.py        how long a list may keep the database busy
representation.py  a message as a dict, in the order of the API document
formats.py         JSON or XML: by suffix, Accept header or prefix
renderers.py       dicts -> octets
exceptions.py      errors as answers: always a body
openapi/           all of this as an OpenAPI document, and pages that show it
"""
